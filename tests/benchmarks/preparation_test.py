"""The study of preparations: equal images, schedules, tables."""

import json
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest

from benchmarks import preparation


class PreparationTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.output = pathlib.Path(tempfile.mkdtemp())

  def write(self, path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)

  def preparation(self, name, images):
    """What prepare writes: {image: photo}."""
    folder = self.output / 'prepared' / name
    rows = [f'{image},{photo}' for image, photo in images.items()]
    self.write(folder / 'origins.csv', '\n'.join(['file,photo', *rows]))
    for image in images:
      self.write(folder / image, f'{name} {image}')

  def test_all_arms_have_the_same_photos(self):
    raw = self.output / 'raw'
    for name in ('a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg'):
      self.write(raw / name, f'raw {name}')
    photos = {'train/a.png': 'a.jpg', 'train/b.png': 'b.jpg'}
    two_faces = {'train/c.png': 'c.jpg', 'train/c_1.png': 'c.jpg'}
    held_out = {'test/d.png': 'd.jpg', 'train/e.png': 'e.jpg'}
    self.preparation('photo', photos | two_faces | held_out)
    # One rejected, one on the other side of the split.
    cut_out = {'train/a.png': 'a.jpg', 'test/d.png': 'd.jpg'}
    self.preparation(
      'photo_cut_out', cut_out | {'test/e.png': 'e.jpg', 'train/c.png': 'c.jpg'}
    )
    self.preparation('anime', {'train/b.png': 'b.jpg', 'test/a.png': 'a.jpg'})
    with mock.patch.object(preparation.names, 'FEWEST_IMAGES', 1):
      counts = preparation.assemble(
        self.output, {'photo': str(raw), 'anime': str(raw)}
      )
    self.assertEqual(
      counts,
      {
        'photo': {'train': 1, 'test': 1},
        'anime': {'train': 1, 'test': 1},
      },
    )
    contents = {
      f'{arm} {domain}': [
        path.read_text()
        for path in sorted(
          preparation.arm_folder(self.output, arm, domain).rglob('0*')
        )
      ]
      for arm in preparation.ARMS
      for domain in preparation.DOMAINS
    }
    self.assertEqual(
      contents,
      {
        'raw photo': ['raw d.jpg', 'raw a.jpg'],
        'raw anime': ['raw a.jpg', 'raw b.jpg'],
        'prepared photo': ['photo test/d.png', 'photo train/a.png'],
        'prepared anime': ['anime test/a.png', 'anime train/b.png'],
        'cut out photo': [
          'photo_cut_out test/d.png',
          'photo_cut_out train/a.png',
        ],
        'cut out anime': ['anime test/a.png', 'anime train/b.png'],
      },
    )

  def test_a_split_with_too_few_images_is_refused(self):
    for name in ('photo', 'photo_cut_out', 'anime'):
      self.preparation(name, {'train/a.png': 'a.jpg'})
    self.write(self.output / 'a.jpg', '')
    raw = str(self.output)
    with self.assertRaisesRegex(
      ValueError, 'photo has 1 images left for train'
    ):
      preparation.assemble(self.output, {'photo': raw, 'anime': raw})

  def test_tables_hold_means_over_seeds(self):
    runs = preparation._runs(self.output, 2)
    scores = {
      'translation' if index == 0 else str(run): {'SWD': float(index)}
      for index, run in enumerate(runs)
    }
    evaluation = {
      'directions': {
        'photo to anime': {'scores': scores | {'untranslated': {'SWD': 9.0}}}
      }
    }
    for arm in ('prepared', 'cut_out'):
      path = self.output / 'scores' / arm / 'evaluation.json'
      self.write(path, json.dumps(evaluation))
    first, second = preparation.measured(self.output, 2)
    self.assertEqual(first.title, 'photo to anime, held-out images prepared')
    self.assertEqual(second.title, 'photo to anime, held-out images cut out')
    self.assertEqual(
      first.columns, ['', 'raw', 'prepared', 'cut out', 'untranslated']
    )
    self.assertEqual(
      first.rows,
      [
        [
          'SWD',
          '0.5 (0.0 to 1.0)',
          '2.5 (2.0 to 3.0)',
          '4.5 (4.0 to 5.0)',
          '9.0',
        ]
      ],
    )


if __name__ == '__main__':
  absltest.main()

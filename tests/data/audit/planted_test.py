"""An audit finds every planted defect, and nothing in clean sets."""

import pathlib
import tempfile
from collections.abc import Mapping

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image, ImageFilter

from tests.data.audit import planted_sets
from tf_twingan import faces, image_io
from tf_twingan.data.audit import (
  dataset_measures,
  findings,
  repeats,
  thresholds,
)
from tf_twingan.data.sources import registry

# Sets of a size that tests can draw.
LIMITS = thresholds.DEFAULT._replace(fewest_images=5, few_images=10)
STYLES = ('adventurer', 'personas')


class PlantedTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    faces.register(planted_sets.DETECTOR, planted_sets.PlantedDetector)
    self.addCleanup(faces.DETECTORS.pop, planted_sets.DETECTOR)

  def write(self, domain: str, style: str = STYLES[0], **how):
    return planted_sets.write(self.root / domain, style, **how)

  def measure(
    self,
    attributes: Mapping[str, list[str]] | None = None,
    framing: str = '',
  ):
    measured = []
    for folder in sorted(self.root.iterdir()):
      dataset = registry.parse(f'folder:{folder}{framing}')
      originals = dataset.originals()._replace(attributes=attributes)
      measured.append(
        dataset_measures.measure(
          dataset,
          originals,
          folder.name,
          limit=1000,
          detector=planted_sets.DETECTOR,
        )
      )
    return measured

  def find(self, attributes=None) -> dict[str, findings.Finding]:
    """{topic: finding}, none of which occurs twice."""
    measured = self.measure(attributes)
    found = findings.find(measured, repeats.find(measured), LIMITS)
    topics = [one.topic for one in found]
    self.assertLen(set(topics), len(topics), found)
    return dict(zip(topics, found))

  def test_nothing_is_found_in_clean_sets(self):
    self.write('photo', first=0)
    self.write('anime', STYLES[1], first=1000)
    self.assertEmpty(self.find())

  def test_every_defect_of_an_image_is_found_and_named(self):
    folder = self.root / 'photo'
    self.write('photo')
    image = planted_sets.draw(STYLES[0], 500)
    whole = Image.fromarray(image)
    planted = {
      'train/black.png': np.zeros_like(image),
      'train/blurred.png': np.asarray(
        whole.filter(ImageFilter.GaussianBlur(9))
      ),
      'train/grey.png': np.asarray(whole.convert('L').convert('RGB')),
      'train/tiny.png': planted_sets.draw(STYLES[0], 501, size=40),
      'train/crowd.png': planted_sets.draw(STYLES[0], 502, faces_shown=2),
      'train/nobody.png': planted_sets.draw(STYLES[0], 503, faces_shown=0),
      'train/copied.png': image_io.read(folder / 'train' / '004.png'),
    }
    for name, pixels in planted.items():
      image_io.write_png(folder / name, pixels)
    Image.fromarray(image_io.read(folder / 'train' / '000.png')).save(
      folder / 'test' / 'compressed.jpg', quality=60
    )
    whole_file = (folder / 'train' / '001.png').read_bytes()
    (folder / 'train' / 'cut.png').write_bytes(whole_file[:500])
    found = self.find()
    # The detector finds no face in those whose pixels were changed either.
    named = {
      'unreadable images': 'train/cut.png',
      'small images': 'train/tiny.png',
      'uniform images': 'train/black.png',
      'blurred images': 'train/blurred.png',
      'grey images': 'train/grey.png',
      'no face': 'train/black.png',
      'several faces': 'train/crowd.png',
      'exact copies': 'train/copied.png (of train/004.png)',
      'near-duplicates': 'test/compressed.jpg (of train/000.png)',
      'copies across splits': 'test/compressed.jpg',
    }
    self.assertSameElements(found, named)
    for topic, name in named.items():
      self.assertIn(name, found[topic].sentence)
    self.assertEqual(found['copies across splits'].severity, 'high')

  @parameterized.named_parameters(
    (
      'size',
      {'scale': 0.3},
      'face size',
      '30 % of the side in photo and 50 % in anime',
    ),
    ('place', {'y': 0.7}, 'face position', 'lie 20 % of the side lower'),
    ('cut_out', {'plain': True}, 'backgrounds', '0 % of anime and 100 % of'),
    ('resolution', {'size': 300}, 'resolution', '300 px in photo'),
  )
  def test_every_mismatch_of_framing_is_found(self, how, topic, text):
    self.write('anime', STYLES[1], first=1000)
    self.write('photo', **how)
    found = self.find()
    self.assertEqual(set(found), {topic})
    self.assertIn(text, found[topic].sentence)

  @parameterized.named_parameters(
    ('dark', lambda v: v * 0.4, {'brightness between domains'}),
    ('red', lambda v: v * [1.2, 0.7, 0.6], {'colour cast'}),
    (
      'grey',
      lambda v: v.mean(-1, keepdims=True).repeat(3, -1),
      {'grey domain'},
    ),
  )
  def test_every_mismatch_of_colour_is_found(self, change, topics):
    self.write('anime', STYLES[1], first=1000)
    for name, image in self.write('photo').items():
      changed = np.clip(change(image.astype(float)), 0, 255).astype(np.uint8)
      changed[0, :3] = image[0, :3]  # What the detector reads.
      image_io.write_png(self.root / 'photo' / name, changed)
    self.assertEqual(set(self.find()), topics)

  def test_labels_out_of_balance_are_found(self):
    self.write('photo')
    labels = ['woman'] * (planted_sets.COUNT - 1) + ['man']
    self.assertEmpty(self.find({'name': list('abcdefghijklmnopqrstuvwx')}))
    found = self.find({'gender': labels})
    self.assertEqual(set(found), {'attribute balance'})
    self.assertIn(
      '96 % of photo have gender = woman', found['attribute balance'].sentence
    )

  def test_how_images_become_squares_is_measured(self):
    self.write('photo')
    (measured,) = self.measure(framing='?crop=0.7&fit=pad')
    self.assertEqual(measured.fit, 'pad')
    (measured,) = self.measure()
    self.assertEqual(measured.fit, 'crop')

  def test_images_of_both_datasets_are_found(self):
    self.write('photo')
    self.write('anime', STYLES[1], first=1000)
    shared = self.root / 'anime' / 'train' / '000.png'
    image_io.write_png(
      self.root / 'photo' / 'train' / 's.png', image_io.read(shared)
    )
    found = self.find()
    self.assertEqual(set(found), {'copies across datasets'})
    self.assertIn(
      'train/000.png, train/s.png', found['copies across datasets'].sentence
    )

  def test_faces_all_over_the_place_are_found(self):
    for i, place in enumerate((0.2, 0.4, 0.6, 0.8)):
      planted_sets.write(
        self.root / 'photo' / f'{i}', STYLES[0], first=100 * i, x=place
      )
    found = self.find()
    self.assertEqual(set(found), {'framing'})
    self.assertIn('lie from 20 % to 80 % across', found['framing'].sentence)


if __name__ == '__main__':
  absltest.main()

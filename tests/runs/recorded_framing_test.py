"""How the images of a run were framed: written, and read of older runs, too."""

import json
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import framing
from tf_twingan.data.prepare import dataset_record, options
from tf_twingan.runs import recorded_framing

DOMAINS = ('photo', 'anime')


class RecordedFramingTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def read(self):
    return recorded_framing.read(self.folder, DOMAINS)

  def test_what_is_written_is_read(self):
    framings = recorded_framing.of_datasets(
      {'photo': 'folder:/x?crop=0.7&fit=pad', 'anime': 'avatars:lorelei'}
    )
    recorded_framing.write(self.folder, framings)
    self.assertEqual(
      self.read(),
      {'photo': framing.Framing(0.7, 'pad'), 'anime': framing.Framing()},
    )

  def test_how_photos_were_prepared_is_recorded(self):
    prepared = framing.Framing(
      0.7, preparation=options.Options(faces='human', margin=0.2)
    )
    recorded_framing.write(
      self.folder, {'photo': prepared, 'anime': framing.Framing()}
    )
    self.assertEqual(
      self.read(), {'photo': prepared, 'anime': framing.Framing()}
    )
    values = json.loads((self.folder / 'framing.json').read_text())
    self.assertEqual(values['anime'], {'crop': 1.0, 'fit': 'crop'})
    self.assertIn('template', values['photo']['preparation'])

  def test_an_older_run_is_told_by_its_gin_file(self):
    (self.folder / 'operative_config.gin').write_text(
      "photo = 'folder:/x?crop=0.5'\nanime = 'another:scheme'\n"
    )
    self.assertEqual(
      self.read(), {'photo': framing.Framing(0.5), 'anime': framing.Framing()}
    )

  def test_datasets_that_an_older_run_names_are_not_opened(self):
    (self.folder / 'operative_config.gin').write_text(
      f"photo = 'folder:{self.folder}?crop=0.5'\n"
      f"anime = 'mix:tfrecord:{self.folder},folder:{self.folder}'\n"
    )
    with mock.patch.object(
      dataset_record, 'find', side_effect=PermissionError
    ) as find:
      found = self.read()
    self.assertEqual(
      found, {'photo': framing.Framing(0.5), 'anime': framing.Framing()}
    )
    find.assert_not_called()

  def test_nothing_recorded_is_the_middle_square(self):
    self.assertEqual(
      self.read(), {'photo': framing.Framing(), 'anime': framing.Framing()}
    )

  @parameterized.parameters(
    ('{"photo": ', 'Invalid JSON'),
    ('{"photo": {"crop": "0.7"}}', r"photo\.crop: .* and it is '0.7'"),
    ('{"photo": {"crop": 0}}', r'photo\.crop: .* and it is 0'),
    ('{"photo": {"fit": "squeeze"}}', r'photo\.fit: '),
    (
      '{"photo": {"preparation": {"faces": "human", "margin": -1}}}',
      r'photo\.preparation: margin is -1; it should be',
    ),
  )
  def test_a_damaged_file_is_refused(self, content, message):
    (self.folder / 'framing.json').write_text(content)
    with self.assertRaisesRegex(ValueError, message) as caught:
      self.read()
    self.assertIn('framing.json is damaged', str(caught.exception))


if __name__ == '__main__':
  absltest.main()

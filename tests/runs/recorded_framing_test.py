"""How the images of a run were framed: written, and read of older runs, too."""

import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan import framing
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

  def test_an_older_run_is_told_by_its_gin_file(self):
    (self.folder / 'operative_config.gin').write_text(
      "photo = 'folder:/x?crop=0.5'\nanime = 'another:scheme'\n"
    )
    self.assertEqual(
      self.read(), {'photo': framing.Framing(0.5), 'anime': framing.Framing()}
    )

  def test_nothing_recorded_is_the_middle_square(self):
    self.assertEqual(
      self.read(), {'photo': framing.Framing(), 'anime': framing.Framing()}
    )

  @parameterized.parameters(
    ('{"photo": ', 'Invalid JSON'),
    ('{"photo": {"crop": "0.7"}}', r"photo\.crop: .* and it is '0.7'"),
    ('{"photo": {"crop": 0}}', r'photo\.crop: .* and it is 0'),
    ('{"photo": {"fit": "squeeze"}}', r'photo\.fit: '),
  )
  def test_a_damaged_file_is_refused(self, content, message):
    (self.folder / 'framing.json').write_text(content)
    with self.assertRaisesRegex(ValueError, message) as caught:
      self.read()
    self.assertIn('framing.json is damaged', str(caught.exception))


if __name__ == '__main__':
  absltest.main()

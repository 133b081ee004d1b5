"""The translate program with --strength and --mix."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests import shared_artifacts
from tests.programs import in_process


class TranslateControlTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    noise = np.random.default_rng(0).integers(0, 256, [9, 9, 3], np.uint8)
    Image.fromarray(noise).save(self.folder / 'a.png')

  def translate(self, *flags, output='out'):
    return in_process.run(
      'translate',
      f'--run_dir={shared_artifacts.run()}',
      f'--input={self.folder / "a.png"}',
      f'--output={self.folder / output}',
      *flags,
    )

  def result(self, *flags, output='out'):
    """The content of the file that a command writes."""
    code, printed = self.translate(*flags, output=output)
    self.assertEqual(code, 0, printed)
    return (self.folder / output / 'a.png').read_bytes()

  def test_the_ends_are_the_plain_translations_to_the_byte(self):
    plain = self.result('--to=anime')
    own = self.result('--to=photo', '--from=photo')
    self.assertEqual(self.result('--to=anime', '--strength=1'), plain)
    self.assertEqual(self.result('--to=anime', '--strength=0'), own)
    half = self.result('--to=anime', '--strength=0.5')
    self.assertNotIn(half, (plain, own))
    # Without --to, and separated from its flag by a space.
    mixed = self.result('--mix', 'anime=0.5,photo=0.5', '--from=photo')
    self.assertEqual(mixed, half)

  def test_shares_of_another_sum_are_divided_by_it_and_that_is_said(self):
    flags = ['--from=photo', '--mix=anime=3,photo=1']
    code, printed = self.translate(*flags)
    self.assertEqual(code, 0, printed)
    self.assertIn('--mix=anime=3,photo=1 are divided by their sum', printed)
    self.assertEqual(
      self.result('--from=photo', '--mix=anime=0.75,photo=0.25', output='b'),
      (self.folder / 'out' / 'a.png').read_bytes(),
    )

  def test_a_folder_is_translated_again_with_another_strength(self):
    def run(*flags):
      code, printed = in_process.run(
        'translate',
        f'--run_dir={shared_artifacts.run()}',
        f'--input={self.folder / "in"}',
        f'--output={self.folder / "out"}',
        '--to=anime',
        *flags,
      )
      self.assertEqual(code, 0, printed)
      return printed

    (self.folder / 'in').mkdir()
    (self.folder / 'a.png').rename(self.folder / 'in' / 'a.png')
    run()
    self.assertNotIn('already', run('--strength=0.5'))
    self.assertIn('1 of 1 images are translated already', run('--strength=0.5'))

  def test_user_errors_are_one_line(self):
    cases = {
      'give --to=DOMAIN': [],
      'strength is 2.0; give a number from 0': ['--to=anime', '--strength=2'],
      '--mix: anime is no mixture': ['--mix=anime'],
      "names 'dog', and the model has photo, anime": [
        '--to=anime',
        '--mix=dog=1',
      ],
      'names anime twice': ['--mix=anime=1,anime=2'],
      'the share of anime in the mixture is -1.0': [
        '--to=anime',
        '--mix=anime=-1,photo=2',
      ],
      'give --from=DOMAIN': ['--mix=anime=1'],
    }
    for message, flags in cases.items():
      with self.subTest(message):
        code, printed = self.translate(*flags)
        self.assertEqual(code, 1)
        self.assertIn(message, printed)
        self.assertEqual(printed.count('\n'), 1, printed)

  def test_exported_files_hold_plain_translations(self):
    code, printed = in_process.run(
      'translate',
      '--bundle=bundles/anime',
      f'--input={self.folder / "a.png"}',
      f'--output={self.folder / "out"}',
      '--to=anime',
      '--strength=0.5',
    )
    self.assertEqual(code, 1)
    self.assertIn('--strength and --mix need the model itself', printed)


if __name__ == '__main__':
  absltest.main()

"""The prepare program: what it writes, prints and refuses."""

import os
import pathlib
import tempfile

from absl.testing import absltest

from tests.data.prepare import prepare_case
from tests.programs import in_process
from tf_twingan import image_io, prepare_flags
from tf_twingan.data.prepare import dataset_record, options


class PrepareTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    root = pathlib.Path(folder.name)
    self.photos, self.output = root / 'photos', root / 'prepared'
    for number in range(12):
      photo = prepare_case.photo(number)
      image_io.write_png(self.photos / f'{number:02}.png', photo)
    (self.photos / 'broken.jpg').write_bytes(b'no image')

  def prepare(self, *more):
    return in_process.run(
      'prepare',
      f'--input={self.photos}',
      f'--output={self.output}',
      '--resolution=16',
      '--faces=none',
      *more,
    )

  def test_a_folder(self):
    code, output = self.prepare()
    self.assertEqual(code, 0, output)
    self.assertRegex(
      output, r'13 photos: \d+ images to train on and \d+ held out\n'
    )
    self.assertRegex(output, r' 1 unreadable  The file is no image')
    record = dataset_record.read(self.output)
    self.assertEqual(record.options.resolution, 16)
    self.assertEqual(record.input, str(self.photos))
    code, output = self.prepare()
    self.assertEqual(code, 0, output)
    self.assertIn('is finished, and all of its files are whole', output)
    code, output = self.prepare('--margin=0.7')
    self.assertEqual(code, 1)
    self.assertIn('prepared with --margin=0.3', output)

  def test_a_dry_run(self):
    code, output = self.prepare('--dry_run')
    self.assertEqual(code, 0, output)
    self.assertIn('broken.jpg: unreadable', output)
    self.assertFalse(os.path.exists(self.output))

  def test_a_wrong_value_is_one_line(self):
    for flag, said in {
      '--margin=9': '--margin is 9.0; it should be less than or equal to 4',
      '--faces=humann': "face detector 'humann' is unknown",
      '--background=plain': '--background: plain needs people',
      '--most_faces=0': '--most_faces is 0; it should be greater',
      '--beam_option=a=1': '--beam_option is of Apache Beam: give --runner',
      '--runner=FnapiRunner': '--runner=FnapiRunner is no runner of Apache Bea',
    }.items():
      code, output = self.prepare(flag)
      self.assertEqual(code, 1, flag)
      self.assertIn(f'Error: {said}', output)
      self.assertLen(output.splitlines(), 1, output)

  def test_a_runner_of_beam(self):
    code, output = self.prepare('--runner=FnApiRunner')
    self.assertEqual(code, 0, output)
    self.assertRegex(output, '13 photos: ')
    for flag, said in {
      '--dry_run': '--dry_run works on this computer: leave out --runner',
      '--workers=2': '--workers counts threads of this program; a runner has',
    }.items():
      code, output = self.prepare('--runner=FnApiRunner', flag)
      self.assertEqual(code, 1, flag)
      self.assertIn(f'Error: {said}', output)

  def test_every_option_has_a_flag(self):
    self.assertEqual(
      {*options.Options.model_fields} - {'template'}, {*prepare_flags._HELP}
    )


if __name__ == '__main__':
  absltest.main()

"""The prepare program: what it writes, prints and refuses."""

import os
import pathlib
import shutil
import tempfile

import numpy as np
from absl.testing import absltest

from tests.data.prepare import drawn_faces, prepare_case
from tests.programs import in_process
from tf_twingan import image_io, prepare_flags
from tf_twingan.data.prepare import dataset_record, options, rejections
from tf_twingan.face_detectors import base


class MarkDetector(base.FaceDetector):
  """Finds the marks of `drawn_faces`."""

  def find(self, image):
    if not np.ptp(image, axis=2).any():  # Without any colour.
      return []
    marks = drawn_faces.find_marks(image)
    box = np.concatenate([marks.min(axis=0), marks.max(axis=0)])
    return [base.Face(np.float32(box), 0.9, marks[:2], marks[2])]


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
    self.assertRegex(output, f'train on folder:{self.output}')
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
    self.assertIn(f'PNG files, to train on as folder:{self.output}', output)
    self.assertFalse(os.path.exists(self.output))
    _, output = self.prepare('--dry_run', '--format=tfrecord')
    self.assertIn(
      f'TFRecord files, to train on as tfrecord:{self.output}', output
    )
    for flag in ('--embed=missing.keras', '--attributes=missing.csv'):
      code, output = self.prepare('--dry_run', flag)
      self.assertEqual(code, 1, flag)
      self.assertIn('missing', output)

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

  def test_faces_are_aligned_by_a_detector_of_ones_own(self):
    shutil.rmtree(self.photos)
    for number, roll in enumerate((-20, 0, 35)):
      centre, scale = (100 + 5 * number, 90), 90 + 15 * number
      photo, _ = drawn_faces.draw((200, 220), centre, scale, roll)
      image_io.write_png(self.photos / f'{number}.png', photo)
    grey = prepare_case.photo(1)[..., :1].repeat(3, axis=2)
    image_io.write_png(self.photos / 'none.png', grey)
    code, output = self.prepare(
      f'--faces={__name__}:MarkDetector',
      '--resolution=64',
      '--keep_duplicates',
      '--blur=0',
    )
    self.assertEqual(code, 0, output)
    [none] = rejections.read(self.output / 'rejected.csv')
    self.assertEqual((none.file, none.reason), ('none.png', 'no_face'))
    images = [image_io.read(p) for p in self.output.glob('t*/*.png')]
    self.assertLen(images, 3)
    first, *others = map(drawn_faces.find_marks, images)
    for marks in others:
      np.testing.assert_allclose(marks, first, atol=1.5)
    origins = (self.output / 'origins.csv').read_text().splitlines()
    self.assertLen(origins, 4)
    for row in origins[1:]:
      self.assertEndsWith(row, ',0.900')
    code, output = self.prepare('--faces=no_module:Detector')
    self.assertIn('cannot be imported', output)

  def test_every_option_has_a_flag(self):
    self.assertEqual(
      {*options.Options.model_fields} - {'template'}, {*prepare_flags._HELP}
    )


if __name__ == '__main__':
  absltest.main()

"""The translate program with --faces: whole photos in, whole photos out."""

import pathlib
import shutil
import tempfile

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import shared_artifacts
from tests.programs import in_process
from tf_twingan import faces, image_io, provenance


class RedSquares(faces.FaceDetector):
  """Finds a face where the upper left pixel is red: two, one of them small."""

  def find(self, image):
    if image[0, 0].tolist() != [255, 0, 0]:
      return []
    boxes = ([40, 30, 80, 70], [100, 20, 120, 40])
    return [faces.Face(np.float32(box), 0.9) for box in boxes]


class TranslatePhotosTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()

  def setUp(self):
    super().setUp()
    faces.DETECTORS['red'] = RedSquares
    self.addCleanup(faces.DETECTORS.pop, 'red', None)
    folder = pathlib.Path(tempfile.mkdtemp())
    self.inputs, self.outputs = folder / 'in', folder / 'out'
    self.inputs.mkdir()
    self.photo = np.random.default_rng(0).integers(
      0, 256, [90, 150, 3], np.uint8
    )
    Image.fromarray(self.photo).save(self.inputs / 'nobody.png')
    self.photo[0, 0] = 255, 0, 0
    Image.fromarray(self.photo).save(self.inputs / 'two.png')

  def translate(self, *more, which='all', name=''):
    return in_process.run(
      'translate',
      f'--run_dir={self.run_dir}',
      '--to=anime',
      f'--input={self.inputs / name}',
      f'--output={self.outputs}',
      *([f'--faces={which}'] if which else []),
      *more,
    )

  def changed(self):
    """Where the photo of two faces was changed, and the result."""
    result = image_io.read(self.outputs / 'two.png')
    return (result != self.photo).any(axis=-1), result

  def test_faces_are_put_back_and_nothing_else_changes(self):
    code, output = self.translate('--detector=red')
    self.assertEqual(code, 0, output)
    self.assertIn('photo are aligned by red faces', output)
    self.assertIn('1 of 2 images translated', output)
    self.assertIn('Faces found: 2, photos with any: 1.', output)
    self.assertRegex(output, 'skipped .*nobody.png: the detector found no face')
    changed, _ = self.changed()
    self.assertGreater(changed[35:65, 45:75].mean(), 0.9)
    self.assertGreater(changed[25:35, 105:115].mean(), 0.9)
    self.assertFalse(changed[:, :25].any() or changed[85:].any())
    self.assertFalse(changed[:, 130:].any())

  def test_the_largest_alone_beside_the_photo(self):
    code, output = self.translate(
      '--detector=red', '--compare', which='largest', name='two.png'
    )
    self.assertEqual(code, 0, output)
    pair = image_io.read(self.outputs / 'two.png')
    np.testing.assert_array_equal(pair[:, :150], self.photo)
    changed = (pair[:, 150:] != self.photo).any(axis=-1)
    self.assertGreater(changed[35:65, 45:75].mean(), 0.9)
    self.assertFalse(changed[:, 95:].any())

  def test_crops(self):
    code, output = self.translate('--detector=red', '--crops', '--upscale=2')
    self.assertEqual(code, 0, output)
    for name in ('two.png', 'two.face2.png'):
      self.assertEqual(
        image_io.read(self.outputs / name).shape, (16, 16, 3), name
      )

  def test_whole_images(self):
    code, output = self.translate('--side_by_side', which='none')
    self.assertEqual(code, 0, output)
    self.assertIn('2 of 2 images translated', output)
    pair = image_io.read(self.outputs / 'two.png')
    self.assertEqual(pair.shape, (90, 300, 3))
    self.assertGreater(np.mean(pair[:, 150:] != self.photo), 0.9)

  def test_larger_tiles_and_results(self):
    code, output = self.translate('--tile=90', '--upscale=2', which='none')
    self.assertEqual(code, 0, output)
    first = image_io.read(self.outputs / 'two.png')
    self.assertEqual(first.shape, (180, 300, 3))
    # Another size of tiles makes another result.
    code, output = self.translate('--tile=45', '--upscale=2', which='none')
    self.assertEqual(code, 0, output)
    second = image_io.read(self.outputs / 'two.png')
    self.assertGreater(np.mean(first != second), 0.5)

  def test_squares_are_enlarged_too(self):
    code, output = self.translate('--upscale=2', '--side_by_side', which='')
    self.assertEqual(code, 0, output)
    pair = image_io.read(self.outputs / 'two.png')
    self.assertEqual(pair.shape, (16, 32, 3))

  @parameterized.parameters('all', 'none')
  def test_a_bundle_translates_as_its_run(self, which):
    flags = ['--detector=red'] if which == 'all' else []
    code, output = self.translate(*flags, which=which)
    self.assertEqual(code, 0, output)
    expected = image_io.read(self.outputs / 'two.png')
    shutil.rmtree(self.outputs)
    code, output = in_process.run(
      'translate',
      f'--bundle={shared_artifacts.bundle()}',
      '--to=anime',
      f'--input={self.inputs / "two.png"}',
      f'--output={self.outputs}',
      f'--faces={which}',
      *flags,
    )
    self.assertEqual(code, 0, output)
    result = self.outputs / 'two.png'
    np.testing.assert_allclose(
      image_io.read(result).astype(int), expected, atol=3
    )
    self.assertEqual(provenance.read(result).model, 'photo2anime')

  @parameterized.parameters('all', 'none')
  def test_through_beam(self, which):
    flags = ['--detector=red'] if which == 'all' else []
    flags.append('--upscale=2')
    contents = []
    for more in ([], ['--runner=FnApiRunner']):
      code, output = self.translate(*flags, *more, which=which)
      self.assertEqual(code, 0, output)
      contents.append((self.outputs / 'two.png').read_bytes())
      shutil.rmtree(self.outputs)
    self.assertEqual(*contents)

  @parameterized.parameters(
    ([], 'all', '--detector=human, anime or cat'),
    (['--detector=dog'], 'all', "face detector 'dog' is unknown"),
    (['--crops'], '', '--crops is for whole photos: give --faces=all'),
    (['--keep_location'], '', '--keep_location is for whole photos'),
    *(
      (['--crops', flag], 'all', f'--{name} is about the photo that a face')
      for flag, name in (
        ('--feather=0.3', 'feather'),
        ('--noharmonize', 'harmonize'),
        ('--match_colours=1', 'match_colours'),
        ('--keep_location', 'keep_location'),
      )
    ),
    (['--match_colours=1'], 'none', '--match_colours is about faces'),
    (['--detector=red', '--feather=2'], 'all', 'feather is 2.0; give a share'),
    (['--tile=8'], 'all', '--tile is for whole images: give --faces=none'),
    (['--noframe_as_trained'], 'all', '--noframe_as_trained is about the one'),
    (['--noframe_as_trained'], 'none', 'the one square of each image'),
    (['--upscale=7'], 'all', '--upscale=7 is no such factor'),
  )
  def test_what_it_refuses(self, flags, which, message):
    code, output = self.translate(*flags, which=which)
    self.assertEqual(code, 1)
    self.assertIn(message, output)

  def test_other_options_make_the_results_anew(self):
    results = []
    for strength in (0, 1, 1):
      code, output = self.translate(
        '--detector=red', f'--match_colours={strength}'
      )
      self.assertEqual(code, 0, output)
      results.append((self.outputs / 'two.png').stat().st_mtime_ns)
    self.assertNotEqual(results[0], results[1])
    self.assertEqual(results[1], results[2])


if __name__ == '__main__':
  absltest.main()

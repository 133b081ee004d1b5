"""A run or a bundle of one version of Keras translates alike with the other.

`fixtures/run_0_1.tar.xz` was trained with TensorFlow 2.15 and Keras 2,
`run_lane_2.tar.xz` with TensorFlow 2.21 and Keras 3; `lanes_outputs.npz` holds
what each made of the same images then, by its newest checkpoint and its best.
`bundle_lane_1.tar.xz` and `bundle_lane_2.tar.xz` are exports of one untrained
model of 8 px. Whichever version runs this test, one of the two is the other's.
"""

import pathlib
import tarfile
import tempfile

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan import image_arrays, image_io, inference
from tf_twingan.inference.exported import bundle_manifest, exported_translator
from tf_twingan.runs import weight_files

FIXTURES = pathlib.Path(__file__).resolve().parent / 'fixtures'
RUNS = {'lane_1': 'run_0_1.tar.xz', 'lane_2': 'run_lane_2.tar.xz'}


BUNDLES = {
  'lane_1': 'bundle_lane_1.tar.xz',
  'lane_2': 'bundle_lane_2.tar.xz',
}
# How far a bundle's files may be from the golden output, of 255: at most, and
# in the mean.
LIMITS = {
  'saved_model': (1, 0.1),
  'float32': (1, 0.1),
  'dynamic': (4, 0.5),
  'int8': (8, 2.0),
}


def unpacked(lane, archives=RUNS):
  folder = tempfile.mkdtemp()
  with tarfile.open(FIXTURES / archives[lane]) as archive:
    archive.extractall(folder)
  return pathlib.Path(folder)


class LanesTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.images = np.load(FIXTURES / 'shipped_model_pixels.npz')['photo']
    self.outputs = np.load(FIXTURES / 'lanes_outputs.npz')

  def assert_translates_alike(self, translator, name):
    images = translator.prepare(self.images, 'photo')
    made = translator.model.translate(
      image_arrays.to_float(images),
      'photo',
      'anime',
      resolution=translator.resolution,
      alpha=translator.alpha,
    )
    self.assertAllClose(made, self.outputs[name], atol=1e-5)
    pixels = translator.translate(self.images, to='anime').astype(int)
    self.assertLessEqual(
      np.abs(pixels - self.outputs[f'{name}_uint8']).max(), 1
    )

  @parameterized.product(lane=[*RUNS], part=['checkpoint', 'best'])
  def test_a_run_of_either_translates_alike(self, lane, part):
    run = unpacked(lane)
    folder = run if part == 'checkpoint' else run / part
    self.assert_translates_alike(
      inference.Translator(str(folder)), f'{lane}_{part}'
    )

  @parameterized.parameters(*RUNS)
  def test_it_is_saved_again_alike(self, lane):
    folder = tempfile.mkdtemp()
    inference.Translator(str(unpacked(lane))).save(folder)
    self.assertTrue(weight_files.is_in(folder))
    self.assert_translates_alike(
      inference.Translator(folder), f'{lane}_checkpoint'
    )

  @parameterized.parameters(*BUNDLES)
  def test_the_files_of_a_bundle_translate_alike(self, lane):
    folder = unpacked(lane, BUNDLES)
    golden = bundle_manifest.read_manifest(folder)['golden']
    image, expected = (
      image_io.read(folder / golden[end]) for end in ('input', 'output')
    )
    self.assertGreater(np.abs(image.astype(int) - expected).mean(), 20)
    files = exported_translator.open_export(folder)
    self.assertCountEqual(files.translators, LIMITS)
    for kind, file in files.translators.items():
      output = file.translate(image[None], 'anime', 'photo')[0]
      off = np.abs(output.astype(int) - expected)
      largest, mean = LIMITS[kind]
      self.assertLessEqual(off.max(), largest, kind)
      self.assertLessEqual(off.mean(), mean, kind)

  def test_outputs_differ_from_run_to_run(self):
    self.assertNotAllClose(
      self.outputs['lane_1_checkpoint'],
      self.outputs['lane_2_checkpoint'],
      atol=0.01,
    )


if __name__ == '__main__':
  tf.test.main()

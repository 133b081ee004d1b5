"""A run trained with one version of Keras translates alike with the other.

`fixtures/run_0_1.tar.xz` was trained with TensorFlow 2.15 and Keras 2,
`run_lane_2.tar.xz` with TensorFlow 2.21 and Keras 3; `lanes_outputs.npz` holds
what each made of the same images then, by its newest checkpoint and its best.
Whichever version runs this test, one of the two is the other's.
"""

import pathlib
import tarfile
import tempfile

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan import image_arrays, inference
from tf_twingan.runs import weight_files

FIXTURES = pathlib.Path(__file__).resolve().parent / 'fixtures'
RUNS = {'lane_1': 'run_0_1.tar.xz', 'lane_2': 'run_lane_2.tar.xz'}


def unpacked(lane):
  folder = tempfile.mkdtemp()
  with tarfile.open(FIXTURES / RUNS[lane]) as archive:
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

  def test_outputs_differ_from_run_to_run(self):
    self.assertNotAllClose(
      self.outputs['lane_1_checkpoint'],
      self.outputs['lane_2_checkpoint'],
      atol=0.01,
    )


if __name__ == '__main__':
  tf.test.main()

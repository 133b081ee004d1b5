"""A teacher translates as its run would, and is never trained."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests import tiny_run
from tf_twingan import image_arrays, inference
from tf_twingan.losses import teacher_model

IMAGES = np.random.default_rng(0).integers(
  0, 256, [3, tiny_run.RESOLUTION, tiny_run.RESOLUTION, 3], np.uint8
)


class TeacherTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(1.0, 0.5)
  def test_it_translates_as_its_run_does(self, alpha):
    run = str(tiny_run.make(alpha=alpha, precision='bfloat16'))
    outputs = teacher_model.Teacher(run).translate(
      tf.constant(image_arrays.to_float(IMAGES)), 'photo', 'anime'
    )
    expected = inference.Translator(run).translate(IMAGES, to='anime')
    self.assertAllClose(
      image_arrays.to_uint8(outputs.numpy()).astype(int), expected, atol=1
    )
    self.assertAllInRange(outputs, -1.0, 1.0)
    # The tiny run's images are not plain, so this tells networks apart.
    self.assertGreater(np.std(expected), 5)

  def test_a_shipped_model(self):
    loaded = teacher_model.Teacher('pretrained:avatar_twins')
    self.assertEqual(loaded.domains, ('photo', 'anime'))
    self.assertEqual(loaded.resolution, 32)

  def test_smaller_images_are_enlarged_and_reduced_again(self):
    run = str(tiny_run.make())
    loaded = teacher_model.Teacher(run)
    small = tf.random.stateless_uniform([2, 4, 4, 3], [1, 2], -1.0, 1.0)
    outputs = loaded.translate(small, 'photo', 'anime')
    large = loaded.translate(
      tf.image.resize(small, [8, 8], 'bilinear'), 'photo', 'anime'
    )
    expected = tf.reduce_mean(tf.reshape(large, [2, 4, 2, 4, 2, 3]), [2, 4])
    self.assertAllClose(outputs, expected, atol=1e-6)

  def test_no_gradient_flows_back(self):
    loaded = teacher_model.Teacher(str(tiny_run.make()))
    images = tf.Variable(image_arrays.to_float(IMAGES))
    with tf.GradientTape() as tape:
      total = tf.reduce_sum(loaded.translate(images, 'photo', 'anime'))
    gradients = tape.gradient(
      total, [images, *loaded._model.trainable_variables]
    )
    self.assertGreater(len(gradients), 10)
    for gradient in gradients:
      self.assertIsNone(gradient)

  def test_it_says_what_it_cannot_teach(self):
    run = str(tiny_run.make())
    loaded = teacher_model.Teacher(run)
    loaded.check(['anime', 'photo'], 8)
    loaded.check(['photo', 'anime'], 4)
    with self.assertRaisesRegex(
      ValueError, 'knows photo, anime, .*of cat, dog'
    ):
      loaded.check(['photo', 'cat', 'dog'], 8)
    with self.assertRaisesRegex(ValueError, '8 px, and the student 16 px; set'):
      loaded.check(['photo', 'anime'], 16)

  @parameterized.parameters(
    ('nowhere', FileNotFoundError, 'nowhere is not a run dir'),
    ('pretrained:nobody', ValueError, "no pretrained model 'nobody'"),
    ('pretrained:../../x', ValueError, 'no pretrained model'),
  )
  def test_a_missing_one_is_named(self, origin, error, message):
    with self.assertRaisesRegex(error, message):
      teacher_model.Teacher(origin)


if __name__ == '__main__':
  tf.test.main()

"""CycleGAN and pix2pix: one generator a direction, and what they cannot do."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import cyclegan, pix2pix, registry

DOMAINS = ('photo', 'anime')


def build(name, resolution=16, **options):
  keras.utils.set_random_seed(1)
  config = dict(
    model=name,
    domains=DOMAINS,
    max_resolution=resolution,
    channels=4,
    precision='float32',
    **({'blocks': 2} if name == 'cyclegan' else {}),
  )
  return registry.build(config, **options)


def images(batch=2, resolution=16):
  shape = [batch, resolution, resolution, 3]
  return tf.random.stateless_uniform(shape, [1, 0], -1.0, 1.0)


@parameterized.parameters('cyclegan', 'pix2pix')
class TwoGeneratorsTest(parameterized.TestCase, tf.test.TestCase):
  def test_a_direction_is_the_generator_of_its_target(self, name):
    model = build(name)
    outputs = model.translate(images(), 'photo', 'anime', resolution=16)
    self.assertEqual(outputs.shape, [2, 16, 16, 3])
    self.assertEqual(outputs.dtype, tf.float32)
    self.assertAllClose(
      outputs, tf.tanh(model.generators['anime'](images())), atol=1e-6
    )
    self.assertNotAllClose(
      outputs, model.translate(images(), 'anime', 'photo', resolution=16)
    )

  def test_an_image_does_not_depend_on_its_batch(self, name):
    model, x = build(name), images(3)
    together = model.translate(x, 'photo', 'anime', resolution=16)
    alone = model.translate(x[1:2], 'photo', 'anime', resolution=16)
    self.assertAllClose(together[1], alone[0], atol=1e-5)

  def test_every_weight_takes_part(self, name):
    model = build(name)
    with tf.GradientTape() as tape:
      outputs = model.translate(images(), 'photo', 'anime', resolution=16)
      loss = tf.reduce_sum(tf.square(outputs - 0.3))
    weights = model.generators['anime'].trainable_variables
    for weight, gradient in zip(weights, tape.gradient(loss, weights)):
      self.assertGreater(np.abs(gradient).max(), 0, weight.name)
    # Instance norm learns nothing and remembers nothing.
    self.assertEmpty(model.non_trainable_variables)

  def test_a_description_builds_it_again(self, name):
    model = build(name)
    config = registry.describe(model)
    self.assertEqual(config['model'], name)
    again = registry.build(config)
    self.assertEqual(registry.describe(again), config)
    self.assertEqual(
      [v.shape for v in again.variables], [v.shape for v in model.variables]
    )

  def test_what_makes_no_sense_is_refused(self, name):
    model = build(name)
    with self.assertRaisesRegex(ValueError, 'search with a TwinGAN'):
      model.encode(images(), ['photo'], resolution=16)
    with self.assertRaisesRegex(ValueError, 'set Growth.start_resolution'):
      model.translate(images(2, 8), 'photo', 'anime', resolution=8)
    with self.assertRaisesRegex(ValueError, "no domain 'cat'.*photo, anime"):
      model.translate(images(), 'photo', 'cat', resolution=16)
    with self.assertRaisesRegex(ValueError, 'train a TwinGAN'):
      build(name, domains=('a', 'b', 'c'))
    with self.assertRaisesRegex(ValueError, "precision 'half'"):
      build(name, precision='half')

  def test_half_precision_gives_about_the_same(self, name):
    whole, half = (
      build(name, precision=precision).translate(
        images(), 'photo', 'anime', resolution=16
      )
      for precision in ('float32', 'bfloat16')
    )
    self.assertEqual(half.dtype, tf.float32)
    self.assertAllClose(whole, half, atol=0.1)


class SizesTest(tf.test.TestCase):
  def sizes(self, network):
    return [v.shape for v in network.trainable_variables if v.shape.rank == 4]

  def test_the_residual_network_is_the_papers(self):
    network = cyclegan.ResNet(64, 9)
    network(tf.zeros([1, 16, 16, 3]))
    weights = sum(int(np.prod(s)) for s in self.sizes(network))
    n = 64
    by_hand = 2 * 147 * n + (18 + 72 + 72 + 18) * n * n + 18 * 9 * 16 * n * n
    self.assertEqual(weights, by_hand)
    self.assertBetween(weights, 11.3e6, 11.4e6)  # The paper's 11.38 M.

  def test_the_u_net_is_the_papers(self):
    network = pix2pix.UNet(8, 256)  # The paper's is eight times as wide.
    self.assertEqual(
      [8 * c.kernel.shape[-1] for c in network.down],
      [64, 128, 256, 512, 512, 512, 512, 512],
    )
    # What goes in has the skip beside it, but for the innermost.
    self.assertEqual(
      [8 * c.kernel.shape[-1] for c in network.up],
      [512, 1024, 1024, 1024, 1024, 512, 256, 128],
    )

  def test_the_smallest_cyclegan(self):
    with self.assertRaisesRegex(ValueError, '8 px or more'):
      build('cyclegan', resolution=4)


if __name__ == '__main__':
  tf.test.main()

"""Style codes: their scale, stages, domains and means."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import configs, style_encoder

DOMAINS = ('photo', 'anime')


def build(**options):
  keras.utils.set_random_seed(1)
  config = configs.TwinGANConfig(
    channels_base=16, channels_max=8, style_size=3, **options
  )
  return style_encoder.StyleEncoder(DOMAINS, 16, config)


def images(batch=4, resolution=16, seed=1):
  shape = [batch, resolution, resolution, 3]
  return tf.random.stateless_uniform(shape, [seed, 0], -1.0, 1.0)


class StyleTest(parameterized.TestCase, tf.test.TestCase):
  def test_codes_are_scaled_by_hand(self):
    # A length of 5 becomes the square root of two: a mean square of 1.
    self.assertAllClose(
      style_encoder.scale_codes(
        tf.constant([[3.0, 4.0], [0.0, 0.0], [-0.3, 0.4]])
      ),
      np.sqrt(2) * np.array([[0.6, 0.8], [0.0, 0.0], [-0.6, 0.8]]),
    )

  def test_a_code_by_hand(self):
    encoder = build()
    x = images(2, resolution=4)
    features = x
    for conv in (encoder.from_rgb['4px'], encoder.blocks['4px']):
      features = tf.nn.leaky_relu(conv(features), 0.2)
    mean = tf.reduce_mean(features, axis=[1, 2])
    layer = encoder.codes['anime']
    code = mean @ layer.kernel / np.sqrt(8) + layer.bias
    code /= tf.sqrt(tf.reduce_mean(code**2, axis=1, keepdims=True))
    self.assertAllClose(
      encoder(x, domains=['anime'], resolution=4), code, atol=1e-5
    )

  def test_random_codes_point_anywhere_and_follow_the_seed(self):
    codes = style_encoder.random_codes(4000, 3, tf.constant([1, 2]))
    self.assertAllClose(tf.reduce_mean(codes**2, axis=1), tf.ones([4000]))
    self.assertAllClose(
      tf.matmul(codes, codes, transpose_a=True) / 4000, np.eye(3), atol=0.08
    )
    self.assertAllClose(tf.reduce_mean(codes, axis=0), [0, 0, 0], atol=0.08)
    self.assertAllEqual(
      codes, style_encoder.random_codes(4000, 3, tf.constant([1, 2]))
    )
    self.assertNotAllClose(
      codes, style_encoder.random_codes(4000, 3, tf.constant([1, 3]))
    )

  def test_new_stage_starts_as_the_previous_one(self):
    encoder, fine = build(), images()
    coarse = tf.nn.avg_pool2d(fine, 2, 2, 'VALID')
    before = encoder(coarse, domains=DOMAINS, resolution=8)
    self.assertAllClose(
      encoder(fine, domains=DOMAINS, resolution=16, alpha=tf.constant(0.0)),
      before,
      atol=1e-6,
    )
    self.assertNotAllClose(
      encoder(fine, domains=DOMAINS, resolution=16), before, atol=1e-2
    )

  def test_a_domain_owns_its_last_layer(self):
    encoder, x = build(), images()
    photo, anime = tf.split(encoder(x, domains=DOMAINS, resolution=16), 2)
    self.assertNotAllClose(
      photo, encoder(x[:2], domains=['anime'], resolution=16), atol=1e-2
    )
    self.assertAllClose(anime, encoder(x[2:], domains=['anime'], resolution=16))
    encoder.codes['anime'].bias.assign([3.0, 0.0, 0.0])
    changed = tf.split(encoder(x, domains=DOMAINS, resolution=16), 2)
    self.assertAllClose(changed[0], photo)
    self.assertNotAllClose(changed[1], anime, atol=1e-2)

  def test_means_are_the_plain_average_of_the_batches(self):
    encoder = build()
    self.assertAllEqual(encoder.mean('photo'), [0, 0, 0])
    codes = []
    for index in range(1, 4):
      codes.append(
        encoder(
          images(seed=index),
          domains=DOMAINS,
          resolution=16,
          statistics_update=tf.constant(1.0 / index),
        )
      )
      encoder(images(seed=9), domains=DOMAINS, resolution=16)
    mean = tf.reduce_mean([c[2:] for c in codes], axis=[0, 1])
    self.assertAllClose(encoder.means['anime'], mean)
    self.assertAllClose(
      encoder.mean('anime'), mean / tf.sqrt(tf.reduce_mean(mean**2))
    )
    self.assertNotAllClose(encoder.mean('anime'), encoder.mean('photo'))

  def test_own_and_given_styles_take_turns(self):
    own = tf.constant([[1.0], [2.0], [3.0], [4.0]])
    self.assertAllEqual(
      style_encoder.Styles(own, translation=-own).interleaved(2)[:, 0],
      [1, 2, -1, -2, 3, 4, -3, -4],
    )

  @parameterized.parameters('bfloat16', 'float16')
  def test_half_precision_gives_nearly_the_same(self, precision):
    half = build(precision=precision)(images(), domains=DOMAINS, resolution=16)
    self.assertEqual(half.dtype, tf.float32)
    self.assertAllClose(
      half, build()(images(), domains=DOMAINS, resolution=16), atol=0.1
    )

  def test_spectral_norm_is_of_the_convolutions(self):
    encoder = build(spectral_norm=True)
    self.assertIsNotNone(encoder.blocks['16px'].spectral)
    self.assertAllClose(
      tf.linalg.svd(
        tf.reshape(encoder.from_rgb['4px'].scaled_kernel(), [3, -1]),
        compute_uv=False,
      )[0],
      1.0,
      atol=0.05,
    )


if __name__ == '__main__':
  tf.test.main()

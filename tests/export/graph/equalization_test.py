"""Equalized networks compute the same, with channels of more equal sizes."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from export.graph import equalization, folded_network, folding
from tests.export import untrained

IMAGES = untrained.FLOATS


def fold(resolution=16, **options):
  translator = untrained.translator(resolution=resolution, **options)
  return folding.fold_translator(translator, 'photo', 'anime')


class EqualizationTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.named_parameters(
    ('plain', {}),
    ('smooth', dict(smooth=True)),
    ('some_skips', dict(skip_max_resolution=8)),
    ('fading', dict(alpha=0.3)),
    ('smallest', dict(resolution=4)),
  )
  def test_equalized_channels_compute_the_same(self, options):
    weights = fold(**options)
    px = weights.resolution
    images = IMAGES[:, :px, :px]
    equal = equalization.equalize(weights, images)
    self.assertAllClose(
      folded_network.Network(equal).translate(tf.constant(images)),
      folded_network.Network(weights).translate(tf.constant(images)),
      atol=1e-5,
    )
    # And are closer to one size than they were.
    self.assertLess(spread(equal, images), 0.7 * spread(weights, images))

  @parameterized.parameters(
    dict(norm='instance'), dict(residual=True), dict(attention_resolution=8)
  )
  def test_what_does_not_commute_is_left_alone(self, **options):
    weights = fold(**options)
    self.assertIs(equalization.equalize(weights, IMAGES), weights)


def spread(weights, images):
  """How much the sizes of a layer's channels differ, in the mean of layers."""
  deviations = []

  def observe(place, outputs):
    if place[0] != 'to_rgb':
      sizes = np.abs(outputs.numpy()).max(axis=(0, 1, 2))
      deviations.append(np.std(np.log(np.maximum(sizes, 1e-6))))

  folded_network.Network(weights, observe=observe).translate(
    tf.constant(images)
  )
  return np.mean(deviations)


if __name__ == '__main__':
  tf.test.main()

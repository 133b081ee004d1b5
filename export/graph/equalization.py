"""Equalizes the channels of a network, so that 8 bits suit all of them.

TFLite quantizes an activation with one scale for all channels: those of small
values get few of the 256 steps. Leaky ReLU, pooling, upsampling and
concatenation treat channels separately and commute with scaling them, so each
channel can be divided by its size and every convolution that reads it
multiplied by the same: the network computes the same values. After Nagel et
al., "Data-Free Quantization Through Weight Equalization and Bias Correction"
(2019), section 4.1; the sizes are those of activations on images, and are
divided out in part only, so that the weights do not suffer instead, as in
Xiao et al., "SmoothQuant" (2023), equation 4.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from export.graph import folded_network, folding

_STRENGTH = 0.5  # 0 changes nothing, 1 divides by the whole size.
# Relative to the largest channel; smaller ones are dead and stay as they are.
_SMALLEST = 1e-3


def equalize(
  weights: folding.Weights, images: np.ndarray, strength: float = _STRENGTH
) -> folding.Weights:
  """Scales channels toward a common size.

  Args:
    weights: weights of a network without instance, layer or pixel norm and
      without attention, which do not commute with scaling, and without residual
      blocks, whose sums would tie most channels together; others are returned
      as they are.
    images: images of the source domain, float32 [n, px, px, 3] in [-1, 1].
    strength: share of the differences in size to remove, 0 to 1.

  Returns:
    Weights that compute the same.
  """
  if weights.residual or weights.attention:
    return weights
  if any(c.image_norm or c.pixel_norm for c in weights.convolutions()):
    return weights
  sizes: dict[folded_network.Place, np.ndarray] = {}

  def observe(place, outputs):
    sizes[place] = np.abs(outputs.numpy()).max(axis=(0, 1, 2))

  folded_network.Network(weights, observe=observe).translate(
    tf.constant(images)
  )
  factors = {
    place: _factors(channel_sizes, strength)
    for place, channel_sizes in sizes.items()
    if place[0] != 'to_rgb'
  }
  # In a fade-in two of them are added, and so must be scaled alike.
  for size in sorted(weights.from_rgb)[:-1]:
    factors['from_rgb', size, 0] = factors['encoder', 2 * size, 1]
  scaled = {
    place: _scale(weights, place, factors)
    for part in folding.PARTS
    for size, convs in getattr(weights, part).items()
    for place in [(part, size, number) for number in range(len(convs))]
  }
  return weights._replace(
    **{
      part: {
        size: tuple(scaled[part, size, number] for number in range(len(convs)))
        for size, convs in getattr(weights, part).items()
      }
      for part in folding.PARTS
    }
  )


def _factors(sizes, strength):
  relative = sizes / max(sizes.max(), 1e-30)
  relative = np.where(relative < _SMALLEST, 1.0, relative)
  return (relative**strength).astype(np.float32)


def _scale(
  weights: folding.Weights,
  place: folded_network.Place,
  factors: Mapping[folded_network.Place, np.ndarray],
) -> folding.Conv:
  part, size, number = place
  conv = getattr(weights, part)[size][number]
  kernel = conv.kernel
  input_factors = [factors[origin] for origin in _inputs_of(weights, place)]
  if input_factors:
    kernel = kernel * np.concatenate(input_factors)[:, None]
  if place not in factors:
    return conv._replace(kernel=kernel)
  output_factors = factors[place]
  return conv._replace(
    kernel=kernel / output_factors, bias=conv.bias / output_factors
  )


def _inputs_of(
  weights: folding.Weights, place: folded_network.Place
) -> list[folded_network.Place]:
  """The convolutions whose channels one reads, in order; none for an image."""
  part, size, number = place
  if part == 'from_rgb':
    return []
  if part == 'to_rgb':
    return [('generator', size, 1)]
  if number:
    return [(part, size, 0)]
  if part == 'encoder':
    if size == weights.resolution:
      return [('from_rgb', size, 0)]
    return [('encoder', 2 * size, 1)]
  if size > min(weights.generator):
    before = ('generator', size // 2, 1)
  elif weights.encoder:
    before = ('encoder', 2 * size, 1)
  else:
    before = ('from_rgb', size, 0)
  skip = [('encoder', size, 1)] if size in weights.skips else []
  return [before, *skip]

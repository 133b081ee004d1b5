"""Stages of a progressively grown network: fade-in, and the way down to 4 px.

Karras et al., "Progressive Growing of GANs" (2018), section 2 and figure 2:
when the resolution doubles, the new block is blended with what the network did
before, by a weight alpha that goes from 0 to 1. Content encoder, style encoder
and discriminator halve an image, block by block; the generator goes the other
way, and fades in by the same functions.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_twingan.models import layers, resolutions


def is_fading(resolution: int, alpha: Any) -> bool:
  """Whether a stage's graph needs the blend with the stage before.

  The first stage has none before it. At a Python float of 1.0, which inference
  passes, only the new block counts, and the blend is left out of the graph; a
  tensor's value is not known when the graph is traced.

  Args:
    resolution: of the stage, px.
    alpha: how far it is faded in, a float or a scalar tensor.
  """
  is_whole = isinstance(alpha, float) and alpha == 1.0
  return resolution > resolutions.SMALLEST and not is_whole


def fade_in(previous: tf.Tensor, current: tf.Tensor, alpha: Any) -> tf.Tensor:
  """Blends a new stage in: the previous one at alpha 0, the new one at 1."""
  alpha = tf.cast(alpha, current.dtype)
  return previous * (1 - alpha) + current * alpha


def walk_down(
  images: tf.Tensor,
  *,
  resolution: int,
  alpha: Any,
  from_rgb: Callable[[tf.Tensor, int], tf.Tensor],
  block: Callable[[tf.Tensor, int], tf.Tensor],
  until: int = resolutions.SMALLEST,
) -> tf.Tensor:
  """Takes images through the blocks of all stages, down to a resolution.

  Args:
    images: [batch, resolution, resolution, 3].
    resolution: of the stage, px, static.
    alpha: how far this stage is faded in.
    from_rgb: (images, their resolution) -> features of that resolution.
    block: (features, their resolution) -> features of the same resolution,
      which are halved next.
    until: px; the block there is not run.

  Returns:
    The features at `until`: [batch, until, until, channels].
  """
  features = from_rgb(images, resolution)
  for size in reversed(resolutions.up_to(resolution)):
    if size == until:
      break
    features = layers.downsample(block(features, size))
    if size == resolution and is_fading(resolution, alpha):
      previous = from_rgb(layers.downsample(images), size // 2)
      features = fade_in(previous, features, alpha)
  return features

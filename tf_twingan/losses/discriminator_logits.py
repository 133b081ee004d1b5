"""Shows the images of all domains to what judges them.

Gradient penalties look through the same door, so that whatever a discriminator
sees of an image, such as an augmented one, is what it is penalized for.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import gradient_penalties, seeds

Images = Mapping[str, tf.Tensor]


def discriminator_logits(
  discriminators: Any,
  images: Images,
  *,
  resolution: int,
  alpha: tf.Tensor,
  group: int,
) -> dict[str, tf.Tensor]:
  """Logits of every domain's images.

  Args:
    discriminators: {domain: Discriminator}, or one for all domains, which
      then sees them all in one pass.
    images: {domain: [images, resolution, resolution, 3] in [-1, 1]},
      equally many of each.
    resolution: of the stage, static.
    alpha: how far it is faded in.
    group: images that belong together, static; see `Discriminator.call`.

  Returns:
    {domain: float32 [images]}.
  """
  stage = dict(resolution=resolution, alpha=alpha, group=group)
  if isinstance(discriminators, Mapping):
    return {d: discriminators[d](p, **stage) for d, p in images.items()}
  domains = list(images)
  packed = tf.concat([images[d] for d in domains], axis=0)
  logits = discriminators(packed, domains=domains, **stage)
  return dict(zip(domains, tf.split(logits, len(domains))))


def gradient_penalty(
  penalty: gradient_penalties.Penalty,
  judge_all: Callable[[Images], Images],
  reals: Images,
  fakes: Images,
  seed: tf.Tensor,
) -> dict[str, tf.Tensor]:
  """The gradient penalty of every domain, from one pass.

  Args:
    penalty: which one.
    judge_all: {domain: images} -> {domain: logits}.
    reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]}.
    fakes: generated ones, likewise.
    seed: int32 [2], of where the penalty looks.

  Returns:
    {domain: float32 scalar}.
  """
  domains = list(reals)

  def critic(images):
    parts = dict(zip(domains, tf.split(images, len(domains))))
    logits = judge_all(parts)
    return tf.concat([logits[d] for d in domains], axis=0)

  own = seeds.domain_seeds(seed, domains)
  points = [penalty.points(reals[d], fakes[d], own[d]) for d in domains]
  gradient = gradient_penalties.gradient(critic, tf.concat(points, axis=0))
  return {
    d: tf.reduce_mean(penalty.measure(part))
    for d, part in zip(domains, tf.split(gradient, len(domains)))
  }

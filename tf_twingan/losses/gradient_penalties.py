"""Gradient penalties: how steep a discriminator may be, and where.

Each looks at the gradient of the logits by the images, at points of its own:

  r1               at real images; half its squared norm (Mescheder et al.
                   2018, section 4.1)
  wgan_gp          between real and generated ones; how far its norm is from
                   one (Gulrajani et al. 2017, algorithm 1)
  dragan           around real ones, on the line to each with noise of half
                   the batch's standard deviation; as wgan_gp (Kodali et al.
                   2017, with the noise of the authors' code, uniform in [0, 1])
  dragan_variance  the same with noise of half the variance, in [-1, 1], as the
                   original Twin-GAN has it: nearer, where images deviate by
                   less than one
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

# Images [batch, h, w, c] -> logits [batch].
Critic = Callable[[tf.Tensor], tf.Tensor]

NONE = 'none'


class Penalty(NamedTuple):
  """Where a penalty looks, and what it makes of the gradient there.

  Attributes:
    points: (real, fake: float32 images [batch, h, w, c] in [-1, 1]; seed:
      int32 [2]) -> images of the same shape.
    measure: gradient [batch, h, w, c] -> [batch].
  """

  points: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
  measure: Callable[[tf.Tensor], tf.Tensor]


def gradient(critic: Critic, points: tf.Tensor) -> tf.Tensor:
  """The gradient of a critic's summed logits by the images `points`."""
  with tf.GradientTape() as tape:
    tape.watch(points)
    total = tf.reduce_sum(critic(points))
  return tape.gradient(total, points)


def get_penalty(name: str) -> Penalty | None:
  """The penalty of a name, a key of `PENALTIES`; None for 'none'.

  Raises:
    ValueError: there is none; names those that there are.
  """
  if name == NONE:
    return None
  if name not in PENALTIES:
    raise ValueError(
      f'Unknown penalty {name!r}; choose one of '
      f'{", ".join([*PENALTIES, NONE])}.'
    )
  return PENALTIES[name]


def _at_real(real, fake, seed):
  del fake, seed
  return real


def _between(real, fake, seed):
  """Each image somewhere on the line to a generated one."""
  share = tf.random.stateless_uniform([real.shape[0], 1, 1, 1], seed)
  return share * real + (1 - share) * fake


def _around(width, lowest):
  """Each real image with a share of uniform noise from `lowest` to 1.

  The noise is half a `width` of all images strong, the share an image's own.
  """

  def points(real, fake, seed):
    del fake
    noise = tf.random.stateless_uniform(tf.shape(real), seed, lowest)
    # Another stream than the noise's.
    seed = tf.random.experimental.stateless_fold_in(seed, 1)
    share = tf.random.stateless_uniform([real.shape[0], 1, 1, 1], seed)
    return real + share * 0.5 * width(real) * noise

  return points


def _half_squared_norm(gradient):
  return tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) / 2


def _squared_distance_from_one(gradient):
  # A root has no gradient at zero.
  norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + 1e-12)
  return tf.square(norm - 1)


PENALTIES = {
  'r1': Penalty(_at_real, _half_squared_norm),
  'wgan_gp': Penalty(_between, _squared_distance_from_one),
  'dragan': Penalty(
    _around(tf.math.reduce_std, 0.0), _squared_distance_from_one
  ),
  'dragan_variance': Penalty(
    _around(tf.math.reduce_variance, -1.0), _squared_distance_from_one
  ),
}

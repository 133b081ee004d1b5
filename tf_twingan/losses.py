"""Losses: functions of numbers that return a scalar.

Adversarial losses act on a discriminator's logits, high for real:
non-saturating (Goodfellow et al. 2014), hinge (Lim & Ye 2017), least squares
(Mao et al. 2017), Wasserstein (Arjovsky et al. 2017). What holds back the
logits' gradient by the pictures is in `penalties`; Wasserstein's loss means
nothing without such a penalty.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Adversarial(NamedTuple):
  """The two sides of an adversarial loss.

  Attributes:
    generator: fake logits [batch] -> scalar.
    discriminator: (real logits, fake logits) -> scalar.
    border: the logit between real and fake; None if only differences count.
  """

  generator: Callable[[tf.Tensor], tf.Tensor]
  discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
  border: float | None


def _non_saturating_generator(fake):
  return tf.reduce_mean(tf.nn.softplus(-fake))


def _non_saturating_discriminator(real, fake):
  return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(
    tf.nn.softplus(fake)
  )


def _raised(fake):
  """What hinge and Wasserstein ask of the generator: higher logits."""
  return -tf.reduce_mean(fake)


def _hinge_discriminator(real, fake):
  return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(
    tf.nn.relu(1 + fake)
  )


def _least_squares_generator(fake):
  return tf.reduce_mean(tf.square(fake - 1)) / 2


def _least_squares_discriminator(real, fake):
  return (
    tf.reduce_mean(tf.square(real - 1)) + tf.reduce_mean(tf.square(fake))
  ) / 2


def _wasserstein_discriminator(real, fake):
  return tf.reduce_mean(fake) - tf.reduce_mean(real)


ADVERSARIAL = {
  'non_saturating': Adversarial(
    _non_saturating_generator, _non_saturating_discriminator, border=0.0
  ),
  'hinge': Adversarial(_raised, _hinge_discriminator, border=0.0),
  'least_squares': Adversarial(
    _least_squares_generator, _least_squares_discriminator, border=0.5
  ),
  'wasserstein': Adversarial(_raised, _wasserstein_discriminator, border=None),
}


def adversarial(name: str) -> Adversarial:
  """The adversarial loss of a name, a key of `ADVERSARIAL`.

  Raises:
    ValueError: there is none; names those that there are.
  """
  if name not in ADVERSARIAL:
    raise ValueError(
      f'Unknown adversarial loss {name!r}; choose one of '
      f'{", ".join(ADVERSARIAL)}.'
    )
  return ADVERSARIAL[name]


def drift(real: tf.Tensor) -> tf.Tensor:
  """Mean square of real logits [batch]; a scalar.

  It keeps them near zero, where a loss of differences, as Wasserstein's, lets
  them wander (Karras et al., PGGAN, 2018, appendix A.1).
  """
  return tf.reduce_mean(tf.square(real))


def cosine(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean over rows of 1 - a b / (|a| |b|), of [batch, size]; in [0, 2].

  What one vector says of another's direction, whatever their lengths; in
  float32. A row of zeros is at a distance of 1 from any.
  """
  a, b = (tf.math.l2_normalize(tf.cast(v, tf.float32), axis=-1) for v in (a, b))
  return tf.reduce_mean(1 - tf.reduce_sum(a * b, axis=-1))


def l1(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in float32."""
  return tf.reduce_mean(tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))

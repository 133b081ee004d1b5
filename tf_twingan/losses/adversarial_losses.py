"""Losses: functions of numbers that return a scalar.

Adversarial losses act on a discriminator's logits, high for real:
non-saturating (Goodfellow et al. 2014), hinge (Lim & Ye 2017), least squares
(Mao et al. 2017), Wasserstein (Arjovsky et al. 2017). What holds back the
logits' gradient by the images is in `penalties`; Wasserstein's loss means
nothing without such a penalty.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class AdversarialLoss(NamedTuple):
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
  'non_saturating': AdversarialLoss(
    _non_saturating_generator, _non_saturating_discriminator, border=0.0
  ),
  'hinge': AdversarialLoss(_raised, _hinge_discriminator, border=0.0),
  'least_squares': AdversarialLoss(
    _least_squares_generator, _least_squares_discriminator, border=0.5
  ),
  'wasserstein': AdversarialLoss(
    _raised, _wasserstein_discriminator, border=None
  ),
}


def get_adversarial(name: str) -> AdversarialLoss:
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

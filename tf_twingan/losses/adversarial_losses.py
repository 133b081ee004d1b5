"""Adversarial losses by name: functions of logits that return a scalar.

They act on a discriminator's logits, high for real images: non-saturating
(Goodfellow et al. 2014), hinge (Lim & Ye 2017), least squares (Mao et al. 2017)
and Wasserstein (Arjovsky et al. 2017). Wasserstein's loss means nothing without
a gradient penalty, see `gradient_penalties`.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class AdversarialLoss(NamedTuple):
  """An adversarial loss of the generator and of the discriminator.

  Attributes:
    generator: fake logits [batch] -> scalar.
    discriminator: (real logits, fake logits) -> scalar.
    decision_threshold: the logit above which an image is taken for real; None
      if only differences of logits count.
  """

  generator: Callable[[tf.Tensor], tf.Tensor]
  discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
  decision_threshold: float | None


def non_saturating_generator(fake: tf.Tensor) -> tf.Tensor:
  """Goodfellow et al. 2014, section 3: minus log D(fake)."""
  return tf.reduce_mean(tf.nn.softplus(-fake))


def non_saturating_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
  """Goodfellow et al. 2014, equation 1: binary cross-entropy."""
  return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(
    tf.nn.softplus(fake)
  )


def negative_mean_generator(fake: tf.Tensor) -> tf.Tensor:
  """The generator's side of hinge and Wasserstein: raise the logits."""
  return -tf.reduce_mean(fake)


def hinge_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
  """Lim & Ye, "Geometric GAN", 2017."""
  return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(
    tf.nn.relu(1 + fake)
  )


def least_squares_generator(fake: tf.Tensor) -> tf.Tensor:
  """Mao et al. 2017, equation 9: fake images should score 1."""
  return tf.reduce_mean(tf.square(fake - 1)) / 2


def least_squares_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
  """Mao et al. 2017, equation 9: real images score 1, fake ones 0."""
  return (
    tf.reduce_mean(tf.square(real - 1)) + tf.reduce_mean(tf.square(fake))
  ) / 2


def wasserstein_discriminator(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
  """Arjovsky et al. 2017, algorithm 1: the difference of mean logits."""
  return tf.reduce_mean(fake) - tf.reduce_mean(real)


ADVERSARIAL = {
  'non_saturating': AdversarialLoss(
    non_saturating_generator,
    non_saturating_discriminator,
    decision_threshold=0.0,
  ),
  'hinge': AdversarialLoss(
    negative_mean_generator, hinge_discriminator, decision_threshold=0.0
  ),
  'least_squares': AdversarialLoss(
    least_squares_generator, least_squares_discriminator, decision_threshold=0.5
  ),
  'wasserstein': AdversarialLoss(
    negative_mean_generator, wasserstein_discriminator, decision_threshold=None
  ),
}


def get_adversarial(name: str) -> AdversarialLoss:
  """Returns the adversarial loss of a name, a key of `ADVERSARIAL`.

  Raises:
    ValueError: the name is unknown; lists those that there are.
  """
  if name not in ADVERSARIAL:
    raise ValueError(
      f'Unknown adversarial loss {name!r}; choose one of '
      f'{", ".join(ADVERSARIAL)}.'
    )
  return ADVERSARIAL[name]


def drift(real: tf.Tensor) -> tf.Tensor:
  """Mean square of real logits [batch]; a scalar.

  It keeps the logits near zero, where a loss of differences, such as
  Wasserstein's, lets them wander (Karras et al., PGGAN, 2018, appendix A.1).
  """
  return tf.reduce_mean(tf.square(real))

"""Losses: functions of numbers that return a scalar.

Adversarial losses act on a discriminator's logits, high for real:
non-saturating (Goodfellow et al. 2014), hinge (Lim & Ye 2017), least squares
(Mao et al. 2017). Penalties act on the gradient of the logits by the
pictures: R1 (Mescheder et al. 2018), DRAGAN (Kodali et al. 2017).
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Adversarial(NamedTuple):
  """The two sides of an adversarial loss.

  Attributes:
    generator: fake logits [batch] -> scalar.
    discriminator: (real logits, fake logits) -> scalar.
  """

  generator: Callable[[tf.Tensor], tf.Tensor]
  discriminator: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _non_saturating_generator(fake):
  return tf.reduce_mean(tf.nn.softplus(-fake))


def _non_saturating_discriminator(real, fake):
  return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(
    tf.nn.softplus(fake)
  )


def _hinge_generator(fake):
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


ADVERSARIAL = {
  'non_saturating': Adversarial(
    _non_saturating_generator, _non_saturating_discriminator
  ),
  'hinge': Adversarial(_hinge_generator, _hinge_discriminator),
  'least_squares': Adversarial(
    _least_squares_generator, _least_squares_discriminator
  ),
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


Critic = Callable[[tf.Tensor], tf.Tensor]


def r1(critic: Critic, real: tf.Tensor) -> tf.Tensor:
  """Half the mean squared gradient norm at real pictures.

  Args:
    critic: pictures [batch, h, w, c] -> logits [batch].
    real: float32 pictures in [-1, 1].
  """
  gradient = _gradient(critic, real)
  return tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3])) / 2


def dragan(critic: Critic, real: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
  """Mean squared distance of the gradient norm from one, around real pictures.

  The pictures are perturbed by uniform noise as wide as half their standard
  deviation, as in the paper (the original Twin-GAN takes the variance).

  Args:
    critic: pictures [batch, h, w, c] -> logits [batch].
    real: float32 pictures in [-1, 1].
    seed: int32 [2], of the noise.
  """
  noise = tf.random.stateless_uniform(tf.shape(real), seed)
  around = real + 0.5 * tf.math.reduce_std(real) * noise
  gradient = _gradient(critic, around)
  norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + 1e-12)
  return tf.reduce_mean(tf.square(norm - 1))


PENALTIES = ('r1', 'dragan', 'none')


def l1(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in float32."""
  return tf.reduce_mean(tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))


def _gradient(critic, images):
  with tf.GradientTape() as tape:
    tape.watch(images)
    total = tf.reduce_sum(critic(images))
  return tape.gradient(total, images)

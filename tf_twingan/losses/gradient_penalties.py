"""Gradient penalties: R1, WGAN-GP and DRAGAN, by name.

Each looks at the gradient of a discriminator's logits with respect to images,
at points of its own: `r1` at real images, `wgan_gp` between real and generated
ones, `dragan` and `dragan_variance` around real ones. The images of all domains
go through the discriminators in one pass.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

# {domain: float32 [batch, height, width, channels] in [-1, 1]}, or of logits.
ByDomain = Mapping[str, tf.Tensor]
# {domain: images} -> {domain: logits}.
Discriminate = Callable[[ByDomain], ByDomain]
# (discriminate, real images, generated images, seeds) -> {domain: scalar}.
GradientPenalty = Callable[
  [Discriminate, ByDomain, ByDomain, ByDomain], dict[str, tf.Tensor]
]

NONE = 'none'


def r1(
  discriminate: Discriminate, real: ByDomain, fake: ByDomain, seeds: ByDomain
) -> dict[str, tf.Tensor]:
  """R1: half the squared gradient norm at real images.

  Mescheder et al., "Which Training Methods for GANs do actually Converge?",
  2018, section 4.1.

  Args:
    discriminate: {domain: images} -> {domain: logits}.
    real: {domain: real images}.
    fake: without effect.
    seeds: without effect.

  Returns:
    {domain: float32 scalar}.
  """
  del fake, seeds
  return _mean_by_domain(
    _half_squared_norm, input_gradients(discriminate, real)
  )


def wgan_gp(
  discriminate: Discriminate, real: ByDomain, fake: ByDomain, seeds: ByDomain
) -> dict[str, tf.Tensor]:
  """WGAN-GP: how far the norm is from one, between real and generated images.

  Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, algorithm 1.

  Args:
    discriminate: {domain: images} -> {domain: logits}.
    real: {domain: real images}.
    fake: {domain: generated images}.
    seeds: {domain: int32 [2]}, of the points.

  Returns:
    {domain: float32 scalar}.
  """
  points = {}
  for domain, images in real.items():
    # Each image somewhere on the line to a generated one.
    share = tf.random.stateless_uniform(
      [images.shape[0], 1, 1, 1], seeds[domain]
    )
    points[domain] = share * images + (1 - share) * fake[domain]
  return _mean_by_domain(
    _squared_distance_from_one, input_gradients(discriminate, points)
  )


def dragan(
  discriminate: Discriminate, real: ByDomain, fake: ByDomain, seeds: ByDomain
) -> dict[str, tf.Tensor]:
  """DRAGAN: how far the norm is from one, around real images.

  Kodali et al., "On Convergence and Stability of GANs", 2017, with the noise of
  the authors' code: uniform in [0, 1], times half the batch's standard
  deviation.

  Args:
    discriminate: {domain: images} -> {domain: logits}.
    real: {domain: real images}.
    fake: without effect.
    seeds: {domain: int32 [2]}, of the points.

  Returns:
    {domain: float32 scalar}.
  """
  del fake
  points = _points_around(real, seeds, width=tf.math.reduce_std, lowest=0.0)
  return _mean_by_domain(
    _squared_distance_from_one, input_gradients(discriminate, points)
  )


def dragan_variance(
  discriminate: Discriminate, real: ByDomain, fake: ByDomain, seeds: ByDomain
) -> dict[str, tf.Tensor]:
  """DRAGAN as the original Twin-GAN has it.

  The noise is uniform in [-1, 1], times half the batch's variance: nearer to
  the images, wherever they deviate by less than one.

  Args:
    discriminate: {domain: images} -> {domain: logits}.
    real: {domain: real images}.
    fake: without effect.
    seeds: {domain: int32 [2]}, of the points.

  Returns:
    {domain: float32 scalar}.
  """
  del fake
  points = _points_around(
    real, seeds, width=tf.math.reduce_variance, lowest=-1.0
  )
  return _mean_by_domain(
    _squared_distance_from_one, input_gradients(discriminate, points)
  )


PENALTIES: dict[str, GradientPenalty] = {
  'r1': r1,
  'wgan_gp': wgan_gp,
  'dragan': dragan,
  'dragan_variance': dragan_variance,
}


def get_penalty(name: str) -> GradientPenalty | None:
  """Returns the penalty of a name, a key of `PENALTIES`; None for 'none'.

  Raises:
    ValueError: the name is unknown; lists those that there are.
  """
  if name == NONE:
    return None
  if name not in PENALTIES:
    raise ValueError(
      f'Unknown penalty {name!r}; choose one of '
      f'{", ".join([*PENALTIES, NONE])}.'
    )
  return PENALTIES[name]


def input_gradients(
  discriminate: Discriminate, points: ByDomain
) -> dict[str, tf.Tensor]:
  """Gradients of the summed logits with respect to images, in one pass.

  Args:
    discriminate: {domain: images} -> {domain: logits}.
    points: {domain: images}, equally many of each.

  Returns:
    {domain: gradients}, of the shape of `points`.
  """
  domains = list(points)
  packed = tf.concat([points[d] for d in domains], axis=0)
  with tf.GradientTape() as tape:
    tape.watch(packed)
    logits = discriminate(dict(zip(domains, tf.split(packed, len(domains)))))
    total = tf.reduce_sum(tf.concat([logits[d] for d in domains], axis=0))
  gradient = tape.gradient(total, packed)
  return dict(zip(domains, tf.split(gradient, len(domains))))


def _points_around(real, seeds, *, width, lowest):
  """Each real image plus a share of uniform noise from `lowest` to 1.

  The noise is as strong as half the `width` of all images of the domain; the
  share is each image's own.
  """
  points = {}
  for domain, images in real.items():
    seed = seeds[domain]
    noise = tf.random.stateless_uniform(tf.shape(images), seed, lowest)
    # Another seed than the noise's.
    seed = tf.random.experimental.stateless_fold_in(seed, 1)
    share = tf.random.stateless_uniform([images.shape[0], 1, 1, 1], seed)
    points[domain] = images + share * 0.5 * width(images) * noise
  return points


def _mean_by_domain(function, gradients):
  return {d: tf.reduce_mean(function(g)) for d, g in gradients.items()}


def _half_squared_norm(gradient):
  return tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) / 2


def _squared_distance_from_one(gradient):
  # A root has no gradient at zero.
  norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + 1e-12)
  return tf.square(norm - 1)

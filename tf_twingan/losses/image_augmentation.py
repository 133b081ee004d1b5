"""Differentiable augmentation (DiffAugment), also adaptive (ADA).

It changes what a discriminator sees, so that few images last longer: Zhao et
al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020). Real
and generated images are changed alike, and the generator's gradient passes
through the change, so that it does not learn to generate changed images. Values
are those of the paper's sections 3.2 and 4:

  color        brightness by up to 0.5 of [-1, 1] either way, saturation from
               none to twice, contrast from a half to one and a half
  translation  by up to an eighth of the side, whole pixels, grey coming in
  cutout       a grey square, half the side wide

Karras et al., "Training Generative Adversarial Networks with Limited Data"
(2020, section 3): each change is made with a probability. It can follow how
much a discriminator overfits: the share of real images that it takes for real
rather than for generated ones, measured as r_t, the mean sign of its logits.
"""

from collections.abc import Sequence

import tensorflow as tf

from tf_twingan.losses import image_shifts

KINDS = ('color', 'translation', 'cutout')

_BRIGHTNESS = 0.5
_SATURATION = 1.0
_CONTRAST = 0.5
_SHIFT = 1 / 8  # Of the side.
_HOLE = 1 / 2  # Of the side.
_STEPS = 4  # Steps over which r_t is averaged (ADA, section 3.1).


class Augmentation(tf.Module):
  """Augments images at random, in float32."""

  def __init__(
    self,
    *,
    kinds: Sequence[str] = KINDS,
    probability: float | None = None,
    target: float | None = None,
    adjust_images: int = 500_000,
  ):
    """Chooses the changes.

    Args:
      kinds: some of 'color', 'translation' and 'cutout'.
      probability: probability of each change of each image, in [0, 1]; where it
        starts if it adapts. None is 1, and 0 if it adapts, as in the paper.
      target: the r_t to hold each discriminator at, by more or fewer changes;
        the paper's is 0.6. None keeps the probability.
      adjust_images: images in which an adapting probability goes from 0 to 1
        at the fastest; the paper's is 500,000, of 25 million.

    Raises:
      ValueError: a value is impossible.
    """
    super().__init__(name='augmentation')
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
      raise ValueError(
        f'Augmentation.kinds is {tuple(kinds)}; choose some of '
        f'{", ".join(KINDS)}.'
      )
    if probability is None:
      probability = 1.0 if target is None else 0.0
    if not 0 <= probability <= 1:
      raise ValueError(
        f'Augmentation.probability is {probability}; choose one in [0, 1].'
      )
    if target is not None and not -1 < target < 1:
      raise ValueError(
        f'Augmentation.target is {target}; choose one in (-1, 1), as it is a '
        'mean of signs, or None.'
      )
    if adjust_images < 1:
      raise ValueError(
        f'Augmentation.adjust_images is {adjust_images}; at least 1.'
      )
    self._kinds = tuple(k for k in KINDS if k in kinds)
    self._start = probability
    self._target = target
    self._adjust_images = adjust_images
    self._domains: tuple[str, ...] = ()

  @property
  def adapts(self) -> bool:
    """Whether the probability follows the discriminators."""
    return self._target is not None

  def build(self, domains: Sequence[str]) -> dict[str, tf.Module]:
    """Makes the variables of an adaptive one, for the checkpoint, by name."""
    self._domains = tuple(domains)
    if not self.adapts:
      return {}
    count = len(self._domains)
    self._probabilities = _variable(tf.fill([count], float(self._start)))
    self._signs = _variable(tf.zeros([count]))
    self._images = _variable(0)
    self._steps = _variable(0)
    return {'augmentation': self}

  def probability(self, domain: str) -> tf.Tensor:
    """Probability of each change of the domain's images; a float32 scalar."""
    if not self.adapts:
      return tf.constant(self._start, tf.float32)
    return tf.convert_to_tensor(self._probabilities)[
      self._domains.index(domain)
    ]

  def adapt(self, signs: Sequence[tf.Tensor], images: int) -> None:
    """Adapts the probabilities to r_t; to be called outside the replicas.

    Args:
      signs: r_t of each domain's real images in this step.
      images: number of images of each domain in this step.
    """
    total = self._signs + tf.stack(list(signs))
    images, steps = self._images + images, self._steps + 1
    due = steps >= _STEPS
    move = tf.sign(total / tf.cast(steps, tf.float32) - self._target)
    move *= tf.cast(images, tf.float32) / self._adjust_images
    self._probabilities.assign(
      tf.where(
        due,
        tf.clip_by_value(self._probabilities + move, 0.0, 1.0),
        self._probabilities,
      )
    )
    self._signs.assign(tf.where(due, tf.zeros_like(total), total))
    self._images.assign(tf.where(due, 0, images))
    self._steps.assign(tf.where(due, 0, steps))

  def __call__(
    self, images: tf.Tensor, domain: str, seed: tf.Tensor
  ) -> tf.Tensor:
    """Changes each image in its own way.

    Args:
      images: [batch, side, side, 3] in [-1, 1], batch static.
      domain: name of the domain the images belong to.
      seed: int32 [2]; the same seed gives the same changes.

    Returns:
      float32, the same shape; brightness and contrast may leave the range.
    """
    images = tf.cast(images, tf.float32)
    probability = self.probability(domain)
    for index, kind in enumerate(self._kinds):
      uniform = tf.random.stateless_uniform(
        [4, images.shape[0]],
        tf.random.experimental.stateless_fold_in(seed, index),
      )
      changed = tf.cast(uniform[0] < probability, tf.float32)
      images = _CHANGES[kind](images, changed, uniform[1:])
    return images


def color(images, changed, uniform):
  """Adds to all channels, then scales around the grey and around the mean."""
  brightness, saturation, contrast = tf.unstack(
    (changed * (2 * uniform - 1))[..., None, None, None]
  )
  images += _BRIGHTNESS * brightness
  grey = tf.reduce_mean(images, axis=3, keepdims=True)
  images = grey + (images - grey) * (1 + _SATURATION * saturation)
  mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
  return mean + (images - mean) * (1 + _CONTRAST * contrast)


def translation(images, changed, uniform):
  """Moves by whole pixels; grey, 0, comes in."""
  most = int(images.shape[1] * _SHIFT + 0.5)
  shifts = tf.floor(uniform[:2] * (2 * most + 1)) - most
  return image_shifts.shift(images, tf.transpose(shifts * changed))


def cutout(images, changed, uniform):
  """Covers a square around any point by grey, 0.

  Written out, as that of tensorflow-addons loops over the images in a graph,
  and takes more than twice as long.
  """
  side = images.shape[1]
  hole = int(side * _HOLE + 0.5)
  # The corner of a square that may reach over each border by half.
  corners = tf.floor(uniform[:2] * (side + 1 - hole % 2)) - hole // 2
  offsets = tf.range(side, dtype=tf.float32) - corners[..., None]
  down, along = tf.unstack((offsets >= 0) & (offsets < hole))
  inside = down[:, :, None] & along[:, None, :] & (changed > 0)[:, None, None]
  return tf.where(inside[..., None], 0.0, images)


_CHANGES = {'color': color, 'translation': translation, 'cutout': cutout}


def _variable(value):
  return tf.Variable(value, trainable=False)

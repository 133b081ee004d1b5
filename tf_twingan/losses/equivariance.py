"""Equivariance losses: what moves an image moves its translation alike.

  mirror        translate(mirrored x) = mirrored translate(x)
  equivariance  translate(warped x) = warped translate(x)

The first keeps faces from turning round. The second is a cure of flicker that
needs no films: from frame to frame a face moves little in the square that
follows it, and where the translation moves along, nothing appears or vanishes.
Eilertsen, Mantiuk and Unger ("Single-frame Regularization for Temporally Stable
CNNs", CVPR 2019, section 3) train networks on single images in this way; warped
images may carry noise, as frames do, which a translation should not show.
"""

from collections.abc import Callable

import tensorflow as tf

from tf_twingan.losses import image_warps, reconstruction_losses

# From images of all sources to translations, image by image; NHWC in [-1, 1].
Translate = Callable[[tf.Tensor], tf.Tensor]


def mirror_loss(
  translate: Translate, images: tf.Tensor, translations: tf.Tensor
) -> tf.Tensor:
  """L1 between translated mirrored images and mirrored translations.

  Args:
    translate: translates images like `images`.
    images: [batch, side, side, 3] in [-1, 1].
    translations: what it made of the images; the order is that of `translate`.

  Returns:
    A float32 scalar.
  """
  return reconstruction_losses.l1(
    _mirrored(translations), translate(_mirrored(images))
  )


def warp_loss(
  translate: Translate,
  images: tf.Tensor,
  translations: tf.Tensor,
  seed: tf.Tensor,
  *,
  domains: int,
  noise: float = 0.0,
) -> tf.Tensor:
  """L1 between translated warped images and warped translations.

  Only the part counts that each warp keeps inside of the image.

  Args:
    translate: translates images like `images`.
    images: [domains * batch, side, side, 3] in [-1, 1], domain by domain.
    translations: what it made of the images, target by target.
    seed: int32 [2]; the same seed gives the same warps and noise.
    domains: number of domains, static.
    noise: standard deviation of noise that is added to the warped images.

  Returns:
    A float32 scalar.
  """
  seed_of_warps, seed_of_noise = tf.unstack(
    tf.random.experimental.stateless_split(seed, 2)
  )
  side = images.shape[1]
  # The images at one position in all domains share a warp, so that it does not
  # matter in which order the domains are translated.
  warps = tf.tile(
    image_warps.random_warps(images.shape[0] // domains, side, seed_of_warps),
    [domains, 1],
  )
  warped = image_warps.warp(images, warps)
  if noise:
    warped += noise * tf.random.stateless_normal(warped.shape, seed_of_noise)
  return reconstruction_losses.l1(
    image_warps.warp(translations, warps),
    translate(warped),
    where=image_warps.inside(warps, side),
  )


def _mirrored(images):
  return tf.reverse(images, axis=[2])

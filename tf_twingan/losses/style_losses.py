"""Style codes for a training step, and the style reconstruction loss (MUNIT).

After Huang et al., "Multimodal Unsupervised Image-to-Image Translation" (2018,
section 3): an image is reconstructed with its own style code, and translated
with a random one; the style code of the translation, read off it again, should
be that one. As the norms use a style code's direction only, random directions
are used and compared, see `models.style_encoder`.

  translation to t, with a random style or that of an image of t
  translation --read as t--> style' (style)
  translation --encode as t--> code' --decode as s, in x's own style--> cycle

Some translations take their style from a reference instead, a real image of the
target domain, so that the network has practised what users will ask for. They
count in the loss as well, as in StarGAN v2 (Choi et al. 2020, section 3.2). No
gradient flows into the style of a reference there: the easiest way to make two
readings equal would be to read the same off every image.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import reconstruction_losses, seeds
from tf_twingan.models import style_encoder


def choose_styles(
  model: Any,
  reals: Mapping[str, tf.Tensor],
  seed: tf.Tensor | None,
  *,
  random: float,
  **stage_and_mode,
) -> style_encoder.Styles | None:
  """Reads the images' own style codes, and chooses those of translations.

  Args:
    model: the TwinGAN.
    reals: {domain: float32 [batch, resolution, resolution, 3]}.
    seed: int32 [2]; the same seed gives the same choice. Replicas that are
      given the same seed still choose different style codes.
    random: share of style codes that are random, in [0, 1]. The others are
      those of the target domain's image at the same position in the batch,
      which shows another subject.
    **stage_and_mode: arguments of `model.style`: resolution, alpha, training.

  Returns:
    The Styles, or None if the model has no style codes.
  """
  if not model.style_size:
    return None
  images = tf.concat([reals[d] for d in model.domains], axis=0)
  own = model.style(images, model.domains, **stage_and_mode)
  seed = seeds.replica_seed(seeds.stream_seed(seed, seeds.Stream.STYLES))
  seed_of_share, seed_of_styles = tf.unstack(
    tf.random.experimental.stateless_split(seed, 2)
  )
  count = images.shape[0]
  is_random = tf.random.stateless_uniform([count, 1], seed_of_share) < random
  styles = style_encoder.random_codes(count, model.style_size, seed_of_styles)
  return style_encoder.Styles(
    reconstruction=own, translation=tf.where(is_random, styles, own)
  )


def style_reconstruction(
  model: Any,
  styles: style_encoder.Styles,
  translations: tf.Tensor,
  **stage_and_mode,
) -> tf.Tensor:
  """L1 between the given style codes and those read off the translations.

  Args:
    model: the TwinGAN.
    styles: the Styles that the translations were generated with.
    translations: [n * batch, resolution, resolution, 3], target by target.
    **stage_and_mode: arguments of `model.style`: resolution, alpha, training.

  Returns:
    A float32 scalar.
  """
  read = model.style(translations, model.domains, **stage_and_mode)
  return reconstruction_losses.l1(tf.stop_gradient(styles.translation), read)

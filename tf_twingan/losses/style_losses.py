"""In which style each image of a training step is drawn, and what it costs.

After MUNIT (Huang et al. 2018, section 3): an image is reconstructed in its
own style, and translated in one that is drawn from a normal distribution; the
style of the translation, read off it again, is to be that one. As the norms
take a style's direction only, directions are drawn and compared, see
`models.style`.

  translation to t, in a style drawn at random or of an image of t
  translation --read as t--> style' (style)
  translation --encode as t--> code' --decode as s, in x's own style--> cycle

Some translations take their style from a reference instead, a real image of
the target domain, so that the network has practised what users will ask for.
They count in the term as well, as in StarGAN v2 (Choi et al. 2020, section
3.2). A reference's style is a given there, no gradient: the easiest way to
make two readings equal would be to read the same off every image.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import reconstruction_losses, seeds
from tf_twingan.models import style_encoder

# Sets these draws apart from others of the same step's seed.
_STREAM = 0x57F1E


def draw(
  model: Any,
  reals: Mapping[str, tf.Tensor],
  seed: tf.Tensor | None,
  *,
  random: float,
  **stage_and_mode,
) -> style_encoder.Styles | None:
  """Reads the images' own styles, and chooses those of the translations.

  Args:
    model: the TwinGAN.
    reals: {domain: float32 [batch, resolution, resolution, 3]}.
    seed: int32 [2]; the same gives the same choice. Replicas may be given the
      same one, and still draw different styles.
    random: the share of styles that are drawn, in [0, 1]. The others are those
      of the target's image at the same place in the batch, which shows
      something else.
    **stage_and_mode: resolution, alpha, training.

  Returns:
    The Styles, or None if the model has none.
  """
  if not model.style_size:
    return None
  images = tf.concat([reals[d] for d in model.domains], axis=0)
  own = model.style(images, model.domains, **stage_and_mode)
  stream = tf.random.experimental.stateless_fold_in(seed, _STREAM)
  two = tf.random.experimental.stateless_split(seeds.replica_seed(stream), 2)
  count = images.shape[0]
  chosen = tf.random.stateless_uniform([count, 1], two[0]) < random
  drawn = style_encoder.random(count, model.style_size, two[1])
  return style_encoder.Styles(own, given=tf.where(chosen, drawn, own))


def reconstruction(
  model: Any,
  styles: style_encoder.Styles,
  translations: tf.Tensor,
  **stage_and_mode,
) -> tf.Tensor:
  """L1 between the given styles and those read off the translations.

  Args:
    model: the TwinGAN.
    styles: of `draw`.
    translations: [n * batch, resolution, resolution, 3], target by target.
    **stage_and_mode: resolution, alpha, training.

  Returns:
    A float32 scalar.
  """
  read = model.style(translations, model.domains, **stage_and_mode)
  return reconstruction_losses.l1(tf.stop_gradient(styles.given), read)

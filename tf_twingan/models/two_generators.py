"""Two domains and two generators, each drawing one of them from the other.

What CycleGAN and pix2pix have in common, and TwinGAN has not: a direction is
a network of its own, nothing is shared, and nothing grows.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import keras
import tensorflow as tf

from tf_twingan.models import base_model, resolutions


class TwoGenerators(base_model.BaseModel):
  """The generators by the domain that they draw; subclasses say which kind.

  Attributes:
    domains: their two names, in order.
    generators: {domain drawn: network}, NHWC in [-1, 1] to the same.
  """

  has_codes = False

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    precision: str,
    make: Callable[[str], keras.layers.Layer],
    config: dict[str, Any],
    name: str,
  ):
    """Builds both generators.

    Args:
      domains: two names.
      max_resolution: of the images, px; a power of two. There is no other.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
      make: makes a generator of a layer name.
      config: the subclass's own values for `get_config`.
      name: of the layer.
    """
    super().__init__(
      domains,
      max_resolution=max_resolution,
      precision=precision,
      config=config,
      name=name,
    )
    if len(self.domains) != 2 or len(set(self.domains)) < 2:
      raise ValueError(
        f'domains {list(domains)}: {type(self).__name__} translates between '
        'two; name two different ones, or train a TwinGAN, which takes more.'
      )
    resolutions.check(max_resolution)
    self._precision = precision
    self.generators = {d: make(f'to_{d}') for d in self.domains}

  def translate(
    self,
    images: tf.Tensor,
    source: str,
    target: str,
    *,
    resolution: int,
    alpha: Any = 1.0,
    training: bool = False,
  ) -> tf.Tensor:
    """Images of one domain, drawn in another.

    The generator that draws the target is applied, whatever the source: an
    image redrawn in its own domain is what the identity term of CycleGAN
    asks to be left as it is (Zhu et al. 2017, section 5.2). pix2pix never
    trains that, so what it then draws means nothing; see `draws`.

    Args:
      images: float32 [batch, resolution, resolution, 3] in [-1, 1].
      source: their domain.
      target: the domain to draw them in.
      resolution: must be the model's own.
      alpha: without effect, as nothing is ever faded in.
      training: without effect, as instance norm knows no mode.

    Returns:
      float32, the same shape and range.

    Raises:
      ValueError: no such domain, or another resolution.
    """
    del alpha, training
    self.check_domain(source)
    self.check_domain(target)
    if resolution != self.max_resolution:
      raise ValueError(
        f'{type(self).__name__} of {self.max_resolution} px is asked for '
        f'{resolution} px, but does not grow: set Growth.start_resolution to '
        'Growth.final_resolution.'
      )
    drawn = self.generators[target](tf.cast(images, self._precision))
    return tf.tanh(tf.cast(drawn, tf.float32))

  def encode(self, *args, **kwargs) -> NoReturn:
    """Raises ValueError: there are no codes that domains could share."""
    del args, kwargs
    raise ValueError(
      f'{type(self).__name__} has no code that its domains share: each '
      'direction is a network of its own. Encode and search with a TwinGAN.'
    )

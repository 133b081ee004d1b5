"""Two domains and two generators: the base of CycleGAN and pix2pix.

What the two have in common, and TwinGAN has not: each direction has a network
of its own, nothing is shared, and nothing grows.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import tensorflow as tf

from tf_twingan.models import base_layer, base_model, configs


class TwoGenerators(base_model.BaseModel):
  """A generator for each target domain; subclasses choose the network.

  Attributes:
    generators: {target domain: network}, NHWC in [-1, 1] to the same.
  """

  has_codes = False

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    config: configs.ModelConfig,
    make: Callable[[str], base_layer.BaseLayer],
    name: str,
  ):
    """Builds both generators.

    Args:
      domains: two names.
      max_resolution: of the images, px; a power of two, and the only one.
      config: the model's options.
      make: makes a generator, given a layer name.
      name: layer name.
    """
    super().__init__(
      domains, max_resolution=max_resolution, config=config, name=name
    )
    if len(self.domains) != 2:
      raise ValueError(
        f'domains {list(domains)}: {type(self).__name__} translates between '
        'two; name two, or train a TwinGAN, which takes more.'
      )
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
    """Translates images of one domain to another.

    The target's generator is applied, whatever the source: CycleGAN's identity
    loss asks it to leave images of its own domain as they are (Zhu et al. 2017,
    section 5.2). pix2pix never trains that, so what its generator makes of them
    means nothing; see `supports`.

    Args:
      images: float32 [batch, resolution, resolution, 3] in [-1, 1].
      source: name of the domain that the images belong to.
      target: name of the domain to translate to.
      resolution: of the images, px; must be the model's own.
      alpha: without effect, as nothing is ever faded in.
      training: without effect, as instance norm is the same in both modes.

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
    outputs = self.generators[target](tf.cast(images, self.config.precision))
    return tf.tanh(tf.cast(outputs, tf.float32))

  def encode(self, *args, **kwargs) -> NoReturn:
    """Raises ValueError: there are no codes that domains could share."""
    del args, kwargs
    raise ValueError(
      f'{type(self).__name__} has no code that its domains share: each '
      'direction is a network of its own. Encode and search with a TwinGAN.'
    )

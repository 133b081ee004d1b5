"""What every model here is: a layer that knows its domains and its values."""

from collections.abc import Sequence
from typing import Any

import keras

PRECISIONS = ('float32', 'bfloat16', 'float16')


class BaseModel(keras.layers.Layer):
  """Domains by name, and all that builds the same network again.

  Attributes:
    domains: their names, in order.
    has_codes: whether `encode` gives codes that the domains share.
    translates: whether it draws images of images, rather than of noise.
    style_size: of the style codes that images can be drawn by; None without.
  """

  has_codes = True
  translates = True
  style_size: int | None = None

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    precision: str,
    config: dict[str, Any],
    name: str,
  ):
    """Keeps the values.

    Args:
      domains: their names; how many, and that they differ, is the caller's.
      max_resolution: of the images in the end, px.
      precision: dtype of the convolutions, one of PRECISIONS.
      config: the subclass's own values for `get_config`; plain JSON values.
        How it is trained is none of them.
      name: of the layer.

    Raises:
      ValueError: there is no such precision.
    """
    super().__init__(name=name, autocast=False)
    if precision not in PRECISIONS:
      raise ValueError(
        f'Unknown precision {precision!r}; choose one of '
        f'{", ".join(PRECISIONS)}.'
      )
    self.domains = tuple(domains)
    self._config = dict(
      domains=list(self.domains),
      max_resolution=max_resolution,
      **config,
      precision=precision,
    )

  def get_config(self) -> dict[str, Any]:
    """All that builds the same network again; plain JSON values."""
    return dict(self._config)

  @property
  def max_resolution(self) -> int:
    """Of the images in the end, px."""
    return self._config['max_resolution']

  def supports(self, source: str, target: str) -> bool:
    """Whether that translation is one the model is meant to make.

    Args:
      source: the domain of the images.
      target: the domain to draw them in; the same one redraws them.

    Raises:
      ValueError: no such domain.
    """
    self.check_domain(source)
    self.check_domain(target)
    return self.translates

  def start_step(self, stage_step: int) -> None:
    """Is told of each training step, should the model change with them.

    Args:
      stage_step: steps since the resolution began.
    """

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming those that there are."""
    if domain not in self.domains:
      raise ValueError(
        f'There is no domain {domain!r} in this model; it has '
        f'{", ".join(self.domains)}.'
      )
    return domain

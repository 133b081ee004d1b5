"""The base of every model: a Keras layer with named domains and a config."""

from collections.abc import Sequence
from typing import Any

from tf_twingan.models import base_layer, configs, domain_names


class BaseModel(base_layer.BaseLayer):
  """A network with named domains that can be built again from its config.

  Attributes:
    domains: their names, in order.
    config: the model's options.
    max_resolution: of the last stage, px.
    has_codes: whether `encode` returns codes that the domains share.
    translates: whether it translates images, rather than generate them from
      noise.
    style_size: numbers in the style codes that a translation may be
      conditioned on; None without style codes.
    mixes: whether it translates to mixtures of domains, too.
  """

  has_codes = True
  translates = True
  mixes = False
  style_size: int | None = None

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    config: configs.ModelConfig,
    name: str,
  ):
    """Keeps the arguments that build the same network again.

    Args:
      domains: their names; subclasses check how many.
      max_resolution: of the last stage, px; a power of two.
      config: the model's options.
      name: layer name.

    Raises:
      ValueError: the options do not fit the resolution, or the names do not
        work, see `domain_names.check_all`.
    """
    super().__init__(name=name)
    config.check_fits(max_resolution)
    self.domains = domain_names.check_all(domains)
    self.max_resolution = max_resolution
    self.config = config

  def get_config(self) -> dict[str, Any]:
    """Returns the arguments that build the same network, as JSON values."""
    return {
      'domains': list(self.domains),
      'max_resolution': self.max_resolution,
      **configs.saved_values(self.config),
    }

  def supports(self, source: str, target: str) -> bool:
    """Whether that translation is one that the model is meant for.

    Args:
      source: name of the domain that the images belong to.
      target: name of the domain to translate to; the source itself for a
        reconstruction.

    Raises:
      ValueError: there is no such domain.
    """
    self.check_domain(source)
    self.check_domain(target)
    return self.translates

  def start_step(self, stage_step: int) -> None:
    """Prepares the next training step; most models have nothing to do.

    Args:
      stage_step: steps since the resolution's training began.
    """

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming those that there are."""
    return domain_names.check_known(domain, self.domains)

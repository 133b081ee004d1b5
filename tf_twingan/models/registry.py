"""The models by name: what `model.json` says, and the network it stands for.

A model translates images between its domains, or draws images of them from
noise. Training, translating, sampling and scoring need no more of it than the
protocols here say, so that models of other papers train and are measured under
the same roof.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf

from tf_twingan.models import cyclegan, pggan, pix2pix, twingan


class Model(Protocol):
  """What every model here can do; it is a Keras layer, too.

  Attributes:
    domains: their names, in order.
    translates: whether it is `Translating`, or else `Generating`.
  """

  domains: tuple[str, ...]
  translates: bool

  def start_step(self, stage_step: int) -> None:
    """Is told, before each training step, how many its stage has had."""

  def get_config(self) -> dict[str, Any]:
    """All that builds the same network again; plain JSON values."""

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming those that there are."""


class Translating(Model, Protocol):
  """What a model can do that is shown images.

  Attributes:
    has_codes: whether `encode` gives codes.
    style_size: of the style codes that `style` reads and `translate` takes as
      its condition; None without.
  """

  has_codes: bool
  style_size: int | None

  def supports(self, source: str, target: str) -> bool:
    """Whether that translation is one the model is meant to make."""

  def translate(
    self, images: tf.Tensor, source: str, target: str, **stage_and_mode
  ) -> tf.Tensor:
    """Images of one domain, drawn in another.

    Args:
      images: float32 [batch, resolution, resolution, 3] in [-1, 1].
      source: their domain.
      target: the domain to draw them in; the same one redraws them.
      **stage_and_mode: resolution, alpha, training.

    Returns:
      float32, the same shape and range.
    """

  def encode(self, images: tf.Tensor, domains: Any, **stage_and_mode) -> Any:
    """Codes, see `twingan.TwinGAN.encode`; ValueError without `has_codes`."""


class Generating(Model, Protocol):
  """What a model can do that draws from noise.

  Attributes:
    latent_size: of the vectors that it draws from.
  """

  latent_size: int

  def noise(self, count: int, seed: Any) -> tf.Tensor:
    """Latent vectors, float32 [count, latent_size]; of a seed, int32 [2]."""

  def generate(
    self, latents: tf.Tensor, domains: Any, **stage_and_mode
  ) -> tf.Tensor:
    """Images of latent vectors, see `pggan.ProgressiveGAN.generate`."""


ARCHITECTURES = {
  'twingan': twingan.TwinGAN,
  'cyclegan': cyclegan.CycleGAN,
  'pix2pix': pix2pix.Pix2Pix,
  'pggan': pggan.ProgressiveGAN,
}
_KEY = 'model'


def describe(model: Model) -> dict[str, Any]:
  """What `build` makes the same network of; plain JSON values."""
  names = {kind: name for name, kind in ARCHITECTURES.items()}
  return {_KEY: names[type(model)], **model.get_config()}


def defaults(model: Model) -> dict[str, Any]:
  """The values that a description of an older version may leave out."""
  parameters = inspect.signature(type(model)).parameters.values()
  return {
    p.name: p.default
    for p in parameters
    if p.default is not p.empty and p.name in model.get_config()
  }


def build(config: Mapping[str, Any], **changes: Any) -> Model:
  """Makes the network of a description.

  Args:
    config: of `describe`.
    **changes: values that replace some of them.

  Raises:
    ValueError: there is no such model; names those that there are.
  """
  values = {**config, **changes}
  kind = kind_of(values)
  del values[_KEY]
  return kind(**values)


def kind_of(config: Mapping[str, Any]) -> type[Model]:
  """The class of a description's model.

  Raises:
    ValueError: there is no such model; names those that there are.
  """
  name = config[_KEY]
  if name not in ARCHITECTURES:
    raise ValueError(
      f'Unknown model {name!r}; this version has {", ".join(ARCHITECTURES)}. '
      'A run of a newer version needs that version.'
    )
  return ARCHITECTURES[name]

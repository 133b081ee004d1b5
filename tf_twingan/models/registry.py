"""The models by name, what they have in common, and building from model.json.

A model translates images between its domains, or generates images of them from
noise. Training, translating, sampling and scoring need no more of it than the
protocols here say, so that models of other papers are trained and measured by
the same programs.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf

from tf_twingan.models import configs, cyclegan, pggan, pix2pix, twingan


class Model(Protocol):
  """What every model here can do; it is a Keras layer, too.

  Attributes:
    domains: their names, in order.
    config: its options.
    translates: whether it is `Translating`, or else `Generating`.
  """

  domains: tuple[str, ...]
  config: configs.ModelConfig
  translates: bool

  def start_step(self, stage_step: int) -> None:
    """Prepares the next training step, given those of its stage so far."""

  def get_config(self) -> dict[str, Any]:
    """Returns the arguments that build the same network, as JSON values."""

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming those that there are."""


class Translating(Model, Protocol):
  """What a model of images can do.

  Attributes:
    has_codes: whether `encode` returns codes.
    style_size: numbers in the style codes that `style` returns and `translate`
      takes as its condition; None without style codes.
    mixes: whether `translate` takes `shares`, see `twingan.TwinGAN.translate`.
  """

  has_codes: bool
  style_size: int | None
  mixes: bool

  def supports(self, source: str, target: str) -> bool:
    """Whether that translation is one that the model is meant for."""

  def translate(
    self, images: tf.Tensor, source: str, target: str, **stage_and_mode
  ) -> tf.Tensor:
    """Translates images of one domain to another.

    Args:
      images: float32 [batch, resolution, resolution, 3] in [-1, 1].
      source: name of the domain that the images belong to.
      target: name of the domain to translate to; the source itself for a
        reconstruction.
      **stage_and_mode: resolution, alpha, training.

    Returns:
      float32, the same shape and range.
    """

  def encode(self, images: tf.Tensor, domains: Any, **stage_and_mode) -> Any:
    """Codes, see `twingan.TwinGAN.encode`; ValueError without `has_codes`."""


class Generating(Model, Protocol):
  """What a model of noise can do.

  Attributes:
    latent_size: numbers in a latent vector.
  """

  latent_size: int

  def noise(self, count: int, seed: Any) -> tf.Tensor:
    """Random latent vectors, float32 [count, latent_size], of a seed."""

  def generate(
    self, latents: tf.Tensor, domains: Any, **stage_and_mode
  ) -> tf.Tensor:
    """Generates images, see `pggan.ProgressiveGAN.generate`."""


ARCHITECTURES = {
  'twingan': twingan.TwinGAN,
  'cyclegan': cyclegan.CycleGAN,
  'pix2pix': pix2pix.Pix2Pix,
  'pggan': pggan.ProgressiveGAN,
}
_KEY = 'model'


def describe(model: Model) -> dict[str, Any]:
  """Describes a model, for `build` to make the same one; JSON values."""
  names = {kind: name for name, kind in ARCHITECTURES.items()}
  return {_KEY: names[type(model)], **model.get_config()}


def defaults(model: Model) -> dict[str, Any]:
  """The values that a description of an older version may leave out."""
  return configs.saved_defaults(model.config)


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

"""One network for all domains, which are chosen when it runs.

Domains own no more than what their norms multiply and add (Twin-GAN: Li, 2018),
so a file with all of them is hardly larger than one domain's. These numbers
stay out of the kernels: each convolution has a table of them with a row for
every domain, and two numbers choose the rows, one for the encoder and one for
the generator. Gathering rows is all that XNNPACK leaves to TFLite, and comes
first, so that the convolutions stay one partition.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.graph import folded_network, folding
from tf_twingan.models import twingan

# Inputs beside the image: places in the model's domains, int32 [1].
SOURCE, TARGET = 'source', 'target'
INPUTS = {
  name: tf.TensorSpec([1], tf.int32, name=name) for name in (SOURCE, TARGET)
}

_Key = tuple[folded_network.Place, str]


class Selection(tf.Module):
  """Draws images of any domain in any domain."""

  def __init__(
    self, model: twingan.TwinGAN, resolution: int, alpha: float = 1.0
  ):
    """Builds it.

    Args:
      model: with its inference statistics.
      resolution: of the images, px.
      alpha: how far that resolution is faded in.

    Raises:
      ValueError: the model is no Twin-GAN.
    """
    super().__init__(name='selection')
    recorded = []
    for domain in model.domains:
      self._weights = folding.fold(
        model, domain, domain, resolution=resolution, alpha=alpha, shared=True
      )
      recorded.append(_Recorded())
      folded_network.Network(self._weights, variables=recorded[-1])
    # Lists, which a module looks through for its variables.
    self._keys = list(recorded[0].values)
    self._variables = [
      tf.Variable(
        np.stack([r.values[key] for r in recorded])
        if _owned(*key)
        else recorded[0].values[key],
        trainable=False,
      )
      for key in self._keys
    ]

  @property
  def resolution(self) -> int:
    """Of the images, px."""
    return self._weights.resolution

  def translate(
    self, images: tf.Tensor, source: tf.Tensor, target: tf.Tensor
  ) -> tf.Tensor:
    """Draws images anew.

    Args:
      images: [batch, px, px, 3] in [-1, 1].
      source: the place of their domain in the model's, int32 [1].
      target: the place of the domain to draw them in, int32 [1].

    Returns:
      Images like those, clipped to [-1, 1].
    """
    chosen = _Chosen(
      dict(zip(self._keys, self._variables)),
      tf.reshape(source, []),
      tf.reshape(target, []),
    )
    return folded_network.Network(self._weights, variables=chosen).translate(
      images
    )


def _owned(place: folded_network.Place, role: str) -> bool:
  """Whether each domain has its own."""
  return role != 'kernel' and place[0] != 'to_rgb'


class _Recorded(folded_network.Variables):
  """Keeps values as they are."""

  def __init__(self):
    super().__init__()
    self.values: dict[_Key, np.ndarray] = {}

  def of(self, place: folded_network.Place, domain: str) -> Callable:
    """See `network.Variables.of`."""

    def keep(role, value):
      self.values[place, role] = value
      return value

    return keep


class _Chosen(folded_network.Variables):
  """Takes the rows of two domains out of tables."""

  def __init__(
    self,
    variables: dict[_Key, tf.Variable],
    source: tf.Tensor,
    target: tf.Tensor,
  ):
    super().__init__()
    self._variables = variables
    self._source, self._target = source, target

  def of(self, place: folded_network.Place, domain: str) -> Callable:
    """See `network.Variables.of`."""
    encodes = place[0] in ('from_rgb', 'encoder')
    row = self._source if encodes else self._target

    def take(role, value):
      variable = self._variables[place, role]
      return tf.gather(variable, row) if _owned(place, role) else variable

    return take

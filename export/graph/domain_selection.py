"""One network for all domains, whose source and target are inputs.

Domains differ only in what their norms multiply and add (Twin-GAN: Li, 2018),
so a file with all of them is hardly larger than one domain's. These numbers
are not folded into the kernels: each convolution has a table of them with a row
for every domain, and two inputs choose the rows, one for the encoder and one
for the generator. Gathering rows is all that XNNPACK leaves to TFLite, and is
done first, so that the convolutions stay one partition.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.graph import folded_network, folding
from tf_twingan.models import twingan

# Inputs beside the image: the domains' numbers, int32 [1].
SOURCE, TARGET = 'source', 'target'
INPUTS = {
  name: tf.TensorSpec([1], tf.int32, name=name) for name in (SOURCE, TARGET)
}

_Key = tuple[folded_network.Place, str]


class SelectableNetwork(tf.Module):
  """Translates images of any domain to any domain."""

  def __init__(
    self, model: twingan.TwinGAN, resolution: int, alpha: float = 1.0
  ):
    """Builds it.

    Args:
      model: the model, with its inference statistics.
      resolution: side of the images, px.
      alpha: how far that resolution is faded in, 0 to 1.

    Raises:
      ValueError: the model is no TwinGAN.
    """
    super().__init__(name='selection')
    recorded = []
    for domain in model.domains:
      self._weights = folding.fold(
        model, domain, domain, resolution=resolution, alpha=alpha, shared=True
      )
      recorded.append(_RecordedValues())
      folded_network.Network(self._weights, variables=recorded[-1])
    # Lists, which a module looks through for its variables.
    self._keys = list(recorded[0].values)
    self._variables = [
      tf.Variable(
        np.stack([r.values[key] for r in recorded])
        if _belongs_to_domain(*key)
        else recorded[0].values[key],
        trainable=False,
      )
      for key in self._keys
    ]

  @property
  def resolution(self) -> int:
    """Side of the images, px."""
    return self._weights.resolution

  def translate(
    self, images: tf.Tensor, source: tf.Tensor, target: tf.Tensor
  ) -> tf.Tensor:
    """Translates images.

    Args:
      images: [batch, px, px, 3] in [-1, 1].
      source: number of their domain in the model's domains, int32 [1].
      target: number of the domain to translate to, int32 [1].

    Returns:
      Images of the same shape, clipped to [-1, 1].
    """
    rows = _TableRows(
      dict(zip(self._keys, self._variables)),
      tf.reshape(source, []),
      tf.reshape(target, []),
    )
    return folded_network.Network(self._weights, variables=rows).translate(
      images
    )


def _belongs_to_domain(place: folded_network.Place, role: str) -> bool:
  """Whether a value differs by domain."""
  return role != 'kernel' and place[0] != 'to_rgb'


class _RecordedValues(folded_network.Variables):
  """Records values and makes no variables."""

  def __init__(self):
    super().__init__()
    self.values: dict[_Key, np.ndarray] = {}

  def for_convolution(
    self, place: folded_network.Place, domain: str
  ) -> Callable:
    """Returns a function that records the value of a role."""

    def record(role, value):
      self.values[place, role] = value
      return value

    return record


class _TableRows(folded_network.Variables):
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

  def for_convolution(
    self, place: folded_network.Place, domain: str
  ) -> Callable:
    """Returns a function from a role to the source's or target's row."""
    encodes = place[0] in ('from_rgb', 'encoder')
    row = self._source if encodes else self._target

    def take(role, value):
      variable = self._variables[place, role]
      if _belongs_to_domain(place, role):
        return tf.gather(variable, row)
      return variable

    return take

"""What every format of a bundle is built from: images, networks, outputs.

A bundle holds the files of one direction or of all directions of a model; see
`directions`. A context is handed to each format that is exported, and computes
once what the formats share.
"""

import abc
import functools
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from export.bundle_files import texts
from export.graph import folded_network, tflite_conversion
from tf_twingan import image_arrays, inference
from tf_twingan.inference import batching

_BATCH = 8

Direction = tuple[str, str]  # (source, target)
Images = np.ndarray  # uint8 [n, px, px, 3]


class Context(abc.ABC):
  """The directions of one bundle.

  Attributes:
    name: name of the bundle, such as photo2anime.
    folder_name: name of its folder in the output folder.
    translator: the model.
    directions: (source, target) of each.
    held_out: {source domain: images to compare by}.
    about: title, author and so on; its version is that of the SavedModel.
    number_inputs: inputs of TFLite files beside the image, by name.
    number_descriptions: descriptions of those inputs, by name.
    litert_js: where npm installed LiteRT.js, for the format 'web' to copy; None
      to load it from a public host.
  """

  number_inputs: Mapping[str, tf.TensorSpec] = types.MappingProxyType({})
  number_descriptions: Mapping[str, str] = types.MappingProxyType({})

  def __init__(
    self,
    name: str,
    folder_name: str,
    translator: inference.Translator,
    directions: list[Direction],
    held_out: Mapping[str, Images],
    about: texts.About,
    litert_js: str | None = None,
  ):
    """Sets the attributes; networks are made when they are first used."""
    self.litert_js = litert_js
    self.name, self.folder_name = name, folder_name
    self.translator, self.directions = translator, directions
    self.held_out, self.about = held_out, about

  @property
  def resolution(self) -> int:
    """Side of the images, px."""
    return self.translator.resolution

  @functools.cached_property
  def floats(self) -> dict[str, np.ndarray]:
    """The held-out images of each source domain, float32 in [-1, 1]."""
    return {d: image_arrays.to_float(i) for d, i in self.held_out.items()}

  @functools.cached_property
  def expected(self) -> dict[Direction, np.ndarray]:
    """The model's translations of the held-out images in each direction."""
    return {
      direction: expected_images(
        self.translator, *direction, self.floats[direction[0]]
      )
      for direction in self.directions
    }

  @property
  @abc.abstractmethod
  def networks(self) -> dict[Direction, folded_network.Network]:
    """The folded network of each direction."""

  @abc.abstractmethod
  def tflite_graph(self, kind: str) -> tflite_conversion.Graph:
    """The graph that becomes a TFLite file of this kind."""

  @property
  @abc.abstractmethod
  def calibration(self) -> np.ndarray:
    """Images to quantize by, float32 [n, px, px, 3] in [-1, 1]."""

  def numbers(self, direction: Direction) -> dict[str, int]:
    """Values of `number_inputs` for one direction."""
    del direction
    return {}

  @abc.abstractmethod
  def golden_images(self) -> dict[str, np.ndarray]:
    """{file in golden/: example image, uint8 [px, px, 3]}."""

  @abc.abstractmethod
  def golden_of(self, direction: Direction) -> dict[str, str]:
    """Which of those are the `input` and `output` of a direction."""

  def golden_names(self) -> dict[str, str]:
    """Which of those are the `input` and `output` of the README's examples."""
    return self.golden_of(self.directions[0])

  @abc.abstractmethod
  def manifest_head(self) -> dict[str, Any]:
    """The manifest's entries that name the domains."""

  @abc.abstractmethod
  def readme(self, manifest: Mapping[str, Any]) -> str:
    """The README of the bundle."""


def expected_images(
  translator: inference.Translator, source: str, target: str, images: np.ndarray
) -> np.ndarray:
  """Translates by the model itself.

  Args:
    translator: the model.
    source: name of the domain the images belong to.
    target: name of the domain to translate to.
    images: float32 [n, px, px, 3] in [-1, 1].

  Returns:
    float32 [n, px, px, 3], clipped to [-1, 1].
  """

  def translate(batch):
    return translator.model.translate(
      tf.constant(batch),
      source,
      target,
      resolution=translator.resolution,
      alpha=translator.alpha,
    ).numpy()

  return np.clip(batching.apply(translate, images, size=_BATCH), -1, 1)

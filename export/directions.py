"""What a bundle translates: one direction, or all directions of a model.

Domains differ only in their norms, so the six directions of three domains take
hardly more room than one if they share their convolutions. The norms are not
folded into the kernels then, which costs a multiplication for each layer.
"""

import functools
import itertools
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from export import contexts
from export.bundle_files import readme, texts
from export.formats import registry
from export.graph import (
  domain_selection,
  embedder,
  equalization,
  folded_network,
  folding,
  tflite_conversion,
)
from tf_twingan import image_arrays, inference
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.retrieval import embeddings, search_index

ALL = registry.ALL
# Images from which the ranges of activations are taken.
CALIBRATION_IMAGES = 100


class Search(NamedTuple):
  """An index that an exported file searches.

  Attributes:
    index: index with images of the target domain.
    by: which codes to search by, one of `retrieval.options.BY`.
  """

  index: search_index.SearchIndex
  by: str


class OneDirection(contexts.Context):
  """Translates one domain to another.

  Attributes:
    source: name of the domain the images belong to.
    target: name of the domain to translate to.
    search: index for the format 'search', or None.
  """

  def __init__(
    self,
    translator: inference.Translator,
    source: str,
    target: str,
    *,
    held_out: contexts.Images,
    calibration: contexts.Images,
    learn_embedding: Callable[[], embeddings.Embedding],
    about: texts.About,
    search: Search | None = None,
    litert_js: str | None = None,
  ):
    """Describes the export.

    Args:
      translator: the model.
      source: name of the domain the images belong to.
      target: name of the domain to translate to.
      held_out: images of the source domain to compare by.
      calibration: images of the source domain that the model was trained on.
      learn_embedding: returns the embedding of the source domain; called at
        most once, by formats that embed.
      about: title, author and so on.
      search: index for the format 'search'.
      litert_js: see `contexts.Context`.
    """
    super().__init__(
      bundle_manifest.direction(source, target),
      target,
      translator,
      [(source, target)],
      {source: held_out},
      about,
      litert_js,
    )
    self.source, self.target, self.search = source, target, search
    self._calibration = calibration[:CALIBRATION_IMAGES]
    self._learn_embedding = learn_embedding

  @functools.cached_property
  def calibration(self) -> np.ndarray:
    """Images of the source domain to quantize by, float32."""
    return image_arrays.to_float(self._calibration)

  @functools.cached_property
  def network(self) -> folded_network.Network:
    """The folded network."""
    return folded_network.Network(self._weights)

  @property
  def networks(self) -> dict[contexts.Direction, folded_network.Network]:
    """The folded network of the direction."""
    return {(self.source, self.target): self.network}

  @functools.cached_property
  def embedding(self) -> embeddings.Embedding:
    """The embedding of the source domain."""
    return self._learn_embedding()

  @functools.cached_property
  def embedder(self) -> embedder.Embedder:
    """The embedding as a graph."""
    return embedder.Embedder(self.network, self.embedding, self.source)

  def tflite_graph(self, kind: str) -> tflite_conversion.Graph:
    """The graph of the network, equalized for kinds of fewer bits."""
    # Equalizing changes nothing in exact arithmetic, so the float kinds do
    # without it.
    is_float = kind in ('float32', 'float16')
    return self._float_graph if is_float else self._equalized_graph

  @functools.cached_property
  def _weights(self) -> folding.Weights:
    return folding.fold_translator(self.translator, self.source, self.target)

  @functools.cached_property
  def _float_graph(self) -> tflite_conversion.Graph:
    return tflite_conversion.Graph.of_network(self.network)

  @functools.cached_property
  def _equalized_graph(self) -> tflite_conversion.Graph:
    weights = equalization.equalize(self._weights, self.calibration)
    return tflite_conversion.Graph.of_network(folded_network.Network(weights))

  def golden_images(self) -> dict[str, np.ndarray]:
    """A held-out image and its translation."""
    (expected,) = self.expected.values()
    return {
      'input': self.held_out[self.source][0],
      'output': image_arrays.to_uint8(expected[0]),
    }

  def golden_of(self, direction: contexts.Direction) -> dict[str, str]:
    """Names of the two."""
    del direction  # There is one.
    return {'input': 'input', 'output': 'output'}

  def manifest_head(self) -> dict[str, Any]:
    """The two domains."""
    return dict(source=self.source, target=self.target)

  def readme(self, manifest: Mapping[str, Any]) -> str:
    """The README of one direction."""
    return readme.one_direction(manifest)


class AllDirections(contexts.Context):
  """Translates every domain of a model to every other."""

  number_inputs = domain_selection.INPUTS
  number_descriptions = types.MappingProxyType(
    {
      domain_selection.SOURCE: 'The domain of the image.',
      domain_selection.TARGET: 'The domain to translate it to.',
    }
  )

  def __init__(
    self,
    translator: inference.Translator,
    held_out: Mapping[str, contexts.Images],
    about: texts.About,
    litert_js: str | None = None,
  ):
    """Describes the export.

    Args:
      translator: the model.
      held_out: {domain: images to compare by}, of every domain.
      about: title, author and so on.
      litert_js: see `contexts.Context`.
    """
    super().__init__(
      ALL,
      ALL,
      translator,
      list(itertools.permutations(translator.domains, 2)),
      held_out,
      about,
      litert_js,
    )

  @property
  def calibration(self) -> np.ndarray:
    """Images of the first domain; no kind quantizes by them."""
    return self.floats[self.translator.domains[0]]

  @functools.cached_property
  def networks(self) -> dict[contexts.Direction, folded_network.Network]:
    """The folded networks, which share their kernels."""
    return folded_network.shared_networks(
      self.translator.model, self.resolution, self.translator.alpha
    )

  def tflite_graph(self, kind: str) -> tflite_conversion.Graph:
    """The graph whose inputs choose the domains."""
    del kind  # None of those that all directions have needs another graph.
    return self._graph

  @functools.cached_property
  def _graph(self) -> tflite_conversion.Graph:
    network = domain_selection.SelectableNetwork(
      self.translator.model, self.resolution, self.translator.alpha
    )
    return tflite_conversion.Graph(
      network.translate,
      network,
      self.resolution,
      number_inputs=self.number_inputs,
    )

  def numbers(self, direction: contexts.Direction) -> dict[str, int]:
    """The numbers of a direction's domains."""
    numbers = map(self.translator.domains.index, direction)
    return dict(zip(self.number_inputs, numbers))

  def golden_images(self) -> dict[str, np.ndarray]:
    """An image of each domain and its translation to each other domain."""
    inputs = {domain: images[0] for domain, images in self.held_out.items()}
    outputs = {
      bundle_manifest.direction(*direction): image_arrays.to_uint8(images[0])
      for direction, images in self.expected.items()
    }
    return inputs | outputs

  def golden_of(self, direction: contexts.Direction) -> dict[str, str]:
    """Names of the source's image and of the direction's translation."""
    source, _ = direction
    return {'input': source, 'output': bundle_manifest.direction(*direction)}

  def manifest_head(self) -> dict[str, Any]:
    """All domains."""
    return dict(domains=list(self.translator.domains))

  def readme(self, manifest: Mapping[str, Any]) -> str:
    """The README of all directions."""
    return readme.all_directions(manifest)

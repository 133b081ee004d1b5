"""TFLite files that embed images of one domain, for search in an app."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from export import contexts, directions, parity, tensor_names
from export.bundle_files import manifest_entries, metadata, texts
from export.formats import base
from export.graph import tflite_conversion
from tf_twingan import inference
from tf_twingan.inference.exported import tflite
from tf_twingan.retrieval import embeddings


def create(name: str) -> base.Format:
  """Returns the format."""
  return _Embedding(name)


class _Embedding(base.Format):
  """Files that embed images of the source domain."""

  def file_name(self, context: directions.OneDirection) -> str:
    return f'embed_{context.source}_{context.resolution}.tflite'

  def build(
    self, context: directions.OneDirection, scratch: pathlib.Path
  ) -> bytes:
    about = context.about._replace(
      name=f'{context.source} embedding',
      description=f'Embeds images of {context.source} to search with.',
    )
    return convert(context.embedder, context.resolution, about)

  def load(self, built: bytes) -> tflite.File:
    return tflite.File(built)

  def run(
    self,
    loaded: tflite.File,
    context: directions.OneDirection,
    direction: contexts.Direction,
  ) -> np.ndarray:
    return loaded.run(context.floats[direction[0]])

  def compare(
    self,
    loaded: tflite.File,
    context: directions.OneDirection,
    direction: contexts.Direction,
  ) -> parity.EmbeddingParity:
    source = direction[0]
    scales = context.translator.scales(context.held_out[source], source)
    expected = context.embedding.embed(scales, source)
    cosines = np.sum(self.run(loaded, context, direction) * expected, axis=1)
    return parity.EmbeddingParity(float(cosines.min()), len(cosines))

  def manifest_entry(
    self, built: bytes, loaded: tflite.File, context: directions.OneDirection
  ) -> dict[str, Any]:
    return manifest_entries.tflite_entry(
      self.name, built, tensor_names.EMBEDDING
    )


def convert(
  module: tf.Module,
  resolution: int,
  about: texts.About,
  index: bytes | None = None,
) -> bytes:
  """Converts a graph that embeds to a TFLite file with weights of 16 bits.

  Args:
    module: module with a method `embed`, such as `graph.embedder.Embedder`.
    resolution: side of the images, px.
    about: title, author and so on.
    index: index to look embeddings up in, see `formats.search_index`.
  """
  graph = tflite_conversion.Graph(
    module.embed, module, resolution, output_name=tensor_names.EMBEDDING
  )
  return metadata.add(
    graph.convert('float16'),
    about,
    output_name=tensor_names.EMBEDDING,
    index=index,
  )


def learn(
  translator: inference.Translator, images: Mapping[str, np.ndarray]
) -> embeddings.Embedding:
  """Learns an embedding from images, if there is no index to take it from.

  Args:
    translator: the model.
    images: uint8 [n, height, width, 3] of each domain to be compared.
  """
  scales = {d: translator.scales(i, d) for d, i in images.items()}
  means = {d: embeddings.mean([part]) for d, part in scales.items()}
  projection = embeddings.principal_components(
    np.concatenate(
      [embeddings.features(part, means[d]) for d, part in scales.items()]
    )
  )
  return embeddings.Embedding(
    means, projection, {d: len(i) for d, i in images.items()}
  )

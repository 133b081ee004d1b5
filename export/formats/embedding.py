"""Images to the vectors of `tf_twingan.retrieval`, as a graph.

An app that holds an index asks for the neighbours of a new image by its
embedding; this is that embedding, computed where the image is.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from export.bundle_files import metadata
from export.formats import tflite
from export.graph import folded_network
from tf_twingan import inference
from tf_twingan.retrieval import embeddings

_GRID = 4  # px; features of all scales are averaged down to it.
_EPSILON = 1e-12


class Embedder(tf.Module):
  """Embeds images of one domain."""

  def __init__(
    self,
    translator_network: folded_network.Network,
    learned: embeddings.Embedding,
    domain: str,
  ):
    """Builds it.

    Args:
      translator_network: whose encoder is used; not equalized, for an
        embedding is learned from the features as they are.
      learned: the means and the projection.
      domain: of the images.
    """
    super().__init__(name='embedder')
    self._network = translator_network
    self._means = {
      str(scale): tf.Variable(mean.reshape(1, -1), trainable=False)
      for scale, mean in learned.means[domain].items()
    }
    self._projection = tf.Variable(learned.projection, trainable=False)

  def embed(self, images: tf.Tensor) -> tf.Tensor:
    """Images [batch, px, px, 3] in [-1, 1] to unit vectors [batch, d]."""
    features = self._network.encode(images)
    scales = {_GRID: features.content, **features.skips}
    rows = []
    for scale, mean in sorted(self._means.items(), key=lambda m: int(m[0])):
      pooled = scales[int(scale)]
      window = pooled.shape[1] // _GRID
      if window > 1:
        pooled = tf.nn.avg_pool2d(pooled, window, window, 'VALID')
      flat = tf.reshape(pooled, [-1, mean.shape[1]])
      rows.append(unit(flat - mean))
    return unit(tf.linalg.matmul(unit(tf.concat(rows, 1)), self._projection))


def unit(rows: tf.Tensor) -> tf.Tensor:
  """Rows [batch, d] scaled to length 1."""
  # Not l2_normalize: TFLite has no operation that it would become.
  power = tf.reduce_sum(rows * rows, axis=1, keepdims=True)
  return rows * tf.math.rsqrt(power + _EPSILON)


def convert(
  embeds: tf.Module,
  resolution: int,
  about: metadata.About,
  index: bytes | None = None,
) -> bytes:
  """A TFLite file of what embeds; its weights have 16 bits.

  Args:
    embeds: has a method `embed`, like `Embedder`.
    resolution: of the images, px.
    about: what the file says of itself.
    index: to look embeddings up in, see `searcher`.
  """
  model = tflite.convert(
    embeds.embed,
    embeds,
    'float16',
    output_name=tflite.EMBEDDING,
    images=np.zeros([1, resolution, resolution, 3], np.float32),
  )
  return metadata.add(
    model,
    about,
    input_name=tflite.INPUT,
    output_name=tflite.EMBEDDING,
    draws=False,
    index=index,
  )


def learn(
  translator: inference.Translator, images: Mapping[str, np.ndarray]
) -> embeddings.Embedding:
  """Learns an embedding from images, where there is no index to take it of.

  Args:
    translator: of the model.
    images: uint8 [n, height, width, 3] of each domain to be compared.
  """
  scales = {d: translator.scales(p, d) for d, p in images.items()}
  means = {d: embeddings.mean([part]) for d, part in scales.items()}
  projection = embeddings.principal_components(
    np.concatenate(
      [embeddings.features(part, means[d]) for d, part in scales.items()]
    )
  )
  return embeddings.Embedding(
    means, projection, {d: len(p) for d, p in images.items()}
  )

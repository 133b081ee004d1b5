"""Computes the embeddings of `tf_twingan.retrieval` as a graph.

An app that holds an index asks for the neighbours of a new image by its
embedding; this graph computes it where the image is.
"""

import tensorflow as tf

from export.graph import folded_network
from tf_twingan.retrieval import embeddings

_GRID = 4  # px; features of all scales are averaged down to it.
_EPSILON = 1e-12


class Embedder(tf.Module):
  """Embeds images of one domain."""

  def __init__(
    self,
    network: folded_network.Network,
    embedding: embeddings.Embedding,
    domain: str,
  ):
    """Builds it.

    Args:
      network: network whose encoder is used; not an equalized one, for an
        embedding is learned from the features as they are.
      embedding: the means and the projection.
      domain: name of the domain the images belong to.
    """
    super().__init__(name='embedder')
    self._network = network
    self._means = {
      str(scale): tf.Variable(mean.reshape(1, -1), trainable=False)
      for scale, mean in embedding.means[domain].items()
    }
    self._projection = tf.Variable(embedding.projection, trainable=False)

  def embed(self, images: tf.Tensor) -> tf.Tensor:
    """Embeds images, [batch, px, px, 3] in [-1, 1], as unit vectors."""
    features = self._network.encode(images)
    scales = {_GRID: features.content, **features.skips}
    rows = []
    for scale, mean in sorted(self._means.items(), key=lambda m: int(m[0])):
      pooled = scales[int(scale)]
      window = pooled.shape[1] // _GRID
      if window > 1:
        pooled = tf.nn.avg_pool2d(pooled, window, window, 'VALID')
      flat = tf.reshape(pooled, [-1, mean.shape[1]])
      rows.append(normalize(flat - mean))
    return normalize(
      tf.linalg.matmul(normalize(tf.concat(rows, 1)), self._projection)
    )


def normalize(rows: tf.Tensor) -> tf.Tensor:
  """Scales rows [batch, d] to length 1."""
  # Not l2_normalize: TFLite has no operation that it would become.
  squares = tf.reduce_sum(rows * rows, axis=1, keepdims=True)
  return rows * tf.math.rsqrt(squares + _EPSILON)

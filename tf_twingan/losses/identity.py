"""Identity distillation: predicts face embeddings from the content code.

Li, "Twin-GAN" (2018) distills a face recognizer into the encoder, so that a
face still is that person's after its translation. As in the paper's code, a
projection of the content code is compared with the recognizer's embedding by
the cosine of the two, for an image and for its translation:

  1 - cos(W c(x) + b, v(x))  and  1 - cos(W c(G_t(x)) + b, v(x))

where c is the 4x4 content code, encoded in the domain of what is encoded. One
projection W, b reads both codes, for all domains have one kind of code; the
paper's code has a projection for each encoded domain, and a convolution before
it. Each domain that carries vectors has its own projection, so that they may
come from different recognizers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_twingan.losses import base_objective, reconstruction_losses
from tf_twingan.models import layers


class Identity:
  """The projections, and their losses.

  Attributes:
    projections: {domain: layer from its images' content codes to its vectors}.
  """

  def __init__(self, code_size: int, vector_sizes: Mapping[str, int]):
    """Makes a projection for each domain that carries vectors.

    Args:
      code_size: numbers in a content code.
      vector_sizes: {domain: numbers in a vector}.
    """
    self.projections: dict[str, keras.layers.Layer] = {
      domain: layers.Dense(code_size, size, gain=1.0, name=f'identity_{domain}')
      for domain, size in vector_sizes.items()
    }

  @property
  def trainable_variables(self) -> list[Any]:
    """The variables of all projections."""
    return [
      variable
      for projection in self.projections.values()
      for variable in projection.trainable_variables
    ]

  def losses(
    self,
    domains: Sequence[str],
    vectors: Mapping[str, tf.Tensor],
    *,
    real: tf.Tensor,
    translated: tf.Tensor,
  ) -> base_objective.Terms:
    """Computes how far predicted vectors are from those that images carry.

    Args:
      domains: names of the domains of the parts of both codes, in order.
      vectors: {domain: float32 [batch, size]} of those that carry them.
      real: content codes of images, [len(domains) * batch, 4, 4, channels].
      translated: content codes of the translations of the same images.

    Returns:
      {'identity/' + domain, 'identity_translated/' + domain: scalars in
      [0, 2]}.
    """
    losses = {}
    for name, codes in (
      ('identity', real),
      ('identity_translated', translated),
    ):
      parts = dict(zip(domains, tf.split(codes, len(domains))))
      for domain, projection in self.projections.items():
        flat = tf.reshape(parts[domain], [parts[domain].shape[0], -1])
        losses[f'{name}/{domain}'] = reconstruction_losses.cosine(
          projection(tf.cast(flat, tf.float32)), vectors[domain]
        )
    return losses

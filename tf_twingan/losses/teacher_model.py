"""A trained network that another one learns from; it is not trained further.

It generates as in inference: with EMA weights and batch norm statistics, in
float32, at the resolution and fade-in of its checkpoint.
"""

import tensorflow as tf

from tf_twingan.runs import loading


class Teacher:
  """Translates with the model of a run; none of its variables is trained.

  Attributes:
    domains: names of its domains, in order.
    resolution: resolution of the images that it generates, px.
  """

  def __init__(self, name: str):
    """Loads the model.

    Args:
      name: directory of a run, of any model; or 'pretrained:NAME', a model that
        ships with the package.

    Raises:
      FileNotFoundError: there is no such run, or no checkpoint of it yet.
      ValueError: its files are damaged, or no such model ships.
    """
    self._name = name
    loaded = loading.load(loading.folder(name))
    if not loaded.model.translates:
      raise ValueError(
        f'The teacher {name} generates from noise; name a model that '
        'translates.'
      )
    self._model, self._alpha = loaded.model, loaded.alpha
    self.domains: tuple[str, ...] = self._model.domains
    self.resolution = loaded.resolution

  def check(self, domains, resolution: int) -> None:
    """Raises ValueError unless it can teach these domains at a resolution."""
    missing = [d for d in domains if d not in self.domains]
    if missing:
      raise ValueError(
        f'The teacher {self._name} knows {", ".join(self.domains)}, and '
        f'nothing of {", ".join(missing)}; name the domains of train.domains '
        'as it does.'
      )
    if resolution > self.resolution:
      raise ValueError(
        f'The teacher {self._name} generates {self.resolution} px, and the '
        f'student {resolution} px; set final_resolution to '
        f'{self.resolution} or less.'
      )

  def translate(self, images: tf.Tensor, source: str, target: str) -> tf.Tensor:
    """Translates images to a domain; to their own one reconstructs them.

    Images smaller than the teacher's are enlarged for it (bilinearly), and its
    outputs are reduced again (by averages).

    Args:
      images: float32 [batch, px, px, 3] in [-1, 1], px at most `resolution`.
      source: name of the domain the images belong to.
      target: name of the domain to translate them to.

    Returns:
      float32 of the same shape, clipped to [-1, 1]; no gradient flows back.
    """
    px = images.shape[1]
    if px < self.resolution:
      images = tf.image.resize(images, [self.resolution] * 2, 'bilinear')
    outputs = self._model.translate(
      images, source, target, resolution=self.resolution, alpha=self._alpha
    )
    outputs = tf.clip_by_value(outputs, -1.0, 1.0)
    if px < self.resolution:
      factor = self.resolution // px
      outputs = tf.nn.avg_pool2d(outputs, factor, factor, 'VALID')
    return tf.stop_gradient(outputs)

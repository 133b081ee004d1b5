"""A trained network that another one learns from; it stays as it is.

It is drawn with as in inference: averaged weights, moving statistics, in
float32, at the resolution and fade-in of its checkpoint.
"""

import tensorflow as tf

from tf_twingan.runs import loading


class Teacher:
  """Draws what it has learned; none of its variables is trained.

  Attributes:
    domains: their names, in order.
    resolution: of the images that it draws, px.
  """

  def __init__(self, origin: str):
    """Loads it.

    Args:
      origin: the directory of a run, of any model; or 'pretrained:NAME', a
        model that ships with the package.

    Raises:
      FileNotFoundError: there is no such model, or no checkpoint of it yet.
      ValueError: what is there is damaged.
    """
    self._origin = origin
    loaded = loading.load(loading.folder(origin))
    if not loaded.model.translates:
      raise ValueError(
        f'The teacher {origin} draws from noise; name a model that translates.'
      )
    self._model, self._alpha = loaded.model, loaded.alpha
    self.domains: tuple[str, ...] = self._model.domains
    self.resolution = loaded.resolution

  def check(self, domains, resolution: int) -> None:
    """Raises ValueError unless it can teach these domains at a resolution."""
    missing = [d for d in domains if d not in self.domains]
    if missing:
      raise ValueError(
        f'The teacher {self._origin} knows {", ".join(self.domains)}, and '
        f'nothing of {", ".join(missing)}; name the domains of train.domains '
        'as it does.'
      )
    if resolution > self.resolution:
      raise ValueError(
        f'The teacher {self._origin} draws {self.resolution} px, and the '
        f'student {resolution} px; set final_resolution to '
        f'{self.resolution} or less.'
      )

  def translate(self, images: tf.Tensor, source: str, target: str) -> tf.Tensor:
    """Draws images of one domain in another; its own is redrawn.

    A student of a lower resolution shows it enlarged images (bilinear), and
    is given what it draws of them reduced (averages).

    Args:
      images: float32 [batch, px, px, 3] in [-1, 1], px at most `resolution`.
      source: their domain.
      target: the domain to draw them in.

    Returns:
      float32 of the same shape, clipped to [-1, 1]; no gradient flows back.
    """
    px = images.shape[1]
    if px < self.resolution:
      images = tf.image.resize(images, [self.resolution] * 2, 'bilinear')
    drawn = self._model.translate(
      images, source, target, resolution=self.resolution, alpha=self._alpha
    )
    drawn = tf.clip_by_value(drawn, -1.0, 1.0)
    if px < self.resolution:
      factor = self.resolution // px
      drawn = tf.nn.avg_pool2d(drawn, factor, factor, 'VALID')
    return tf.stop_gradient(drawn)

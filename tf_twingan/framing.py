"""Framing: how an image of any shape becomes the square that a network takes.

A dataset may keep the middle of its images alone (`?crop=0.7`) or fill them up
to a square (`?fit=pad`), and its images may have been prepared: the faces of
photos, found and aligned. A network trained on it has never seen anything else,
so whatever reads images for that network frames them alike.
"""

from typing import Any, NamedTuple

import numpy as np

from tf_twingan import image_arrays, image_io


class Framing(NamedTuple):
  """How images are made square.

  Attributes:
    crop: central fraction of both sides that is kept first, in (0, 1].
    fit: how the rest becomes a square, one of `image_arrays.FITS`.
    preparation: how photos became the images, `data.prepare.options.Options`;
      None if they are as they came. `square` and `read` take images that are
      prepared already; `data.prepare.photos` reads photos that are not.
  """

  crop: float = 1.0
  fit: str = 'crop'
  preparation: Any = None

  def __str__(self) -> str:
    """The options of a dataset string, such as `crop=0.7&fit=pad`."""
    options = [f'crop={self.crop:g}']
    options += [f'fit={self.fit}'] if self.fit != 'crop' else []
    return '&'.join(options)

  def square(self, image: np.ndarray, resolution: int) -> np.ndarray:
    """Makes an image of any shape uint8 [resolution, resolution, 3].

    Args:
      image: uint8 RGB, [height, width, 3].
      resolution: side of the result in pixels.
    """
    return image_arrays.square(image, resolution, self.fit, crop=self.crop)

  def squares(self, images: np.ndarray, resolution: int) -> np.ndarray:
    """Makes images of one shape uint8 [n, resolution, resolution, 3].

    Args:
      images: uint8 RGB, [n, height, width, 3].
      resolution: side of the results in pixels.
    """
    squares = np.zeros([len(images), resolution, resolution, 3], np.uint8)
    for row, image in enumerate(images):
      squares[row] = self.square(image, resolution)
    return squares

  def read(self, path_or_bytes: image_io.Source, resolution: int) -> np.ndarray:
    """Reads an encoded image as uint8 [resolution, resolution, 3].

    Args:
      path_or_bytes: path of a file, or the content of one.
      resolution: side of the result in pixels.

    Raises:
      UnreadableImage: it is no image that can be read.
    """
    return image_io.read_square(
      path_or_bytes, resolution, self.fit, crop=self.crop
    )

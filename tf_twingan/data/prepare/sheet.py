"""sheet.png: some of the prepared images side by side, to look at."""

import io
import math
import os

import numpy as np
from PIL import Image

from tf_twingan import image_grids, image_io

_MOST = 48
_COLUMNS = 8
_CELL = 128


class Sheet:
  """Collects images evenly from all that are written."""

  def __init__(self, count: int):
    """Takes the number of images that will be added.

    Args:
      count: how many `add` is called for.
    """
    self._chosen = {
      int(i) for i in np.linspace(0, count - 1, min(count, _MOST)).round()
    }
    self._added = 0
    self._images: list[np.ndarray] = []
    self._captions: list[str] = []

  def add(self, name: str, png: bytes) -> None:
    """Takes the next image, or leaves it.

    Args:
      name: its name, for the caption.
      png: the image.
    """
    if self._added in self._chosen:
      with Image.open(io.BytesIO(png)) as image:
        self._images.append(np.asarray(image.convert('RGB')))
      self._captions.append(name)
    self._added += 1

  def write(self, path: str | os.PathLike) -> None:
    """Writes the sheet.

    Args:
      path: the PNG file.

    Raises:
      OSError: it cannot be written.
    """
    columns = min(_COLUMNS, len(self._images))
    starts = [
      i * columns for i in range(math.ceil(len(self._images) / columns))
    ]
    image_io.write_png(
      path,
      image_grids.contact_sheet(
        [self._images[i : i + columns] for i in starts],
        [''] * columns,
        captions=[self._captions[i : i + columns] for i in starts],
        cell=_CELL,
      ),
    )

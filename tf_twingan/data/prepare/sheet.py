"""sheet.png: some of the prepared images side by side, to look at."""

import io
import os
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

from tf_twingan import image_grids, image_io

_MOST = 48
_COLUMNS = 8
_CELL = 128


def choose(count: int) -> list[int]:
  """Which of so many images the sheet shows: evenly from all of them."""
  shown = min(count, _MOST)
  return [int(i) for i in np.linspace(0, count - 1, shown).round()]


def write(
  path: str | os.PathLike, names: Sequence[str], pngs: Iterable[bytes]
) -> None:
  """Writes the sheet.

  Args:
    path: the PNG file.
    names: names of the images, for their captions.
    pngs: the images.

  Raises:
    OSError: it cannot be written.
  """
  images = [_decode(png) for png in pngs]
  starts = range(0, len(images), _COLUMNS)
  sheet = image_grids.contact_sheet(
    [images[i : i + _COLUMNS] for i in starts],
    [''] * min(_COLUMNS, len(images)),
    captions=[names[i : i + _COLUMNS] for i in starts],
    cell=_CELL,
  )
  image_io.write_png(path, sheet)


def _decode(png: bytes) -> np.ndarray:
  with Image.open(io.BytesIO(png)) as image:
    return np.asarray(image.convert('RGB'))

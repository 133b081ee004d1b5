"""What travels along with images: vectors, and which photos they are from."""

import csv
import io
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from tf_twingan.data.prepare import shards

ORIGINS = 'origins.csv'
_ORIGIN_COLUMNS = ('file', 'photo', 'left', 'top', 'right', 'bottom', 'score')


def write_origins(
  path: str | os.PathLike,
  names: Sequence[str],
  images: Sequence[shards.ImageRecord],
) -> None:
  """Writes the photo that each image is from, and where in it the face is.

  Args:
    path: the file.
    names: names of the images.
    images: their records.
  """
  rows = []
  for name, image in zip(names, images):
    box = [f'{side:.1f}' for side in image.box or ()] or [''] * 4
    score = '' if image.score is None else f'{image.score:.3f}'
    rows.append([name, image.photo, *box, score])
  text = io.StringIO()
  csv.writer(text, lineterminator='\n').writerows([_ORIGIN_COLUMNS, *rows])
  content = text.getvalue().encode('utf-8', 'surrogateescape')
  pathlib.Path(path).write_bytes(content)


def write_vectors(
  path: str | os.PathLike, names: Sequence[str], vectors: np.ndarray
) -> None:
  """Writes vectors, as `?vectors=` reads them.

  Args:
    path: the .npz file.
    names: names of the images.
    vectors: float32 [n, size], a row for each image.
  """
  np.savez(path, names=np.array(names, str), vectors=vectors)

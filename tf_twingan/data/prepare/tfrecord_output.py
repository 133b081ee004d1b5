"""Prepared images as TFRecord files: train-00000-of-00004.tfrecord and so on.

The schema is that of `tfrecord_files`; labels and vectors are in the records.
"""

import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tf_twingan import files
from tf_twingan.data.prepare import (
  prepared_images,
  tfrecord_files,
)
from tf_twingan.data.sources import base

# Images of a file: at 256 px these are some 100 MB.
_IMAGES = 1024
NAME = re.compile(
  rf'({"|".join(base.SPLITS)})-\d{{5}}-of-\d{{5}}'
  + re.escape(tfrecord_files.SUFFIX)
)


def write(
  folder: pathlib.Path,
  images: prepared_images.PreparedImages,
  places: Sequence[int],
  *,
  names: Sequence[str],
  splits: Sequence[str],
  side: int,
  attributes: Mapping[str, Sequence[str]],
  vectors: np.ndarray | None,
) -> dict[str, str]:
  """Writes the files.

  Args:
    folder: the folder that gets them.
    images: what reads the images.
    places: the place of each image among them.
    names: name of each image.
    splits: split of each image.
    side: side of the images in pixels.
    attributes: {column: a value for each image}.
    vectors: float32 [n, size], a row for each image; None without.

  Returns:
    The checksum of each file, by its name.

  Raises:
    OSError: one cannot be written.
  """

  def records(indices: Sequence[int]) -> Iterator[tfrecord_files.Record]:
    pngs = images.read([places[i] for i in indices])
    for index, png in zip(indices, pngs):
      yield tfrecord_files.Record(
        names[index],
        png,
        (side, side, 3),
        splits[index],
        {column: values[index] for column, values in attributes.items()},
        None if vectors is None else vectors[index],
      )

  digests = {}
  for split in base.SPLITS:
    indices = [i for i, s in enumerate(splits) if s == split]
    starts = range(0, len(indices), _IMAGES)
    for number, start in enumerate(starts):
      part = indices[start : start + _IMAGES]
      name = f'{split}-{number:05}-of-{len(starts):05}{tfrecord_files.SUFFIX}'
      tfrecord_files.write(folder / name, records(part), len(part))
      digests[name] = files.sha256_of(folder / name)
  return digests

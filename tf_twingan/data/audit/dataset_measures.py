"""Measures all images of a dataset, or an even sample of them."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from tf_twingan import (
  errors,
  faces,
  files,
  image_arrays,
  image_headers,
  image_limits,
  regular_files,
)
from tf_twingan.data import parallel
from tf_twingan.data.audit import face_measures, image_measures, photos
from tf_twingan.data.prepare import near_duplicates, options, quality
from tf_twingan.data.sources import base

NO_FACES = 'none'
# Images in which faces are looked for; it takes far longer than all else.
_WITH_FACES = 500
_THUMBNAIL = 8  # px, of the copies that outliers are found by.
# The columns, in the order of the report.
COLUMNS = (
  *image_measures.ImageMeasures._fields,
  *('sharpness', 'uniform'),
  *face_measures.FaceMeasures._fields,
)


class DatasetMeasures(NamedTuple):
  """What a dataset measures. Sequences hold one entry for an examined image.

  Attributes:
    label: what the report calls it.
    dataset: its string.
    total: number of the images that it names.
    unreadable: (name, reason) of the images that cannot be read.
    names: names of the images that were examined.
    splits: 'train' or 'test'; '' where the dataset has none of its own.
    formats: formats of the files, such as 'JPEG'; '' where there is no file.
    columns: {name of `COLUMNS`: float64 [n]}, NaN where there is no value.
    digests: a checksum of the pixels, which exact copies share.
    fingerprints: see `near_duplicates`.
    thumbnails: float32 [n, 8 * 8 * 3] in [0, 1].
    mean_image: uint8 [side, side, 3], the mean of all images.
    detector: name of the face detector; 'none' where none was used.
    attributes: {column: value of each image}; '' where it is not known.
    preparation: how photos became the images; None if they are as they came.
    photos: where the images came from, as prepare takes it.
    fit: how images become squares, see `framing.Framing`.
  """

  label: str
  dataset: str
  total: int
  unreadable: Sequence[tuple[str, str]]
  names: Sequence[str]
  splits: Sequence[str]
  formats: Sequence[str]
  columns: Mapping[str, np.ndarray]
  digests: Sequence[str]
  fingerprints: Sequence[str]
  thumbnails: np.ndarray
  mean_image: np.ndarray
  detector: str = NO_FACES
  attributes: Mapping[str, Sequence[str]] = {}
  preparation: options.Options | None = None
  photos: str = ''
  fit: str = 'crop'

  @property
  def has_faces(self) -> bool:
    """Whether faces were looked for."""
    return self.detector != NO_FACES

  @property
  def looked_at(self) -> int:
    """The number of images in which faces were looked for."""
    return int(np.isfinite(self.columns['faces']).sum())

  @property
  def is_sample(self) -> bool:
    """Whether not all images were examined."""
    return len(self.names) + len(self.unreadable) < self.total


class _Image(NamedTuple):
  """What is kept of one image."""

  row: tuple[float, ...]
  square: np.ndarray
  digest: str
  fingerprint: str


def evenly(count: int, most: int) -> list[int]:
  """At most `most` indices below `count`, evenly spaced from the first."""
  chosen = min(count, most)
  return [place * count // chosen for place in range(chosen)]


def measure(
  dataset: base.Dataset,
  originals: base.Originals,
  label: str,
  *,
  limit: int,
  detector: str = NO_FACES,
) -> DatasetMeasures:
  """Reads and measures the images of a dataset, with a progress bar.

  Args:
    dataset: the dataset.
    originals: its images.
    label: what the report calls it.
    limit: largest number of images that are examined.
    detector: a name that `faces.detector` knows, or 'none'.

  Raises:
    ValueError: none of its images can be read.
    extras.MissingPackage: the detector's package is not installed.
  """
  indices = evenly(len(originals.names), limit)
  chosen = [originals.names[i] for i in indices]
  sought = {chosen[i] for i in evenly(len(chosen), _WITH_FACES)}
  examine = _examiner(dataset, originals.read, detector, sought)
  names, images, unreadable, kept = [], [], [], []
  summed = np.zeros([image_measures.SIDE] * 2 + [3])
  thumbnails = []
  results = parallel.results(
    examine,
    ((name, name) for name in chosen),
    count=len(chosen),
    description=f'examining {label}',
    chunk=8,
  )
  for index, (name, result) in zip(indices, results, strict=True):
    if isinstance(result, Exception):
      reason = getattr(result, 'reason', None) or errors.first_line(result)
      unreadable.append((name, reason))
      continue
    summed += result.square
    thumbnails.append(
      image_arrays.downsample(result.square[None], _THUMBNAIL).ravel()
    )
    names.append(name)
    kept.append(index)
    images.append(result._replace(square=None))
  if not names:
    name, reason = unreadable[0]
    raise ValueError(
      f'{dataset.text}: no image can be read of {len(unreadable):,}; the first '
      f'is {errors.printable(name)} ({reason})'
    )
  table = np.array([image.row for image in images], np.float64)
  return DatasetMeasures(
    label,
    dataset.text,
    len(originals.names),
    unreadable,
    names,
    [originals.splits.get(name, '') for name in names],
    [_format(dataset.path_of(name)) for name in names],
    dict(zip(COLUMNS, table.T)),
    [image.digest for image in images],
    [image.fingerprint for image in images],
    np.stack(thumbnails).astype(np.float32) / 255,
    np.rint(summed / len(names)).astype(np.uint8),
    detector,
    {
      column: [values[i] for i in kept]
      for column, values in (originals.attributes or {}).items()
    },
    dataset.preparation(),
    photos.of(dataset),
    dataset.framing.fit,
  )


def _examiner(
  dataset: base.Dataset,
  read: Callable[[str], np.ndarray],
  detector: str,
  sought: Set[str],
) -> Callable[[str], _Image]:
  """A function of a name that measures its image, for any thread.

  Faces are looked for in the images of the names `sought`.
  """
  framing = dataset.framing
  own = threading.local()  # No detector serves two threads.
  if detector != NO_FACES:
    faces.detector(detector)  # What is missing is said before images are read.

  def find(name: str, image: np.ndarray) -> list[faces.Face] | None:
    if detector == NO_FACES or name not in sought:
      return None
    if not hasattr(own, 'detector'):
      own.detector = faces.detector(detector)
    return own.detector.find(image)

  def examine(name: str) -> _Image:
    image = read(name)
    height, width = image.shape[:2]
    square = framing.square(image, image_measures.SIDE)
    framed = quality.measure(square)
    found = face_measures.measure(find(name, image), width, height, framing)
    return _Image(
      (
        *image_measures.measure(square, width, height),
        *(framed.sharpness, framed.uniform),
        *found,
      ),
      square,
      files.sha256(f'{height} {width} '.encode() + image.tobytes()),
      near_duplicates.fingerprint(image),
    )

  return examine


def _format(path: str | None) -> str:
  """The format of a file by what it holds."""
  if path is None:
    return ''
  try:
    with regular_files.open_binary(path) as file:
      size = os.fstat(file.fileno()).st_size
      header = image_headers.check(file, size)
  except (OSError, regular_files.NotRegular, image_limits.Refused):
    return ''  # It is gone since, or its name is not a path.
  return header.kind if header else ''

"""Vectors of images, such as face embeddings, from an .npz file by name.

Identity distillation (Li, "Twin-GAN", 2018, and its code) learns from vectors
that were computed beforehand and come with the images. They are kept beside
the images, never among the decoded ones: each row belongs to a name, so that
an image that cannot be read loses its own row and no other.

A folder's vectors are in one file, which three lines write:

  names = [path.relative_to(folder).as_posix() for path in paths]
  rows = [recognize(path) for path in paths]  # float [n, size]
  np.savez(folder / 'vectors.npz', names=names, vectors=rows)
"""

import collections
import os
import pathlib
import zipfile
from collections.abc import Sequence

import numpy as np

from tf_twingan import errors
from tf_twingan.data import unicode_names

# What a prepared dataset calls it.
FILE = 'vectors.npz'
_RECIPE = 'write it by np.savez(FILE, names=[...], vectors=[[...], ...])'
# Compressed vectors and names, padded to one length, expand less than this.
_MAX_EXPANSION = 100
_UNSUSPICIOUS = 2**26  # bytes


def read_file(
  path: str | os.PathLike, names: Sequence[str], *, dataset: str
) -> np.ndarray:
  """Reads the vectors of some images.

  Args:
    path: an .npz file that holds `names`, strings [m], each once, and
      `vectors`, numbers [m, size]; rows of other names are left out.
    names: names of the images: paths below the folder with forward slashes.
    dataset: the dataset's string, for messages.

  Returns:
    float32 [len(names), size], row i for name i.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it holds something else, a name has no row, or a row is not
      finite or nothing but zeros; names the file.
  """
  path = pathlib.Path(path)
  known, rows = _read(path, dataset)
  indices = {name: index for index, name in enumerate(known)}
  if len(indices) < len(known):
    twice, _ = collections.Counter(known).most_common(1)[0]
    raise ValueError(
      f'{dataset}: {path} names {twice!r} twice; keep one row of each image'
    )
  for index, name in enumerate(known):
    indices.setdefault(unicode_names.composed(name), index)
  found = [
    indices.get(name, indices.get(unicode_names.composed(name)))
    for name in names
  ]
  missing = [name for name, index in zip(names, found) if index is None]
  if missing:
    raise ValueError(
      f'{dataset}: {path} has no row for {len(missing)} of {len(names)} '
      f'images, the first of them {missing[0]!r} (it has one for '
      f'{known[0] if known else "none"!r}); add rows, or take those images '
      'out of the folder'
    )
  return check_vectors(
    rows[found],
    names,
    dataset=f'{dataset}: {path}',
  )


def _read(path, dataset):
  if not path.is_file():
    raise FileNotFoundError(
      f'{dataset}: no vectors at {path}; a relative path starts at the folder '
      f'of the images; {_RECIPE}'
    )
  try:
    _check_expansion(path)
    with np.load(path, allow_pickle=False) as file:
      names, rows = file['names'], file['vectors']
  # A header is read as Python, on which nearly every exception is raised, and
  # may claim more than there is memory.
  except Exception as error:
    raise ValueError(
      f'{dataset}: {path} holds no arrays of names and vectors '
      f'({errors.first_line(error)}); {_RECIPE}'
    ) from None
  if names.dtype.kind != 'U' or names.ndim != 1:
    raise ValueError(
      f'{dataset}: names in {path} are {names.dtype} {list(names.shape)}; give '
      'a list of strings'
    )
  if rows.ndim != 2 or not rows.shape[1] or rows.dtype.kind not in 'fiu':
    raise ValueError(
      f'{dataset}: vectors in {path} are {rows.dtype} {list(rows.shape)}; give '
      'numbers [images, size]'
    )
  if len(names) != len(rows):
    raise ValueError(
      f'{dataset}: {path} holds {len(names)} names and {len(rows)} vectors; '
      'give one row to each name'
    )
  return names.tolist(), rows


def _check_expansion(path: pathlib.Path) -> None:
  """Refuses a compressed file of which a few bytes fill all memory."""
  with zipfile.ZipFile(path) as archive:
    expanded = sum(member.file_size for member in archive.infolist())
  if expanded > max(_UNSUSPICIOUS, _MAX_EXPANSION * path.stat().st_size):
    raise ValueError(f'it would expand to {expanded:,} bytes')


def check_vectors(
  rows: np.ndarray, names: Sequence[str], *, dataset: str
) -> np.ndarray:
  """Returns the vectors as float32; each must be finite and not zero.

  Args:
    rows: numbers [n, size].
    names: name of the image that each row belongs to.
    dataset: where the rows come from, for the message.

  Raises:
    ValueError: a vector holds NaN or Inf or is all zeros; names its image.
  """
  # What float32 cannot hold becomes Inf, which is reported below.
  with np.errstate(over='ignore'):
    rows = np.asarray(rows, np.float32)
  finite = np.isfinite(rows).all(axis=1)
  for good, what in (
    (finite, 'holds NaN or Inf'),
    (rows.any(axis=1), 'is all zeros and has no direction'),
  ):
    if not good.all():
      bad = np.flatnonzero(~good)
      raise ValueError(
        f'{dataset}: the vector of {names[bad[0]]!r} {what}'
        f'{f", and so do {len(bad) - 1} more" if len(bad) > 1 else ""}; mend '
        'it, or take the image out'
      )
  return rows

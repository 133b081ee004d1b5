"""A vector for each image, such as what a face recognizer says of it.

Identity distillation (Li, "Twin-GAN", 2018, and its code) learns from vectors
that were computed beforehand and come with the images. Here they lie beside
the images, never among the decoded ones: each row belongs to a name, so that
an image that cannot be read takes its own row along and no other.

A folder's are in one file that three lines write:

  names = [path.relative_to(folder).as_posix() for path in paths]
  rows = [recognize(path) for path in paths]  # float [n, size]
  np.savez(folder / 'vectors.npz', names=names, vectors=rows)
"""

import os
import pathlib
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from tf_twingan import errors
from tf_twingan.data.avatars import characters

# What every style shows, and no pose, expression or mirror changes.
_WHO = {
  'hair_color': (
    *characters.NATURAL_HAIR.values(),
    *characters.VIVID_HAIR.values(),
  ),
  'hair_shape': characters.HAIR_SHAPES,
  'skin_color': characters.SKIN,
}
_RECIPE = 'write it by np.savez(FILE, names=[...], vectors=[[...], ...])'


def of_file(
  path: str | os.PathLike, names: Sequence[str], *, source: str
) -> np.ndarray:
  """Reads the rows of some names.

  Args:
    path: an .npz file that holds `names`, strings [m], each once, and
      `vectors`, numbers [m, size]; rows of other names are left out.
    names: of the images, as paths below the folder with forward slashes.
    source: what the user calls the images, for messages.

  Returns:
    float32 [len(names), size], row i for name i.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it holds something else, a name has no row, or a row is not
      finite or nothing but zeros; names the file.
  """
  path = pathlib.Path(path)
  known, rows = _read(path, source)
  places = {name: place for place, name in enumerate(known)}
  if len(places) < len(known):
    seen: set[str] = set()
    twice = next(n for n in known if n in seen or seen.add(n))
    raise ValueError(
      f'{source}: {path} names {twice!r} twice; keep one row of each image'
    )
  missing = [name for name in names if name not in places]
  if missing:
    raise ValueError(
      f'{source}: {path} has no row for {len(missing)} of {len(names)} '
      f'images, the first of them {missing[0]!r} (it has one for '
      f'{known[0] if known else "none"!r}); add rows, or take those images '
      'out of the folder'
    )
  return checked(
    rows[[places[name] for name in names]], names, source=f'{source}: {path}'
  )


def _read(path, source):
  if not path.is_file():
    raise FileNotFoundError(
      f'{source}: no vectors at {path}; a relative path starts at the folder '
      f'of the images; {_RECIPE}'
    )
  try:
    with np.load(path, allow_pickle=False) as file:
      names, rows = file['names'], file['vectors']
  # A .npy or text, a damaged archive, an array missing, or one of objects.
  except (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
  ) as error:
    raise ValueError(
      f'{source}: {path} holds no arrays of names and vectors '
      f'({errors.first_line(error)});'
      f' {_RECIPE}'
    ) from None
  if names.dtype.kind != 'U' or names.ndim != 1:
    raise ValueError(
      f'{source}: names in {path} are {names.dtype} {list(names.shape)}; give '
      'a list of strings'
    )
  if rows.ndim != 2 or not rows.shape[1] or rows.dtype.kind not in 'fiu':
    raise ValueError(
      f'{source}: vectors in {path} are {rows.dtype} {list(rows.shape)}; give '
      'numbers [images, size]'
    )
  if len(names) != len(rows):
    raise ValueError(
      f'{source}: {path} holds {len(names)} names and {len(rows)} vectors; '
      'give one row to each name'
    )
  return names.tolist(), rows


def checked(
  rows: np.ndarray, names: Sequence[str], *, source: str
) -> np.ndarray:
  """The rows as float32, or a ValueError that names one without direction.

  Args:
    rows: numbers [n, size].
    names: of the rows.
    source: where they come from, for the message.
  """
  with np.errstate(over='ignore'):  # What float32 cannot hold is told below.
    rows = np.asarray(rows, np.float32)
  finite = np.isfinite(rows).all(axis=1)
  for good, what in (
    (finite, 'holds NaN or Inf'),
    (rows.any(axis=1), 'is zero everywhere, which points nowhere'),
  ):
    if not good.all():
      bad = np.flatnonzero(~good)
      raise ValueError(
        f'{source}: the vector of {names[bad[0]]!r} {what}'
        f'{f", and so do {len(bad) - 1} more" if len(bad) > 1 else ""}; mend '
        'it, or take the image out'
      )
  return rows


def of_characters(factors: Mapping[str, np.ndarray]) -> np.ndarray:
  """Who avatars are: hair colour, hair shape and skin, each one-hot.

  These are the labels that the drawings were made from, so that what is
  trained by them is no longer trained by images alone.

  Args:
    factors: as of `avatar_twins.load`.

  Returns:
    float32 [n, 29].
  """
  return np.concatenate(
    [
      factors[name][:, None] == np.array(values)
      for name, values in _WHO.items()
    ],
    axis=1,
  ).astype(np.float32)

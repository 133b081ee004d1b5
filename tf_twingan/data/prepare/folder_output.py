"""Prepared images as a folder: train/NAME.png and test/NAME.png.

Names are those of the photos, subfolders too, made plain: every system takes
them, and they need no quotes in a record.
"""

import collections
import os
import pathlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from tf_twingan import files, plain_names
from tf_twingan.data.sources import base

_SUFFIX = '.png'
# What folders of a split are called.
_FOLDERS = dict(zip(base.SPLITS, (('train',), base.TEST_NAMES)))
# Leaves room for a number and the suffix.
_MAX_BYTES = plain_names.MAX_BYTES - 40
# Windows takes none of these.
_FORBIDDEN = frozenset('/\\:*?"<>|')


def write(
  folder: pathlib.Path, names: Sequence[str], pngs: Iterable[bytes]
) -> dict[str, str]:
  """Writes images.

  Args:
    folder: the folder that gets `train` and `test`; one without images is not
      made, as it would be taken for a split.
    names: names of the images, from `image_names`.
    pngs: the images.

  Returns:
    The checksum of each file, by its name.

  Raises:
    OSError: one cannot be written.
  """
  digests = {}
  for name, png in zip(names, pngs):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    digests[name] = files.sha256(png)
  return digests


def image_names(
  photos: Sequence[str], faces: Sequence[int], splits: Sequence[str]
) -> list[str]:
  """What the images are called: SPLIT/NAME.png, each name once.

  A photo's first image has the name of the photo, `portrait.jpg` becomes
  `portrait.png`, and the next ones have a number, `portrait_1.png`. Where two
  photos would give the same name they keep their suffixes (`portrait.jpg.png`).
  Names that differ in upper and lower case only count as one, and a folder's
  name counts, too: beside the folder `portrait.png` it is `portrait.jpg.png`.

  Args:
    photos: the photo that each image was cut from.
    faces: which of the photo's images it is.
    splits: the split of each image; a folder of that name at the beginning of a
      photo's name is left out.
  """
  plain = {
    (photo, split): _plain_path(photo, split)
    for photo, split in zip(photos, splits)
  }
  taken = {
    _key(str(folder))
    for path in plain.values()
    for folder in pathlib.PurePosixPath(path).parents
  }
  stems = collections.Counter(_key(_stem(path)) for path in plain.values())
  names = []
  for photo, face, split in zip(photos, faces, splits):
    path = plain[photo, split]
    is_alone = stems[_key(_stem(path))] == 1
    name = next(
      n for n in _possible_names(path, face, is_alone) if _key(n) not in taken
    )
    taken.add(_key(name))
    names.append(name)
  return names


def _plain_path(photo: str, split: str) -> str:
  parts = [part for part in photo.split('/') if part not in ('', '.', '..')]
  if len(parts) > 1 and parts[0].casefold() in _FOLDERS[split]:
    del parts[0]
  return '/'.join([split, *map(plain_name, parts or ['image'])])


def plain_name(name: str) -> str:
  """A file's or folder's name that every system takes.

  Whatever is no printable character, or means something to a system, becomes
  `_`; a name that is too long is cut and told apart by its checksum.

  Args:
    name: any name.
  """
  plain = ''.join(
    c if c.isprintable() and c not in _FORBIDDEN else '_' for c in name
  )
  if plain.startswith('.'):
    plain = f'_{plain[1:]}'
  plain = plain.rstrip(' .') or '_'
  if len(plain.encode()) <= _MAX_BYTES:
    return plain
  stem, suffix = os.path.splitext(plain)
  digest = files.sha256(name.encode(errors='surrogatepass'))[:8]
  suffix = suffix if len(suffix.encode()) <= 8 else ''
  cut = stem.encode()[: _MAX_BYTES - 20].decode(errors='ignore')
  return f'{cut}-{digest}{suffix}'


def _stem(path: str) -> str:
  return os.path.splitext(path)[0]


def _key(name: str) -> str:
  """What names have in common that some disk takes for one."""
  return unicodedata.normalize('NFC', name).casefold()


def _possible_names(path: str, face: int, is_alone: bool) -> Iterator[str]:
  number = f'_{face}' if face else ''
  if is_alone:
    yield f'{_stem(path)}{number}{_SUFFIX}'
  yield f'{path}{number}{_SUFFIX}'
  count = 2
  while True:
    yield f'{path}{number}-{count}{_SUFFIX}'
    count += 1

"""Translates image files into PNG files of the same names."""

import collections
import itertools
import os
import pathlib
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import tqdm

from tf_twingan import errors, framing, image_io
from tf_twingan.data.prepare import photos
from tf_twingan.inference import batching, output_files, translator


def find_images(
  path: str | os.PathLike, folder: str | os.PathLike
) -> list[pathlib.Path]:
  """The image files of a path: the file itself, or all below a folder.

  Files below the folder for the output are left out, as they are output of an
  earlier call, and that is printed.

  Args:
    path: an image file, or a folder.
    folder: folder for the output; may lie inside of `path`.

  Raises:
    FileNotFoundError: there is nothing at this path.
    ValueError: it is a folder without images, or is itself the folder for the
      output.
  """
  root = pathlib.Path(path)
  if root.exists() and not root.is_dir():
    return [root]
  if not os.path.lexists(root):
    raise FileNotFoundError(_missing(os.fspath(path)))
  found = image_io.list_files(root)
  output, within = os.path.realpath(folder), os.path.realpath(root)
  images = found
  if not _is_below(within, output):
    images = [
      p for p in found if not _is_below(os.path.realpath(p.parent), output)
    ]
  if len(images) < len(found):
    print(
      f'{len(found) - len(images)} images in {errors.printable(folder)} are '
      'left out: outputs go there.'
    )
  if not images:
    raise ValueError(
      f'{root} holds no images; these are looked for: '
      f'{", ".join(sorted(image_io.SUFFIXES))}.'
    )
  return images


def _missing(path: str) -> str:
  """Says that there is nothing at a path, and what a user may have meant."""
  name = errors.printable(path)
  if '://' in path:
    return f'{name}: addresses are not opened; download the file and give that'
  if any(letter in path for letter in '*?['):
    return (
      f'{name}: no such file or folder, and patterns are not looked for; give '
      'the folder of the images'
    )
  return f'{name}: no such file or folder; check the path'


def _is_below(path: str, folder: str) -> bool:
  """Whether a path is a folder's or one inside of it; both without links."""
  return pathlib.PurePath(path).is_relative_to(folder)


def output_paths(
  images: Sequence[pathlib.Path],
  root: str | os.PathLike,
  folder: str | os.PathLike,
) -> dict[pathlib.Path, pathlib.Path]:
  """Where the output of each image goes: PNG files with the names of theirs.

  Where two would have one name, they keep their suffixes (`a.jpg.png`), and
  where these are alike, too, a number is added (`a.jpg-2.png`). Names that
  differ in upper and lower case only count as one, as many disks take them.

  Args:
    images: image files, from `find_images`.
    root: the path they were found at; folders below it are kept.
    folder: folder for the output.

  Raises:
    ValueError: a file would be overwritten, or the folder is that of the
      images, so that outputs would pass for images the next time.
  """
  root = pathlib.Path(root)
  names = {
    path: pathlib.Path(path.relative_to(root) if path != root else path.name)
    for path in images
  }
  stems = collections.Counter(_key(n.with_suffix('')) for n in names.values())
  taken = {_key(parent) for name in names.values() for parent in name.parents}
  outputs = {}
  for path, name in names.items():
    is_unique = stems[_key(name.with_suffix(''))] == 1
    output = next(
      n for n in _possible_names(name, is_unique) if _key(n) not in taken
    )
    taken.add(_key(output))
    outputs[path] = pathlib.Path(folder, output)
  originals = {os.path.realpath(path) for path in images}
  for output in outputs.values():
    if os.path.realpath(output) in originals:
      raise ValueError(
        f'{output} is one of the images to translate and would be '
        'overwritten; choose another --output.'
      )
  if root.is_dir() and os.path.realpath(root) == os.path.realpath(folder):
    raise ValueError(
      f'{folder} holds the images, and the next time the outputs would be '
      f'taken for images, too; choose another --output, such as '
      f'{pathlib.Path(folder, "translated")}.'
    )
  return outputs


def _key(path: pathlib.Path) -> str:
  """What names have in common that some disk takes for one."""
  return unicodedata.normalize('NFC', path.as_posix()).casefold()


def _possible_names(
  name: pathlib.Path, is_unique: bool
) -> Iterator[pathlib.Path]:
  """Names of an image's output, the best one first."""
  if is_unique:
    yield name.with_suffix('.png')
  yield name.with_name(f'{name.name}.png')
  for number in itertools.count(2):
    yield name.with_name(f'{name.name}-{number}.png')


def translate_files(
  model: translator.Translator,
  outputs: Mapping[pathlib.Path, pathlib.Path],
  to: str,
  source: str | None = None,
  *,
  style: np.ndarray | None = None,
  side_by_side: bool = False,
) -> dict[pathlib.Path, str]:
  """Translates image files, a batch at a time, with a progress bar.

  Args:
    model: the translator to use.
    outputs: where the output of each file goes, from `output_paths`.
    to: name of the domain to translate to.
    source: name of the domain that the images belong to; may be left out if
      the model has two.
    style: style code of all outputs, or None; see `Translator.translate`.
    side_by_side: whether to put each output to the right of its source.

  Returns:
    The files that could not be read, or whose output could not be written
    although that of others could, each with the reason.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    KeyboardInterrupt: the user stopped it; says how many are translated.
    OSError: nothing can be written any more; likewise.
  """
  skipped: dict[pathlib.Path, str] = {}
  paths = list(outputs)
  source = model.source_for(to, source)
  frame = model.framing_of(source)
  if frame.preparation is not None:
    done = photos.describe(frame.preparation)
    print(f'Images of {source} are prepared as in training: {done}.')
  if frame[:2] != framing.Framing()[:2]:
    print(f'Images of {source} are framed as in training: {frame}.')
  folder = os.path.commonpath([path.parent for path in outputs.values()])
  with output_files.OutputFiles(folder, len(paths), 'translated') as writer:
    for part in tqdm.tqdm(
      list(batching.slices(len(paths))),
      unit=' batches',
      desc=f'translating to {to}',
    ):
      images = _read(model, paths[part], source, skipped)
      if not images:
        continue
      sources = np.stack(list(images.values()))
      translated = model.translate(sources, to, source, style=style)
      if side_by_side:
        translated = np.concatenate([sources, translated], axis=2)
      for path, image in zip(images, translated):
        reason = writer.write(outputs[path], image)
        if reason:
          skipped[path] = reason
  return skipped


def print_result(
  count: int, skipped: Mapping[pathlib.Path, str], folder: str | os.PathLike
) -> None:
  """Prints how many images are translated, and lists the others.

  Args:
    count: number of images that were to be translated.
    skipped: what `translate_files` returned.
    folder: folder of the output.

  Raises:
    ValueError: not one is translated.
  """
  done = count - len(skipped)
  print(f'{done} of {count} images translated to {errors.printable(folder)}')
  for path, reason in skipped.items():
    print(errors.printable(f'  skipped {path}: {reason}'), file=sys.stderr)
  if not done:
    raise ValueError('no image could be read and its translation written.')


def _read(
  model: translator.Translator,
  paths: Iterable[pathlib.Path],
  source: str,
  skipped: dict[pathlib.Path, str],
) -> dict[pathlib.Path, np.ndarray]:
  """The images that can be read; the others are added to `skipped`."""
  images = {}
  for path in paths:
    try:
      images[path] = model.read(path, source)
    except image_io.UnreadableImage as error:
      skipped[path] = error.reason
  return images

"""Translates image files into files of the same names; goes on where it was.

What is there already, of the same image by the same model and options, is not
done again.
"""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import tqdm

from tf_twingan import (
  errors,
  files,
  framing,
  image_io,
  photo_files,
  provenance,
)
from tf_twingan.data.prepare import photos
from tf_twingan.inference import (
  file_methods,
  file_pipeline,
  output_files,
  result_record,
  translator,
)
from tf_twingan.inference.films import containers


def find_images(
  path: str | os.PathLike, folder: str | os.PathLike
) -> list[pathlib.Path]:
  """The image files of a path: the file itself, or all below a folder.

  Files below the folder for the output are left out, as they are output of an
  earlier call, and so are films, which are translated one by one; that is
  printed.

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
  found = image_io.list_files(root, image_io.SUFFIXES + containers.SUFFIXES)
  films = [path for path in found if containers.is_film(path)]
  found = [path for path in found if not containers.is_film(path)]
  output, within = os.path.realpath(folder), os.path.realpath(root)
  images = found
  if not _is_below(within, output):
    images, films = (
      [p for p in paths if not _is_below(os.path.realpath(p.parent), output)]
      for paths in (found, films)
    )
  if len(images) < len(found):
    print(
      f'{len(found) - len(images)} images in {errors.printable(folder)} are '
      'left out: outputs go there.'
    )
  if films:
    print(
      f'{len(films)} films in {errors.printable(root)} are left out: give each '
      f'by itself, --input={errors.printable(films[0])}.'
    )
  if not images:
    raise ValueError(
      f'{errors.printable(root)} holds no images; these are looked for: '
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
  kind: photo_files.Format = 'png',
  *,
  has_others: bool = False,
) -> dict[pathlib.Path, pathlib.Path]:
  """Where the output of each image goes: files with the names of theirs.

  Where two would have one name, they keep their suffixes (`a.jpg.png`), and
  where these are alike, too, a number is added (`a.jpg-2.png`). Names that
  differ in upper and lower case only count as one, as many disks take them.

  Args:
    images: image files, from `find_images`.
    root: the path they were found at; folders below it are kept.
    folder: folder for the output.
    kind: format of the outputs, which gives them their suffix.
    has_others: whether an image may have further outputs (`a.face2.png`). Then
      one that is named so keeps its suffix, too: `a.face2.png.png`.

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
  suffix = photo_files.SUFFIXES[kind]
  for path, name in names.items():
    is_unique = stems[_key(name.with_suffix(''))] == 1
    if has_others and result_record.first_path(name) is not None:
      is_unique = False
    output = next(
      n
      for n in _possible_names(name, suffix, is_unique)
      if _key(n) not in taken
    )
    taken.add(_key(output))
    outputs[path] = pathlib.Path(folder, output)
  check_originals(outputs, has_others=has_others)
  if root.is_dir() and os.path.realpath(root) == os.path.realpath(folder):
    raise ValueError(
      f'{folder} holds the images, and the next time the outputs would be '
      f'taken for images, too; choose another --output, such as '
      f'{pathlib.Path(folder, "translated")}.'
    )
  return outputs


def check_originals(
  outputs: Mapping[pathlib.Path, pathlib.Path], *, has_others: bool = False
) -> None:
  """Refuses to overwrite an image by the output of one.

  Args:
    outputs: where the output of each image goes.
    has_others: whether an image may have further outputs.

  Raises:
    ValueError: one would be overwritten; names it.
  """
  originals = {os.path.realpath(path) for path in outputs}
  taken = {os.path.realpath(output): output for output in outputs.values()}
  for path in originals:
    overwritten = taken.get(path)
    first = result_record.first_path(path) if has_others else None
    if first is not None and os.fspath(first) in taken:
      overwritten = pathlib.Path(path)
    if overwritten is not None:
      raise ValueError(
        f'{errors.printable(overwritten)} is one of the images to translate '
        'and would be overwritten; choose another --output.'
      )


def _key(path: pathlib.Path) -> str:
  """What names have in common that some disk takes for one."""
  return unicodedata.normalize('NFC', path.as_posix()).casefold()


def _possible_names(
  name: pathlib.Path, suffix: str, is_unique: bool
) -> Iterator[pathlib.Path]:
  """Names of an image's output, the best one first."""
  if is_unique:
    yield name.with_suffix(suffix)
  yield name.with_name(f'{name.name}{suffix}')
  for number in itertools.count(2):
    yield name.with_name(f'{name.name}-{number}{suffix}')


def translate_files(
  method: file_methods.Method,
  outputs: Mapping[pathlib.Path, pathlib.Path],
  folder: str | os.PathLike,
  *,
  kind: photo_files.Format = 'png',
  origin: provenance.Provenance | None = None,
  record: result_record.ResultRecord | None = None,
  description: str = 'translating',
  workers: int | None = None,
) -> dict[pathlib.Path, str]:
  """Translates image files, in threads, with a progress bar.

  Args:
    method: what becomes of each file.
    outputs: where the output of each file goes, from `output_paths`.
    folder: folder for the output.
    kind: format of the outputs.
    origin: what they say of how they came about; its `source_type` is that of
      the method. None for nothing.
    record: the record of the folder, by which outputs that are there already
      are left as they are; None to translate all of them.
    description: what the progress bar says.
    workers: number of threads; None for that of the processors.

  Returns:
    The files that could not be read, or whose output could not be written
    although that of others could, each with the reason.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    KeyboardInterrupt: the user stopped it; says how many are translated.
    OSError: nothing can be written any more; likewise.
  """
  origin = stated(method, origin)
  todo, noted = outputs, None
  if record is not None:
    noted = output_files.Record(record, key_of(method, kind, origin))
    todo = remaining(outputs, noted)
  count, done = len(outputs), len(outputs) - len(todo)
  skipped: dict[pathlib.Path, str] = {}
  writer = output_files.OutputFiles(
    folder,
    count,
    'translated',
    kind=kind,
    origin=origin,
    record=noted,
    done=done,
  )
  with (
    writer,
    tqdm.tqdm(
      total=count, initial=done, unit=' images', desc=description
    ) as progress,
    contextlib.closing(
      file_pipeline.translate(method, todo.items(), writer, workers=workers)
    ) as results,
  ):
    for path, reason in results:
      progress.update()
      if reason is not None:
        skipped[path] = reason
  return skipped


def print_framing(model: translator.Translator, source: str) -> None:
  """Prints how images of a domain become squares, if that is not plain."""
  frame = model.framing_of(source)
  if frame.preparation is not None:
    done = photos.describe(frame.preparation)
    print(f'Images of {source} are prepared as in training: {done}.')
  if frame[:2] != framing.Framing()[:2]:
    print(f'Images of {source} are framed as in training: {frame}.')


def stated(
  method: file_methods.Method, origin: provenance.Provenance | None
) -> provenance.Provenance | None:
  """What the results of a method say of themselves."""
  if origin is None:
    return None
  return origin._replace(source_type=method.source_type)


def remaining(
  outputs: Mapping[pathlib.Path, pathlib.Path], noted: output_files.Record
) -> dict[pathlib.Path, pathlib.Path]:
  """Leaves out what is there already, and prints how many these are."""
  todo = {
    path: output
    for path, output in outputs.items()
    if not noted.record.is_done(output, path, noted.key)
  }
  done = len(outputs) - len(todo)
  if done:
    print(f'{done} of {len(outputs)} images are translated already and stay.')
  return todo


def key_of(
  method: file_methods.Method,
  kind: photo_files.Format,
  origin: provenance.Provenance | None,
) -> str:
  """Stands for all that decides the bytes of an output but its source.

  Args:
    method: what becomes of each file.
    kind: format of the outputs.
    origin: from `stated`.
  """
  asked = [dict(method.options), kind, origin]
  return files.sha256(json.dumps(asked, sort_keys=True))[:16]

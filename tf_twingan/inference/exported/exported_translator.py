"""Opens a bundle, a SavedModel or a TFLite file as a translator.

An exported file translates in one direction (those of all directions in
several) and has no encoder. Which direction that is, its bundle's manifest
says, or else the file's own metadata or signatures, or else the user.
"""

import itertools
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tqdm

from tf_twingan import framing, image_arrays, regular_files
from tf_twingan.data.prepare import photos
from tf_twingan.inference import batching
from tf_twingan.inference.exported import bundle_manifest, saved_model, tflite

_TFLITE = '.tflite'
# {format: why it is not opened as a translator}
_NOT_TRANSLATORS = {
  'embed': 'embeds and does not translate',
  'search': 'searches and does not translate',
  'onnx': 'ONNX is not read',
  'web': 'is a page for browsers',
}

# Images, uint8 [n, px, px, 3], to their translations, the same.
TranslateFunction = Callable[[np.ndarray], np.ndarray]


class ExportedTranslator:
  """One exported file, with the `translate` of a Translator.

  Attributes:
    path: location of the file.
    resolution: side of the images that it takes, px.
    framings: {name of a direction: how its images become squares}; without an
      entry, the largest square in the middle is used.
    saved: what was loaded, if it is a SavedModel; None for a TFLite file.
  """

  saved: saved_model.SavedModel | None = None

  def __init__(
    self,
    path: pathlib.Path,
    resolution: int,
    functions: Mapping[str, TranslateFunction],
    *,
    name_is_uncertain: bool = False,
    framings: Mapping[str, framing.Framing] = {},
  ):
    """Wraps the functions of a file.

    Args:
      path: location of the file.
      resolution: side of the images that it takes, px.
      functions: {name of the direction, '' if it is not known: the function
        that translates}.
      name_is_uncertain: whether the name of the direction may be something
        else, such as a title that another program gave the file.
      framings: see the attribute.
    """
    self.path, self.resolution = path, resolution
    self.framings = dict(framings)
    self._functions = dict(functions)
    self._name_is_uncertain = name_is_uncertain

  def supports(self, source: str, to: str) -> bool:
    """Whether it translates images of one domain to the other."""
    return bundle_manifest.direction(source, to) in self._functions

  def function(self, source: str, to: str) -> TranslateFunction:
    """What translates squares of its resolution from one domain to another.

    Raises:
      ValueError: the file does not translate in this direction.
    """
    return self._functions[self._name(source, to)]

  def between(
    self, first: str, second: str, requested: tuple[str, str] | None = None
  ) -> 'ExportedTranslator':
    """The same file, with its direction between two domains settled.

    Args:
      first: name of a domain.
      second: name of another domain.
      requested: (source, target) that the user names as its direction; None
        if the user names none.

    Raises:
      ValueError: the direction is not known, or is not the file's.
    """
    both = {(first, second), (second, first)}
    supported = {pair for pair in both if self.supports(*pair)}
    if requested and requested not in both:
      raise ValueError(
        f'--from={requested[0]} and --to={requested[1]} are not the domains '
        f'{first} and {second}; name both of them.'
      )
    if supported:
      if not requested:
        return self
      name = bundle_manifest.direction(*requested)
      if requested in supported:
        return ExportedTranslator(
          self.path,
          self.resolution,
          {name: self._functions[name]},
          framings=self.framings,
        )
      raise ValueError(
        f'{self.path} translates {self._names()}, not {name}; export that '
        f'with `python -m export --to={requested[1]}`.'
      )
    if '' not in self._functions and not self._name_is_uncertain:
      raise ValueError(
        f'{self.path} translates {self._names()}, but the domains are {first} '
        f'and {second}; name them as it does, in --source=DOMAIN=DATASET.'
      )
    if not requested:
      raise ValueError(
        f'{self.path} does not say which of {first} and {second} it '
        f'translates to (no {bundle_manifest.MANIFEST} beside it; it calls '
        f'itself {self._names()!r}). Give it as --exported with '
        f'--from={first} --to={second} or the reverse, or keep it in its '
        'bundle.'
      )
    (function,) = self._functions.values()
    return ExportedTranslator(
      self.path,
      self.resolution,
      {bundle_manifest.direction(*requested): function},
    )

  def translate(
    self, images: np.ndarray, to: str, source: str | None = None
  ) -> np.ndarray:
    """Translates images to another domain.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size. Those of the file's
        resolution pass as they are; others are framed as in `framings`, but
        no face is looked for: `read` prepares photos.
      to: name of the domain to translate to.
      source: name of the domain the images belong to; may be left out if
        there is only one to translate from.

    Returns:
      uint8 RGB [n, height, width, 3].

    Raises:
      FloatingPointError: the file gives NaN, as a training that diverged does.
      ValueError: the file does not translate in this direction, or `images` is
        no such array.
    """
    name, size = self._name(source, to), self.resolution
    function = self._functions[name]
    frame = self.framings.get(name, framing.Framing())
    images = image_arrays.check_images(images)

    def translate(batch):
      if batch.shape[1:3] != (size, size):
        batch = frame.squares(batch, size)
      outputs = function(batch)
      bar.update(len(batch))
      return outputs

    title = '/'.join(self.path.parts[-2:])
    with tqdm.tqdm(
      total=len(images), desc=title, unit=' images', leave=False
    ) as bar:
      return batching.apply(translate, images)

  def read(
    self, path: str | os.PathLike, to: str, source: str | None = None
  ) -> np.ndarray:
    """Reads an image file as `translate` takes it, prepared as in training.

    Args:
      path: an image of any size and common format.
      to: see `translate`.
      source: see `translate`.

    Returns:
      uint8 RGB [resolution, resolution, 3].

    Raises:
      UnreadableImage: it is no readable image, or has no face where one is
        needed.
      ValueError: the file does not translate in this direction.
      MissingPackage: photos are prepared for this model, and the extra for it
        is not installed.
    """
    frame = self.framings.get(self._name(source, to), framing.Framing())
    return photos.read(path, frame, self.resolution)

  def _name(self, source: str | None, to: str) -> str:
    """The name of a direction that the file translates."""
    if source is None:
      suffix = bundle_manifest.direction('', to)
      names = [name for name in self._functions if name.endswith(suffix)]
    else:
      name = bundle_manifest.direction(source, to)
      names = [name] if name in self._functions else []
    if len(names) != 1:
      raise ValueError(
        f'{self.path} translates {self._names()}, not {source or "one"} to '
        f'{to}.'
      )
    return names[0]

  def _names(self) -> str:
    return ', '.join(filter(None, self._functions)) or 'an unnamed direction'


class ExportedFiles(NamedTuple):
  """The translators at a path, and what their bundle says of them.

  Attributes:
    translators: {format: the file of this format}; the key is '' for a single
      file.
    domains: (source, target) by the manifest; None without a manifest and for
      all directions.
    origin: the model that was exported, as `Translator.reopen` takes it, or
      None.
    images_seen: number of images of each domain that the model was trained
      on, or None.
    left_out: {file of the bundle: why it is not among the translators}.
  """

  translators: Mapping[str, ExportedTranslator]
  domains: tuple[str, str] | None = None
  origin: str | None = None
  images_seen: int | None = None
  left_out: Mapping[str, str] = {}


def is_export(path: str | os.PathLike) -> bool:
  """Whether a path, which need not exist, looks like that of an export."""
  path = pathlib.Path(path)
  return (
    path.is_file()
    or path.suffix == _TFLITE
    or (path / bundle_manifest.MANIFEST).is_file()
    or saved_model.SavedModel.is_one(path)
  )


def open_export(path: str | os.PathLike) -> ExportedFiles:
  """Opens everything at a path that translates.

  Args:
    path: a bundle (the folder with its manifest), a version of a SavedModel or
      a TFLite file.

  Raises:
    FileNotFoundError: it, or a file of the bundle, is missing.
    ValueError: nothing there translates; says what there is instead.
  """
  path = pathlib.Path(path)
  if not path.exists():
    raise FileNotFoundError(f'{path}: no such file or folder; check the path.')
  if (path / bundle_manifest.MANIFEST).is_file():
    return _open_bundle(path)
  is_saved_model = saved_model.SavedModel.is_one(path)
  if path.is_dir() and not is_saved_model:
    raise ValueError(
      f'{path} is no export: it holds neither {bundle_manifest.MANIFEST}, '
      f'as a bundle does, nor {saved_model.FILE}, as a version of a SavedModel '
      f'does. {_suggestion(path)}'
    )
  # A SavedModel is BUNDLE/saved_model/VERSION.
  file = path.resolve()
  folder = file.parent.parent if is_saved_model else file.parent
  # A manifest that does not list the file is another bundle's.
  name, manifest = file.relative_to(folder).as_posix(), {}
  if (folder / bundle_manifest.MANIFEST).is_file():
    manifest = bundle_manifest.read_manifest(folder)
  if name not in manifest.get('files', {}):
    return ExportedFiles({'': _open_file(path, [])})
  translator = _open_file(path, bundle_manifest.directions(manifest))
  return _with_manifest(manifest, {'': translator}, {})


def _open_bundle(folder: pathlib.Path) -> ExportedFiles:
  manifest = bundle_manifest.read_manifest(folder)
  directions = bundle_manifest.directions(manifest)
  translators, left_out = {}, {}
  for file, entry in manifest['files'].items():
    kind = entry['format']
    if kind in _NOT_TRANSLATORS:
      left_out[file] = _NOT_TRANSLATORS[kind]
      continue
    location = bundle_manifest.file_path(folder, file)
    if not location.exists():
      raise FileNotFoundError(
        f'{location} is missing, though {bundle_manifest.MANIFEST} names '
        'it; export again.'
      )
    if not location.is_dir() and location.suffix != _TFLITE:
      left_out[file] = f'this version does not read the format {kind}'
      continue
    translators[kind] = _open_file(location, directions)
  if not translators:
    raise ValueError(
      f'{folder} holds nothing that translates, only '
      f'{", ".join(left_out) or "a manifest"}; export again with, say, '
      '--formats=saved_model,int8.'
    )
  return _with_manifest(manifest, translators, left_out)


def _with_manifest(manifest, translators, left_out) -> ExportedFiles:
  model = manifest.get('model', {})
  for translator in translators.values():
    translator.framings |= bundle_manifest.framings(manifest)
  return ExportedFiles(
    translators,
    None
    if manifest.get('domains')
    else (manifest['source'], manifest['target']),
    model.get('origin'),
    model.get('images_seen'),
    left_out,
  )


def _open_file(
  path: pathlib.Path, directions: Sequence[tuple[str, str]]
) -> ExportedTranslator:
  """Opens one file.

  Args:
    path: location of the file.
    directions: (source, target) of each direction that the bundle's manifest
      says it has; empty without a manifest.
  """
  names = [bundle_manifest.direction(*pair) for pair in directions]
  only_name = names[0] if len(names) == 1 else ''
  try:
    if path.is_dir():
      saved = saved_model.SavedModel(path)
      translator = ExportedTranslator(
        path,
        saved.side,
        {name or only_name: f for name, f in saved.functions.items()},
      )
      translator.saved = saved
      return translator
    file = tflite.File(regular_files.read(path))
    if len(file.shape) != 4 or file.shape[3] != 3:
      raise ValueError(
        f'it gives {file.shape}, which is no image but, as the embed format '
        'does, numbers to search with; give a file of another format'
      )
    if file.choices:
      return ExportedTranslator(
        path, file.side, _functions_by_choice(file, directions)
      )
  except ValueError as error:
    raise ValueError(f'{path}: {error}.') from error
  return ExportedTranslator(
    path,
    file.side,
    {only_name or file.name: file.translate},
    name_is_uncertain=not only_name,
  )


def _functions_by_choice(
  file: tflite.File, directions: Sequence[tuple[str, str]]
) -> dict[str, TranslateFunction]:
  """The functions of a file that takes the domains' numbers as inputs."""
  if len(directions) < 2 or set(file.choices) != {'source', 'target'}:
    raise ValueError(
      f'it takes {", ".join(file.choices)} beside the image, and no '
      f'{bundle_manifest.MANIFEST} beside it says which domains their numbers '
      'stand for; keep it in its bundle'
    )
  domains = list(dict.fromkeys(source for source, _ in directions))

  def function(source, target):
    numbers = dict(source=domains.index(source), target=domains.index(target))
    return lambda images: file.translate(images, **numbers)

  return {bundle_manifest.direction(*d): function(*d) for d in directions}


def _suggestion(folder: pathlib.Path) -> str:
  """A sentence that says what to give instead of a folder."""
  inside = itertools.chain(folder.glob('*'), folder.glob('*/*'))
  exports = sorted(
    str(p)
    for p in inside
    if is_export(p) and (p.is_dir() or p.suffix == _TFLITE)
  )
  if exports:
    return f'Give {" or ".join(exports)}.'
  return 'Write one with `python -m export`.'

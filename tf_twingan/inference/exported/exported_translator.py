"""From a path to what draws: a bundle, a SavedModel or a TFLite file.

An exported file draws in one direction (a SavedModel of all directions in
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

from tf_twingan import image_arrays
from tf_twingan.inference.exported import bundle_manifest, saved_model, tflite

_BATCH = 32
_TFLITE = '.tflite'
_DRAW_NOTHING = {
  'embed': 'embeds and draws nothing',
  'search': 'searches and draws nothing',
  'onnx': 'ONNX is not read',
}

Draw = Callable[[np.ndarray], np.ndarray]


class Drawer:
  """One exported file, as something that translates.

  Attributes:
    path: where it is.
    resolution: side of the images that it takes, px.
  """

  def __init__(
    self,
    path: pathlib.Path,
    resolution: int,
    draw: Mapping[str, Draw],
    *,
    guessed: bool = False,
  ):
    """Wraps what draws.

    Args:
      path: where it is.
      resolution: side of the images that it takes, px.
      draw: {direction, '' if it is not known: a function of images, uint8
        [n, resolution, resolution, 3], to such}.
      guessed: whether the name of the direction may be something else.
    """
    self.path, self.resolution = path, resolution
    self._draw, self._guessed = dict(draw), guessed

  def supports(self, source: str, to: str) -> bool:
    """Whether it draws images of one domain in the other."""
    return bundle_manifest.direction(source, to) in self._draw

  def between(
    self, first: str, second: str, asked: tuple[str, str] | None = None
  ) -> 'Drawer':
    """The same, knowing what it draws of two domains.

    Args:
      first: a domain.
      second: another.
      asked: what it is said to draw, (from, to); None if nothing is said.

    Raises:
      ValueError: that is not known, or not what it draws.
    """
    both = {(first, second), (second, first)}
    known = {pair for pair in both if self.supports(*pair)}
    if asked and asked not in both:
      raise ValueError(
        f'--from={asked[0]} and --to={asked[1]} are not the domains '
        f'{first} and {second}; name both of them.'
      )
    if known:
      if not asked:
        return self
      if asked in known:
        name = bundle_manifest.direction(*asked)
        return Drawer(self.path, self.resolution, {name: self._draw[name]})
      raise ValueError(
        f'{self.path} draws {_names(self._draw)}, not '
        f'{bundle_manifest.direction(*asked)}; export that with '
        f'`python -m export --to={asked[1]}`.'
      )
    if '' not in self._draw and not self._guessed:
      raise ValueError(
        f'{self.path} draws {_names(self._draw)}, but the domains are {first} '
        f'and {second}; name them as it does, in --source=DOMAIN=DATASET.'
      )
    if not asked:
      raise ValueError(
        f'{self.path} does not say which of {first} and {second} it draws '
        f'(no {bundle_manifest.MANIFEST} beside it; it calls itself '
        f'{_names(self._draw)!r}). Give it as --exported with --from={first} '
        f'--to={second} or the reverse, or keep it in its bundle.'
      )
    (draw,) = self._draw.values()
    return Drawer(
      self.path, self.resolution, {bundle_manifest.direction(*asked): draw}
    )

  def translate(
    self, images: np.ndarray, to: str, source: str | None = None
  ) -> np.ndarray:
    """Draws images in another domain.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size; the largest square
        in the middle is used.
      to: the domain to draw them in.
      source: their own domain; may be left out if there is one to draw from.

    Returns:
      uint8 RGB [n, height, width, 3].

    Raises:
      ValueError: it does not draw that.
    """
    fitting = [
      draw
      for name, draw in self._draw.items()
      if (
        name.endswith(bundle_manifest.direction('', to))
        if source is None
        else name == bundle_manifest.direction(source, to)
      )
    ]
    if len(fitting) != 1:
      raise ValueError(
        f'{self.path} draws {_names(self._draw)}, not {source or "one"} to '
        f'{to}.'
      )
    size, drawn = self.resolution, []
    name = '/'.join(self.path.parts[-2:])
    with tqdm.tqdm(
      total=len(images), desc=name, unit=' images', leave=False
    ) as bar:
      for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        if batch.shape[1:3] != (size, size):
          batch = np.stack([image_arrays.square(i, size) for i in batch])
        drawn.append(fitting[0](batch))
        bar.update(len(batch))
    return np.concatenate(drawn)


class Opened(NamedTuple):
  """What a path holds.

  Attributes:
    drawers: {format: what draws}; {'': ...} of a single file.
    domains: (from, to) as the bundle says, or None.
    origin: the model that was exported, as `Translator.reopen` takes it, or
      None.
    images_seen: by that model, of each domain, or None.
    left_out: {file of the bundle: why it is not among the drawers}.
  """

  drawers: Mapping[str, Drawer]
  domains: tuple[str, str] | None = None
  origin: str | None = None
  images_seen: int | None = None
  left_out: Mapping[str, str] = {}


def is_export(path: str | os.PathLike) -> bool:
  """Whether a path looks like one of an export, be it there or not."""
  path = pathlib.Path(path)
  return (
    path.is_file()
    or path.suffix == _TFLITE
    or (path / bundle_manifest.MANIFEST).is_file()
    or saved_model.SavedModel.is_one(path)
  )


def open_path(path: str | os.PathLike) -> Opened:
  """Loads what draws.

  Args:
    path: of a bundle (the folder with its manifest), of a SavedModel's version
      or of a TFLite file.

  Raises:
    FileNotFoundError: it, or a file of the bundle, is missing.
    ValueError: it holds nothing that draws; says what there is instead.
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
      f'does. {_hint(path)}'
    )
  # A SavedModel is BUNDLE/saved_model/VERSION.
  file = path.resolve()
  folder = file.parent.parent if is_saved_model else file.parent
  # A manifest that does not list the file is another bundle's.
  name, manifest = file.relative_to(folder).as_posix(), {}
  if (folder / bundle_manifest.MANIFEST).is_file():
    manifest = bundle_manifest.read_manifest(folder)
  if name not in manifest.get('files', {}):
    return Opened({'': _open_file(path, [])})
  return _of_manifest(manifest, {'': _open_file(path, _pairs(manifest))}, {})


def _open_bundle(folder: pathlib.Path) -> Opened:
  manifest = bundle_manifest.read_manifest(folder)
  drawers, left_out = {}, {}
  for file, entry in manifest['files'].items():
    kind = entry['format']
    if kind in _DRAW_NOTHING:
      left_out[file] = _DRAW_NOTHING[kind]
    elif not (folder / file).exists():
      raise FileNotFoundError(
        f'{folder / file} is missing, though {bundle_manifest.MANIFEST} names '
        'it; export again.'
      )
    else:
      drawers[kind] = _open_file(folder / file, _pairs(manifest))
  if not drawers:
    raise ValueError(
      f'{folder} holds nothing that draws, only '
      f'{", ".join(left_out) or "a manifest"}; export again with, say, '
      '--formats=saved_model,int8.'
    )
  return _of_manifest(manifest, drawers, left_out)


def _pairs(manifest) -> list[tuple[str, str]]:
  """The directions of a bundle; of all, in the order of their numbers."""
  if 'domains' in manifest:
    return list(itertools.product(manifest['domains'], repeat=2))
  return [(manifest['source'], manifest['target'])]


def _of_manifest(manifest, drawers, left_out) -> Opened:
  model = manifest.get('model', {})
  return Opened(
    drawers,
    None if 'domains' in manifest else _pairs(manifest)[0],
    model.get('origin'),
    model.get('images_seen'),
    left_out,
  )


def _open_file(path: pathlib.Path, pairs: Sequence[tuple[str, str]]) -> Drawer:
  """Loads one file; `pairs` are its directions, if a manifest says them."""
  names = [bundle_manifest.direction(*pair) for pair in pairs]
  name = names[0] if len(names) == 1 else ''
  try:
    if path.is_dir():
      saved = saved_model.SavedModel(path)
      return Drawer(
        path, saved.side, {n or name: d for n, d in saved.draw.items()}
      )
    file = tflite.File(path.read_bytes())
    if len(file.shape) != 4 or file.shape[3] != 3:
      raise ValueError(
        f'it gives {file.shape}, which is no image but, as the embed format '
        'does, numbers to search with; give a file of another format'
      )
    if file.choices:
      return Drawer(path, file.side, _choosing(file, pairs))
  except ValueError as error:
    raise ValueError(f'{path}: {error}.') from error
  return Drawer(
    path,
    file.side,
    {name or file.name: file.draw},
    guessed=not name,
  )


def _choosing(file: tflite.File, pairs) -> dict[str, Draw]:
  """{direction: what draws it} of a file that is told the domains' numbers."""
  if len(pairs) < 2 or set(file.choices) != {'source', 'target'}:
    raise ValueError(
      f'it takes {", ".join(file.choices)} beside the image, and no '
      f'{bundle_manifest.MANIFEST} beside it says which domains their numbers '
      'stand for; keep it in its bundle'
    )
  domains = list(dict.fromkeys(source for source, _ in pairs))

  def drawing(source, target):
    numbers = dict(source=domains.index(source), target=domains.index(target))
    return lambda images: file.choose(**numbers).draw(images)

  return {bundle_manifest.direction(*pair): drawing(*pair) for pair in pairs}


def _hint(folder: pathlib.Path) -> str:
  """What to give instead of a folder."""
  inside = itertools.chain(folder.glob('*'), folder.glob('*/*'))
  found = sorted(
    str(p) for p in inside if is_export(p) and (p.is_dir() or _is_tflite(p))
  )
  if found:
    return f'Give {" or ".join(found)}.'
  return 'Write one with `python -m export`.'


def _is_tflite(path: pathlib.Path) -> bool:
  return path.suffix == _TFLITE


def _names(draw: Mapping[str, Draw]) -> str:
  return ', '.join(filter(None, draw)) or 'nothing that it names'

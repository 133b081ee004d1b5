"""BundleTranslator: a bundle's file, used as a Translator is.

It takes the directions, framings and the name of the model from the bundle's
manifest. What only the network itself can do, content codes and style codes, it
does not have.
"""

import hashlib
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tf_twingan import errors, framing, image_arrays
from tf_twingan.data.prepare import photos
from tf_twingan.inference import batching
from tf_twingan.inference.exported import (
  bundle_manifest,
  exported_translator,
  saved_model,
)
from tf_twingan.runs import loading

# Which file of a bundle is opened, the first that is there: those that come
# nearest to the model, and several images at once before one by one.
FORMATS = ('saved_model', 'float32', 'float16', 'dynamic', 'hybrid', 'int8')

# Of arrays of squares, [n, px, px, 3].
ArrayFunction = Callable[[np.ndarray], np.ndarray]


class BundleTranslator:
  """Translates in the directions of one bundle; any threads may use it.

  Attributes:
    name: name of the bundle.
    version: number of the export.
    domains: names of the domains, in order.
    resolution: side of the images that it takes and gives, px.
    fingerprint: names what translates, 64 hex digits: the weights that were
      exported and, of `load`, the file.
    images_seen: images of each domain that the training had seen, or None.
    framings: {domain: how images of it become squares}; may be changed. Without
      an entry, the largest square in the middle is used.
    alignments: {domain: how faces lie in its images}, see
      `photo_alignment.recorded`.
    origin: the model that was exported, as `Translator.reopen` takes it, if
      there is one of that name here; else ''.
    embed: see `saved_model.SavedModel.embed`.
    path: where `load` found it, or None.
  """

  has_codes = False
  style_size = None

  def __init__(
    self,
    manifest: Mapping[str, Any],
    functions: Mapping[tuple[str, str], ArrayFunction],
    *,
    float_functions: Mapping[tuple[str, str], ArrayFunction] | None = None,
    embed: ArrayFunction | None = None,
  ):
    """Use `load`, unless something else than a file of the bundle translates.

    Args:
      manifest: the bundle's, from `bundle_manifest.read_manifest`.
      functions: for each (source, target) what translates squares, uint8 RGB.
      float_functions: the same for float32 in [-1, 1], where that is possible.
      embed: see the attribute.

    Raises:
      ValueError: the manifest lacks what an export writes.
    """
    model = manifest.get('model', {})
    try:
      self.resolution = int(manifest['resolution'])
      self.version = int(manifest.get('version', 1))
    except (KeyError, TypeError, ValueError):
      raise ValueError(
        'its manifest.json has no number as resolution or version; export '
        'again.'
      ) from None
    self.name: str = manifest['name']
    pairs = bundle_manifest.directions(manifest)
    self.domains = tuple(dict.fromkeys(d for pair in pairs for d in pair))
    self.framings = bundle_manifest.framing_of_domains(manifest)
    self.alignments = bundle_manifest.alignment_of_domains(manifest)
    self.fingerprint: str = model.get('fingerprint') or ''
    self.images_seen: int | None = model.get('images_seen')
    self.origin = _origin_here(model.get('origin'))
    self.embed = embed
    self.path: str | None = None
    self._functions = dict(functions)
    self._float_functions = dict(float_functions or {})

  @classmethod
  def load(
    cls, path: str | os.PathLike, kind: str | None = None
  ) -> 'BundleTranslator':
    """Opens a bundle, or one file or SavedModel in it.

    Args:
      path: the bundle's folder, or that of a file in it.
      kind: which format of the bundle; by default the first of `FORMATS` that
        it has.

    Raises:
      FileNotFoundError: there is no bundle, or a file of it is missing.
      ValueError: it is damaged, or holds nothing of that format.
    """
    folder, file = _located(pathlib.Path(path), kind)
    manifest = bundle_manifest.read_manifest(folder)
    opened = exported_translator.open_export(file)
    (exported,) = opened.translators.values()
    pairs = bundle_manifest.directions(manifest)
    try:
      functions = {pair: exported.function(*pair) for pair in pairs}
      made = cls(manifest, functions, **_of_saved_model(exported.saved, pairs))
    except ValueError as error:
      raise ValueError(f'{errors.printable(path)}: {error}') from error
    made.path = os.path.abspath(file)
    # Files of fewer bits give other pixels.
    told = repr((made.fingerprint, _entry(manifest, folder, file)))
    made.fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return made

  def __reduce__(self) -> tuple[Any, ...]:
    """Is pickled by its path, for other processes of this machine.

    Where another bundle is there meanwhile, unpickling raises ValueError.
    """
    return _reopen, (self.path, self.fingerprint, self.framings)

  def translate(
    self,
    images: np.ndarray,
    to: str,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
  ) -> np.ndarray:
    """Translates images; see `Translator.translate`.

    Raises:
      FloatingPointError: the file gives NaN, as a training that diverged does.
      ValueError: it does not translate in this direction, `images` is no such
        array, or there is a `style`.
    """
    if style is not None:
      raise _no_styles()
    source = self.source_for(to, source)
    self._check_direction(source, to)
    return batching.apply(
      self._functions[source, to], self.prepare(images, source)
    )

  def translate_floats(
    self, images: np.ndarray, to: str, source: str
  ) -> np.ndarray:
    """Translates squares of numbers; see `Translator.translate_floats`.

    Raises:
      FloatingPointError: see `translate`.
      ValueError: it does not translate so.
    """
    if not self.takes_floats:
      raise ValueError('This file of the bundle translates bytes alone.')
    self._check_direction(source, to)
    return batching.apply(self._float_functions[source, to], images)

  def style(self, images: np.ndarray, domain: str) -> np.ndarray:
    """Raises ValueError: what is exported has no style codes."""
    raise _no_styles()

  def random_styles(self, count: int, seed: int) -> np.ndarray:
    """Raises ValueError: what is exported has no style codes."""
    raise _no_styles()

  @property
  def takes_floats(self) -> bool:
    """Whether it has `translate_floats`."""
    return bool(self._float_functions)

  def _check_direction(self, source: str, to: str) -> None:
    if not self.supports(source, to):
      known = ', '.join(f'{a} to {b}' for a, b in self._functions)
      raise ValueError(
        f'The bundle {self.name} translates {known}, not {source} to {to}; '
        f'export that with `python -m export --to={to}`.'
      )

  def supports(self, source: str, to: str) -> bool:
    """Whether it translates images of one domain to the other."""
    return (source, to) in self._functions

  def check_domain(self, domain: str) -> str:
    """Returns the name, or raises ValueError naming the bundle's domains."""
    if domain not in self.domains:
      raise ValueError(
        f'The bundle {self.name} has no domain {domain!r}; it has '
        f'{", ".join(self.domains)}'
        f'{errors.did_you_mean(domain, self.domains) or "."}'
      )
    return domain

  def source_for(self, to: str, source: str | None = None) -> str:
    """The domain to translate from; see `Translator.source_for`.

    Raises:
      ValueError: there is no such domain, or more than one is translated to
        `to` and `source` is None.
    """
    self.check_domain(to)
    if source is not None:
      return self.check_domain(source)
    others = [a for a, b in self._functions if b == to != a]
    if len(others) != 1:
      known = ', '.join(f'{a} to {b}' for a, b in self._functions)
      raise ValueError(
        f'The bundle {self.name} translates {known}; name the source, and one '
        'of these directions.'
      )
    return others[0]

  def framing_of(self, domain: str | None = None) -> framing.Framing:
    """How images of a domain become squares; see `Translator.framing_of`.

    Raises:
      ValueError: there is no such domain, or `domain` is left out although it
        makes a difference.
    """
    if domain is not None:
      self.check_domain(domain)
      return self.framings.get(domain, framing.Framing())
    framings = {self.framing_of(d) for d in self.domains}
    if len(framings) > 1:
      raise ValueError(
        f'The domains of the bundle {self.name} were framed differently for '
        'training; name the domain of the images.'
      )
    return framings.pop()

  def read(
    self, path: str | os.PathLike, domain: str | None = None
  ) -> np.ndarray:
    """Reads an image file as the model takes it; see `Translator.read`."""
    return photos.read(path, self.framing_of(domain), self.resolution)

  def prepare(
    self, images: np.ndarray, domain: str | None = None
  ) -> np.ndarray:
    """Crops and scales images; see `Translator.prepare`."""
    images = image_arrays.check_images(images)
    if images.shape[1:3] == (self.resolution, self.resolution):
      return images
    return self.framing_of(domain).squares(images, self.resolution)


def _no_styles() -> ValueError:
  return ValueError(
    'An exported model has no style codes; translate with its run to choose a '
    'style.'
  )


def _reopen(
  path: str, fingerprint: str, framings: dict[str, framing.Framing]
) -> BundleTranslator:
  """Loads a file of a bundle again, and refuses another one."""
  translator = BundleTranslator.load(path)
  if translator.fingerprint != fingerprint:
    raise ValueError(
      f'{errors.printable(path)} was exported anew since it was opened; open '
      'it again.'
    )
  translator.framings = framings
  return translator


def _entry(
  manifest: Mapping[str, Any], folder: pathlib.Path, file: pathlib.Path
) -> Any:
  """What tells a file of a bundle from others."""
  name = file.resolve().relative_to(folder.resolve()).as_posix()
  entry = manifest['files'].get(name, {})
  return entry.get('sha256', name)


def _located(
  path: pathlib.Path, kind: str | None
) -> tuple[pathlib.Path, pathlib.Path]:
  """The folder of a bundle, and the file or SavedModel in it to open."""
  if not path.exists():
    raise FileNotFoundError(
      f'{errors.printable(path)}: no such file or folder; check the path.'
    )
  if not (path / bundle_manifest.MANIFEST).is_file():
    # A SavedModel is BUNDLE/saved_model/VERSION.
    for folder in list(path.resolve().parents)[:2]:
      if (folder / bundle_manifest.MANIFEST).is_file():
        return folder, path
    # Says what is there instead.
    bundle_manifest.read_manifest(path)
  entries = bundle_manifest.read_manifest(path)['files']
  for wanted in FORMATS if kind is None else (kind,):
    for name, entry in entries.items():
      if entry['format'] == wanted:
        return path, bundle_manifest.file_path(path, name)
  wanted = kind or ' or '.join(FORMATS)
  raise ValueError(
    f'{errors.printable(path)} holds no {wanted}; export again with '
    f'--formats={kind or FORMATS[0]}.'
  )


def _of_saved_model(
  saved: saved_model.SavedModel | None, pairs: list[tuple[str, str]]
) -> dict[str, Any]:
  """What a SavedModel can do beyond a TFLite file."""
  if saved is None:
    return {}
  found = {}
  for pair in pairs:
    name = bundle_manifest.direction(*pair)
    found[pair] = saved.float_functions.get(name, saved.float_functions.get(''))
  return {
    'float_functions': {p: f for p, f in found.items() if f is not None},
    'embed': saved.embed,
  }


def _origin_here(origin: str | None) -> str:
  """The model that was exported, if there is one of its name here."""
  try:
    return origin if origin and os.path.isdir(loading.folder(origin)) else ''
  except ValueError:
    return ''

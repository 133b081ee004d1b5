"""The models that a server has, by name, and what can be done with each.

A model never changes: a new version is another `ServedModel`, which takes the
place of the old one in `Models` while requests in progress finish with theirs.
"""

import functools
import itertools
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tf_twingan import errors, provenance
from tf_twingan.data.prepare import photos
from tf_twingan.inference import photo_alignment, photographs, translator
from tf_twingan.inference.exported import bundle_translator
from tf_twingan.serving import batching, problems


class ServedModel:
  """One version of a model.

  Attributes:
    name: name in the API.
    version: its number; a later version has a higher one.
    translator: translates: a `Translator`, or anything with its `domains`,
      `resolution`, `fingerprint`, `framing_of`, `source_for`, `supports` and
      `translate`.
    directions: (source, target) of each translation between two domains.
    batch_sizes: see `batching.Work.sizes`; see `steady_sizes`.
  """

  def __init__(self, name: str, translator: Any, *, version: int = 1):
    """Wraps a translator."""
    self.name, self.translator, self.version = name, translator, version
    self.batch_sizes: tuple[int, ...] | None = None
    self._photographs: dict[str, photographs.Photographs] = {}
    self.directions = tuple(
      pair
      for pair in itertools.permutations(translator.domains, 2)
      if translator.supports(*pair)
    )

  @property
  def domains(self) -> tuple[str, ...]:
    """Names of its domains, in order."""
    return self.translator.domains

  @property
  def resolution(self) -> int:
    """Side of the images that it takes and gives, px."""
    return self.translator.resolution

  @functools.cached_property
  def fingerprint(self) -> str:
    """Names its very weights, see `Translator.fingerprint`."""
    return self.translator.fingerprint

  def direction(self, to: str, source: str | None) -> tuple[str, str]:
    """The domains to translate from and to.

    Raises:
      ClientError: the model has no such domain, or does not translate so.
    """
    try:
      source = self.translator.source_for(to, source)
    except ValueError as error:
      raise problems.ClientError(
        422, 'unknown_domain', errors.first_line(error)
      ) from None
    if not self.translator.supports(source, to):
      known = ', '.join(f'{a} to {b}' for a, b in self.directions)
      raise problems.ClientError(
        422,
        'unknown_domain',
        f'The model translates {known}, and not {source} to {to}.',
      )
    return source, to

  def domain(self, name: str | None) -> str:
    """A domain by its name; None for the first.

    Raises:
      ClientError: the model has no such domain.
    """
    if name is None:
      return self.domains[0]
    if name not in self.domains:
      raise problems.ClientError(
        422,
        'unknown_domain',
        f'The model has no domain {name!r}; it has {", ".join(self.domains)}'
        f'{errors.did_you_mean(name, self.domains) or "."}',
      )
    return name

  def translation(self, source: str, to: str) -> batching.Work:
    """What translates squares, for a `Batcher`."""
    return batching.Work(
      (self, 'translate', source, to),
      lambda images: self.translator.translate(images, to, source),
      self.batch_sizes,
    )

  def float_translation(self, source: str, to: str) -> batching.Work | None:
    """The same for squares of float32 in [-1, 1]; None if it takes none."""
    if not getattr(self.translator, 'takes_floats', False):
      return None
    return batching.Work(
      (self, 'translate_floats', source, to),
      lambda images: self.translator.translate_floats(images, to, source),
      self.batch_sizes,
    )

  @property
  def embedding(self) -> batching.Work | None:
    """What embeds squares of float32, to search by; None if nothing does."""
    embed = getattr(self.translator, 'embed', None)
    return embed and batching.Work((self, 'embed'), embed, self.batch_sizes)

  @property
  def encodes(self) -> bool:
    """Whether it has a content code."""
    return bool(getattr(self.translator, 'has_codes', False))

  def encoding(self, domain: str) -> batching.Work:
    """What computes the content codes of squares: float32 [4, 4, channels]."""
    return batching.Work(
      (self, 'encode', domain),
      lambda images: self.translator.encode(images, domain),
      self.batch_sizes,
    )

  def read(self, content: bytes, domain: str) -> np.ndarray:
    """The square that the model takes of an image, as in training.

    Args:
      content: the content of a file.
      domain: name of the domain that it belongs to.

    Returns:
      uint8 RGB [resolution, resolution, 3].

    Raises:
      UnreadableImage: see `photos.read`.
    """
    return photos.read(
      content, self.translator.framing_of(domain), self.resolution
    )

  def read_framed(self, content: bytes, domain: str) -> np.ndarray:
    """The same, but looking for no face, as exported files read images."""
    framed = self.translator.framing_of(domain)
    return framed.read(content, self.resolution)

  def photographs(self, faces: str) -> photographs.Photographs:
    """What finds faces and puts them back; `faces` is 'all' or 'largest'."""
    if faces not in self._photographs:
      self._photographs[faces] = photographs.Photographs(
        self.translator, faces=faces
      )
    return self._photographs[faces]

  def finds_faces(self, domain: str) -> bool:
    """Whether it is known which faces to look for in photos of a domain."""
    try:
      photo_alignment.options_of(self.translator, domain)
    except ValueError:
      return False
    return True

  def check_finds_faces(self, domain: str) -> None:
    """Refuses what needs faces where nothing tells which to look for.

    Raises:
      ClientError: nothing does.
    """
    if not self.finds_faces(domain):
      raise problems.ClientError(
        422,
        'not_supported',
        f'The model {self.name} does not say which faces its images of '
        f'{domain} show; leave faces out, or send faces=none.',
      )

  def provenance(self, source_type: str) -> provenance.Provenance:
    """What a result says of itself."""
    return provenance.Provenance(
      self.name, self.fingerprint, provenance.version(), source_type
    )


class Models:
  """Models by name, of which the first is the default."""

  def __init__(self, models: Sequence[ServedModel]):
    """Takes one or more.

    Raises:
      ValueError: there is none, or two have one name.
    """
    if not models:
      raise ValueError('there is no model to serve.')
    self._models: dict[str, ServedModel] = {}
    for model in models:
      if model.name in self._models:
        raise ValueError(
          f'two models are called {model.name!r}; give one another name, as '
          'in --bundle=NAME=PATH.'
        )
      self._models[model.name] = model

  def __iter__(self) -> Iterator[ServedModel]:
    """All models, the default first."""
    return iter(list(self._models.values()))

  @property
  def default(self) -> ServedModel:
    """The model of requests that name none."""
    return next(iter(self))

  def find(self, name: str | None = None) -> ServedModel:
    """A model by its name; None for the default.

    Raises:
      ClientError: there is no such model.
    """
    if name is None:
      return self.default
    if name not in self._models:
      known = ', '.join(self._models)
      raise problems.ClientError(
        404,
        'unknown_model',
        f'There is no model {name!r}; there is {known}'
        f'{errors.did_you_mean(name, self._models) or "."}',
      )
    return self._models[name]

  def replace(self, model: ServedModel) -> None:
    """Puts a version in the place of the one with the same name.

    Raises:
      KeyError: there is none.
    """
    if model.name not in self._models:
      raise KeyError(model.name)
    self._models[model.name] = model


def from_pretrained(name: str) -> ServedModel:
  """A model that ships with the package; see `Translator.from_pretrained`."""
  return ServedModel(name, translator.Translator.from_pretrained(name))


def from_bundle(path: str, name: str | None = None) -> ServedModel:
  """An exported bundle; see `BundleTranslator.load`.

  Args:
    path: its folder, or a file or SavedModel in it.
    name: its name in the API; by default its own.
  """
  loaded = bundle_translator.BundleTranslator.load(path)
  return ServedModel(name or loaded.name, loaded, version=loaded.version)


def from_run(run_dir: str, name: str | None = None) -> ServedModel:
  """A training's model; its version is the number of images it has seen.

  Args:
    run_dir: directory of a training, finished or not.
    name: its name in the API; by default that of the folder.
  """
  loaded = translator.Translator(run_dir)
  name = name or pathlib.Path(os.path.abspath(run_dir)).name
  return ServedModel(name, loaded, version=loaded.images_seen)

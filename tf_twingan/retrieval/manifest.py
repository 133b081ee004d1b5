"""The parts of a search index, as its `manifest.json` lists them.

Attributes are named like the keys of that file, except for a shard's images.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pydantic

from tf_twingan import errors, inference, json_files
from tf_twingan.retrieval import embeddings, options, storage

_MAX_SHARD = 4096

_Row = Annotated[int, pydantic.Field(ge=0, lt=_MAX_SHARD)]


def _check_kind(kind: str) -> str:
  if kind not in options.KINDS:
    raise ValueError(f'{kind!r} is none of {", ".join(options.KINDS)}')
  return kind


_Kind = Annotated[str, pydantic.AfterValidator(_check_kind)]


class Shard(json_files.Model):
  """Some images of one domain and dataset, in the order they came.

  Attributes:
    domain: name of the domain that the images belong to.
    source: dataset or file that they are from.
    count: number of images.
    images: file of the images, uint8 [count, resolution, resolution, 3].
    names: file of their names, a JSON list.
    vectors: file of their embeddings, float32 [count, dimensions], or None
      before they are embedded.
    key: key of the embedding of `vectors`; see `Embedding.key`.
    stamps: file of their stamps, a JSON list; see `records.Record`. None where
      there are none, as in an index of version 0.1.
    start: number of its first image; None if it follows on the last number of
      the shard before.
    removed: rows of images that were removed; they have left their numbers
      behind, but are in no file.
  """

  model_config = pydantic.ConfigDict(populate_by_name=True)

  domain: str
  source: str
  count: int = pydantic.Field(ge=1, le=_MAX_SHARD)
  # Its key in format 1 of the file.
  images: storage.Entry = pydantic.Field(
    validation_alias='pictures', serialization_alias='pictures'
  )
  names: storage.Entry
  vectors: storage.Entry | None = None
  key: str | None = None
  stamps: storage.Entry | None = None
  start: int | None = pydantic.Field(default=None, ge=0, lt=2**62)
  removed: list[_Row] = pydantic.Field(default_factory=list)

  @property
  def span(self) -> int:
    """How many numbers it takes, of images that are there and that were."""
    return self.count + len(self.removed)

  @pydantic.model_validator(mode='after')
  def _check_removed(self) -> 'Shard':
    if self.removed != sorted(set(self.removed)) or (
      self.removed and self.removed[-1] >= self.span
    ):
      raise ValueError('its removed rows are in no order')
    return self

  def entries(self) -> list[storage.Entry]:
    """Its files."""
    files = [self.images, self.names, self.vectors, self.stamps]
    return [entry for entry in files if entry]


class Findable(json_files.Model):
  """What can be found of one domain.

  Attributes:
    key: key of the embedding of its vectors; see `Embedding.key`.
    kind: how they are kept: one of `options.KINDS`, or 'qdrant'.
    count: number of images that can be found.
    file: file of the vectors for faiss; None if a server keeps them.
  """

  key: str
  kind: str
  count: json_files.Count
  file: storage.Entry | None


class Manifest(json_files.Model):
  """The parts of an index.

  Attributes:
    id: name of this index on a server, 32 hex digits.
    embedding_version: `embeddings.VERSION` that its vectors are of.
    fingerprint: fingerprint of the model that it is built with.
    origin: where that model was then, for `Translator.reopen`.
    kind: kind that was asked for; None if the size decides.
    server: address of the Qdrant server that searches; None if faiss does.
    embedding: file of the learned embedding; None before there is one.
    shards: the images.
    findable: what can be found, by the names of the domains.
    finished: file of the manifest as it was when all images could be found
      last; None if all can be found now, or never could. Whoever searches
      meanwhile takes that one.
  """

  id: str = pydantic.Field(pattern='^[0-9a-f]{1,32}$')
  embedding_version: int
  fingerprint: str
  origin: str
  kind: _Kind | None = None
  server: str | None = None
  embedding: storage.Entry | None = None
  shards: list[Shard] = pydantic.Field(default_factory=list)
  findable: dict[str, Findable] = pydantic.Field(default_factory=dict)
  finished: storage.Entry | None = None

  @classmethod
  def of_empty_index(cls, model: inference.Translator) -> 'Manifest':
    """The manifest of a new index that is built with a model."""
    return cls(
      id=uuid.uuid4().hex,
      embedding_version=embeddings.VERSION,
      fingerprint=model.fingerprint,
      origin=model.origin,
    )

  @classmethod
  def from_json(
    cls, values: Mapping[str, Any], *, name: str = 'manifest.json'
  ) -> 'Manifest':
    """The manifest that a file holds.

    Args:
      values: what the file holds.
      name: name of the file, for messages.

    Raises:
      ValueError: a value is missing or wrong; one sentence.
    """
    return json_files.parse(
      json.dumps({k: v for k, v in values.items() if k != 'format'}),
      cls,
      name=name,
      remedy=storage.REMEDY,
    )

  def to_json(self) -> dict[str, Any]:
    """What the file is to hold."""
    values = self.model_dump(by_alias=True)
    # Version 0.1 reads no other keys, and most indexes need none.
    _drop_empty(values, 'finished')
    for shard in values['shards']:
      _drop_empty(shard, 'stamps', 'start', 'removed')
    return values

  def entries(self) -> Iterator[storage.Entry]:
    """All files of the index."""
    for shard in self.shards:
      yield from shard.entries()
    others = [self.embedding, self.finished]
    others += [state.file for state in self.findable.values()]
    yield from (entry for entry in others if entry)

  def check_model(self, model: inference.Translator, folder: Any) -> None:
    """Refuses an index whose vectors do not compare with those of a model.

    Raises:
      ValueError: it is of another model, or of another embedding version.
    """
    if self.fingerprint != model.fingerprint:
      raise ValueError(
        f'The index in {errors.printable(folder)} is of another model '
        f'({errors.printable(self.fingerprint[:12])}, then at '
        f'{errors.printable(self.origin)}) than this one '
        f'({model.fingerprint[:12]}). Give the model that it was built with, '
        'or build another index.'
      )
    if self.embedding_version != embeddings.VERSION:
      raise ValueError(
        f'The index in {errors.printable(folder)} is of embedding version '
        f'{self.embedding_version}, and this version of tf_twingan makes '
        f'{embeddings.VERSION}; build another index.'
      )


def _drop_empty(values: dict[str, Any], *keys: str) -> None:
  for key in keys:
    if not values[key] and values[key] != 0:
      del values[key]

"""The parts of a search index, as its `manifest.json` lists them.

Attributes are named like the keys of that file, except for a shard's images.
"""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tf_twingan import inference
from tf_twingan.retrieval import embeddings, storage

# The key of a shard's images in format 1 of the file.
_IMAGES = 'pictures'


@dataclasses.dataclass
class Shard:
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
  """

  domain: str
  source: str
  count: int
  images: storage.Entry
  names: storage.Entry
  vectors: storage.Entry | None = None
  key: str | None = None


@dataclasses.dataclass
class Findable:
  """What can be found of one domain.

  Attributes:
    key: key of the embedding of its vectors; see `Embedding.key`.
    kind: how they are kept: one of `options.KINDS`, or 'qdrant'.
    count: number of images that can be found.
    file: file of the vectors for faiss; None if a server keeps them.
  """

  key: str
  kind: str
  count: int
  file: storage.Entry | None


@dataclasses.dataclass
class Manifest:
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
  """

  id: str
  embedding_version: int
  fingerprint: str
  origin: str
  kind: str | None = None
  server: str | None = None
  embedding: storage.Entry | None = None
  shards: list[Shard] = dataclasses.field(default_factory=list)
  findable: dict[str, Findable] = dataclasses.field(default_factory=dict)

  @classmethod
  def of_empty_index(cls, model: inference.Translator) -> 'Manifest':
    """The manifest of a new index that is built with a model."""
    return cls(
      uuid.uuid4().hex, embeddings.VERSION, model.fingerprint, model.origin
    )

  @classmethod
  def from_json(cls, values: Mapping[str, Any]) -> 'Manifest':
    """The manifest that a file holds."""
    manifest = cls(**{k: v for k, v in values.items() if k != 'format'})
    manifest.shards = [
      Shard(
        images=shard[_IMAGES], **{k: shard[k] for k in shard if k != _IMAGES}
      )
      for shard in values['shards']
    ]
    manifest.findable = {
      domain: Findable(**state) for domain, state in values['findable'].items()
    }
    return manifest

  def to_json(self) -> dict[str, Any]:
    """What the file is to hold."""
    values = dataclasses.asdict(self)
    for shard in values['shards']:
      shard[_IMAGES] = shard.pop('images')
    return values

  def entries(self) -> Iterator[storage.Entry]:
    """All files of the index."""
    entries = [self.embedding]
    for shard in self.shards:
      entries += [shard.images, shard.names, shard.vectors]
    entries += [state.file for state in self.findable.values()]
    return (entry for entry in entries if entry)

  def check_model(self, model: inference.Translator, folder: Any) -> None:
    """Refuses an index whose vectors do not compare with those of a model.

    Raises:
      ValueError: it is of another model, or of another embedding version.
    """
    if self.fingerprint != model.fingerprint:
      raise ValueError(
        f'The index in {folder} is of another model '
        f'({self.fingerprint[:12]}, then at {self.origin}) than this one '
        f'({model.fingerprint[:12]}). Give the model that it was built with, '
        'or build another index.'
      )
    if self.embedding_version != embeddings.VERSION:
      raise ValueError(
        f'The index in {folder} is of embedding version '
        f'{self.embedding_version}, and this version of tf_twingan makes '
        f'{embeddings.VERSION}; build another index.'
      )

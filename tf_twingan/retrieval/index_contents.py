"""Contents: the parts of an opened index, read from its files and checked.

They are its manifest, its images, the embedding that was learned from them, and
what searches the vectors. Changes of them are committed here, so that readers
get the index as it was before until it is whole again.
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tf_twingan import errors, inference
from tf_twingan.retrieval import (
  embeddings,
  index_opening,
  index_vectors,
  manifest,
  nearest_neighbours,
  records,
  storage,
)

# Far above any embedding, which has some megabytes.
_MAX_EMBEDDING_BYTES = 2**31


class Contents:
  """The parts of an index.

  Attributes:
    files: the files of the index.
    model: model that it was built with.
    manifest: what the index lists; changed before `commit` writes it.
    records: its images.
    neighbours: what searches their vectors.
  """

  def __init__(
    self,
    files: storage.Storage,
    model: inference.Translator,
    parts: manifest.Manifest,
    neighbours: nearest_neighbours.Neighbours | None,
    *,
    kind: str | None = None,
    server: str | None = None,
    is_outdated: bool = False,
  ):
    """Reads the parts.

    Args:
      files: the files of the index.
      model: model that it was built with.
      parts: what it lists.
      neighbours: what searches, if neither faiss nor the server.
      kind: see `index_opening.choose_search`.
      server: see `index_opening.choose_search`.
      is_outdated: whether another program is changing the index, so that these
        are not its newest parts.

    Raises:
      ValueError: the index is of another model, damaged, or searched by a
        server that is not given.
      OSError: the server does not answer.
    """
    parts.check_model(model, files.folder)
    domains = {shard.domain for shard in parts.shards} | {*parts.findable}
    if not domains <= {*model.domains}:
      raise files.damaged('manifest.json', 'its model has no such domains')
    self.files = files
    self.model = model
    self.manifest = parts
    # What readers get while this is changed; None if it cannot be searched.
    self._whole: dict[str, Any] | None = parts.to_json()
    self._is_outdated = is_outdated
    if neighbours is None:
      index_opening.choose_search(parts, files.folder, kind=kind, server=server)
    self.records = records.Records(files, parts.shards, model.resolution)
    self.neighbours = neighbours or nearest_neighbours.create(
      parts.kind,
      parts.server,
      collection=index_opening.collection(parts),
      lookup=self.records.lookup,
    )
    self._embedding: embeddings.Embedding | None = None
    if parts.embedding:
      content = files.read(parts.embedding, at_most=_MAX_EMBEDDING_BYTES)
      try:
        self._use_embedding(
          embeddings.Embedding.from_bytes(content, model.domains)
        )
      except ValueError as error:
        raise files.damaged(parts.embedding['name'], str(error)) from None
    for domain, state in parts.findable.items():
      self._restore(domain, state)
    findable = index_vectors.count_findable(parts.findable, self._embedding)
    if parts.finished or not 0 < findable == len(self.records):
      self._whole = None

  def _use_embedding(self, embedding: embeddings.Embedding | None) -> None:
    self._embedding = embedding
    if embedding is not None:
      self.records.dimensions = embedding.projection.shape[1]

  def _restore(self, domain: str, state: manifest.Findable) -> None:
    """Gives the search the vectors that the index keeps for it."""
    numbers = self.records.numbers(domain, state.count)
    if len(numbers) != state.count:
      raise self.files.damaged(
        'manifest.json', f'not all images of {domain!r} are there'
      )
    embedding = self._embedding
    if not state.file or not embedding or state.key != embedding.key(domain):
      return  # A server keeps them, or they are of an embedding before.
    dimensions = embedding.projection.shape[1]
    # Vectors, numbers and links, each more than once; with as much again.
    at_most = 2**24 + state.count * (8 * dimensions + 4096)
    content = self.files.read(state.file, at_most=at_most)
    try:
      self.neighbours.restore(domain, content, numbers, dimensions)
    except ValueError as error:
      raise self.files.damaged(state.file['name'], str(error)) from None

  @property
  def embedding(self) -> embeddings.Embedding:
    """The embedding that was learned, whose vectors are compared."""
    assert self._embedding is not None  # None only until one is learned.
    return self._embedding

  @property
  def learned(self) -> embeddings.Embedding | None:
    """The embedding, or None before one is learned."""
    return self._embedding

  def set_embedding(self, embedding: embeddings.Embedding | None) -> None:
    """Replaces the embedding, and writes it; None forgets it.

    Raises:
      OSError: it cannot be written.
    """
    self._use_embedding(embedding)
    entry = None
    if embedding is not None:
      entry = self.files.write(
        'embedding.npz', embedding.to_bytes(self.model.domains)
      )
    self.manifest.embedding = entry

  @property
  def domains(self) -> tuple[str, ...]:
    """The domains that there are images of, in the model's order."""
    return tuple(d for d in self.model.domains if self.records.count(d))

  def check_finished(self) -> None:
    """Raises ValueError unless there are images and all can be found."""
    findable = index_vectors.count_findable(
      self.manifest.findable, self._embedding, self.neighbours
    )
    total = len(self.records)
    if not total:
      raise ValueError(
        f'The index in {errors.printable(self.files.folder)} holds no images; '
        'add some with `python -m tf_twingan.search build`.'
      )
    if findable < total:
      raise ValueError(
        f'The index in {errors.printable(self.files.folder)} is not finished: '
        f'{findable:,} of {total:,} images can be found. Run the command '
        'that builds it again: it goes on where it stopped.'
      )

  @contextlib.contextmanager
  def editing(self) -> Iterator[None]:
    """Keeps other programs from changing the index meanwhile.

    Raises:
      OSError: another program is writing, or has written.
    """
    with self.files.lock():
      self.files.check_unchanged()
      if self._is_outdated:
        raise storage.Changed(
          f'Another program was adding to {errors.printable(self.files.folder)}'
          ' when it was opened to search; open it by `edit`.'
        )
      yield

  def commit(self) -> None:
    """Writes the manifest of an index that is not whole yet.

    Readers get the index as it was before, until `commit_whole`.

    Raises:
      OSError: it cannot be written.
    """
    if self._whole and not self.manifest.finished:
      self.manifest.finished = self.files.write(
        'finished.json', json.dumps(self._whole).encode()
      )
    self.files.commit(self.manifest.to_json())

  def commit_whole(self) -> None:
    """Writes the manifest of a whole index, and removes files of before.

    Raises:
      OSError: it cannot be written.
    """
    was_whole = self.manifest.finished is None
    self.manifest.finished = None
    values = self.manifest.to_json()
    if not was_whole or values != self._whole:
      self.files.commit(values)
    self._whole = values if len(self.records) else None
    self.files.tidy({e['name'] for e in self.manifest.entries()})

"""SearchIndex: finds images of other domains that look like a given one.

Images of any of a model's domains are added; for an image of one domain, the
nearest ones of another are found (Twin-GAN: Li, 2018).

  index = SearchIndex.build('faces.index', Translator('runs/faces'))
  index.add('anime', [('a.png', image), ...])
  index.finish()
  neighbours = index.query(photos, 'photo', k=3)

Building takes steps that each leave a whole index behind: images are stored,
the embedding is learned, images are embedded, vectors are handed to the search.
`finish` does what is left to do, wherever an earlier program was stopped. Until
it has, whoever opens the index to search gets it as it was before.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import errors, inference
from tf_twingan.retrieval import (
  embeddings,
  image_embedding,
  index_learning,
  index_opening,
  index_vectors,
  manifest,
  nearest_neighbours,
  records,
  storage,
)

# How often an index is opened again that another program changes meanwhile.
_ATTEMPTS = 100
# Far above any embedding, which has some megabytes.
_MAX_EMBEDDING_BYTES = 2**31


class Neighbour(NamedTuple):
  """An image that was found.

  Attributes:
    record: what is known of the image.
    distance: 1 - cosine of the angle to the query, in [0, 2].
  """

  record: records.Record
  distance: float


class SearchIndex:
  """Images of one model's domains, to be searched by images of any of them.

  Attributes:
    folder: folder of the index.
    translator: model that it was built with.
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
  ):
    """Use `build`, `edit` or `load`."""
    parts.check_model(model, files.folder)
    domains = {shard.domain for shard in parts.shards} | {*parts.findable}
    if not domains <= {*model.domains}:
      raise files.damaged('manifest.json', 'its model has no such domains')
    self.folder = files.folder
    self.translator = model
    self._files = files
    self._manifest = parts
    # What readers get while this is changed; None if it cannot be searched.
    self._whole: dict[str, Any] | None = parts.to_json()
    self._is_outdated = False
    if neighbours is None:
      index_opening.choose_search(parts, self.folder, kind=kind, server=server)
    self._records = records.Records(files, parts.shards, model.resolution)
    self._neighbours = neighbours or nearest_neighbours.create(
      parts.kind,
      parts.server,
      collection=index_opening.collection(parts),
      lookup=self._records.lookup,
    )
    self._embedding: embeddings.Embedding | None = None
    if parts.embedding:
      content = files.read(parts.embedding, at_most=_MAX_EMBEDDING_BYTES)
      try:
        self._set_embedding(
          embeddings.Embedding.from_bytes(content, model.domains)
        )
      except ValueError as error:
        raise files.damaged(parts.embedding['name'], str(error)) from None
    for domain, state in parts.findable.items():
      self._restore(domain, state)
    findable = index_vectors.count_findable(parts.findable, self._embedding)
    if parts.finished or not 0 < findable == len(self):
      self._whole = None

  def _set_embedding(self, embedding: embeddings.Embedding | None) -> None:
    self._embedding = embedding
    if embedding is not None:
      self._records.dimensions = embedding.projection.shape[1]

  def _restore(self, domain: str, state: manifest.Findable) -> None:
    """Gives the search the vectors that the index keeps for it."""
    numbers = self._records.numbers(domain, state.count)
    if len(numbers) != state.count:
      raise self._files.damaged(
        'manifest.json', f'not all images of {domain!r} are there'
      )
    embedding = self._embedding
    if not state.file or not embedding or state.key != embedding.key(domain):
      return  # A server keeps them, or they are of an embedding before.
    dimensions = embedding.projection.shape[1]
    # Vectors, numbers and links, each more than once; with as much again.
    at_most = 2**24 + state.count * (8 * dimensions + 4096)
    content = self._files.read(state.file, at_most=at_most)
    try:
      self._neighbours.restore(domain, content, numbers, dimensions)
    except ValueError as error:
      raise self._files.damaged(state.file['name'], str(error)) from None

  @classmethod
  def build(
    cls,
    folder: str | os.PathLike,
    translator: inference.Translator,
    *,
    kind: str | None = None,
    server: str | None = None,
    neighbours: nearest_neighbours.Neighbours | None = None,
  ) -> 'SearchIndex':
    """Opens an index to add to; an empty one if there is none.

    Args:
      folder: folder of the index.
      translator: model whose codes are compared.
      kind: kind of the index from now on, one of `options.KINDS`.
      server: address of the Qdrant server that searches from now on, instead.
        Without either all stays as it was, except that an index that a server
        searches needs its address; in a new index faiss searches, by the kind
        that the size asks for.
      neighbours: what searches, if neither faiss nor such a server.

    Raises:
      ValueError: the index there is of another model, damaged, or searched by
        a server that is not given.
      OSError: it cannot be written, or the server does not answer.
    """
    files = storage.Storage(folder)
    with files.lock():
      try:
        parts = index_opening.read_manifest(files)
      except FileNotFoundError:
        parts = manifest.Manifest.of_empty_index(translator)
        files.commit(parts.to_json())
    return cls(files, translator, parts, neighbours, kind=kind, server=server)

  @classmethod
  def edit(
    cls,
    folder: str | os.PathLike,
    translator: inference.Translator | None = None,
    *,
    server: str | None = None,
    neighbours: nearest_neighbours.Neighbours | None = None,
  ) -> 'SearchIndex':
    """Opens an index that is there, to remove from or to add to.

    Args:
      folder: folder of the index.
      translator: see `load`.
      server: see `load`.
      neighbours: see `load`.

    Raises:
      FileNotFoundError: there is no index, or its model has gone.
      ValueError: it is of another model, damaged, or searched by a server that
        is not given.
      OSError: its server does not answer.
    """
    files = storage.Storage(folder)
    parts = index_opening.read_manifest(files)
    if translator is None:
      translator = index_opening.recorded_model(parts, folder)
    return cls(files, translator, parts, neighbours, server=server)

  @classmethod
  def load(
    cls,
    folder: str | os.PathLike,
    translator: inference.Translator | None = None,
    *,
    server: str | None = None,
    neighbours: nearest_neighbours.Neighbours | None = None,
  ) -> 'SearchIndex':
    """Opens an index to search; while it is added to, as it was before.

    Args:
      folder: folder of the index.
      translator: model that it was built with; None loads that from where it
        was then.
      server: address of the Qdrant server that searches it, which may have
        moved. It is needed where one does: nothing is connected to only
        because the index says so.
      neighbours: what searches, if neither faiss nor such a server.

    Raises:
      FileNotFoundError: there is no index, or its model has gone.
      ValueError: it is of another model, damaged, unfinished, or searched by a
        server that is not given.
      OSError: its server does not answer.
    """
    attempts = 0
    while True:
      files = storage.Storage(folder)
      try:
        current = index_opening.read_manifest(files)
        parts = index_opening.last_whole(files, current)
        if translator is None:
          translator = index_opening.recorded_model(parts, folder)
        index = cls(files, translator, parts, neighbours, server=server)
        index._is_outdated = parts is not current
        index._check_finished()
        return index
      except storage.Changed:
        attempts += 1
        if attempts == _ATTEMPTS:
          raise

  @property
  def embedding(self) -> embeddings.Embedding:
    """The embedding that it has learned, whose vectors are compared."""
    assert self._embedding is not None  # None only until `finish` learns it.
    return self._embedding

  @property
  def domains(self) -> tuple[str, ...]:
    """The domains that it holds images of, in the model's order."""
    return tuple(d for d in self.translator.domains if self.count(d))

  def __len__(self) -> int:
    """Number of images, of all domains."""
    return len(self._records)

  def count(self, domain: str) -> int:
    """Number of images of a domain."""
    return self._records.count(domain)

  def names(self, domain: str, source: str = '') -> set[str]:
    """The names of a dataset's images that it holds as a domain's."""
    return self._records.names(domain, source)

  def stored(
    self, domain: str | None = None, source: str | None = None
  ) -> Iterator[records.Record]:
    """What is known of the images of a domain and dataset; None for any."""
    return self._records.all(domain, source)

  def image(self, number: int) -> np.ndarray:
    """An image by its number, uint8 [resolution, resolution, 3]."""
    return self._records.image(number)

  def record(self, number: int) -> records.Record:
    """What is known of an image, by its number."""
    return self._records.find(number)

  def vectors(self, domain: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embeddings of a domain, in parts: numbers [n], unit vectors [n, d]."""
    self._check_finished()
    return self._records.vectors(domain)

  def add(
    self,
    domain: str,
    images: Iterable[tuple[str, np.ndarray]],
    *,
    source: str = '',
    stamps: Mapping[str, str | None] | None = None,
  ) -> int:
    """Stores images; `finish` makes them searchable.

    Args:
      domain: name of the domain that the images belong to.
      images: (name, uint8 RGB [height, width, 3]). One whose name is stored
        already, from the same dataset, is skipped. Where reading them raises
        or is interrupted, those before it are kept.
      source: dataset or file that they are from.
      stamps: for their names what changes when their files are replaced, such
        as size and time; kept for `stored`.

    Returns:
      How many were new.

    Raises:
      ValueError: there is no such domain.
      OSError: they cannot be written, or another program is writing.
    """
    self.translator.check_domain(domain)
    with self._editing():
      return self._records.extend(
        domain,
        source,
        images,
        prepare=lambda image: self.translator.prepare(image[None], domain)[0],
        commit=self._commit,
        stamps=stamps or {},
      )

  def set_stamps(
    self, domain: str, source: str, stamps: Mapping[str, str | None]
  ) -> None:
    """Changes the stamps of images that are stored, by their names; see `add`.

    Raises:
      OSError: they cannot be written, or another program is writing.
    """
    with self._editing():
      if self._records.set_stamps(domain, source, stamps):
        self._commit()

  def remove(
    self,
    names: Iterable[str],
    *,
    domain: str | None = None,
    source: str | None = None,
    finish: bool = True,
  ) -> int:
    """Removes images.

    Afterwards no file of the index holds anything of them: neither names nor
    images nor vectors, and what was learned from them and few others is learned
    again. A program that was stopped meanwhile has to call `finish` for that.

    Args:
      names: names of the images.
      domain: name of the domain that they belong to; None for any.
      source: the dataset or file that they are from; None for any.
      finish: whether to do what `finish` does, so that the others can be
        found. False is for more changes to follow; the files keep the images
        until then.

    Returns:
      How many were removed.

    Raises:
      ValueError: there is no such domain.
      OSError: the index cannot be written, another program is writing, or the
        server does not answer.
    """
    if domain is not None:
      self.translator.check_domain(domain)
    wanted = {names} if isinstance(names, str) else {*names}
    with self._editing():
      found = [r for r in self.stored(domain, source) if r.name in wanted]
      if found:
        self._remove(found)
        self._commit()
    if finish:
      self._finish()
    return len(found)

  def _remove(self, found: Sequence[records.Record]) -> None:
    """Removes images from everything but the files that are left to `tidy`."""
    findable = self._manifest.findable
    gone: dict[str, list[int]] = {}
    for record in found:
      gone.setdefault(record.domain, []).append(record.number)
    for domain, numbers in gone.items():
      state = findable.get(domain)
      if state is None:
        continue
      # Before the commit: where this is interrupted, the server lacks some and
      # is sent all again.
      if self._neighbours.remove(domain, np.array(numbers)):
        known = self._records.numbers(domain, state.count)
        state.count -= len(np.intersect1d(known, numbers))
      if state.kind != index_opening.SERVED or not state.count:
        del findable[domain]
    self._records.remove([record.number for record in found])
    if self._embedding:
      kept = index_learning.forget(self._embedding, gone)
      if kept is not self._embedding:
        self._set_embedding(kept)
        self._manifest.embedding = self._write_embedding(kept) if kept else None

  def _write_embedding(self, embedding: embeddings.Embedding) -> storage.Entry:
    content = embedding.to_bytes(self.translator.domains)
    return self._files.write('embedding.npz', content)

  def finish(self) -> None:
    """Learns, embeds and makes searchable whatever is not yet.

    Raises:
      ValueError: there is no image.
      OSError: it cannot be written, another program is writing, or the server
        does not answer.
    """
    self._finish()
    if not len(self):
      raise ValueError(
        f'{errors.printable(self.folder)} holds no images yet; add some.'
      )

  def _finish(self) -> None:
    with self._editing():
      if len(self):
        self._make_searchable()
      findable = self._manifest.findable
      for domain in {*findable} - {*self.domains}:
        del findable[domain]
      was_whole = self._manifest.finished is None
      self._manifest.finished = None
      values = self._manifest.to_json()
      if not was_whole or values != self._whole:
        self._files.commit(values)
      self._whole = values if len(self) else None
      self._files.tidy({e['name'] for e in self._manifest.entries()})

  def _make_searchable(self) -> None:
    """Does all of `finish` but its last commit."""
    new = index_learning.learn(self._records, self.translator, self._embedding)
    if new:
      self._set_embedding(new)
      self._manifest.embedding = self._write_embedding(new)
      self._commit()
    index_vectors.embed_images(
      self._records, self.translator, self.embedding, self._commit
    )
    changed = False
    for domain in self.domains:
      if changed:
        self._commit()
      changed = index_vectors.make_searchable(
        domain,
        self.embedding.key(domain),
        self._records,
        self._neighbours,
        self._files,
        self._manifest.findable,
      )

  def query(
    self,
    images: np.ndarray,
    domain: str,
    *,
    k: int,
    among: Sequence[str] | None = None,
    by: str = 'fused',
  ) -> list[list[Neighbour]]:
    """The nearest images to each of some others.

    Args:
      images: uint8 RGB [n, height, width, 3].
      domain: name of the domain that the images belong to.
      k: number of neighbours of each.
      among: names of the domains to search; see `searched`.
      by: in another domain, search by the image's 'own' code, by the code of
        its 'translation' to there, or by both, 'fused': the sum of the two
        embeddings. Its own domain is always searched by its own code.

    Returns:
      For each image k neighbours, the nearest first. Distances within its
      own domain are those of its own code, so beside 'fused' ones of other
      domains they only order roughly.

    Raises:
      ValueError: an argument is wrong, or the index is not finished.
      OSError: the server does not answer.
    """
    self.translator.check_domain(domain)
    self._check_finished()
    targets = self.searched(domain, among)
    total = sum(self.count(target) for target in targets)
    if not 1 <= k <= total:
      raise ValueError(
        f'k is {k}, and the index holds {total} images of '
        f'{", ".join(targets)}; ask for 1 to {total}.'
      )
    found: list[list[Neighbour]] = [[] for _ in images]
    for target in targets if len(images) else ():
      numbers, cosines = self._neighbours.search(
        target,
        image_embedding.embed_queries(
          self.translator, self.embedding, images, domain, target, by
        ),
        min(k, self.count(target)),
      )
      for neighbours, *row in zip(found, numbers, cosines):
        neighbours += [
          Neighbour(self._records.find(int(n)), max(0.0, 1.0 - float(c)))
          for n, c in zip(*row)
          # A search that found fewer gives -1, and a server that another
          # program adds to may give images that this index lacks.
          if self._records.holds(int(n), target)
        ]
    return [sorted(row, key=lambda n: n.distance)[:k] for row in found]

  def searched(
    self, domain: str, among: Sequence[str] | None = None
  ) -> tuple[str, ...]:
    """The domains that a query of images of `domain` searches.

    Args:
      domain: name of the domain that the images belong to.
      among: names of the domains to search; None for all others, or for
        `domain` if there are no others.

    Raises:
      ValueError: the index holds no images of one.
    """
    if among is None:
      return tuple(d for d in self.domains if d != domain) or self.domains
    for target in among:
      if target not in self.domains:
        raise ValueError(
          f'The index holds no images of {target!r}; it holds '
          f'{", ".join(self.domains) or "none at all"}'
          f'{errors.did_you_mean(target, self.domains) or "."}'
        )
    return tuple(dict.fromkeys(among))

  def _check_finished(self) -> None:
    findable = index_vectors.count_findable(
      self._manifest.findable, self._embedding, self._neighbours
    )
    if findable < len(self) or not len(self):
      raise ValueError(
        f'The index in {errors.printable(self.folder)} is not finished: '
        f'{findable:,} of {len(self):,} images can be found. Run the command '
        'that builds it again: it goes on where it stopped.'
      )

  @contextlib.contextmanager
  def _editing(self) -> Iterator[None]:
    """Keeps other programs from changing the index meanwhile."""
    with self._files.lock():
      self._files.check_unchanged()
      if self._is_outdated:
        raise storage.Changed(
          f'Another program was adding to {errors.printable(self.folder)} when '
          'it was opened to search; open it by `edit`.'
        )
      yield

  def _commit(self) -> None:
    if self._whole and not self._manifest.finished:
      self._manifest.finished = self._files.write(
        'finished.json', json.dumps(self._whole).encode()
      )
    self._files.commit(self._manifest.to_json())

"""SearchIndex: who looks like me over there?

Images of any of a model's domains go in; for an image of one domain, the
nearest ones of another come out (Twin-GAN: Li, 2018).

  index = SearchIndex.build('faces.index', Translator('runs/faces'))
  index.add('anime', [('a.png', image), ...])
  index.finish()
  neighbours = index.query(photos, 'photo', k=3)

Building goes in steps that each leave a whole index behind: images are
stored; what is learned from them is learned; what has no vector yet is
embedded; what can't be found yet is made findable. `finish` does what is left
to do, wherever an earlier program was stopped.
"""

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import inference
from tf_twingan.retrieval import (
  embeddings,
  index_learning,
  index_vectors,
  nearest_neighbours,
  options,
  qdrant,
  records,
  storage,
)


class Neighbour(NamedTuple):
  """An image that was found.

  Attributes:
    record: which it is.
    distance: 1 - cosine of the angle to the query, in [0, 2].
  """

  record: records.Record
  distance: float


class SearchIndex:
  """Images of one model's domains, to be searched by images of any.

  Attributes:
    folder: where it is kept.
    translator: the model that it was built with.
  """

  def __init__(
    self,
    files: storage.Storage,
    translator: inference.Translator,
    manifest: dict[str, Any],
    neighbours: nearest_neighbours.Neighbours | None,
  ):
    """Use `build` or `load`."""
    _check(files, manifest, translator)
    self.folder = files.folder
    self.translator = translator
    self._files = files
    self._manifest = manifest
    self._records = records.Records(files, manifest['shards'])
    self._neighbours = neighbours or _neighbours(manifest, self._records.lookup)
    self._embedding: embeddings.Embedding | None = None
    if manifest['embedding']:
      self._embedding = embeddings.Embedding.from_bytes(
        files.read(manifest['embedding']), translator.domains
      )
    for domain, state in manifest['findable'].items():
      if state['file']:
        self._neighbours.restore(domain, files.read(state['file']))

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
      folder: where it is kept.
      translator: the model.
      kind: one of `options.KINDS`, from now on.
      server: the address of a Qdrant server that is to do the searching from
        now on, instead. Without either all stays as it was, at first faiss of
        the kind that the size asks for.
      neighbours: what is to do it, if neither faiss nor that server.

    Raises:
      ValueError: the index there is of another model, or damaged.
      OSError: it cannot be written, or the server does not answer.
    """
    files = storage.Storage(folder)
    with files.lock():
      try:
        manifest = files.read_manifest()
      except FileNotFoundError:
        manifest = {
          'id': uuid.uuid4().hex,
          'embedding_version': embeddings.VERSION,
          'fingerprint': translator.fingerprint,
          'origin': translator.origin,
          'kind': None,
          'server': None,
          'embedding': None,
          'shards': [],
          'findable': {},
        }
        files.commit(manifest)
    if kind or server:  # What was chosen before gives way.
      manifest |= {'kind': kind, 'server': server}
    return cls(files, translator, manifest, neighbours)

  @classmethod
  def load(
    cls,
    folder: str | os.PathLike,
    translator: inference.Translator | None = None,
    *,
    server: str | None = None,
    neighbours: nearest_neighbours.Neighbours | None = None,
  ) -> 'SearchIndex':
    """Opens an index to search.

    Args:
      folder: where it is kept.
      translator: the model it was built with; None loads that from where it
        was then.
      server: where the Qdrant server is now, if it moved.
      neighbours: see `build`.

    Raises:
      FileNotFoundError: there is no index, or its model has gone.
      ValueError: it is of another model, damaged, or unfinished.
      OSError: its server does not answer.
    """
    files = storage.Storage(folder)
    manifest = files.read_manifest()
    if translator is None:
      translator = inference.Translator.reopen(manifest['origin'])
    if server:
      manifest |= {'kind': None, 'server': server}
    index = cls(files, translator, manifest, neighbours)
    index._check_finished()
    return index

  @property
  def embedding(self) -> embeddings.Embedding:
    """What it has learned to compare images by."""
    return self._embedding

  @property
  def domains(self) -> tuple[str, ...]:
    """The domains that it holds images of, in the model's order."""
    return tuple(d for d in self.translator.domains if self.count(d))

  def __len__(self) -> int:
    """Images, of all domains."""
    return len(self._records)

  def count(self, domain: str) -> int:
    """Images of a domain."""
    return self._records.count(domain)

  def names(self, domain: str, source: str = '') -> set[str]:
    """The names of a source's images that are here already."""
    return self._records.names(domain, source)

  def image(self, number: int) -> np.ndarray:
    """An image by its number, uint8 [resolution, resolution, 3]."""
    return self._records.image(number)

  def record(self, number: int) -> records.Record:
    """What is known of an image, by its number."""
    return self._records.find(number)

  def vectors(self, domain: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embeddings of a domain, bit by bit: numbers [n], unit vectors [n, d]."""
    self._check_finished()
    return self._records.vectors(domain)

  def add(
    self,
    domain: str,
    images: Iterable[tuple[str, np.ndarray]],
    *,
    source: str = '',
  ) -> int:
    """Stores images; `finish` makes them findable.

    Args:
      domain: theirs.
      images: (name, uint8 RGB [height, width, 3]). One whose name is here
        already, from the same source, is passed over. Where reading them
        raises or is interrupted, those before it are kept.
      source: where they are from.

    Returns:
      How many were new.

    Raises:
      ValueError: no such domain.
      OSError: they cannot be written, or another program is writing.
    """
    self.translator.check_domain(domain)
    known, before = self.names(domain, source), len(self)
    waiting: dict[str, np.ndarray] = {}

    def store() -> None:
      if waiting:
        names, batch = [*waiting], [*waiting.values()]
        # Before, for an interrupted store comes here once more.
        waiting.clear()
        self._records.append(domain, source, names, batch)
        self._commit()

    with self._files.lock():
      self._files.check_unchanged()
      try:
        for name, image in images:
          if name not in known and name not in waiting:
            waiting[name] = self.translator.prepare(image[None])[0]
          if len(waiting) == records.SHARD:
            known.update(waiting)
            store()
      finally:
        store()
    return len(self) - before

  def finish(self) -> None:
    """Learns, embeds and makes findable whatever is not yet.

    Raises:
      ValueError: there is no image.
      OSError: it cannot be written, another program is writing, or the server
        does not answer.
    """
    if not len(self):
      raise ValueError(f'{self.folder} holds no images yet; add some.')
    with self._files.lock():
      self._files.check_unchanged()
      new = index_learning.learned(
        self._records, self.translator, self._embedding
      )
      if new:
        self._embedding = new
        self._manifest['embedding'] = self._files.write(
          f'embedding.{uuid.uuid4().hex[:8]}.npz',
          new.to_bytes(self.translator.domains),
        )
        self._commit()
      assert self._embedding is not None
      keys = {d: self._embedding.key(d) for d in self.domains}
      index_vectors.embed(self._records, keys, self._vectors, self._commit)
      for domain, key in keys.items():
        index_vectors.make_findable(
          domain,
          key,
          self._records,
          self._neighbours,
          self._files,
          self._manifest['findable'],
        )
        self._commit()
      self._files.tidy({entry['name'] for entry in self._entries()})

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
      domain: theirs.
      k: how many to find for each.
      among: domains to search; see `searched`.
      by: in another domain, search by the image's 'own' code, by the code of
        its 'translation' to there, or by both, 'fused': the sum of the two
        embeddings. In its own domain it is its own code always.

    Returns:
      For each image k neighbours, the nearest first. Distances within its
      own domain are those of its own code, so beside 'fused' ones of other
      domains they only order roughly.

    Raises:
      ValueError: an argument is wrong, or the index is not finished.
      OSError: the server does not answer.
    """
    if by not in options.BY:
      raise ValueError(f'by is {by!r}; choose one of {", ".join(options.BY)}.')
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
        self._query_vectors(images, domain, target, by),
        min(k, self.count(target)),
      )
      for row, numbers_and_cosines in zip(found, zip(numbers, cosines)):
        row += [
          Neighbour(self._records.find(int(n)), max(0.0, 1.0 - float(c)))
          for n, c in zip(*numbers_and_cosines)
          if n >= 0
        ]
    return [sorted(row, key=lambda n: n.distance)[:k] for row in found]

  def searched(
    self, domain: str, among: Sequence[str] | None = None
  ) -> tuple[str, ...]:
    """The domains that a query of images of `domain` searches.

    Args:
      domain: the images'.
      among: these; None for all others, or `domain` if there are no others.

    Raises:
      ValueError: the index holds no images of one.
    """
    if among is None:
      return tuple(d for d in self.domains if d != domain) or self.domains
    for target in among:
      if target not in self.domains:
        raise ValueError(
          f'The index holds no images of {target!r}; it holds '
          f'{", ".join(self.domains) or "none at all"}.'
        )
    return tuple(dict.fromkeys(among))

  def _query_vectors(self, images, domain, target, by):
    own = self._vectors(images, domain)
    if by == 'own' or target == domain:
      return own
    translations = self.translator.translate(images, to=target, source=domain)
    translated = self._vectors(translations, target)
    if by == 'translation':
      return translated
    return embeddings.unit(own + translated)

  def _vectors(self, images, domain):
    assert self._embedding is not None
    return self._embedding.embed(self.translator.scales(images, domain), domain)

  def _check_finished(self) -> None:
    findable = 0
    for domain, state in self._manifest['findable'].items():
      assert self._embedding is not None
      if state['key'] == self._embedding.key(domain):
        findable += min(state['count'], self._neighbours.count(domain))
    if findable < len(self) or not len(self):
      raise ValueError(
        f'The index in {self.folder} is not finished: {findable:,} of '
        f'{len(self):,} images can be found. Run the command that builds it '
        'again: it goes on where it stopped.'
      )

  def _entries(self) -> Iterator[storage.Entry]:
    """Every file that the manifest names."""
    yield self._manifest['embedding']
    for shard in self._manifest['shards']:
      yield from (shard['pictures'], shard['names'], shard['vectors'])
    for state in self._manifest['findable'].values():
      if state['file']:
        yield state['file']

  def _commit(self) -> None:
    self._files.commit(self._manifest)


def _neighbours(
  manifest: Mapping[str, Any], lookup: Callable[[np.ndarray], np.ndarray]
) -> nearest_neighbours.Neighbours:
  if not manifest['server']:
    from tf_twingan.retrieval import faiss_neighbours

    return faiss_neighbours.FaissNeighbours(manifest['kind'], lookup=lookup)
  if manifest['kind']:
    raise ValueError(
      f'A Qdrant server decides how to search; kind {manifest["kind"]!r} is '
      'for an index without one. Give one or the other.'
    )
  return qdrant.QdrantNeighbours.connect(
    manifest['server'], f'tf_twingan_{manifest["id"]}'
  )


def _check(
  files: storage.Storage,
  manifest: Mapping[str, Any],
  translator: inference.Translator,
) -> None:
  """Refuses an index whose vectors do not compare with this model's."""
  if manifest['fingerprint'] != translator.fingerprint:
    raise ValueError(
      f'The index in {files.folder} is of another model '
      f'({manifest["fingerprint"][:12]}, then at {manifest["origin"]}) than '
      f'this one ({translator.fingerprint[:12]}). Give the model that it was '
      'built with, or build another index.'
    )
  if manifest['embedding_version'] != embeddings.VERSION:
    raise ValueError(
      f'The index in {files.folder} is of embedding version '
      f'{manifest["embedding_version"]}, and this version of tf_twingan makes '
      f'{embeddings.VERSION}; build another index.'
    )

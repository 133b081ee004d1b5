"""SearchIndex: finds images of other domains that look like a given one.

Images of any of a model's domains are added; for an image of one domain, the
nearest ones of another are found (Twin-GAN: Li, 2018).

  index = SearchIndex.build('faces.index', Translator('runs/faces'))
  index.add('anime', [('a.png', image), ...])
  index.finish()
  neighbours = index.query(photos, 'photo', k=3)

Building takes steps that each leave a whole index behind: images are stored,
the embedding is learned, images are embedded, vectors are handed to the search.
`finish` does what is left to do, wherever an earlier program was stopped.
"""

import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import inference
from tf_twingan.retrieval import (
  embeddings,
  image_embedding,
  index_learning,
  index_vectors,
  manifest,
  nearest_neighbours,
  records,
  storage,
)


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
  ):
    """Use `build` or `load`."""
    parts.check_model(model, files.folder)
    self.folder = files.folder
    self.translator = model
    self._files = files
    self._manifest = parts
    self._records = records.Records(files, parts.shards)
    self._neighbours = neighbours or nearest_neighbours.create(
      parts.kind,
      parts.server,
      collection=f'tf_twingan_{parts.id}',
      lookup=self._records.lookup,
    )
    self._embedding: embeddings.Embedding | None = None
    if parts.embedding:
      self._embedding = embeddings.Embedding.from_bytes(
        files.read(parts.embedding), model.domains
      )
    for domain, state in parts.findable.items():
      if state.file:
        self._neighbours.restore(domain, files.read(state.file))

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
        Without either all stays as it was; in a new index faiss searches, by
        the kind that the size asks for.
      neighbours: what searches, if neither faiss nor such a server.

    Raises:
      ValueError: the index there is of another model, or damaged.
      OSError: it cannot be written, or the server does not answer.
    """
    files = storage.Storage(folder)
    with files.lock():
      try:
        parts = manifest.Manifest.from_json(files.read_manifest())
      except FileNotFoundError:
        parts = manifest.Manifest.of_empty_index(translator)
        files.commit(parts.to_json())
    if kind or server:  # What was chosen before gives way.
      parts.kind, parts.server = kind, server
    return cls(files, translator, parts, neighbours)

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
      folder: folder of the index.
      translator: model that it was built with; None loads that from where it
        was then.
      server: where the Qdrant server is now, if it moved.
      neighbours: what searches, if neither faiss nor such a server.

    Raises:
      FileNotFoundError: there is no index, or its model has gone.
      ValueError: it is of another model, damaged, or unfinished.
      OSError: its server does not answer.
    """
    files = storage.Storage(folder)
    parts = manifest.Manifest.from_json(files.read_manifest())
    if translator is None:
      translator = inference.Translator.reopen(parts.origin)
    if server:
      parts.kind, parts.server = None, server
    index = cls(files, translator, parts, neighbours)
    index._check_finished()
    return index

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
  ) -> int:
    """Stores images; `finish` makes them searchable.

    Args:
      domain: name of the domain that the images belong to.
      images: (name, uint8 RGB [height, width, 3]). One whose name is stored
        already, from the same dataset, is skipped. Where reading them raises
        or is interrupted, those before it are kept.
      source: dataset or file that they are from.

    Returns:
      How many were new.

    Raises:
      ValueError: there is no such domain.
      OSError: they cannot be written, or another program is writing.
    """
    self.translator.check_domain(domain)
    with self._files.lock():
      self._files.check_unchanged()
      return self._records.extend(
        domain,
        source,
        images,
        prepare=lambda image: self.translator.prepare(image[None], domain)[0],
        commit=self._commit,
      )

  def finish(self) -> None:
    """Learns, embeds and makes searchable whatever is not yet.

    Raises:
      ValueError: there is no image.
      OSError: it cannot be written, another program is writing, or the server
        does not answer.
    """
    if not len(self):
      raise ValueError(f'{self.folder} holds no images yet; add some.')
    with self._files.lock():
      self._files.check_unchanged()
      new = index_learning.learn(
        self._records, self.translator, self._embedding
      )
      if new:
        self._embedding = new
        self._manifest.embedding = self._files.write(
          f'embedding.{uuid.uuid4().hex[:8]}.npz',
          new.to_bytes(self.translator.domains),
        )
        self._commit()
      index_vectors.embed_images(
        self._records, self.translator, self.embedding, self._commit
      )
      for domain in self.domains:
        index_vectors.make_searchable(
          domain,
          self.embedding.key(domain),
          self._records,
          self._neighbours,
          self._files,
          self._manifest.findable,
        )
        self._commit()
      self._files.tidy({e['name'] for e in self._manifest.entries()})

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
          if n >= 0
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
          f'{", ".join(self.domains) or "none at all"}.'
        )
    return tuple(dict.fromkeys(among))

  def _check_finished(self) -> None:
    findable = index_vectors.count_findable(
      self._manifest.findable, self._embedding, self._neighbours
    )
    if findable < len(self) or not len(self):
      raise ValueError(
        f'The index in {self.folder} is not finished: {findable:,} of '
        f'{len(self):,} images can be found. Run the command that builds it '
        'again: it goes on where it stopped.'
      )

  def _commit(self) -> None:
    self._files.commit(self._manifest.to_json())

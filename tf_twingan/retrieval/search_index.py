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

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from tf_twingan import errors, inference
from tf_twingan.data import unicode_names
from tf_twingan.retrieval import (
  embeddings,
  index_changes,
  index_contents,
  index_opening,
  index_queries,
  manifest,
  nearest_neighbours,
  records,
  storage,
)

# How often an index is opened again that another program changes meanwhile.
_ATTEMPTS = 100


class SearchIndex:
  """Images of one model's domains, to be searched by images of any of them.

  Attributes:
    folder: folder of the index.
    translator: model that it was built with.
  """

  def __init__(self, contents: index_contents.Contents):
    """Use `build`, `edit` or `load`."""
    self.folder = contents.files.folder
    self.translator = contents.model
    self._contents = contents
    self._records = contents.records

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
      kind: kind of the index from now on, one of `options.KINDS`; a domain of
        fewer images than `options.IVF_PQ_FROM` is 'flat' instead of 'ivf_pq'.
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
    return cls(
      index_contents.Contents(
        files, translator, parts, neighbours, kind=kind, server=server
      )
    )

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
    return cls(
      index_contents.Contents(
        files, translator, parts, neighbours, server=server
      )
    )

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
        contents = index_contents.Contents(
          files,
          translator,
          parts,
          neighbours,
          server=server,
          is_outdated=parts is not current,
        )
        contents.check_finished()
        return cls(contents)
      except storage.Changed:
        attempts += 1
        if attempts == _ATTEMPTS:
          raise

  @property
  def embedding(self) -> embeddings.Embedding:
    """The embedding that it has learned, whose vectors are compared."""
    return self._contents.embedding

  @property
  def domains(self) -> tuple[str, ...]:
    """The domains that it holds images of, in the model's order."""
    return self._contents.domains

  def __len__(self) -> int:
    """Number of images, of all domains."""
    return len(self._records)

  def count(self, domain: str) -> int:
    """Number of images of a domain."""
    return self._records.count(domain)

  def kind(self, domain: str) -> str | None:
    """How its vectors are kept, a name of `options.KINDS` if by faiss.

    None if there are none yet.
    """
    state = self._contents.manifest.findable.get(domain)
    return None if state is None else state.kind

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

  def repeats(self, numbers: Iterable[int]) -> list[int]:
    """The numbers of other images, of any domain, that show exactly the same.

    Args:
      numbers: numbers of images that are there.
    """
    return self._records.repeats(numbers)

  def record(self, number: int) -> records.Record:
    """What is known of an image, by its number."""
    return self._records.find(number)

  def vectors(self, domain: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embeddings of a domain, in parts: numbers [n], unit vectors [n, d]."""
    self._contents.check_finished()
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
    with self._contents.editing():
      return index_changes.add(
        self._contents, domain, source, images, stamps or {}
      )

  def set_stamps(
    self, domain: str, source: str, stamps: Mapping[str, str | None]
  ) -> None:
    """Changes the stamps of images that are stored, by their names; see `add`.

    Raises:
      OSError: they cannot be written, or another program is writing.
    """
    with self._contents.editing():
      if self._records.set_stamps(domain, source, stamps):
        self._contents.commit()

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
      names: names of the images; of an accented one, either spelling stands
        for both.
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
    names = [names] if isinstance(names, str) else names
    wanted = {unicode_names.composed(name) for name in names}
    with self._contents.editing():
      found = [
        record
        for record in self.stored(domain, source)
        if unicode_names.composed(record.name) in wanted
      ]
      if found:
        index_changes.remove(self._contents, found)
        self._contents.commit()
    if finish:
      index_changes.finish(self._contents)
    return len(found)

  def finish(self) -> None:
    """Learns, embeds and makes searchable whatever is not yet.

    Raises:
      ValueError: there is no image.
      OSError: it cannot be written, another program is writing, or the server
        does not answer.
    """
    index_changes.finish(self._contents)
    if not len(self):
      raise ValueError(
        f'{errors.printable(self.folder)} holds no images yet; add some.'
      )

  def query(
    self,
    images: np.ndarray,
    domain: str,
    *,
    k: int,
    among: Sequence[str] | None = None,
    by: str = 'fused',
  ) -> list[list[index_queries.Neighbour]]:
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
    return index_queries.nearest(
      self._contents, images, domain, k=k, among=among, by=by
    )

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
    return index_queries.searched(self._contents, domain, among)

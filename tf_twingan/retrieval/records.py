"""The images of an index, numbered in the order they came, with their names.

They are kept in shards of one domain and dataset each; a shard's vectors follow
when it is embedded. The images themselves are kept, at the model's resolution
(3 KB each at 32 px), so that neighbours can be shown where the dataset has
gone, and embedded again when the embedding is learned anew.
"""

import bisect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan.retrieval import manifest, storage

# Images of a shard; what a killed program loses at most, and reads again.
SHARD_SIZE = 512


class Record(NamedTuple):
  """What is known of an image.

  Attributes:
    number: its place in the index.
    name: its name in the dataset.
    source: the dataset or file that it is from.
    domain: name of the domain that it was taken to belong to.
  """

  number: int
  name: str
  source: str
  domain: str


class Records:
  """The shards of an index.

  Attributes:
    shards: the shards, as the manifest lists them.
  """

  def __init__(self, files: storage.Storage, shards: list[manifest.Shard]):
    """Reads the names.

    Args:
      files: the files of the index.
      shards: `append` and `set_vectors` change this list.

    Raises:
      ValueError: a file is damaged.
    """
    self._files = files
    self.shards = shards
    self._names = [json.loads(files.read(shard.names)) for shard in shards]
    counts = [shard.count for shard in shards]
    self._starts = np.cumsum([0] + counts).tolist()

  def append(
    self,
    domain: str,
    source: str,
    names: Sequence[str],
    images: Sequence[np.ndarray],
  ) -> None:
    """Writes a shard.

    Args:
      domain: name of the domain that the images belong to.
      source: the dataset or file that they are from.
      names: their names in it.
      images: uint8 RGB [resolution, resolution, 3], of the model's resolution.

    Raises:
      OSError: a file could not be written.
    """
    place = len(self.shards)
    shard = manifest.Shard(
      domain=domain,
      source=source,
      count=len(names),
      images=self._files.write(f'{place:06d}.pictures.npy', np.stack(images)),
      names=self._files.write(
        f'{place:06d}.names.json', json.dumps(list(names)).encode()
      ),
    )
    self.shards.append(shard)
    self._names.append(list(names))
    self._starts.append(self._starts[-1] + len(names))

  def extend(
    self,
    domain: str,
    source: str,
    images: Iterable[tuple[str, np.ndarray]],
    *,
    prepare: Callable[[np.ndarray], np.ndarray],
    commit: Callable[[], None],
  ) -> int:
    """Writes the images of a dataset that are not stored yet, in shards.

    Args:
      domain: name of the domain that the images belong to.
      source: the dataset or file that they are from.
      images: (name, image); where reading them raises or is interrupted, those
        before it are written.
      prepare: crops and scales an image to the model's resolution.
      commit: called after each shard.

    Returns:
      How many were new.

    Raises:
      OSError: a file could not be written.
    """
    known, before = self.names(domain, source), len(self)
    waiting: dict[str, np.ndarray] = {}

    def write() -> None:
      if waiting:
        names, batch = [*waiting], [*waiting.values()]
        # Before, as `finally` writes once more if this is interrupted.
        waiting.clear()
        self.append(domain, source, names, batch)
        commit()

    try:
      for name, image in images:
        if name not in known and name not in waiting:
          waiting[name] = prepare(image)
        if len(waiting) == SHARD_SIZE:
          known.update(waiting)
          write()
    finally:
      write()
    return len(self) - before

  def set_vectors(self, place: int, vectors: np.ndarray, key: str) -> None:
    """Writes a shard's vectors, of the embedding with this key."""
    # Beside older ones, which a search under way may still read.
    name = f'{place:06d}.vectors.{key}.npy'
    self.shards[place].vectors = self._files.write(name, vectors)
    self.shards[place].key = key

  def __len__(self) -> int:
    """Number of images, of all domains."""
    return self._starts[-1]

  def count(self, domain: str) -> int:
    """Number of images of a domain."""
    return sum(self.shards[place].count for place in self.places(domain))

  def places(self, domain: str) -> list[int]:
    """The places of a domain's shards."""
    return [i for i, s in enumerate(self.shards) if s.domain == domain]

  def names(self, domain: str, source: str) -> set[str]:
    """The names of a dataset's images that are stored as a domain's."""
    return {
      name
      for place in self.places(domain)
      if self.shards[place].source == source
      for name in self._names[place]
    }

  def find(self, number: int) -> Record:
    """What is known of an image, by its number."""
    place, row = self._locate(number)
    shard = self.shards[place]
    return Record(number, self._names[place][row], shard.source, shard.domain)

  def image(self, number: int) -> np.ndarray:
    """An image by its number, uint8 [resolution, resolution, 3]."""
    place, row = self._locate(number)
    return self._files.read_row(self.shards[place].images, row)

  def images(self, place: int) -> np.ndarray:
    """A shard's images, uint8 [n, resolution, resolution, 3]."""
    return self._files.read_array(self.shards[place].images)

  def sample(self, domain: str, size: int) -> np.ndarray:
    """Up to `size` images of a domain, spread evenly over all of them."""
    total = self.count(domain)
    wanted = np.unique(np.linspace(0, total - 1, min(size, total)).astype(int))
    parts, seen = [], 0
    for place in self.places(domain):
      count = self.shards[place].count
      rows = wanted[(wanted >= seen) & (wanted < seen + count)] - seen
      if len(rows):
        parts.append(self.images(place)[rows])
      seen += count
    return np.concatenate(parts)

  def vectors(
    self, domain: str, *, after: int = 0
  ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A domain's numbers, int64 [n], and vectors, float32 [n, d], by shard.

    Args:
      domain: name of a domain whose shards all have vectors.
      after: how many of its first images to leave out, in whole shards.
    """
    seen = 0
    for place in self.places(domain):
      if seen >= after:
        numbers = np.arange(self._starts[place], self._starts[place + 1])
        yield numbers, self._files.read_array(self._vectors_of(place))
      seen += self.shards[place].count

  def lookup(self, numbers: np.ndarray) -> np.ndarray:
    """The vectors of images that have one: int64 [n] to float32 [n, d]."""
    rows = []
    for number in numbers.tolist():
      place, row = self._locate(number)
      rows.append(self._files.read_row(self._vectors_of(place), row))
    return np.stack(rows)

  def _vectors_of(self, place: int) -> dict[str, str]:
    file = self.shards[place].vectors
    assert file is not None, place
    return file

  def _locate(self, number: int) -> tuple[int, int]:
    """The place of an image's shard, and its row there."""
    place = bisect.bisect_right(self._starts, number) - 1
    return place, number - self._starts[place]

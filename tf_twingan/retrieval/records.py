"""The images of an index, numbered in the order they came, with their names.

They lie in shards of one domain and source each; a shard's vectors follow when
it is embedded. The images themselves are kept, at the model's resolution
(3 KB each at 32 px), so that neighbours can be shown where the source has gone,
and embedded again when the embedding is learned anew.
"""

import bisect
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.retrieval import storage

# Images; what a killed program loses at most, and reads again.
SHARD = 512


class Record(NamedTuple):
  """What is known of an image.

  Attributes:
    number: its place in the index.
    name: in its source.
    source: where it came from.
    domain: whose image it was taken for.
  """

  number: int
  name: str
  source: str
  domain: str


class Records:
  """The shards of an index.

  Attributes:
    shards: plain dicts, part of the manifest.
  """

  def __init__(self, files: storage.Storage, shards: list[dict[str, Any]]):
    """Reads the names.

    Args:
      files: where the shards are.
      shards: `append` and `set_vectors` change this list.

    Raises:
      ValueError: a file is damaged.
    """
    self._files = files
    self.shards = shards
    self._names = [json.loads(files.read(s['names'])) for s in shards]
    self._starts = np.cumsum([0] + [s['count'] for s in shards]).tolist()

  def append(
    self,
    domain: str,
    source: str,
    names: Sequence[str],
    images: Sequence[np.ndarray],
  ) -> None:
    """Writes a shard: uint8 images of the model's resolution, named."""
    place = len(self.shards)
    shard = {
      'domain': domain,
      'source': source,
      'count': len(names),
      'pictures': self._files.write(
        f'{place:06d}.pictures.npy', np.stack(images)
      ),
      'names': self._files.write(
        f'{place:06d}.names.json', json.dumps(list(names)).encode()
      ),
      'vectors': None,
      'key': None,
    }
    self.shards.append(shard)
    self._names.append(list(names))
    self._starts.append(self._starts[-1] + len(names))

  def set_vectors(self, place: int, vectors: np.ndarray, key: str) -> None:
    """Writes a shard's vectors, of the embedding with this key."""
    # Beside older ones, which a search under way may still read.
    name = f'{place:06d}.vectors.{key}.npy'
    self.shards[place] |= {
      'vectors': self._files.write(name, vectors),
      'key': key,
    }

  def __len__(self) -> int:
    """Images, of all domains."""
    return self._starts[-1]

  def count(self, domain: str) -> int:
    """Images of a domain."""
    return sum(self.shards[place]['count'] for place in self.places(domain))

  def places(self, domain: str) -> list[int]:
    """The places of a domain's shards."""
    return [i for i, s in enumerate(self.shards) if s['domain'] == domain]

  def names(self, domain: str, source: str) -> set[str]:
    """The names of a source's images that are here as a domain's."""
    return {
      name
      for place in self.places(domain)
      if self.shards[place]['source'] == source
      for name in self._names[place]
    }

  def find(self, number: int) -> Record:
    """What is known of an image."""
    place, row = self._locate(number)
    shard = self.shards[place]
    return Record(
      number, self._names[place][row], shard['source'], shard['domain']
    )

  def image(self, number: int) -> np.ndarray:
    """An image, uint8 [resolution, resolution, 3]."""
    place, row = self._locate(number)
    return self._files.read_row(self.shards[place]['pictures'], row)

  def images(self, place: int) -> np.ndarray:
    """A shard's images, uint8 [n, resolution, resolution, 3]."""
    return self._files.read_array(self.shards[place]['pictures'])

  def sample(self, domain: str, size: int) -> np.ndarray:
    """Up to `size` images of a domain, spread evenly over all of them."""
    total = self.count(domain)
    wanted = np.unique(np.linspace(0, total - 1, min(size, total)).astype(int))
    parts, seen = [], 0
    for place in self.places(domain):
      count = self.shards[place]['count']
      here = wanted[(wanted >= seen) & (wanted < seen + count)] - seen
      if len(here):
        parts.append(self.images(place)[here])
      seen += count
    return np.concatenate(parts)

  def vectors(
    self, domain: str, *, after: int = 0
  ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A domain's numbers, int64 [n], and vectors, float32 [n, d], by shard.

    Args:
      domain: one whose shards all have vectors.
      after: leave out its first so many images; whole shards.
    """
    seen = 0
    for place in self.places(domain):
      if seen >= after:
        numbers = np.arange(self._starts[place], self._starts[place + 1])
        yield numbers, self._files.read_array(self.shards[place]['vectors'])
      seen += self.shards[place]['count']

  def lookup(self, numbers: np.ndarray) -> np.ndarray:
    """The vectors of images that have one: int64 [n] to float32 [n, d]."""
    rows = []
    for number in numbers.tolist():
      place, row = self._locate(number)
      rows.append(self._files.read_row(self.shards[place]['vectors'], row))
    return np.stack(rows)

  def _locate(self, number: int) -> tuple[int, int]:
    place = bisect.bisect_right(self._starts, number) - 1
    return place, number - self._starts[place]

"""The images of an index, numbered in the order they came, with their names.

They are kept in shards of one domain and dataset each; a shard's vectors follow
when it is embedded. The images themselves are kept, at the model's resolution
(3 KB each at 32 px), so that neighbours can be shown where the dataset has
gone, and embedded again when the embedding is learned anew. An image keeps its
number when others are removed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.retrieval import image_numbers, manifest, storage


class Record(NamedTuple):
  """What is known of an image.

  Attributes:
    number: its place in the index.
    name: its name in the dataset.
    source: the dataset or file that it is from.
    domain: name of the domain that it was taken to belong to.
    stamp: what changes when its file is replaced, such as size and time; None
      where that is not known.
  """

  number: int
  name: str
  source: str
  domain: str
  stamp: str | None = None


class Records:
  """The shards of an index.

  Attributes:
    shards: the shards, as the manifest lists them.
    dimensions: length of the vectors; None before there are any.
  """

  def __init__(
    self,
    files: storage.Storage,
    shards: list[manifest.Shard],
    resolution: int,
  ):
    """Reads the names.

    Args:
      files: the files of the index.
      shards: this list is changed as images come and go.
      resolution: side of the images, px.

    Raises:
      ValueError: a file is damaged.
    """
    self._files = files
    self._resolution = resolution
    self.shards = shards
    self.dimensions: int | None = None
    self._names = [
      self._read_texts(shard.names, list[str], shard.count) for shard in shards
    ]
    self._stamps = [
      self._read_texts(shard.stamps, list[str | None], shard.count)
      if shard.stamps
      else [None] * shard.count
      for shard in shards
    ]
    self._place_shards()

  def _read_texts(self, entry: storage.Entry, kind: Any, count: int) -> list:
    texts = self._files.read_json(entry, kind)
    if len(texts) != count:
      raise self._files.damaged(
        entry['name'], f'it holds {len(texts)} lines, and should hold {count}'
      )
    return texts

  def _place_shards(self) -> None:
    try:
      self._numbers = image_numbers.ImageNumbers(self.shards)
    except ValueError as error:
      raise self._files.damaged('manifest.json', str(error)) from None

  def append(
    self,
    domain: str,
    source: str,
    names: Sequence[str],
    images: Sequence[np.ndarray],
    stamps: Sequence[str | None] | None = None,
  ) -> None:
    """Writes a shard.

    Args:
      domain: name of the domain that the images belong to.
      source: the dataset or file that they are from.
      names: their names in it.
      images: uint8 RGB [resolution, resolution, 3], of the model's resolution.
      stamps: their stamps; None if no file has any.

    Raises:
      OSError: a file could not be written.
    """
    stamps = list(stamps or [None] * len(names))
    shard = manifest.Shard(
      domain=domain,
      source=source,
      count=len(names),
      images=self._files.write('pictures.npy', np.stack(images)),
      names=self._write_texts('names', list(names)),
      stamps=self._write_stamps(stamps),
    )
    self.shards.append(shard)
    self._names.append(list(names))
    self._stamps.append(stamps)
    self._numbers.take_in_last()

  def _write_texts(self, what: str, texts: list) -> storage.Entry:
    return self._files.write(f'{what}.json', json.dumps(texts).encode())

  def _write_stamps(self, stamps: list[str | None]) -> storage.Entry | None:
    return self._write_texts('stamps', stamps) if any(stamps) else None

  def set_vectors(self, place: int, vectors: np.ndarray, key: str) -> None:
    """Writes a shard's vectors, of the embedding with this key."""
    # Beside older ones, which a search under way may still read.
    self.shards[place].vectors = self._files.write('vectors.npy', vectors)
    self.shards[place].key = key

  def set_stamps(
    self, domain: str, source: str, stamps: Mapping[str, str | None]
  ) -> bool:
    """Changes the stamps of images that are stored; False if none changed."""
    changed = False
    for place in self._places_of(domain, source):
      before = self._stamps[place]
      after = [
        stamps.get(name, stamp)
        for name, stamp in zip(self._names[place], before)
      ]
      if after != before:
        self._stamps[place] = after
        self.shards[place].stamps = self._write_stamps(after)
        changed = True
    return changed

  def remove(self, numbers: Iterable[int]) -> None:
    """Rewrites the shards of images without these.

    Args:
      numbers: numbers of images that are there. No other image gets one of
        them, except after the last image that stays.

    Raises:
      OSError: a file could not be written.
      ValueError: a file is damaged.
    """
    rows: dict[int, set[int]] = {}
    for number in numbers:
      place, row = self._numbers.locate(number)
      rows.setdefault(place, set()).add(row)
    changed = [
      self._without(place, rows[place])
      if place in rows
      else (shard, self._names[place], self._stamps[place])
      for place, shard in enumerate(self.shards)
    ]
    # After all files are written, as any of them may fail.
    end, kept = 0, []
    for start, (old, names, stamps) in zip(self._numbers.starts, changed):
      if names:
        old.start = start if start != end else None
        end = start + old.span
        kept.append((old, names, stamps))
    self.shards[:] = [shard for shard, _, _ in kept]
    self._names = [names for _, names, _ in kept]
    self._stamps = [stamps for _, _, stamps in kept]
    self._place_shards()

  def _without(
    self, place: int, removed: set[int]
  ) -> tuple[manifest.Shard, list[str], list[str | None]]:
    """A shard without some of its rows, and its names and stamps."""
    shard = self.shards[place]
    rows = [row for row in range(shard.count) if row not in removed]
    names = [self._names[place][row] for row in rows]
    stamps = [self._stamps[place][row] for row in rows]
    if not rows:
      return shard, [], []
    vectors = None
    if shard.vectors:
      values = self._files.read_array(shard.vectors, np.float32)[rows]
      vectors = self._files.write('vectors.npy', values)
    gone = self._numbers.of(place)[[*removed]] - self._numbers.starts[place]
    remaining = manifest.Shard(
      domain=shard.domain,
      source=shard.source,
      count=len(rows),
      images=self._files.write('pictures.npy', self.images(place)[rows]),
      names=self._write_texts('names', names),
      vectors=vectors,
      key=shard.key,
      stamps=self._write_stamps(stamps),
      removed=sorted({*shard.removed, *gone.tolist()}),
    )
    return remaining, names, stamps

  def __len__(self) -> int:
    """Number of images, of all domains."""
    return sum(shard.count for shard in self.shards)

  def count(self, domain: str) -> int:
    """Number of images of a domain."""
    return sum(self.shards[place].count for place in self.places(domain))

  def places(self, domain: str) -> list[int]:
    """The places of a domain's shards."""
    return [i for i, s in enumerate(self.shards) if s.domain == domain]

  def _places_of(self, domain: str, source: str) -> list[int]:
    return [p for p in self.places(domain) if self.shards[p].source == source]

  def names(self, domain: str, source: str) -> set[str]:
    """The names of a dataset's images that are stored as a domain's."""
    return {
      name
      for place in self._places_of(domain, source)
      for name in self._names[place]
    }

  def numbers(self, domain: str, count: int | None = None) -> np.ndarray:
    """The numbers of a domain's first images, or of all, int64 [n]."""
    parts = [self._numbers.of(place) for place in self.places(domain)]
    return np.concatenate([np.zeros(0, np.int64), *parts])[:count]

  def all(
    self, domain: str | None = None, source: str | None = None
  ) -> Iterator[Record]:
    """What is known of the images of a domain and dataset; None for any."""
    for place, shard in enumerate(self.shards):
      if domain in (None, shard.domain) and source in (None, shard.source):
        for number, name, stamp in zip(
          self._numbers.of(place).tolist(),
          self._names[place],
          self._stamps[place],
        ):
          yield Record(number, name, shard.source, shard.domain, stamp)

  def find(self, number: int) -> Record:
    """What is known of an image, by its number.

    Raises:
      KeyError: there is no image of this number.
    """
    place, row = self._numbers.locate(number)
    shard = self.shards[place]
    return Record(
      number,
      self._names[place][row],
      shard.source,
      shard.domain,
      self._stamps[place][row],
    )

  def holds(self, number: int, domain: str) -> bool:
    """Whether there is an image of this number and domain."""
    try:
      place, _ = self._numbers.locate(number)
    except KeyError:
      return False
    return self.shards[place].domain == domain

  def image(self, number: int) -> np.ndarray:
    """An image by its number, uint8 [resolution, resolution, 3]."""
    place, row = self._numbers.locate(number)
    return self._files.read_row(
      self.shards[place].images, row, np.uint8, self._shape(place)
    )

  def repeats(self, numbers: Iterable[int]) -> list[int]:
    """The numbers of other images that show exactly the same.

    Args:
      numbers: numbers of images that are there.

    Raises:
      ValueError: a file is damaged.
    """
    known = {*numbers}
    shown = {self.image(number).tobytes() for number in known}
    if not shown:
      return []
    return [
      number
      for place in range(len(self.shards))
      for number, image in zip(
        self._numbers.of(place).tolist(), self.images(place)
      )
      if number not in known and image.tobytes() in shown
    ]

  def images(self, place: int) -> np.ndarray:
    """A shard's images, uint8 [n, resolution, resolution, 3]."""
    return self._files.read_array(
      self.shards[place].images, np.uint8, self._shape(place)
    )

  def _shape(self, place: int) -> list[int]:
    side = self._resolution
    return [self.shards[place].count, side, side, 3]

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
        vectors = self._files.read_array(*self._vectors_of(place))
        yield self._numbers.of(place), vectors
      seen += self.shards[place].count

  def lookup(self, numbers: np.ndarray) -> np.ndarray:
    """The vectors of images that have one: int64 [n] to float32 [n, d]."""
    rows = []
    for number in numbers.tolist():
      place, row = self._numbers.locate(number)
      entry, dtype, shape = self._vectors_of(place)
      rows.append(self._files.read_row(entry, row, dtype, shape))
    return np.stack(rows)

  def _vectors_of(
    self, place: int
  ) -> tuple[storage.Entry, type, list[int | None]]:
    """The file of a shard's vectors, and the dtype and shape it must have."""
    shard = self.shards[place]
    if shard.vectors is None:
      raise self._files.damaged(
        'manifest.json', f'its shard {place} has no vectors'
      )
    return shard.vectors, np.float32, [shard.count, self.dimensions]

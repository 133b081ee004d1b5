"""Changes of an index: images are added and removed, and made searchable.

`add` stores images, `remove` takes some out, and `finish` learns, embeds and
makes searchable whatever is not yet. Each may be interrupted; `finish` then
does what is left.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tf_twingan.retrieval import (
  index_contents,
  index_learning,
  index_opening,
  index_vectors,
  records,
)

# Images of a shard; what a killed program loses at most, and reads again.
SHARD_SIZE = 512


def add(
  contents: index_contents.Contents,
  domain: str,
  source: str,
  images: Iterable[tuple[str, np.ndarray]],
  stamps: Mapping[str, str | None],
) -> int:
  """Writes the images of a dataset that are not stored yet, in shards.

  Args:
    contents: the index, while no other program may change it; it is committed
      after each shard.
    domain: name of the domain that the images belong to.
    source: the dataset or file that they are from.
    images: (name, uint8 RGB [height, width, 3]); where reading them raises or
      is interrupted, those before it are written.
    stamps: stamps of the images, by name, as far as they have any.

  Returns:
    How many were new.

  Raises:
    OSError: a file could not be written.
  """
  stored = contents.records
  known, before = stored.names(domain, source), len(stored)
  waiting: dict[str, np.ndarray] = {}

  def write() -> None:
    if waiting:
      names, batch = [*waiting], [*waiting.values()]
      # Before, as `finally` writes once more if this is interrupted.
      waiting.clear()
      stored.append(domain, source, names, batch, [*map(stamps.get, names)])
      contents.commit()

  try:
    for name, image in images:
      if name not in known and name not in waiting:
        waiting[name] = contents.model.prepare(image[None], domain)[0]
      if len(waiting) == SHARD_SIZE:
        known.update(waiting)
        write()
  finally:
    write()
  return len(stored) - before


def remove(
  contents: index_contents.Contents, found: Sequence[records.Record]
) -> None:
  """Removes images from everything but the files that are left to `finish`.

  Args:
    contents: the index, while no other program may change it; the caller
      commits it.
    found: images that are there.

  Raises:
    OSError: a file cannot be written, or the server does not answer.
  """
  findable = contents.manifest.findable
  gone: dict[str, list[int]] = {}
  for record in found:
    gone.setdefault(record.domain, []).append(record.number)
  for domain, numbers in gone.items():
    state = findable.get(domain)
    if state is None:
      continue
    # Before the commit: where this is interrupted, the server lacks some and
    # is sent all again.
    if contents.neighbours.remove(domain, np.array(numbers)):
      known = contents.records.numbers(domain, state.count)
      state.count -= len(np.intersect1d(known, numbers))
    if state.kind != index_opening.SERVED or not state.count:
      del findable[domain]
  contents.records.remove([record.number for record in found])
  if contents.learned:
    kept = index_learning.forget(contents.learned, gone)
    if kept is not contents.learned:
      contents.set_embedding(kept)


def finish(contents: index_contents.Contents) -> None:
  """Learns, embeds and makes searchable whatever is not yet.

  An index without images is left without vectors.

  Raises:
    OSError: it cannot be written, another program is writing, or the server
      does not answer.
  """
  with contents.editing():
    if len(contents.records):
      _make_searchable(contents)
    findable = contents.manifest.findable
    for domain in {*findable} - {*contents.domains}:
      del findable[domain]
    contents.commit_whole()


def _make_searchable(contents: index_contents.Contents) -> None:
  """Does all of `finish` but its last commit."""
  new = index_learning.learn(contents.records, contents.model, contents.learned)
  if new:
    contents.set_embedding(new)
    contents.commit()
  index_vectors.embed_images(
    contents.records, contents.model, contents.embedding, contents.commit
  )
  changed = False
  for domain in contents.domains:
    if changed:
      contents.commit()
    changed = index_vectors.make_searchable(
      domain,
      contents.embedding.key(domain),
      contents.records,
      contents.neighbours,
      contents.files,
      contents.manifest.findable,
    )

"""What follows when images were added to an index, or are to be removed.

`remove` takes images out, and `finish` learns, embeds and makes searchable
whatever is not yet. Either may be interrupted; `finish` then does what is left.
"""

from collections.abc import Sequence

import numpy as np

from tf_twingan.retrieval import (
  index_contents,
  index_learning,
  index_opening,
  index_vectors,
  records,
)


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

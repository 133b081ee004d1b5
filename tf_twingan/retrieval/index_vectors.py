"""From stored images to findable ones: the steps that an index repeats.

Each does what is left to do, and says when a part of it is done, so that an
interrupted one goes on from there.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tqdm

from tf_twingan.retrieval import nearest_neighbours, records, storage

# Vectors that an approximate index is trained on.
_TRAINED_ON = 100_000


def embed(
  images: records.Records,
  keys: Mapping[str, str],
  vectors: Callable[[np.ndarray, str], np.ndarray],
  commit: Callable[[], None],
) -> None:
  """Embeds the images that have no vector of the present embedding.

  Args:
    images: of the index.
    keys: of the embedding, for each domain.
    vectors: images and their domain to vectors.
    commit: called after each shard.
  """
  todo = [
    place
    for place, shard in enumerate(images.shards)
    if shard['key'] != keys[shard['domain']]
  ]
  with tqdm.tqdm(
    total=sum(images.shards[place]['count'] for place in todo),
    desc='embedding',
    unit=' images',
    disable=not todo,
  ) as progress:
    for place in todo:
      domain = images.shards[place]['domain']
      images.set_vectors(
        place, vectors(images.images(place), domain), keys[domain]
      )
      commit()
      progress.update(images.shards[place]['count'])


def make_findable(
  domain: str,
  key: str,
  images: records.Records,
  neighbours: nearest_neighbours.Neighbours,
  files: storage.Storage,
  states: dict[str, Any],
) -> None:
  """Hands over a domain's vectors that can't be found yet.

  Args:
    domain: whose vectors; it has some.
    key: of their embedding.
    images: of the index.
    neighbours: what searches.
    files: where it is saved.
    states: for each domain what can be found; brought up to date.
  """
  total = images.count(domain)
  state = {'key': key, 'kind': neighbours.kind(total)}
  old = states.get(domain, {'count': 0})
  done = old['count']
  if (
    any(old.get(name) != value for name, value in state.items())
    or neighbours.count(domain) < done
  ):
    done = 0
    step = -(-total // _TRAINED_ON)
    sample = [vectors[::step] for _, vectors in images.vectors(domain)]
    neighbours.start(domain, total, np.concatenate(sample))
  if done == total:
    return
  for numbers, vectors in images.vectors(domain, after=done):
    neighbours.add(domain, numbers, vectors)
  content, file = neighbours.save(domain), None
  if content is not None:
    file = files.write(f'{uuid.uuid4().hex[:8]}.faiss', content)
  states[domain] = {**state, 'count': total, 'file': file}

"""From stored images to searchable vectors: the steps that an index repeats.

Each step does what is left to do, and says when a part of it is done, so that
an interrupted one continues from there.
"""

from collections.abc import Callable, Mapping

import numpy as np
import tqdm

from tf_twingan import inference
from tf_twingan.retrieval import (
  embeddings,
  image_embedding,
  manifest,
  nearest_neighbours,
  records,
  storage,
)

# Vectors that an approximate index is trained on.
_TRAINED_ON = 100_000


def embed_images(
  images: records.Records,
  model: inference.Translator,
  embedding: embeddings.Embedding,
  commit: Callable[[], None],
) -> None:
  """Embeds the images that have no vector of the current embedding.

  Args:
    images: the images of the index.
    model: the model of the index.
    embedding: the current embedding.
    commit: called after each shard.
  """
  keys = {domain: embedding.key(domain) for domain in model.domains}
  places = [
    place
    for place, shard in enumerate(images.shards)
    if shard.key != keys[shard.domain]
  ]
  with tqdm.tqdm(
    total=sum(images.shards[place].count for place in places),
    desc='embedding',
    unit=' images',
    disable=not places,
  ) as progress:
    for place in places:
      domain = images.shards[place].domain
      vectors = image_embedding.embed(
        model, embedding, images.images(place), domain
      )
      images.set_vectors(place, vectors, keys[domain])
      commit()
      progress.update(images.shards[place].count)


def make_searchable(
  domain: str,
  key: str,
  images: records.Records,
  neighbours: nearest_neighbours.Neighbours,
  files: storage.Storage,
  findable: dict[str, manifest.Findable],
) -> bool:
  """Hands a domain's vectors over to the search, as far as it lacks them.

  Args:
    domain: name of the domain; all its images have vectors.
    key: key of their embedding.
    images: the images of the index.
    neighbours: what searches the vectors.
    files: the files of the index.
    findable: for each domain what can be found; brought up to date.

  Returns:
    Whether anything was to do.
  """
  total = images.count(domain)
  kind = neighbours.kind(total)
  before = findable.get(domain)
  count = before.count if before else 0
  if (
    before is None
    or (before.key, before.kind) != (key, kind)
    or neighbours.count(domain) < count
  ):
    count = 0
    step = -(-total // _TRAINED_ON)
    sample = [vectors[::step] for _, vectors in images.vectors(domain)]
    neighbours.start(domain, total, np.concatenate(sample))
  if count == total:
    return False
  for numbers, vectors in images.vectors(domain, after=count):
    neighbours.add(domain, numbers, vectors)
  content, file = neighbours.save(domain), None
  if content is not None:
    file = files.write('vectors.faiss', content)
  findable[domain] = manifest.Findable(
    key=key, kind=kind, count=total, file=file
  )
  return True


def count_findable(
  findable: Mapping[str, manifest.Findable],
  embedding: embeddings.Embedding | None,
  neighbours: nearest_neighbours.Neighbours | None = None,
) -> int:
  """The number of images that a search by this embedding can find.

  Args:
    findable: what can be found, by the names of the domains.
    embedding: current embedding; None before one is learned.
    neighbours: what searches the vectors, and may lack some; None to believe
      `findable`.
  """
  return sum(
    min(state.count, neighbours.count(domain)) if neighbours else state.count
    for domain, state in findable.items()
    if embedding and state.key == embedding.key(domain)
  )

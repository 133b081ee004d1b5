"""A search index on the device: one TFLite file that embeds, and what it finds.

The Task library's `ImageSearcher` takes an image to its embedding and that to
the nearest vectors of an index inside the same file. The graph is the query of
`tf_twingan.retrieval`: an image's own embedding, its translation's, or their
sum. The index holds one domain, the one searched in; every vector is compared
with (128 numbers each: 0.5 KB an image), so that what is found does not depend
on how a larger index would be partitioned.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from export.formats import embedding, task_library
from export.graph import folded_network, folding
from tf_twingan.retrieval import search_index

_PROGRAM = f'import runpy; runpy.run_path({task_library.__file__!r})["main"]()'
# As near as the nearest, for images that the index holds twice.
_TIE = 1e-3


class Search(NamedTuple):
  """What to look images up in.

  Attributes:
    index: holds images of the domain to search.
    by: what an image is looked up by, one of `options.BY`.
  """

  index: search_index.SearchIndex
  by: str


class Item(NamedTuple):
  """A neighbour that the file found.

  Attributes:
    name: of the image, in its source.
    source: where it came from.
    domain: whose image it is.
    distance: 1 - cosine, as `SearchIndex` has it.
  """

  name: str
  source: str
  domain: str
  distance: float


class Query(tf.Module):
  """Images of one domain to the vectors that another is searched by."""

  def __init__(self, search: Search, source: str, target: str):
    """Builds it.

    Args:
      search: whose model and embedding are used.
      source: the domain of the images.
      target: the domain to search in.
    """
    super().__init__(name='query')
    self._by = search.by
    translator, learned = search.index.translator, search.index.embedding
    self._drawer = folded_network.Network(
      folding.of_translator(translator, source, target)
    )
    self._own = embedding.Embedder(self._drawer, learned, source)
    if search.by != 'own':
      reader = folded_network.Network(
        folding.of_translator(translator, target, target)
      )
      self._translated = embedding.Embedder(reader, learned, target)

  def embed(self, images: tf.Tensor) -> tf.Tensor:
    """Images [batch, px, px, 3] in [-1, 1] to unit vectors [batch, d]."""
    if self._by == 'own':
      return self._own.embed(images)
    translated = self._translated.embed(self._drawer.translate(images))
    if self._by == 'translation':
      return translated
    return embedding.unit(self._own.embed(images) + translated)


def build(search: Search, target: str) -> bytes:
  """An index file of a domain's images; each item is JSON of a `Record`.

  Raises:
    OSError: tflite-support's builder failed.
    ValueError: the index holds no images of the domain.
  """
  index = search.index
  index.searched(target, [target])
  parts = list(index.vectors(target))
  items = [
    json.dumps({'name': r.name, 'source': r.source, 'domain': r.domain})
    for numbers, _ in parts
    for r in (index.record(int(number)) for number in numbers)
  ]
  about = dict(
    model=index.translator.fingerprint, domain=target, items=len(items)
  )
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    np.save(folder / 'vectors.npy', np.concatenate([v for _, v in parts]))
    (folder / 'items.json').write_text(json.dumps(items), 'utf-8')
    _run('build', folder, user_info=json.dumps(about))
    return (folder / 'index.ldb').read_bytes()


def find(model: bytes, images: np.ndarray, k: int) -> list[list[Item]]:
  """Looks images up by the Task library's `ImageSearcher`.

  Args:
    model: a TFLite file with an index.
    images: uint8 [n, px, px, 3].
    k: how many neighbours.

  Returns:
    For each image its neighbours, the nearest first.

  Raises:
    OSError: the Task library does not take the file.
  """
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / 'model.tflite').write_bytes(model)
    np.save(folder / 'images.npy', images)
    _run('search', folder, k=k)
    found = json.loads((folder / 'found.json').read_text('utf-8'))
  # Between unit vectors, the square of the distance is 2 - 2 cosines.
  return [
    [Item(**json.loads(text), distance=squared / 2) for text, squared in row]
    for row in found
  ]


def agreement(
  found: Sequence[Sequence[Item]],
  expected: Sequence[Sequence[search_index.Neighbour]],
) -> float:
  """How many images have the same nearest neighbour, 0 to 1.

  Args:
    found: by the file.
    expected: by `SearchIndex`; those as near as the first serve as well.
  """
  same = []
  for row, neighbours in zip(found, expected):
    near = neighbours[0].distance + _TIE
    nearest = {
      (n.record.name, n.record.source) for n in neighbours if n.distance <= near
    }
    same.append(bool(row) and (row[0].name, row[0].source) in nearest)
  return float(np.mean(same))


def _run(action: str, folder: pathlib.Path, **arguments: Any) -> None:
  request = dict(action=action, folder=str(folder), path=sys.path, **arguments)
  done = subprocess.run(
    [sys.executable, '-I', '-c', _PROGRAM],
    input=json.dumps(request),
    capture_output=True,
    text=True,
    check=False,
  )
  if done.returncode:
    raise OSError(
      f'tflite-support could not {action}: {done.stderr.strip()[-1000:]}'
    )

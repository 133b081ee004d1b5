"""TFLite files with a search index: an image in, its neighbours out.

The Task library's `ImageSearcher` takes an image to its embedding and that to
the nearest vectors of an index inside the same file. The graph is the query of
`tf_twingan.retrieval`: an image's own embedding, its translation's, or their
sum. The index holds one domain, the one searched in; every vector is compared
with (128 numbers each: 0.5 KB an image), so that what is found does not depend
on how a larger index would be partitioned.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from export import contexts, directions, parity, tensor_names
from export.bundle_files import manifest_entries, metadata
from export.formats import base, embedding, task_library
from export.graph import embedder, folded_network, folding
from tf_twingan import extras
from tf_twingan.retrieval import index_queries

_PROGRAM = f'import runpy; runpy.run_path({task_library.__file__!r})["main"]()'
# Distances that differ by no more count as equal, for images that the index
# holds twice.
_TIE = 1e-3
_NEIGHBOURS = 5  # To compare, and to list for the golden input.


class Item(NamedTuple):
  """A neighbour that the file found.

  Attributes:
    name: name of the image in its dataset.
    source: dataset that the image came from.
    domain: name of the domain the image belongs to.
    distance: 1 - cosine, as `SearchIndex` has it.
  """

  name: str
  source: str
  domain: str
  distance: float


def create(name: str) -> base.Format:
  """Returns the format."""
  return _Search(name)


class _Search(base.Format):
  """Files that search the target domain by images of the source domain."""

  def check(
    self, context: directions.OneDirection, target: pathlib.Path
  ) -> None:
    if context.search is None:
      raise ValueError("the format 'search' needs an index of the target.")
    if not has_task_library():
      raise extras.MissingPackage(
        "The format 'search' needs tflite-support, which is not installed; "
        f'{extras.command("export")} brings it for Python 3.10 and 3.11, on '
        'Linux and macOS with an Intel or AMD processor. Export there, or '
        'leave search out of --formats.'
      )

  def file_name(self, context: directions.OneDirection) -> str:
    return f'search_{context.name}_{context.resolution}.tflite'

  def build(
    self, context: directions.OneDirection, scratch: pathlib.Path
  ) -> bytes:
    source, target, search = context.source, context.target, context.search
    about = context.about._replace(
      name=f'{source} in {target}',
      description=f'Looks images of {source} up among '
      f'{search.index.count(target):,} of {target}.',
    )
    return embedding.convert(
      Query(search, source, target),
      context.resolution,
      about,
      build(search, target),
    )

  def run(
    self,
    loaded: bytes,
    context: directions.OneDirection,
    direction: contexts.Direction,
  ) -> list[list[Item]]:
    images = context.held_out[context.source]
    return find(loaded, images, _neighbour_count(context))

  def compare(
    self,
    loaded: bytes,
    context: directions.OneDirection,
    direction: contexts.Direction,
  ) -> parity.SearchParity:
    source, target = direction
    images, search = context.held_out[source], context.search
    found = self.run(loaded, context, direction)
    expected = search.index.query(
      images,
      source,
      k=_neighbour_count(context),
      among=[target],
      by=search.by,
    )
    return parity.SearchParity(
      agreement(found, expected),
      len(images),
      [item._asdict() for item in found[0]],
    )

  def manifest_entry(
    self, built: bytes, loaded: bytes, context: directions.OneDirection
  ) -> dict[str, Any]:
    return dict(
      **manifest_entries.tflite_entry(self.name, built, tensor_names.EMBEDDING),
      by=context.search.by,
      items=context.search.index.count(context.target),
      index_bytes=len(metadata.associated_file(built, metadata.INDEX)),
    )

  def parity_notes(self, found: parity.SearchParity) -> dict[str, Any]:
    return dict(nearest=found.nearest)


def has_task_library() -> bool:
  """Whether tflite-support is installed, whose part the Task library is."""
  return importlib.util.find_spec('tensorflow_lite_support') is not None


def _neighbour_count(context: directions.OneDirection) -> int:
  return min(_NEIGHBOURS, context.search.index.count(context.target))


class Query(tf.Module):
  """Maps images of one domain to the vectors that another is searched by."""

  def __init__(self, search: directions.Search, source: str, target: str):
    """Builds it.

    Args:
      search: index, whose model and embedding are used.
      source: name of the domain the images belong to.
      target: name of the domain to search.
    """
    super().__init__(name='query')
    self._by = search.by
    translator, learned = search.index.translator, search.index.embedding
    self._network = folded_network.Network(
      folding.fold_translator(translator, source, target)
    )
    self._embedder = embedder.Embedder(self._network, learned, source)
    if search.by != 'own':
      target_network = folded_network.Network(
        folding.fold_translator(translator, target, target)
      )
      self._target_embedder = embedder.Embedder(target_network, learned, target)

  def embed(self, images: tf.Tensor) -> tf.Tensor:
    """Embeds images, [batch, px, px, 3] in [-1, 1], as unit vectors."""
    if self._by == 'own':
      return self._embedder.embed(images)
    translations = self._network.translate(images)
    translated = self._target_embedder.embed(translations)
    if self._by == 'translation':
      return translated
    return embedder.normalize(self._embedder.embed(images) + translated)


def build(search: directions.Search, target: str) -> bytes:
  """Builds an index file of a domain's images.

  Args:
    search: index that holds the images' vectors.
    target: name of the domain to search.

  Returns:
    The file's content; each item is JSON of a `Record`.

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
    _run_task_library('build', folder, user_info=json.dumps(about))
    return (folder / 'index.ldb').read_bytes()


def find(model: bytes, images: np.ndarray, k: int) -> list[list[Item]]:
  """Looks images up by the Task library's `ImageSearcher`.

  Args:
    model: content of a TFLite file with an index.
    images: uint8 [n, px, px, 3].
    k: number of neighbours of each image.

  Returns:
    Each image's neighbours, the nearest first.

  Raises:
    OSError: the Task library does not take the file.
  """
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / 'model.tflite').write_bytes(model)
    np.save(folder / 'images.npy', images)
    _run_task_library('search', folder, k=k)
    found = json.loads((folder / 'found.json').read_text('utf-8'))
  # Between unit vectors, the square of the distance is 2 - 2 cosines.
  return [
    [Item(**json.loads(text), distance=squared / 2) for text, squared in row]
    for row in found
  ]


def agreement(
  found: Sequence[Sequence[Item]],
  expected: Sequence[Sequence[index_queries.Neighbour]],
) -> float:
  """The share of images with the same nearest neighbour, 0 to 1.

  Args:
    found: neighbours that the file found for each image.
    expected: neighbours that `SearchIndex` found; those as near as the first
      count as the first.
  """
  same = []
  for row, neighbours in zip(found, expected):
    near = neighbours[0].distance + _TIE
    nearest = {
      (n.record.name, n.record.source) for n in neighbours if n.distance <= near
    }
    same.append(bool(row) and (row[0].name, row[0].source) in nearest)
  return float(np.mean(same))


def _run_task_library(
  action: str, folder: pathlib.Path, **arguments: Any
) -> None:
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

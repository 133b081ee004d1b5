r"""Recall of search across styles, on the host and the device, and its speed.

  python -m benchmarks.search recall --model=avatar_twins
  python -m benchmarks.search recall --run_dir=runs/anime
  python -m benchmarks.search device --model=avatar_twins
  python -m benchmarks.search speed --model=avatar_twins

`recall` indexes the 1,200 held-out characters in one style and looks up each of
the second 600 by its image in the other style: how often is the character
itself among the nearest 1, 5 and 10? The recipe of the embedding was chosen on
the first 600.

`device` looks up the same images by the TFLite files of `python -m export
--formats=search`, with the Task library's `ImageSearcher`, and prints how often
it finds the nearest image that the index finds.

`speed` samples vectors of the normal distribution that the embeddings of these
characters have, and compares exact and approximate search among them. --record
writes the tables to a JSON file.
"""

import pathlib
import sys
import tempfile
import time
from collections.abc import Mapping

import numpy as np
from absl import flags

from benchmarks import measurements
from export import directions
from export.bundle_files import texts
from export.formats import embedding
from export.formats import search_index as formats_search_index
from tf_twingan import cli, inference
from tf_twingan.data.sources import registry
from tf_twingan.metrics import distances
from tf_twingan.retrieval import embeddings, faiss_neighbours, options
from tf_twingan.retrieval import search_index as retrieval_search_index

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string('model', None, 'A shipped model: avatar_twins.')
_SOURCE = flags.DEFINE_multi_string(
  'source',
  ['photo=avatars:toon-head', 'anime=avatars:lorelei'],
  'DOMAIN=DATASET of two domains that show the same characters.',
)
_SIZES = flags.DEFINE_multi_integer(
  'size', [10_000, 100_000, 1_000_000], 'speed: numbers of vectors.'
)
_KINDS = flags.DEFINE_multi_enum(
  'kind',
  options.KINDS,
  options.KINDS,
  'speed: kinds of search.',
)
_RECALL_AT = (1, 5, 10)
_CHOSEN_ON = 600  # The first characters; the others are looked up.
_QUERIES = 1_000
_CHUNK = 10_000


def main(argv) -> None:
  """Prints the tables of one part."""
  parts = {'recall': _recall, 'device': _device, 'speed': _speed}
  if len(argv) != 2 or argv[1] not in parts:
    sys.exit(f'Error: write one of {", ".join(parts)} before the flags.')
  with cli.report_errors():
    translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
    if len(_SOURCE.value) != 2:
      raise ValueError(
        f'--source is given {len(_SOURCE.value)} times; give two domains.'
      )
    images = {}
    for item in _SOURCE.value:
      domain, _, source = item.partition('=')
      loaded = registry.load(source, translator.resolution, split='test')
      images[domain] = np.asarray(loaded.images)
    parts[argv[1]](translator, images)


def _recall(
  translator: inference.Translator, images: Mapping[str, np.ndarray]
) -> None:
  first, second = images
  tables = []
  for source, target in ((first, second), (second, first)):
    queries, indexed = images[source][_CHOSEN_ON:], images[target]
    own = range(_CHOSEN_ON, len(indexed))
    printed = measurements.PrintedTable(
      ['percent', *(f'@{k}' for k in _RECALL_AT)],
      f'{len(queries)} of {source} among {len(indexed):,} of {target}',
    )
    tables.append(printed.table)
    _add(printed, 'chance', [k / len(indexed) for k in _RECALL_AT])
    translated = translator.translate(queries, to=target, source=source)
    for name, a, b in (
      ('raw pixels', _pixels(queries), _pixels(indexed)),
      (
        'mean colour removed',
        _pixels(queries, remove_mean=True),
        _pixels(indexed, remove_mean=True),
      ),
      ('colour histogram', _histograms(queries), _histograms(indexed)),
      (
        'content code, averaged over positions',
        _averaged(translator, queries, source),
        _averaged(translator, indexed, target),
      ),
      ("the translation's pixels", _pixels(translated), _pixels(indexed)),
    ):
      _add(printed, name, _recalls(distances.squared(a, b), own))
    with tempfile.TemporaryDirectory() as folder:
      index = _index(folder, translator, indexed, target)
      for by in options.BY:
        found = index.query(queries, source, k=max(_RECALL_AT), by=by)
        names = [[n.record.name for n in neighbours] for neighbours in found]
        _add(
          printed,
          f'embedding: {by}',
          [
            np.mean([str(i) in row[:k] for i, row in zip(own, names)])
            for k in _RECALL_AT
          ],
        )
  measurements.save(
    tables,
    group='Search',
    title='Search: recall',
    what=f'Each of {len(queries)} held-out characters is looked up by its '
    f'image in one style among all {len(indexed):,} in the other.',
    resolution=translator.resolution,
  )


def _device(
  translator: inference.Translator, images: Mapping[str, np.ndarray]
) -> None:
  first, second = images
  printed = measurements.PrintedTable(
    ['', 'by', 'bytes', 'same', '@1 on the device', '@1 by the index']
  )
  about = texts.About('search', '', '1', '', '', '')
  for source, target in ((first, second), (second, first)):
    queries, indexed = images[source][_CHOSEN_ON:], images[target]
    own = [str(i) for i in range(_CHOSEN_ON, len(indexed))]
    with tempfile.TemporaryDirectory() as folder:
      index = _index(folder, translator, indexed, target)
      for by in options.BY:
        search = directions.Search(index, by)
        model = embedding.convert(
          formats_search_index.Query(search, source, target),
          translator.resolution,
          about,
          formats_search_index.build(search, target),
        )
        found = formats_search_index.find(model, queries, 1)
        expected = index.query(queries, source, k=1, by=by)
        on_device, by_index = (
          np.mean([name == row for name, row in zip(own, names)])
          for names in (
            [row[0].name for row in found],
            [row[0].record.name for row in expected],
          )
        )
        same = formats_search_index.agreement(found, expected)
        printed.add(
          f'{source} in {target}',
          by,
          f'{len(model):,}',
          f'{same:.1%}',
          f'{100 * on_device:.1f}',
          f'{100 * by_index:.1f}',
        )
  measurements.save(
    [printed.table],
    group='Search',
    title='Search on the device',
    what='Held-out characters looked up by TFLite files, through the '
    '`ImageSearcher` of the Task library.',
    resolution=translator.resolution,
  )


def _index(folder, translator, images, target):
  index = retrieval_search_index.SearchIndex.build(folder, translator)
  index.add(target, ((str(i), p) for i, p in enumerate(images)))
  index.finish()
  return index


def _add(printed: measurements.PrintedTable, name: str, recalls) -> None:
  printed.add(name, *(f'{100 * recall:.1f}' for recall in recalls))


def _recalls(squared: np.ndarray, own: range) -> list[float]:
  """Recall at each of `_RECALL_AT`; column `own[i]` is the target of row i."""
  targets = squared[np.arange(len(own)), list(own)]
  ranks = (squared < targets[:, None]).sum(axis=1)
  return [float(np.mean(ranks < k)) for k in _RECALL_AT]


def _pixels(images, remove_mean=False):
  images = np.asarray(images, np.float64)
  if remove_mean:
    images = images - images.mean(axis=(1, 2), keepdims=True)
  return images.reshape(len(images), -1)


def _histograms(images):
  """Shares of 4 x 4 x 4 colours; their roots, so that L2 is Hellinger's."""
  bins = np.asarray(images, int) // 64
  bins = (bins @ [16, 4, 1]).reshape(len(images), -1)
  counts = np.stack([np.bincount(row, minlength=64) for row in bins])
  return np.sqrt(counts / bins.shape[1])


def _averaged(translator, images, domain):
  """Content codes averaged over positions, not centred."""
  codes = translator.encode(images, domain).mean(axis=(1, 2))
  return embeddings.unit(codes).astype(np.float64)


def _speed(
  translator: inference.Translator, images: Mapping[str, np.ndarray]
) -> None:
  target = list(images)[1]
  with tempfile.TemporaryDirectory() as folder:
    index = _index(folder, translator, images[target], target)
    real = np.concatenate([vectors for _, vectors in index.vectors(target)])
  dimensions = real.shape[1]
  factor = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(dimensions))

  def sample(seed: int, count: int) -> np.ndarray:
    normal = np.random.default_rng(seed).standard_normal(
      [count, dimensions], np.float32
    )
    return embeddings.unit(normal @ factor.T.astype(np.float32))

  queries = sample(0, _QUERIES)
  printed = measurements.PrintedTable(
    [
      'vectors',
      'kind',
      'build s',
      'MB in memory',
      f'queries/s, {_QUERIES:,} at once',
      'one by one',
      'recall@1',
      'recall@10',
    ],
    f'{dimensions} dimensions, k = 10',
  )
  for size in _SIZES.value:
    with tempfile.TemporaryDirectory() as folder:
      # On disk, as in an index; only some kinds keep vectors in memory.
      path = pathlib.Path(folder, 'vectors.npy')
      vectors = np.lib.format.open_memmap(
        path, 'w+', np.float32, (size, dimensions)
      )
      for i in range(0, size, _CHUNK):
        vectors[i : i + _CHUNK] = sample(1 + i, min(_CHUNK, size - i))
      _compare(vectors, queries, printed)
  measurements.save(
    [printed.table],
    group='Search',
    title='Search: speed',
    what='Exact and approximate search among random vectors of the normal '
    'distribution that the embeddings of the characters have.',
  )


def _compare(
  vectors: np.ndarray,
  queries: np.ndarray,
  printed: measurements.PrintedTable,
) -> None:
  """Adds a row for each kind; the exact one gives the ground truth."""
  exact: np.ndarray | None = None
  for kind in ('flat', *(k for k in _KINDS.value if k != 'flat')):
    start = time.perf_counter()
    index = faiss_neighbours.FaissNeighbours(kind, lookup=vectors.__getitem__)
    index.start('', len(vectors), vectors[:: -(-len(vectors) // 100_000)])
    for i in range(0, len(vectors), _CHUNK):
      part = vectors[i : i + _CHUNK]
      index.add('', np.arange(i, i + len(part)), part)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    found, _ = index.search('', queries, 10)
    together = len(queries) / (time.perf_counter() - start)
    start = time.perf_counter()
    for query in queries[:100]:
      index.search('', query[None], 10)
    alone = 100 / (time.perf_counter() - start)
    exact = found if exact is None else exact
    recalls = [
      np.mean(
        [len(np.intersect1d(*p)) / k for p in zip(found[:, :k], exact[:, :k])]
      )
      for k in (1, 10)
    ]
    printed.add(
      f'{len(vectors):,}',
      kind,
      f'{seconds:.1f}',
      f'{len(index.save("")) / 1e6:.0f}',
      f'{together:,.0f}',
      f'{alone:,.0f}',
      *(f'{recall:.1%}' for recall in recalls),
    )


if __name__ == '__main__':
  cli.run(main)

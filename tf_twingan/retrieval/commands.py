"""Builds an index from datasets, and looks up images in it.

These are the commands of `python -m tf_twingan.search` but for `removal`. They
print what they take for granted, show progress, and list images that cannot be
read.
"""

import collections
import pathlib
from collections.abc import Iterator, Sequence

import tqdm

from tf_twingan import errors, inference
from tf_twingan.inference import batching
from tf_twingan.retrieval import (
  dataset_updates,
  options,
  results,
  search_index,
  search_inputs,
  storage,
)

_BATCH_SIZE = 256
# How often a query begins anew because another program changed the index.
_ATTEMPTS = 10
# How many datasets a line names.
_SHOWN_DATASETS = 3


def build(
  folder: str,
  model: inference.Translator,
  datasets: Sequence[str],
  *,
  limit: int | None = None,
  kind: str | None = None,
  server: str | None = None,
  prune: bool = False,
) -> None:
  """Builds an index of datasets, or brings the one that is there up to date.

  Args:
    folder: folder of the index.
    model: model whose codes are compared.
    datasets: `DATASET` or `DOMAIN=DATASET` each.
    limit: number of images of each dataset to take; None takes all.
    kind: one of `options.KINDS`; None leaves it as it is. Domains that are too
      small for it are said.
    server: address of the Qdrant server that is to search; None for faiss.
    prune: whether to remove images whose names a dataset no longer has.

  Raises:
    ValueError: a dataset cannot be used, or the index is of another model or
      searched by a server that is not given.
    OSError: the index cannot be written, or the server does not answer.
  """
  if not datasets:
    raise ValueError('give --source, what to build the index of.')
  # All of them, before any work: the last may be misspelt.
  opened = search_inputs.open_datasets(
    model, datasets, default=model.domains[-1]
  )
  index = search_index.SearchIndex.build(
    folder, model, kind=kind, server=server
  )
  new = 0
  for domain, images in opened:
    new += dataset_updates.update(
      index, domain, images, limit=limit, prune=prune
    )
  index.finish()
  small = [d for d in index.domains if kind and index.kind(d) != kind]
  if small:
    print(
      f'kind {kind} learns from {options.IVF_PQ_FROM:,} images of a domain or '
      f'more; until then this index keeps {" and ".join(small)} flat, which is '
      'exact'
    )
  named = {(domain, images.dataset) for domain, images in opened}
  others = collections.Counter(
    r.source for r in index.stored() if (r.domain, r.source) not in named
  )
  if others:
    shown = ', '.join(
      f'{errors.printable(source)} ({count:,})'
      for source, count in others.most_common(_SHOWN_DATASETS)
    )
    more = ', ...' if len(others) > _SHOWN_DATASETS else ''
    print(
      f'{others.total():,} images are of other datasets, and stay: '
      f'{shown}{more}; `search remove --source=DATASET` erases them'
    )
  print(
    f'{new:,} new images; {errors.printable(folder)} holds '
    f'{_counts(index, index.domains)}'
  )


def query(
  folder: str,
  model: inference.Translator | None,
  output: str | None,
  *,
  files: Sequence[str] = (),
  datasets: Sequence[str] = (),
  limit: int | None = None,
  among: Sequence[str] | None = None,
  k: int,
  by: str,
  server: str | None = None,
) -> None:
  """Looks up images, and writes their neighbours to a folder.

  Args:
    folder: folder of the index.
    model: model that the index was built with; None opens it where it was then.
    output: folder for the results.
    files: images to look up, `PATH` or `DOMAIN=PATH` each.
    datasets: more of them, `DATASET` or `DOMAIN=DATASET` each.
    limit: number of images of each dataset to take; None takes all.
    among: names of the domains to search; None takes all but the images' own.
    k: number of neighbours of each image.
    by: one of `options.BY`.
    server: address of the Qdrant server that searches the index, if one does.

  Raises:
    FileNotFoundError: there is no index, or its model has gone.
    ValueError: an argument is wrong, no image could be read, or the index is
      searched by a server that is not given.
    OSError: the results cannot be written, or the server does not answer.
  """
  if not output:
    raise ValueError('give --output, the folder for the results.')
  if not (files or datasets):
    raise ValueError('give --image or --source, what to look for.')
  results.check_folder(output)
  index = search_index.SearchIndex.load(folder, model, server=server)
  skipped: list[tuple[str, str]] = []
  queries = list(_queries(index, files, datasets, limit, skipped))
  if not queries:
    raise ValueError('no image could be read.')
  attempts = 0
  while True:
    try:
      written = _search(index, queries, among, k, by, output, skipped)
      break
    except storage.Changed:  # And has removed what was found, say.
      attempts += 1
      if attempts == _ATTEMPTS:
        raise
      index = search_index.SearchIndex.load(
        folder, index.translator, server=server
      )
  file, *sheets = written
  more = f' to {sheets[-1].name}' if len(sheets) > 1 else ''
  print(f'{errors.printable(file)}, {errors.printable(sheets[0])}{more}')


def _search(
  index: search_index.SearchIndex,
  queries: Sequence[results.Query],
  among: Sequence[str] | None,
  k: int,
  by: str,
  output: str,
  skipped: Sequence[tuple[str, str]],
) -> list[pathlib.Path]:
  """Looks up images, and writes their neighbours; see `query`."""
  found: list[results.Result] = []
  for domain in dict.fromkeys(query.domain for query in queries):
    of_domain = [query for query in queries if query.domain == domain]
    targets = index.searched(domain, among)
    print(
      f'{len(of_domain):,} images of {domain}, looked up among '
      f'{_counts(index, targets)}'
    )
    for part in tqdm.tqdm(
      list(batching.slices(len(of_domain), _BATCH_SIZE)),
      desc='searching',
      unit=' batches',
      delay=1,
    ):
      found += results.search(index, of_domain[part], targets, k=k, by=by)
  return results.write(output, index, found, by=by, skipped=skipped)


def _counts(index: search_index.SearchIndex, domains: Sequence[str]) -> str:
  return ' and '.join(f'{index.count(d):,} of {d}' for d in domains)


def _queries(
  index: search_index.SearchIndex,
  files: Sequence[str],
  datasets: Sequence[str],
  limit: int | None,
  skipped: list[tuple[str, str]],
) -> Iterator[results.Query]:
  """The images to look up; what cannot be read is added to `skipped`."""
  model = index.translator
  missing = [d for d in model.domains if d not in index.domains]
  default = (missing or model.domains)[0]
  for domain, images in [
    *search_inputs.open_datasets(model, datasets, default=default, limit=limit),
    *search_inputs.open_files(model, files, default=default),
  ]:
    for name, image in search_inputs.read(images, images.names, skipped):
      yield results.Query(name, images.dataset, domain, image)

"""Builds an index from datasets, and looks up images of files and datasets.

These are the two commands of `python -m tf_twingan.search`. They print what
they take for granted, show progress, and list images that cannot be read.
"""

import functools
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import tqdm

from tf_twingan import image_io, inference
from tf_twingan.data import dataset_strings
from tf_twingan.data.sources import base, registry
from tf_twingan.inference import batching
from tf_twingan.retrieval import results, search_index

_BATCH_SIZE = 256

# Images of one dataset or file, and the name of the domain they belong to.
_DomainImages = tuple[str, base.NamedImages]


def build(
  folder: str,
  model: inference.Translator,
  datasets: Sequence[str],
  *,
  limit: int | None = None,
  kind: str | None = None,
  server: str | None = None,
) -> None:
  """Builds an index of datasets, or adds to the one that is there.

  Args:
    folder: folder of the index.
    model: model whose codes are compared.
    datasets: `DATASET` or `DOMAIN=DATASET` each.
    limit: number of images of each dataset to take; None takes all.
    kind: one of `options.KINDS`; None leaves it as it is.
    server: address of the Qdrant server that is to search; None leaves it as
      it is.

  Raises:
    ValueError: a dataset cannot be used, or the index is of another model.
    OSError: the index cannot be written, or the server does not answer.
  """
  if not datasets:
    raise ValueError('give --source, what to build the index of.')
  # All of them, before any work: the last may be misspelt.
  opened = _open_datasets(
    model, datasets, default=model.domains[-1], limit=limit
  )
  index = search_index.SearchIndex.build(
    folder, model, kind=kind, server=server
  )
  new = 0
  for domain, images in opened:
    known = index.names(domain, images.dataset)
    names = [name for name in images.names if name not in known]
    new += index.add(domain, _read(images, names, []), source=images.dataset)
  index.finish()
  print(f'{new:,} new images; {folder} holds {_counts(index, index.domains)}')


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
    server: where the Qdrant server is now, if it moved.

  Raises:
    FileNotFoundError: there is no index, or its model has gone.
    ValueError: an argument is wrong, or no image could be read.
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
  file, *sheets = results.write(output, index, found, by=by, skipped=skipped)
  more = f' to {sheets[-1].name}' if len(sheets) > 1 else ''
  print(f'{file}, {sheets[0]}{more}')


def _counts(index: search_index.SearchIndex, domains: Sequence[str]) -> str:
  return ' and '.join(f'{index.count(d):,} of {d}' for d in domains)


def _open_datasets(
  model: inference.Translator,
  datasets: Sequence[str],
  *,
  default: str,
  limit: int | None,
) -> list[_DomainImages]:
  """Opens datasets; says which are taken for images of the default domain."""
  opened = []
  for text in datasets:
    domain, dataset = dataset_strings.split_flag(text)
    if domain is not None:
      model.check_domain(domain)
    else:
      domain = default
      print(
        f'{dataset}: taken for images of {domain!r}; '
        f'--source=DOMAIN={dataset} says otherwise'
      )
    images = registry.named_images(dataset, model.resolution, limit=limit)
    opened.append((domain, images))
  return opened


def _open_files(
  model: inference.Translator, files: Sequence[str], *, default: str
) -> Iterator[_DomainImages]:
  """Opens image files, each as a collection of one image."""
  for text in files:
    domain, equals, path = text.partition('=')
    if not equals or domain not in model.domains:
      domain, path = default, text
      print(
        f'{path}: taken for an image of {domain!r}; '
        f'--image=DOMAIN={path} says otherwise'
      )
    yield (
      domain,
      base.NamedImages(
        path, [path], functools.partial(model.read, domain=domain)
      ),
    )


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
    *_open_datasets(model, datasets, default=default, limit=limit),
    *_open_files(model, files, default=default),
  ]:
    for name, image in _read(images, images.names, skipped):
      yield results.Query(name, images.dataset, domain, image)


def _read(
  images: base.NamedImages,
  names: Sequence[str],
  skipped: list[tuple[str, str]],
) -> Iterator[tuple[str, np.ndarray]]:
  """Reads images with a progress bar; then lists those that cannot be read."""
  unreadable = []
  for name in tqdm.tqdm(
    names, desc=f'reading {images.dataset}', unit=' images', delay=1
  ):
    try:
      yield name, images.read(name)
      continue
    except image_io.UnreadableImage as error:
      reason = error.reason
    except OSError as error:
      reason = error.strerror or str(error)
    unreadable.append((name, reason))
  for name, reason in unreadable:
    print(f'  skipped {name}: {reason}', file=sys.stderr)
  skipped += unreadable

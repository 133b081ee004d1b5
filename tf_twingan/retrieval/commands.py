"""Builds an index from datasets, looks up images in it, and removes some.

These are the commands of `python -m tf_twingan.search`. They print what
they take for granted, show progress, and list images that cannot be read.
"""

import functools
import pathlib
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tqdm

from tf_twingan import errors, image_io, inference
from tf_twingan.data import dataset_strings, run_datasets
from tf_twingan.data.sources import base, registry
from tf_twingan.inference import batching
from tf_twingan.retrieval import records, results, search_index, storage

_BATCH_SIZE = 256
# By how much versions of decoders may differ at an average pixel, of 255.
_DECODERS_DIFFER = 2
# How often a query begins anew because another program changed the index.
_ATTEMPTS = 10

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
  prune: bool = False,
) -> None:
  """Builds an index of datasets, or brings the one that is there up to date.

  Args:
    folder: folder of the index.
    model: model whose codes are compared.
    datasets: `DATASET` or `DOMAIN=DATASET` each.
    limit: number of images of each dataset to take; None takes all.
    kind: one of `options.KINDS`; None leaves it as it is.
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
  opened = _open_datasets(model, datasets, default=model.domains[-1])
  index = search_index.SearchIndex.build(
    folder, model, kind=kind, server=server
  )
  new = 0
  for domain, images in opened:
    new += _update(index, domain, images, limit=limit, prune=prune)
  index.finish()
  print(
    f'{new:,} new images; {errors.printable(folder)} holds '
    f'{_counts(index, index.domains)}'
  )


def remove(
  folder: str,
  model: inference.Translator | None,
  names: Sequence[str],
  *,
  datasets: Sequence[str] = (),
  limit: int | None = None,
  server: str | None = None,
) -> None:
  """Removes images from all files of an index, and from its server.

  Args:
    folder: folder of the index.
    model: model that the index was built with; None opens it where it was then.
    names: `NAME` or `DOMAIN=NAME` each, as `neighbours.json` has the names.
    datasets: must be empty, as names are removed whatever they are from.
    limit: must be None.
    server: address of the Qdrant server that searches the index, if one does.

  Raises:
    FileNotFoundError: there is no index, or its model has gone.
    ValueError: there is no image of a name; those of the others are removed.
    OSError: the index cannot be written, or the server does not answer.
  """
  if not names:
    raise ValueError('give --name, the name of an image to remove.')
  if datasets or limit:
    raise ValueError('`remove` takes --name, and neither --source nor --limit.')
  index = search_index.SearchIndex.edit(folder, model, server=server)
  found: dict[str, list[records.Record]] = {name: [] for name in names}
  for record in index.stored():
    for name in (record.name, f'{record.domain}={record.name}'):
      if name in found:
        found[name].append(record)
  for domain in index.domains:
    of_domain = [r for rs in found.values() for r in rs if r.domain == domain]
    index.remove([r.name for r in of_domain], domain=domain, finish=False)
  # Also where none was found: an interrupted command may have left files.
  index.remove(())
  for record in {r for rs in found.values() for r in rs}:
    print(
      f'removed {errors.printable(record.name)} of {record.domain} '
      f'({errors.printable(record.source)})'
    )
  missing = [name for name, removed in found.items() if not removed]
  if missing:
    raise ValueError(
      f'{errors.printable(folder)} holds no image of the name '
      f'{errors.printable(missing[0])}; neighbours.json of a query has the '
      'names as the index has them.'
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


def _update(
  index: search_index.SearchIndex,
  domain: str,
  images: base.NamedImages,
  *,
  limit: int | None,
  prune: bool,
) -> int:
  """Takes in what is new in a dataset or was replaced; see `build`.

  Returns:
    How many images were new.
  """
  dataset = errors.printable(images.dataset)
  names = images.names[:limit]
  known = {r.name: r for r in index.stored(domain, images.dataset)}
  missing = [*known.keys() - {*images.names}]
  gone = [*filter(images.is_gone, missing)]
  # Before they are read, so that whatever changes later is noticed next time.
  stamps = {name: images.stamp(name) for name in names}
  replaced = _replaced(index, domain, images, known, stamps)
  if len(gone) < len(missing):
    print(
      f'{dataset}: {len(missing) - len(gone):,} names are out of reach, in a '
      'folder that cannot be listed or behind a link that leads nowhere; they '
      'stay in the index'
    )
  if gone:
    print(
      f'{dataset}: {len(gone):,} names are no longer there; '
      + ('they are removed' if prune else '--prune removes them')
    )
  if replaced:
    print(
      f'{dataset}: {len(replaced):,} images were replaced, and are taken in '
      'anew'
    )
  removed = [*replaced, *(gone if prune else ())]
  if removed:
    index.remove(removed, domain=domain, source=images.dataset, finish=False)
  wanted = [n for n in names if n not in known or n in replaced]
  added = index.add(
    domain,
    _read(images, wanted, []),
    source=images.dataset,
    stamps={name: stamps[name] for name in wanted},
  )
  return max(0, added - len(replaced))


def _replaced(
  index: search_index.SearchIndex,
  domain: str,
  images: base.NamedImages,
  known: Mapping[str, records.Record],
  stamps: Mapping[str, str | None],
) -> set[str]:
  """The names of stored images whose files now hold other ones.

  A stamp that differs, or that an older index lacks, proves nothing: the images
  are compared, and where they are the same, the new stamp is noted.
  """
  replaced: set[str] = set()
  same: dict[str, str | None] = {}
  suspects = [
    name
    for name, stamp in stamps.items()
    if stamp and name in known and stamp != known[name].stamp
  ]
  for name, image in _read(images, suspects, []):
    before = index.image(known[name].number).astype(int)
    after = index.translator.prepare(image[None], domain)[0]
    differ = np.abs(after - before).mean()
    if differ > (0 if known[name].stamp else _DECODERS_DIFFER):
      replaced.add(name)
    else:
      same[name] = stamps[name]
  if same:
    index.set_stamps(domain, images.dataset, same)
  return replaced


def _counts(index: search_index.SearchIndex, domains: Sequence[str]) -> str:
  return ' and '.join(f'{index.count(d):,} of {d}' for d in domains)


def _open_datasets(
  model: inference.Translator,
  datasets: Sequence[str],
  *,
  default: str,
  limit: int | None = None,
) -> list[_DomainImages]:
  """Opens datasets; says which are taken for images of the default domain."""
  opened = []
  for text in datasets:
    domain, dataset = dataset_strings.split_flag(text)
    if domain is not None:
      model.check_domain(domain)
    else:
      domain = default
      flag = shlex.quote(f'--source=DOMAIN={dataset}')
      print(
        f'{errors.printable(dataset)}: taken for images of {domain!r}; '
        f'{errors.printable(flag)} says otherwise'
      )
    run_datasets.warn_of_framing({domain: dataset}, model.framings)
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
      flag = shlex.quote(f'--image=DOMAIN={path}')
      print(
        f'{errors.printable(path)}: taken for an image of {domain!r}; '
        f'{errors.printable(flag)} says otherwise'
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
    names,
    desc=f'reading {errors.printable(images.dataset)}',
    unit=' images',
    delay=1,
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
    print(
      f'  skipped {errors.printable(name)}: {errors.printable(reason)}',
      file=sys.stderr,
    )
  skipped += unreadable

"""Removes images from an index: by their names, by their datasets, or by both.

This is the command `remove` of `python -m tf_twingan.search`. An image may be
in an index more than once: indexed through two folders one of which lies in the
other, through a folder's old name and its new one, or as a copy. Those that
remain of a removed image are said.
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from tf_twingan import errors, inference, shell_words
from tf_twingan.data import dataset_strings, unicode_names
from tf_twingan.data.sources import base, registry
from tf_twingan.retrieval import records, search_index

# How many datasets or images a message names.
_SHOWN = 3


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
    names: `NAME` or `DOMAIN=NAME` each, as `neighbours.json` has the names;
      none removes all images of `datasets`.
    datasets: `DATASET` or `DOMAIN=DATASET` each, which need not be there any
      more; none removes the names whatever dataset they are from.
    limit: must be None.
    server: address of the Qdrant server that searches the index, if one does.

  Raises:
    FileNotFoundError: there is no index, or its model has gone.
    ValueError: there is no image of a name or of a dataset; those of the others
      are removed.
    OSError: the index cannot be written, or the server does not answer.
  """
  if not (names or datasets):
    raise ValueError(
      'give --name, the name of an image to remove, or --source, a dataset '
      'whose images to remove.'
    )
  if limit:
    raise ValueError('`remove` takes --name and --source, and no --limit.')
  index = search_index.SearchIndex.edit(folder, model, server=server)
  stored = list(index.stored())
  unknown = []
  if datasets:
    stored, missing = _of_datasets(stored, datasets)
    unknown += [
      f'images of {errors.printable(text)}; it holds '
      f'{_list_sources(index.stored())}.'
      for text in missing
    ]
  if names:
    stored, missing = _of_names(stored, names)
    unknown += [
      f'image of the name {errors.printable(name)}'
      f'{" of these datasets" if datasets else ""}; neighbours.json of a query '
      'has the names as the index has them.'
      for name in missing
    ]
  remaining = [*_repeats(index, stored)]
  for (domain, source), of_source in _by_source(stored).items():
    index.remove(
      [r.name for r in of_source], domain=domain, source=source, finish=False
    )
  # Also where none was found: an interrupted command may have left files.
  index.remove(())
  if names:
    _report_images(stored, remaining)
  else:
    _report_datasets(stored, remaining)
  if unknown:
    raise ValueError(f'{errors.printable(folder)} holds no {unknown[0]}')


def _of_datasets(
  stored: Sequence[records.Record], datasets: Sequence[str]
) -> tuple[list[records.Record], list[str]]:
  """The images of datasets, and those of the datasets that have none."""
  by_source = _by_source(stored)
  found: set[tuple[str, str]] = set()
  missing = []
  for text in datasets:
    domain, dataset = dataset_strings.split_flag(text)
    known = {dataset}
    # A program may have named what it added as it liked.
    with contextlib.suppress(ValueError):
      known.add(registry.parse(dataset).portable)
    these = {
      (of, source)
      for of, source in by_source
      if domain in (None, of) and source in known
    }
    if not these:
      missing.append(text)
    found |= these
  return [r for r in stored if (r.domain, r.source) in found], missing


def _of_names(
  stored: Sequence[records.Record], names: Sequence[str]
) -> tuple[list[records.Record], list[str]]:
  """The images of names, and those of the names that there are none of."""
  wanted = {unicode_names.composed(name): name for name in names}
  seen, found = set(), []
  for record in stored:
    name = unicode_names.composed(record.name)
    its = {name, f'{record.domain}={name}'} & {*wanted}
    if its:
      found.append(record)
      seen |= its
  return found, [name for key, name in wanted.items() if key not in seen]


def _by_source(
  images: Iterable[records.Record],
) -> dict[tuple[str, str], list[records.Record]]:
  """Images by (domain, dataset)."""
  grouped: dict[tuple[str, str], list[records.Record]] = {}
  for record in images:
    grouped.setdefault((record.domain, record.source), []).append(record)
  return grouped


def _repeats(
  index: search_index.SearchIndex, removed: Collection[records.Record]
) -> Iterator[records.Record]:
  """Other images that are of the same files, or show exactly the same."""
  numbers = {record.number for record in removed}
  same = {*index.repeats(numbers)}
  opened: dict[str, base.Dataset | None] = {}

  def path(record):
    if record.source not in opened:
      try:
        opened[record.source] = registry.parse(record.source)
      except ValueError:
        opened[record.source] = None
    dataset = opened[record.source]
    return dataset and dataset.path_of(record.name)

  paths = {path(record) for record in removed} - {None}
  for record in index.stored():
    if record.number not in numbers and (
      record.number in same or path(record) in paths
    ):
      yield record


def _report_images(
  removed: Sequence[records.Record], remaining: Sequence[records.Record]
) -> None:
  """Says which images were removed, and how to remove what repeats them."""
  for record in removed:
    print(
      f'removed {errors.printable(record.name)} of {record.domain} '
      f'({errors.printable(record.source)})'
    )
  if not remaining:
    return
  shown = ' or '.join(
    shell_words.join((f'--source={r.domain}={r.source}', f'--name={r.name}'))
    for r in remaining[:_SHOWN]
  )
  more = ', ...' if len(remaining) > _SHOWN else ''
  print(
    f'Warning: {len(remaining):,} images that show the same are still in the '
    f'index; to remove them, too: {shown}{more}'
  )


def _report_datasets(
  removed: Sequence[records.Record], remaining: Sequence[records.Record]
) -> None:
  """Says of which datasets images were removed, and which repeat them."""
  for (domain, source), images in _by_source(removed).items():
    print(
      f'removed {len(images):,} images of {domain} ({errors.printable(source)})'
    )
  if remaining:
    print(
      f'{len(remaining):,} images of other datasets show the same, and stay: '
      f'{_list_sources(remaining)}'
    )


def _list_sources(images: Iterable[records.Record]) -> str:
  sources = list(dict.fromkeys(errors.printable(r.source) for r in images))
  more = ', ...' if len(sources) > _SHOWN else ''
  return f'{", ".join(sources[:_SHOWN]) or "none"}{more}'

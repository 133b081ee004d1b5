"""Contact sheets of an audit: mean images, samples, outliers, repeats."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import image_grids
from tf_twingan.data.audit import dataset_measures, outliers, repeats
from tf_twingan.data.audit.finding import number

Read = Callable[[str], np.ndarray]

_COLUMNS = 8
_CELL = 112  # px
_ROWS_OF_REPEATS = 12


class Sheet(NamedTuple):
  """A grid of images.

  Attributes:
    caption: what it shows.
    image: uint8 RGB [height, width, 3].
  """

  caption: str
  image: np.ndarray


def make(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
  groups: Sequence[repeats.Group],
  unusual: Mapping[str, Sequence[outliers.Outlier]],
  readers: Mapping[str, Read],
) -> list[Sheet]:
  """All sheets, in the order of the page.

  Args:
    all_measured: the datasets.
    groups: their repeated images.
    unusual: {label: outliers of its dataset}.
    readers: {label: reads an image of its dataset}.
  """
  means = image_grids.contact_sheet(
    [[one.mean_image for one in all_measured]],
    [one.label for one in all_measured],
    cell=2 * _CELL,
  )
  sheets = [Sheet('Mean image of each dataset', means)]
  for one in all_measured:
    chosen = dataset_measures.evenly(len(one.names), 2 * _COLUMNS)
    sheets.append(
      Sheet(
        f'{one.label}: an even sample',
        _grid(one, readers[one.label], chosen, [''] * len(chosen)),
      )
    )
  for one in all_measured:
    worst = unusual.get(one.label, ())
    if worst:
      captions = [f'{o.measure}: {_value(one, o)}' for o in worst]
      sheets.append(
        Sheet(
          f'{one.label}: images that differ most from the others, and by what',
          _grid(one, readers[one.label], [o.image for o in worst], captions),
        )
      )
  if groups:
    sheets.append(_repeated(all_measured, groups, readers))
  return sheets


def _value(measured, outlier) -> str:
  values = measured.columns.get(outlier.measure)
  if values is None:
    return f'{outlier.deviations:.1f} deviations'
  return number(values[outlier.image])


def _grid(measured, read, indices, captions) -> np.ndarray:
  names = [measured.names[i] for i in indices]
  images = [_read(read, name) for name in names]
  texts = [f'{c}\n{n}' if c else n for c, n in zip(captions, names)]
  rows = range(0, len(images), _COLUMNS)
  return image_grids.contact_sheet(
    [images[i : i + _COLUMNS] for i in rows],
    [''] * min(_COLUMNS, len(images)),
    captions=[texts[i : i + _COLUMNS] for i in rows],
    cell=_CELL,
  )


def _repeated(all_measured, groups, readers) -> Sheet:
  # Those across datasets and near-duplicates first: exact copies look alike.
  shown = sorted(groups, key=lambda g: (len(g.datasets) < 2, g.exact))
  shown = shown[:_ROWS_OF_REPEATS]
  rows, captions, headers = [], [], []
  for group in shown:
    places = group.places[:_COLUMNS]
    labels = [all_measured[p.dataset].label for p in places]
    names = [all_measured[p.dataset].names[p.image] for p in places]
    rows.append([_read(readers[label], n) for label, n in zip(labels, names)])
    captions.append([f'{label}: {n}' for label, n in zip(labels, names)])
    headers.append('copies' if group.exact else 'look alike')
  columns = max(len(row) for row in rows)
  image = image_grids.contact_sheet(
    [row + [None] * (columns - len(row)) for row in rows],
    [''] * columns,
    headers,
    captions=[row + [''] * (columns - len(row)) for row in captions],
    cell=_CELL,
  )
  return Sheet(f'Repeated images: {len(shown)} of {len(groups)} groups', image)


def _read(read: Read, name: str) -> np.ndarray | None:
  """An image; None if it has gone since it was examined."""
  try:
    return read(name)
  except (ValueError, OSError):
    return None

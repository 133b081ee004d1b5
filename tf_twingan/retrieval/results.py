"""Results of a search: found, as JSON for programs, and as sheets to look at.

A contact sheet is laid out as the figure of the Twin-GAN article (Li, 2018):
the query, its translation, and its neighbours in the other domain.
"""

import json
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import errors, files, image_grids, image_io
from tf_twingan.inference import batching
from tf_twingan.retrieval import index_queries, search_index

_TITLES = {
  'own': "Nearest by the images' own codes; below each, 1 - cosine",
  'translation': "Nearest to the translations' codes; below each, 1 - cosine",
  'fused': (
    "Nearest by the images' and their translations' codes; "
    'below each, 1 - cosine'
  ),
}
_JSON = 'neighbours.json'
_ROWS = 20  # Of one sheet.


class Query(NamedTuple):
  """An image to look up.

  Attributes:
    name: its name in the dataset.
    source: the dataset or file that it is from.
    domain: name of the domain that it belongs to.
    image: uint8 [resolution, resolution, 3].
  """

  name: str
  source: str
  domain: str
  image: np.ndarray


class Result(NamedTuple):
  """What was found for an image.

  Attributes:
    query: the image that was looked up.
    translations: its translations, by the names of their domains.
    neighbours: the images that were found, the nearest first.
  """

  query: Query
  translations: Mapping[str, np.ndarray]
  neighbours: Sequence[index_queries.Neighbour]


def search(
  index: search_index.SearchIndex,
  queries: Sequence[Query],
  among: Sequence[str],
  *,
  k: int,
  by: str,
) -> list[Result]:
  """Searches for images of one domain, and translates them.

  Args:
    index: the index to search.
    queries: images to look up, one or more, of one domain.
    among: names of the domains to search.
    k: number of neighbours of each image.
    by: one of `options.BY`.

  Returns:
    A result for each query.

  Raises:
    ValueError: `k` or `by` is wrong, or the index is not finished.
    OSError: its server does not answer.
  """
  domain = queries[0].domain
  images = np.stack([query.image for query in queries])
  neighbours = index.query(images, domain, k=k, among=among, by=by)
  translations = {
    target: index.translator.translate(images, to=target, source=domain)
    for target in among
    if target != domain
  }
  return [
    Result(query, {d: t[i] for d, t in translations.items()}, neighbours[i])
    for i, query in enumerate(queries)
  ]


def contact_sheet(
  index: search_index.SearchIndex, results: Sequence[Result], *, by: str
) -> np.ndarray:
  """A contact sheet with a row for each result, uint8 RGB [h, w, 3]."""
  # Queries of several domains may have been translated to fewer or more.
  translated = max(len(result.translations) for result in results)
  places = max(len(result.neighbours) for result in results)
  rows, captions = [], []
  for query, translations, neighbours in results:
    untranslated = translated - len(translations)
    not_found = places - len(neighbours)
    rows.append(
      [query.image, *translations.values(), *[None] * untranslated]
      + [index.image(n.record.number) for n in neighbours]
      + [None] * not_found
    )
    captions.append(
      [query.domain, *(f'as {d}' for d in translations), *[''] * untranslated]
      + [
        f'{n.distance:.3f}\n{errors.printable(n.record.name)}'
        for n in neighbours
      ]
      + [''] * not_found
    )
  return image_grids.contact_sheet(
    rows,
    ['query', *['translation'] * translated, 'nearest']
    + [f'no. {place}' for place in range(2, places + 1)],
    [errors.printable(result.query.name) for result in results],
    captions=captions,
    title=_TITLES[by],
  )


def to_json(
  index: search_index.SearchIndex, results: Sequence[Result], *, by: str
) -> dict[str, Any]:
  """The results in plain values."""
  return {
    'index': str(index.folder.resolve()),
    'model': index.translator.fingerprint,
    'by': by,
    'queries': [
      {
        'name': query.name,
        'source': query.source,
        'domain': query.domain,
        'neighbours': [
          {
            'name': record.name,
            'source': record.source,
            'domain': record.domain,
            'distance': round(distance, 6),
          }
          for record, distance in neighbours
        ],
      }
      for query, _, neighbours in results
    ],
  }


def check_folder(folder: str | os.PathLike) -> None:
  """Finds out whether results can be written to a folder.

  Raises:
    OSError: they cannot; one line that names what is in the way.
  """
  files.check_writable(folder, _JSON)


def write(
  folder: str | os.PathLike,
  index: search_index.SearchIndex,
  results: Sequence[Result],
  *,
  by: str,
  skipped: Sequence[tuple[str, str]] = (),
) -> list[pathlib.Path]:
  """Writes `neighbours.json` and contact sheets, `neighbours-1.png` and so on.

  Args:
    folder: folder for the results.
    index: the index that was searched.
    results: what was found, for one image or more.
    by: what it was searched by, one of `options.BY`.
    skipped: names of images that could not be read, each with the reason.

  Returns:
    The files, `neighbours.json` first.
  """
  folder = pathlib.Path(folder)
  # Sheets of an earlier, longer search would pass for some of this one.
  for old in folder.glob('neighbours-*.png'):
    if re.fullmatch(r'neighbours-[0-9]+\.png', old.name):
      old.unlink()
  file = folder / _JSON
  written = [file]
  for number, part in enumerate(batching.slices(len(results), _ROWS), start=1):
    written.append(folder / f'neighbours-{number}.png')
    sheet = contact_sheet(index, results[part], by=by)
    image_io.write_png(written[-1], sheet)
  values = to_json(index, results, by=by)
  values['skipped'] = [{'name': n, 'reason': r} for n, r in skipped]
  text = json.dumps(values, indent=1, ensure_ascii=False) + '\n'
  files.atomic_write(file, text)
  return written

"""What a search found, to be read by programs and to be looked at.

The contact sheet is laid out as the figure of the Twin-GAN article (Li, 2018):
the query, its translation, and its neighbours in the other domain.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import image_grids
from tf_twingan.retrieval import search_index

_TITLES = {
  'own': "Nearest by the images' own codes; below each, 1 - cosine",
  'translation': "Nearest to the translations' codes; below each, 1 - cosine",
  'fused': (
    "Nearest by the images' and their translations' codes; "
    'below each, 1 - cosine'
  ),
}


class Query(NamedTuple):
  """An image to look up.

  Attributes:
    name: of the image.
    source: where it is from.
    domain: whose image it is.
    image: uint8 [resolution, resolution, 3].
  """

  name: str
  source: str
  domain: str
  image: np.ndarray


class Answer(NamedTuple):
  """What was found.

  Attributes:
    query: for which image.
    translations: its own, by the domains it was translated to.
    neighbours: the nearest first.
  """

  query: Query
  translations: Mapping[str, np.ndarray]
  neighbours: Sequence[search_index.Neighbour]


def look_up(
  index: search_index.SearchIndex,
  queries: Sequence[Query],
  among: Sequence[str],
  *,
  k: int,
  by: str,
) -> list[Answer]:
  """Searches for images of one domain, and translates them.

  Args:
    index: to search.
    queries: one or more, of one domain.
    among: the domains to search.
    k: see `SearchIndex.query`.
    by: see `SearchIndex.query`.

  Returns:
    An answer to each.

  Raises:
    As `SearchIndex.query`.
  """
  domain = queries[0].domain
  images = np.stack([query.image for query in queries])
  found = index.query(images, domain, k=k, among=among, by=by)
  translations = {
    target: index.translator.translate(images, to=target, source=domain)
    for target in among
    if target != domain
  }
  return [
    Answer(query, {d: t[i] for d, t in translations.items()}, found[i])
    for i, query in enumerate(queries)
  ]


def sheet(
  index: search_index.SearchIndex, answers: Sequence[Answer], *, by: str
) -> np.ndarray:
  """A contact sheet with a row for each answer, uint8 RGB [h, w, 3]."""
  # Queries of several domains may have been translated to fewer or more.
  translated = max(len(answer.translations) for answer in answers)
  places = max(len(answer.neighbours) for answer in answers)
  rows, captions = [], []
  for query, translations, neighbours in answers:
    left_out = translated - len(translations)
    behind = places - len(neighbours)
    rows.append(
      [query.image, *translations.values(), *[None] * left_out]
      + [index.image(n.record.number) for n in neighbours]
      + [None] * behind
    )
    captions.append(
      [query.domain, *(f'as {d}' for d in translations), *[''] * left_out]
      + [f'{n.distance:.3f}\n{n.record.name}' for n in neighbours]
      + [''] * behind
    )
  return image_grids.contact_sheet(
    rows,
    ['query', *['translation'] * translated, 'nearest']
    + [f'no. {place}' for place in range(2, places + 1)],
    [answer.query.name for answer in answers],
    captions=captions,
    title=_TITLES[by],
  )


def as_json(
  index: search_index.SearchIndex, answers: Sequence[Answer], *, by: str
) -> dict[str, Any]:
  """The answers in plain values."""
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
      for query, _, neighbours in answers
    ],
  }

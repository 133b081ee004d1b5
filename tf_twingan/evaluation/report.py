"""Scores candidates in all directions and writes what was found."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tf_twingan.evaluation import (
  columns,
  curves,
  directions,
  domains,
  feature_networks,
  foreign,
  groups,
  pages,
  scores,
  sheets,
  tables,
)


class Part(NamedTuple):
  """One direction and what translated it.

  Attributes:
    direction: what was translated.
    candidates: by name, without floors and ceilings; the first is what the
      evaluation is of.
  """

  direction: directions.Direction
  candidates: Mapping[str, directions.Candidate]


def write(
  output: str | os.PathLike,
  parts: Sequence[Part],
  pictures: domains.Domains,
  *,
  what: str,
  features: str = feature_networks.OWN,
  images_seen: int | None = None,
  runs: Mapping[str, str] = {},
) -> None:
  """Scores, prints the tables, writes evaluation.json and evaluation.html.

  Args:
    output: the folder for the results.
    parts: what to score.
    pictures: where the pictures are from.
    what: names what is scored.
    features: the feature network, as `feature_networks.load` takes it.
    images_seen: of each domain, by a model; None if not known.
    runs: {candidate: directory of its run}, for curves over training.

  Raises:
    OSError: the results cannot be written.
    ValueError: there are too few pictures to score.
  """
  output = pathlib.Path(output)
  output.mkdir(parents=True, exist_ok=True)
  summary = (
    f'{pictures.count} held-out pictures of each domain at '
    f'{pictures.resolution} px; '
    + ', '.join(f'{d} from {source}' for d, source in pictures.sources.items())
  )
  print(summary)
  found, sections = {}, []
  for direction, candidates in parts:
    title = direction.title
    first = next(iter(candidates.values()))
    network = scores.feature_network(direction, features)
    scored = scores.score(
      direction,
      {**candidates, **directions.floors_and_ceilings(direction, first)},
      network=network,
    )
    table = {name: one.columns for name, one in scored.items()}
    returned = scores.score_returned(direction, candidates)
    found[title] = {'scores': table}
    if direction.factors:
      found[title]['hidden_factors'] = sorted(direction.factors.hidden)
    print(f'\n{title}\n{tables.as_text(table)}')
    recolored = direction.recolored
    if recolored and recolored.is_estimated:
      found[title]['backgrounds_found'] = recolored.found
    note = _note(direction)
    if note:
      print(note)
    sections.append(
      pages.Section(
        title, table, sheets.draw(direction, candidates, scored), note=note
      )
    )
    gaps = groups.gaps(direction, scored[next(iter(candidates))])
    if gaps:
      found[title]['groups'] = gaps
      heading = f'{title}: gaps between groups'
      print(f'\n{heading}\n{tables.as_text(gaps)}')
      sections.append(pages.Section(heading, gaps))
    if returned:
      found[title]['returned'] = returned
      back = f'{direction.source} given back'
      print(f'\n{back}\n{tables.as_text(returned)}')
      sections.append(pages.Section(back, returned))
    inputs = foreign.score(direction, network)
    if inputs:
      found[title]['foreign'] = inputs
      heading = f'Pictures given as {direction.target}'
      print(f'\n{heading}\n{tables.as_text(inputs)}')
      sections.append(pages.Section(heading, inputs))
  used = {
    name
    for parts_of in found.values()
    for kind, table in parts_of.items()
    if kind not in ('hidden_factors', 'backgrounds_found')
    for row in table.values()
    for name in row
  }
  record = dict(
    scored=what,
    images_seen=images_seen,
    features=features,
    sources=dict(pictures.sources),
    count=pictures.count,
    resolution=pictures.resolution,
    meanings={name: columns.meaning(name) for name in sorted(used)},
    directions=found,
  )
  as_json = output / 'evaluation.json'
  as_json.write_text(
    # NaN and infinity are no JSON; a score that is one is a mistake.
    json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + '\n',
    encoding='utf-8',
  )
  as_html = output / 'evaluation.html'
  as_html.write_text(
    pages.page(
      f'Scores of {what}',
      summary,
      sections,
      curves.as_html({name: curves.read(path) for name, path in runs.items()}),
    ),
    encoding='utf-8',
  )
  print(f'\n{as_html}, {as_json}')


def _note(direction: directions.Direction) -> str:
  """What the table does not hold, and what it holds of a part only."""
  parts = []
  if direction.factors and direction.factors.hidden:
    hidden = ', '.join(sorted(direction.factors.hidden))
    parts.append(f'Not shown by both styles, so left out: {hidden}.')
  recolored = direction.recolored
  if recolored and recolored.is_estimated:
    parts.append(
      f'A background of one colour was found in {recolored.found:.1%} of the '
      'sources; the others do not count for the leak.'
    )
  return ' '.join(parts)

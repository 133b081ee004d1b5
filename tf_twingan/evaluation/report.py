"""Scores candidates in all directions and writes what was found."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tf_twingan.evaluation import (
  columns,
  curves,
  dataset_pair,
  directions,
  feature_networks,
  group_gaps,
  out_of_distribution,
  pages,
  scores,
  sheets,
  tables,
)

_WHY = {
  'content distance': 'no encoder is at hand',
  'reconstruction': 'no domain is drawn in itself',
  'round trip': 'nothing draws the way back',
}


class Part(NamedTuple):
  """One direction and what translated it.

  Attributes:
    direction: what was translated.
    candidates: by name, without floors and ceilings; the first is what the
      evaluation is of.
    absent: names of what is scored in another direction only.
  """

  direction: directions.Direction
  candidates: Mapping[str, directions.Candidate]
  absent: Sequence[str] = ()


def write(
  output: str | os.PathLike,
  parts: Sequence[Part],
  images: dataset_pair.Domains,
  *,
  what: str,
  features: str = feature_networks.OWN,
  images_seen: int | None = None,
  runs: Mapping[str, str] = {},
  note: str = '',
) -> None:
  """Scores, prints the tables, writes evaluation.json and evaluation.html.

  Args:
    output: the folder for the results.
    parts: what to score.
    images: where the images are from.
    what: names what is scored.
    features: the feature network, as `feature_networks.load` takes it.
    images_seen: of each domain, by a model; None if not known.
    runs: {candidate: directory of its run}, for curves over training.
    note: what else is to be said of what is scored, in a sentence.

  Raises:
    OSError: the results cannot be written.
    ValueError: there are too few images to score.
  """
  output = pathlib.Path(output)
  output.mkdir(parents=True, exist_ok=True)
  summary = (
    f'{images.count} held-out images of each domain at '
    f'{images.resolution} px; '
    + ', '.join(f'{d} from {source}' for d, source in images.sources.items())
  )
  summary += f'. {note}' if note else ''
  print(summary)
  found, sections = {}, []
  for direction, candidates, absent in parts:
    title = direction.title
    first = next(iter(candidates.values()))
    # The codes of a model that has them, for floors beside its distance.
    encode = next((c.encode for c in candidates.values() if c.encode), None)
    network = scores.feature_network(direction, features)
    scored = scores.score(
      direction,
      {
        **candidates,
        **directions.floors_and_ceilings(
          direction, first._replace(encode=encode)
        ),
      },
      network=network,
    )
    table = {name: one.columns for name, one in scored.items()}
    returned = scores.score_returned(direction, candidates)
    found[title] = {'scores': table}
    if direction.factors:
      found[title]['hidden_factors'] = sorted(direction.factors.hidden)
    recolored = direction.recolored
    if recolored and recolored.is_estimated:
      found[title]['backgrounds_found'] = recolored.found
    notes = _notes(direction, candidates, absent)
    found[title]['notes'] = notes
    print('\n'.join(['', title, tables.as_text(table), *notes]))
    sections.append(
      pages.Section(
        title,
        table,
        sheets.draw(direction, candidates, scored),
        note=' '.join(notes),
      )
    )
    gaps = group_gaps.gaps(direction, scored[next(iter(candidates))])
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
    inputs = out_of_distribution.score(direction, network)
    if inputs:
      found[title]['foreign'] = inputs
      heading = f'Images given as {direction.target}'
      print(f'\n{heading}\n{tables.as_text(inputs)}')
      sections.append(pages.Section(heading, inputs))
  used = {
    name
    for parts_of in found.values()
    for kind, table in parts_of.items()
    if kind not in ('hidden_factors', 'backgrounds_found', 'notes')
    for row in table.values()
    for name in row
  }
  record = dict(
    scored=what,
    images_seen=images_seen,
    features=features,
    sources=dict(images.sources),
    count=images.count,
    resolution=images.resolution,
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


def _notes(
  direction: directions.Direction,
  candidates: Mapping[str, directions.Candidate],
  absent: Sequence[str],
) -> list[str]:
  """What is not in the tables, and why."""
  notes = []
  if direction.factors and direction.factors.hidden:
    hidden = ', '.join(sorted(direction.factors.hidden))
    notes.append(f'Not shown by both styles, so left out: {hidden}.')
  recolored = direction.recolored
  if recolored and recolored.is_estimated:
    notes.append(
      f'A background of one colour was found in {recolored.found:.1%} of the '
      'sources; the others do not count for the leak.'
    )
  for what, lack in {
    'content distance': lambda c: c.encode is None,
    'reconstruction': lambda c: 'reconstruction' not in c.returned,
    'round trip': lambda c: 'round trip' not in c.returned,
  }.items():
    lacking = [name for name, c in candidates.items() if lack(c)]
    if lacking:
      notes.append(f'No {what} of {", ".join(lacking)}: {_WHY[what]}.')
  if absent:
    notes.append(
      f'Not here, as {direction.title} is not what they draw: '
      f'{", ".join(absent)}.'
    )
  return notes

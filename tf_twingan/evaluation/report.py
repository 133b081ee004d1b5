"""Scores all tasks, prints the tables and writes JSON and HTML."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tf_twingan import errors, files
from tf_twingan.evaluation import (
  baselines,
  candidates,
  columns,
  curves,
  dataset_pair,
  group_gaps,
  image_sheets,
  names,
  out_of_distribution,
  page,
  reproduction_scores,
  scores,
  tables,
  tasks,
)

# The files that are written.
JSON, HTML = 'evaluation.json', 'evaluation.html'

# Keys of a task in evaluation.json that hold tables.
_SCORES, _GROUPS, _REPRODUCED, _INPUTS = (
  'scores',
  'groups',
  'returned',
  'foreign',
)
_CONTENT_DISTANCE = 'content distance'
_REASONS = {
  _CONTENT_DISTANCE: 'there is no encoder',
  candidates.RECONSTRUCTION: 'no domain is translated to itself',
  candidates.ROUND_TRIP: 'nothing translates back',
}


class Part(NamedTuple):
  """One task and the candidates that translated it.

  Attributes:
    task: what was translated.
    candidates: {name: candidate}, without baselines; the first is what the
      evaluation is about.
    absent: names of candidates that translate in another direction only.
  """

  task: tasks.Task
  candidates: Mapping[str, candidates.Candidate]
  absent: Sequence[str] = ()


class _PartReport(NamedTuple):
  """What is reported of one part: its JSON record and sections of the page."""

  record: dict[str, Any]
  sections: list[page.Section]


def write(
  output: str | os.PathLike,
  parts: Sequence[Part],
  pair: dataset_pair.DatasetPair,
  *,
  scored: str,
  features: str = names.OWN_FEATURES,
  images_seen: int | None = None,
  runs: Mapping[str, str] = {},
  note: str = '',
) -> dict[str, Any]:
  """Scores, prints the tables, writes evaluation.json and evaluation.html.

  Args:
    output: the folder for the results.
    parts: the tasks and their candidates.
    pair: the images that the tasks were made of.
    scored: name of what is scored.
    features: name or path of the feature network.
    images_seen: number of images of each domain that the model was trained on;
      None if it is not known.
    runs: {candidate: directory of its run}, for curves over training.
    note: a sentence to add to the summary.

  Returns:
    The content of evaluation.json.

  Raises:
    OSError: the results cannot be written.
    ValueError: there are too few images to score.
  """
  output = pathlib.Path(output)
  summary = (
    f'{pair.count} held-out images of each domain at '
    f'{pair.resolution} px; '
    + ', '.join(f'{d} from {dataset}' for d, dataset in pair.datasets.items())
  )
  summary += f'. {note}' if note else ''
  print(errors.printable(summary))
  reports = {part.task.title: _report(part, features) for part in parts}
  tasks_record = {title: report.record for title, report in reports.items()}
  record = dict(
    scored=scored,
    images_seen=images_seen,
    features=features,
    sources=dict(pair.datasets),
    count=pair.count,
    resolution=pair.resolution,
    meanings=_meanings(tasks_record.values()),
    directions=tasks_record,
  )
  json_file, html_file = output / JSON, output / HTML
  files.atomic_write(
    json_file,
    # NaN and infinity are not valid JSON, and no score may be either.
    json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + '\n',
  )
  files.atomic_write(
    html_file,
    page.render(
      f'Scores of {scored}',
      summary,
      [section for report in reports.values() for section in report.sections],
      {name: curves.read(path) for name, path in runs.items()},
    ),
  )
  print('\n' + errors.printable(f'{html_file}, {json_file}'))
  return record


def _report(part: Part, features: str) -> _PartReport:
  """Scores and prints one part."""
  task, scored, _ = part
  first = next(iter(scored.values()))
  # The baselines are encoded by the first model that has an encoder.
  encode = next((c.encode for c in scored.values() if c.encode), None)
  network = scores.feature_network(task, features)
  results = scores.score(
    task,
    {**scored, **baselines.of_task(task, first._replace(encode=encode))},
    network=network,
  )
  table = {name: result.columns for name, result in results.items()}
  first_scores = results[next(iter(scored))]
  notes = _notes(part)
  record: dict[str, Any] = {_SCORES: table}
  if task.factors:
    record['hidden_factors'] = sorted(task.factors.hidden)
  if task.recolored and task.recolored.is_estimated:
    record['backgrounds_found'] = task.recolored.share_found
  record['notes'] = notes
  shown = [errors.printable(note) for note in notes]
  print('\n'.join(['', task.title, tables.as_text(table), *shown]))
  sheets = image_sheets.make(task, scored, first_scores)
  sections = [page.Section(task.title, table, sheets, ' '.join(notes))]
  for key, title, more in (
    (
      _GROUPS,
      f'{task.title}: gaps between groups',
      group_gaps.score(task, first_scores),
    ),
    (
      _REPRODUCED,
      f'{task.source} reproduced',
      reproduction_scores.score(task, scored),
    ),
    (
      _INPUTS,
      f'Images given as {task.target}',
      out_of_distribution.score(task, network),
    ),
  ):
    if more:
      record[key] = more
      sections.append(page.Section(title, more))
      print(f'\n{title}\n{tables.as_text(more)}')
  return _PartReport(record, sections)


def _meanings(records) -> dict[str, str]:
  """The meaning of every column of all tables."""
  used = {
    column
    for record in records
    for key in (_SCORES, _GROUPS, _REPRODUCED, _INPUTS)
    for row in record.get(key, {}).values()
    for column in row
  }
  return {column: columns.meaning(column) for column in sorted(used)}


def _notes(part: Part) -> list[str]:
  """Sentences on what is not in the tables, and why."""
  task, scored, absent = part
  notes = []
  if task.factors and task.factors.hidden:
    hidden = ', '.join(sorted(task.factors.hidden))
    notes.append(f'Not shown by both styles, so left out: {hidden}.')
  recolored = task.recolored
  if recolored and recolored.is_estimated:
    notes.append(
      f'A background of one colour was found in {recolored.share_found:.1%} of '
      'the sources; the others do not count for the leak.'
    )
  for name, is_lacking in {
    _CONTENT_DISTANCE: lambda c: c.encode is None,
    candidates.RECONSTRUCTION: lambda c: (
      candidates.RECONSTRUCTION not in c.reproduced
    ),
    candidates.ROUND_TRIP: lambda c: candidates.ROUND_TRIP not in c.reproduced,
  }.items():
    lacking = [n for n, c in scored.items() if is_lacking(c)]
    if lacking:
      notes.append(f'No {name} of {", ".join(lacking)}: {_REASONS[name]}.')
  if absent:
    notes.append(
      f'Not here, as they do not translate {task.title}: {", ".join(absent)}.'
    )
  return notes

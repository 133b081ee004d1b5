r"""Writes docs/results.md, and the figures of other pages, from the records.

  python -m benchmarks.results

reads benchmarks/records/*.json, writes docs/results.md and fills the blocks of
other pages that stand between the lines

  <!-- results: {"record": "anime_recall"} -->
  <!-- end of results -->

The JSON of the first line names the record and may choose "columns", "rows"
(by their labels) and "table" (the number of one of several).

  python -m benchmarks.results --run_dir=runs/anime \
      --evaluation=scored/evaluation.json --record=benchmarks/records/mine.json

makes a record of a training: the end of its metrics.jsonl and the scores that
`python -m tf_twingan.evaluate` wrote, beside their floors and ceilings.
"""

import json
import pathlib
import re
import sys
from collections.abc import Mapping

from absl import app, flags

from benchmarks import measurements
from tf_twingan.evaluation import columns

ROOT = pathlib.Path(__file__).resolve().parents[1]
RECORDS = 'benchmarks/records'
PAGE = 'docs/results.md'
# Pages with blocks to fill.
FILLED = (
  'README.md',
  'docs/ablations.md',
  'docs/avatar_twins.md',
  'docs/comparison.md',
  'docs/data.md',
  'docs/export.md',
  'docs/lanes.md',
  'docs/photos.md',
  'docs/search.md',
  'docs/serving.md',
  'docs/training.md',
  'tf_twingan/pretrained/avatar_twins/MODEL_CARD.md',
)
# Sections of the page, in this order.
GROUPS = (
  'Trainings',
  'The shipped model',
  'Search',
  'Export',
  'The training step',
  'Two lanes',
  'Input',
  'Resuming',
  'Data',
  'Photographs and films',
  'Serving',
  'Equally long trainings',
)

_BLOCK = re.compile(
  r'(<!-- results: (\{.*?\}) -->\n).*?(<!-- end of results -->)', re.DOTALL
)
_HEAD = """# Results

All figures that were measured, each with its command and its machine. This page
is written by `python -m benchmarks.results` from `benchmarks/records/`; change
the records, not the page. [evaluation.md](evaluation.md) says what the scores
mean, [benchmarks/README.md](../benchmarks/README.md) how to measure anew.
"""


def define_flags() -> None:
  """Defines the program's flags; serve has others of these names."""
  flags.DEFINE_string('run_dir', None, "A training's directory.")
  flags.DEFINE_string('evaluation', None, 'evaluation.json of that training.')


def main(argv) -> None:
  """Makes a record of a training, or writes the pages."""
  if len(argv) > 1:
    sys.exit(f'Error: unexpected argument {argv[1]!r}; every value has a flag.')
  try:
    given = flags.FLAGS.run_dir, flags.FLAGS.evaluation
    if any(given) or measurements.RECORD.value:
      save_training(*given)
    else:
      for path, text in pages(ROOT).items():
        (ROOT / path).write_text(text, encoding='utf-8')
  except (ValueError, OSError) as error:
    sys.exit(f'Error: {error}')


def read(root: pathlib.Path) -> dict[str, measurements.Measurement]:
  """All records of a checkout, by their file names without .json."""
  return {
    path.stem: measurements.Measurement.read(path)
    for path in sorted((root / RECORDS).glob('*.json'))
  }


def pages(root: pathlib.Path) -> dict[str, str]:
  """What all pages must hold: {path from the root: text}.

  Raises:
    ValueError: a record is damaged, or a block asks for what there is not.
  """
  records = read(root)
  texts = {PAGE: results_page(records)}
  for path in FILLED:
    if (root / path).is_file():
      try:
        texts[path] = fill((root / path).read_text(encoding='utf-8'), records)
      except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
  return texts


def results_page(records: Mapping[str, measurements.Measurement]) -> str:
  """Text of docs/results.md.

  Raises:
    ValueError: a record belongs to no section, or two have one title.
  """
  by_group = {group: [] for group in GROUPS}
  titles = {}
  for name, record in records.items():
    if record.group not in by_group:
      raise ValueError(
        f'{name}.json: no group {record.group!r}; write one of {GROUPS}, or '
        'add it to benchmarks/results.py.'
      )
    if record.title in titles:
      raise ValueError(
        f'{name}.json and {titles[record.title]}.json have one title.'
      )
    titles[record.title] = name
    by_group[record.group].append(record)
  parts = [_HEAD.rstrip()]
  for group, members in by_group.items():
    links = [f'- [{r.title}](#{_anchor(r.title)})' for r in members]
    if members:
      parts.append('\n'.join([f'**{group}**', '', *links]))
  for group, members in by_group.items():
    if members:
      parts += [f'## {group}', *(record.markdown() for record in members)]
  return '\n\n'.join(parts) + '\n'


def fill(text: str, records: Mapping[str, measurements.Measurement]) -> str:
  """A page with its blocks filled.

  Raises:
    ValueError: a block asks for a record, row or column that does not exist.
  """

  def block(match):
    wanted = json.loads(match[2])
    name = wanted.pop('record')
    if name not in records:
      raise ValueError(f'no record {name!r} in {RECORDS}/')
    table = records[name].tables[wanted.pop('table', 0)]
    return f'{match[1]}\n{table.select(**wanted).markdown()}\n\n{match[3]}'

  return _BLOCK.sub(block, text)


def save_training(run_dir: str | None, evaluation: str | None) -> None:
  """Writes a record of a training to --record.

  Raises:
    ValueError: a flag is missing.
  """
  for name, value in (
    ('run_dir', run_dir),
    ('evaluation', evaluation),
    ('record', measurements.RECORD.value),
  ):
    if not value:
      raise ValueError(f'--{name} is missing; give all three.')
  run = pathlib.Path(run_dir)
  lines = (run / 'metrics.jsonl').read_text(encoding='utf-8').splitlines()
  scored = json.loads(pathlib.Path(evaluation).read_text(encoding='utf-8'))
  measurements.save(
    [end_of_training(lines), *scores(scored)],
    group='Trainings',
    title=run.name,
    what=f'Scores of the training in `{run_dir}`.',
    floor='the columns untranslated, colour transfer, shuffled and mean image',
    ceiling='the last column: real images, or the ground truth',
  )


def end_of_training(lines) -> measurements.Table:
  """How far a training came, from the lines of its metrics.jsonl."""
  metrics = [json.loads(line) for line in lines]
  last = {name: value for line in metrics for name, value in line.items()}
  rows = [
    ['images of each domain', f'{last["images_seen"]:,}'],
    ['resolution, px', f'{last["resolution"]}'],
    ['minutes', f'{(metrics[-1]["time"] - metrics[0]["time"]) / 60:.1f}'],
    ['images/s at the end', f'{last["images_per_second"]:.1f}'],
  ]
  return measurements.Table(['', 'value'], rows, 'Training')


def scores(evaluation) -> list[measurements.Table]:
  """One table for each direction: a row a score, a column a candidate."""
  tables = []
  for title, direction in evaluation['directions'].items():
    table = direction['scores']
    names = dict.fromkeys(name for row in table.values() for name in row)
    rows = [
      [name, *(columns.cell(name, row.get(name)) for row in table.values())]
      for name in names
    ]
    tables.append(measurements.Table(['', *table], rows, title))
  return tables


def _anchor(title: str) -> str:
  """What GitHub calls the heading of that title."""
  kept = re.sub(r'[^\w\- ]', '', title.lower())
  return kept.replace(' ', '-')


if __name__ == '__main__':
  define_flags()
  app.run(main)

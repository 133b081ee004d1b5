"""What a preparation kept and left out, in lines to print."""

import collections
from collections.abc import Iterator

from tf_twingan import errors
from tf_twingan.data.prepare import dataset_record, finish, rejections
from tf_twingan.data.sources import base


def lines(photos: int, choice: finish.Choice) -> Iterator[str]:
  """The counts, one line each.

  Args:
    photos: number of photos.
    choice: what became of them.
  """
  counts = collections.Counter(choice.splits)
  train, test = base.SPLITS
  yield (
    f'{photos:,} photos: {counts[train]:,} images to train on and '
    f'{counts[test]:,} held out'
  )
  if not counts[test]:
    yield '  nothing is held out: all images show the same, or are of one photo'
  if not counts[train]:
    yield '  there is nothing to train on: all images are held out'
  reasons = collections.Counter(one.reason for one in choice.rejections)
  width = max(map(len, reasons), default=0)
  for reason, count in reasons.most_common():
    meaning = rejections.REASONS[reason]
    yield f'  {count:>7,} {reason:{width}}  {meaning}'


def last_line(job: finish.Job) -> str:
  """Where to look, and the dataset string to train on.

  Args:
    job: what was prepared.
  """
  output = errors.printable(job.output)
  # Schemes are called like formats.
  return (
    f'See sheet.png and rejected.csv in {output}; train on '
    f'{job.format}:{output}'
  )


def dry_lines(
  photos: int,
  choice: finish.Choice,
  output: str | None,
  format: dataset_record.Format,
) -> Iterator[str]:
  """The counts of a dry run, and what would be written where.

  Args:
    photos: number of photos.
    choice: what would become of them.
    output: the folder; None if none is named.
    format: 'folder' or 'tfrecord'.
  """
  yield from lines(photos, choice)
  if output is not None:
    kind = 'TFRecord files' if format == 'tfrecord' else 'PNG files'
    yield (
      f'Nothing is written; without --dry_run, it would be {kind}, to train on '
      f'as {format}:{errors.printable(output)}'
    )


def rejected_lines(choice: finish.Choice) -> Iterator[str]:
  """What was left out, one line each.

  Args:
    choice: what became of the photos.
  """
  for one in choice.rejections:
    score = '' if one.score is None else f' {one.score:.4g}'
    repeats = f', repeats {one.repeats}' if one.repeats else ''
    detail = f' ({one.detail})' if one.detail else ''
    yield errors.printable(f'{one.file}: {one.reason}{score}{repeats}{detail}')

"""A finding: what is wrong with a dataset, and the commands that cure it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tf_twingan import errors, shell_words
from tf_twingan.data.audit import dataset_measures

HIGH, MEDIUM, LOW = SEVERITIES = ('high', 'medium', 'low')
_SHOWN = 3  # Names in a sentence.


class Finding(NamedTuple):
  """One finding.

  Attributes:
    topic: what it is about, in one word or two, such as 'face size'.
    severity: 'high' spoils a training, 'medium' costs quality, 'low' is worth a
      look.
    sentence: what was found and what it does, for a reader.
    commands: what to type; empty if no command cures it.
  """

  topic: str
  severity: str
  sentence: str
  commands: tuple[str, ...] = ()


def percent(share: float) -> str:
  """A share as text: 45 %, or 0.4 % below one."""
  value = 100 * share
  is_small = 0 < abs(value) < 1
  return f'{value:.1g} %' if is_small else f'{value:.0f} %'


def number(value: float) -> str:
  """A measure as text, with three digits, or all before the point."""
  return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def images(count: int) -> str:
  """A number of images as text."""
  return f'{count:,} image{"" if count == 1 else "s"}'


def some(names: Sequence[str]) -> str:
  """The first of some names, as text that is safe to print."""
  shown = ', '.join(errors.printable(name) for name in names[:_SHOWN])
  more = len(names) - _SHOWN
  return f'{shown} and {more:,} more' if more > 0 else shown


def balance(measured: dataset_measures.DatasetMeasures, column: str) -> str:
  """The command that trains on all values of a label column alike often.

  Args:
    measured: the dataset.
    column: the label column.
  """
  mark = '&' if '?' in measured.dataset else '?'
  dataset = f'{measured.dataset}{mark}balance={column}'
  return shell_words.join(
    [
      *('python', '-m', 'tf_twingan.train', '--gin_file=photos.gin'),
      f'--{measured.label}={dataset}',
    ]
  )


def prepare(measured: dataset_measures.DatasetMeasures, *more: str) -> str:
  """The command that prepares a dataset.

  Args:
    measured: the dataset.
    *more: further flags.
  """
  # A label may hold anything, and the folder is a suggestion.
  folder = re.sub(r'[^\w.-]+', '_', measured.label).strip('._') or 'images'
  return shell_words.join(
    [
      *('python', '-m', 'tf_twingan.prepare'),
      f'--input={measured.photos}',
      f'--output=prepared/{folder}',
      f'--faces={measured.detector}',
      *more,
    ]
  )

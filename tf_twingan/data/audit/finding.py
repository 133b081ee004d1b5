"""A finding: what is wrong with a dataset, and how it is worded."""

from collections.abc import Sequence
from typing import NamedTuple

from tf_twingan import errors

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

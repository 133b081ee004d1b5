"""Counts the frames that are missing in the middle of a film.

A container may leave out what is damaged, and then nothing but a gap between
the times of the frames tells. Where frames come at one rate but for a few such
gaps, frames are missing; where gaps vary, the film may well have been made so.
"""

import collections

# Share of all gaps that must be even, and how even: times may be rounded to
# one unit, such as a millisecond.
_EVEN_SHARE, _EVENNESS = 0.8, 0.1
# A longer gap, in steps, has a frame missing.
_LONG = 1.5


class Gaps:
  """The gaps between the frames of one film."""

  def __init__(self) -> None:
    """Begins with none."""
    self._counts: collections.Counter[int] = collections.Counter()

  def add(self, gap: int) -> None:
    """Adds the time from one frame to the next, in any unit."""
    self._counts[gap] += 1

  @property
  def missing(self) -> int:
    """About how many frames are missing; 0 also where that cannot be told."""
    if not self._counts:
      return 0
    [(step, _)] = self._counts.most_common(1)
    tolerance = max(1, _EVENNESS * step)
    even = sum(
      count
      for gap, count in self._counts.items()
      if abs(gap - step) <= tolerance
    )
    if even < _EVEN_SHARE * self._counts.total():
      return 0
    return sum(
      (round(gap / step) - 1) * count
      for gap, count in self._counts.items()
      if gap > max(_LONG * step, step + tolerance)
    )

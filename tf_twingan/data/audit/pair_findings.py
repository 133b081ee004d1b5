"""Where two datasets differ in what a translation should not have to change.

A network of two domains learns whatever tells them apart. Where faces are
larger, images darker or backgrounds plainer in one of them, it learns that
first, and its translations move and recolour what should stay.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tf_twingan.data.audit import (
  cures,
  dataset_findings,
  dataset_measures,
  number_findings,
  thresholds,
)
from tf_twingan.data.audit.finding import (
  HIGH,
  LOW,
  MEDIUM,
  Finding,
  percent,
  some,
)
from tf_twingan.data.prepare import options

Measures = dataset_measures.DatasetMeasures
Limits = thresholds.Thresholds
_NO_FACES = dataset_measures.NO_FACES


def of_pair(first: Measures, second: Measures, limits: Limits) -> list[Finding]:
  """The findings about how two datasets differ.

  Args:
    first: a dataset.
    second: another one.
    limits: from where on something is said.
  """
  return [found for about in _TOPICS for found in about(first, second, limits)]


def _preparation(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  del limits
  before, after = first.preparation, second.preparation
  if before is None and after is None:
    return
  if before is None or after is None:
    raw, prepared = (first, second) if before is None else (second, first)
    yield Finding(
      'preparation',
      HIGH,
      f'{prepared.label} was prepared and {raw.label} was not, so that eyes '
      'sit in other places. Prepare both.',
      (cures.prepare(raw),),
    )
  elif before.template != after.template:
    yield Finding(
      'preparation',
      HIGH,
      f'{first.label} and {second.label} were prepared by different templates, '
      'so that eyes sit in other places. Prepare both by one version of '
      'tf_twingan.',
      (cures.prepare(first), cures.prepare(second)),
    )


def _face_size(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  sizes = _medians(first, second, 'scale')
  # Drawn eyes are farther apart than those of people, and each detector takes
  # something else for the face: sizes differ where both say so.
  by_eyes = _medians(first, second, 'eyes')
  ratios = [sizes[1] / sizes[0]]
  if not any(map(math.isnan, by_eyes)):
    ratios.append(by_eyes[1] / by_eyes[0])
  if not (
    min(ratios) > limits.scale_ratio or max(ratios) < 1 / limits.scale_ratio
  ):
    return
  (small, less), (large, more) = sorted(
    zip(sizes, (first, second)), key=lambda pair: pair[0]
  )
  what = (
    f'Faces fill {percent(small)} of the side in {less.label} and '
    f'{percent(large)} in {more.label}, so that translations change their size.'
  )
  prepared = more.preparation
  if prepared is None or any(
    one.preparation is None or one.preparation.faces == _NO_FACES
    for one in (less, more)
  ):
    yield Finding(
      'face size',
      HIGH,
      f'{what} Prepare both, which puts eyes in one place.',
      (cures.prepare(less), cures.prepare(more)),
    )
    return
  # A margin is added on both sides, and counts in sizes of the face.
  side = (1 + 2 * prepared.margin) * large / small
  margin = min(round((side - 1) / 2, 2), options.LARGEST_MARGIN)
  yield Finding(
    'face size',
    HIGH,
    f'{what} Prepare {more.label} again with --margin={margin:g}.',
    (cures.prepare(more, margin=margin),),
  )


def _face_place(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  x0, x1 = _medians(first, second, 'eyes_x')
  y0, y1 = _medians(first, second, 'eyes_y')
  part = 'eyes'
  if any(map(math.isnan, (x0, x1))):
    x0, x1 = _medians(first, second, 'x')
    y0, y1 = _medians(first, second, 'y')
    part = 'faces'
  parts = []
  if abs(x1 - x0) > limits.place_gap:
    parts.append(
      f'{percent(abs(x1 - x0))} of the side '
      f'farther {"left" if x1 < x0 else "right"}'
    )
  if abs(y1 - y0) > limits.place_gap:
    parts.append(
      f'{percent(abs(y1 - y0))} of the side {"higher" if y1 < y0 else "lower"}'
    )
  if parts:
    yield Finding(
      'face position',
      HIGH,
      f'The {part} of {second.label} lie {" and ".join(parts)} than those of '
      f'{first.label}. Prepare both, which puts the eyes in one place.',
      (cures.prepare(first), cures.prepare(second)),
    )


def _face_turn(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  for column, limit, verb in (
    ('yaw', limits.yaw_gap, 'look to one side'),
    ('roll', limits.roll_gap, 'are rolled'),
  ):
    angles = _medians(first, second, column)
    if not abs(angles[0] - angles[1]) > limit:
      continue
    rough = ', by a rough estimate' if column == 'yaw' else ''
    cure = (
      'Mirroring in training evens it out; keep train.mirror on.'
      if column == 'yaw'
      else 'Prepare both, which turns faces upright.'
    )
    yield Finding(
      f'face {column}',
      LOW if column == 'yaw' else MEDIUM,
      f'The faces of {first.label} and {second.label} {verb} by '
      f'{angles[0]:.0f} and {angles[1]:.0f} degrees{rough}. {cure}',
      () if column == 'yaw' else (cures.prepare(first), cures.prepare(second)),
    )


def _color_cast(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  casts = [
    {c: _mean(one, c) - _mean(one, 'brightness') for c in _CHANNELS}
    for one in (first, second)
  ]
  gap = {c: casts[1][c] - casts[0][c] for c in _CHANNELS}
  channel = max(gap, key=lambda c: abs(gap[c]))
  if abs(gap[channel]) > limits.cast_gap:
    more = 'more' if gap[channel] > 0 else 'less'
    yield Finding(
      'colour cast',
      LOW,
      f'{second.label} has {percent(abs(gap[channel]))} {more} {channel} than '
      f'{first.label} at equal brightness. Look at the mean images: a white '
      'balance can be mended, a background colour can be cut out.',
    )


def _saturation(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  grey = [
    float(dataset_findings.is_grey(one, limits).mean())
    for one in (first, second)
  ]
  if abs(grey[0] - grey[1]) > 1 - 2 * limits.many:
    one = first if grey[0] > grey[1] else second
    other = second if one is first else first
    yield Finding(
      'grey domain',
      LOW,
      f'{one.label} is grey and {other.label} is not: colours of translations '
      f'to {other.label} are guessed. That may be what you want.',
    )
    return
  yield from number_findings.saturation(first, second, limits)


def _backgrounds(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  shares = [
    float((one.columns['plain_border'] >= limits.border).mean())
    for one in (first, second)
  ]
  if abs(shares[0] - shares[1]) <= limits.border_gap:
    return
  busy, plain = (first, second) if shares[0] < shares[1] else (second, first)
  commands: tuple[str, ...] = ()
  cure = f'take images of {plain.label} with backgrounds'
  if cures.faces_of(busy) == 'human':
    cure = f'cut out {busy.label}'
    commands = (cures.prepare(busy, background='plain'),)
  yield Finding(
    'backgrounds',
    MEDIUM,
    f'{percent(min(shares))} of {busy.label} and {percent(max(shares))} of '
    f'{plain.label} have a plain background. Backgrounds are then taken for '
    f'hair, or drawn from nothing; {cure}.',
    commands,
  )


def _attributes(
  first: Measures, second: Measures, limits: Limits
) -> Iterator[Finding]:
  for column in first.attributes:
    if column not in second.attributes:
      continue
    shares = []
    for one in (first, second):
      counts = Counter(v for v in one.attributes[column] if v)
      known = sum(counts.values())
      if known < limits.fewest_known:
        break
      shares.append({v: n / known for v, n in counts.items()})
    else:
      a, b = shares
      value = max(
        sorted({*a, *b}),
        key=lambda v: (
          abs(a.get(v, 0) - b.get(v, 0)),
          a.get(v, 0) + b.get(v, 0),
        ),
      )
      if abs(a.get(value, 0) - b.get(value, 0)) > limits.attribute_gap:
        yield Finding(
          'attribute balance between domains',
          MEDIUM,
          f'{some([column])} = {some([value])} holds for '
          f'{percent(a.get(value, 0))} of {first.label} and '
          f'{percent(b.get(value, 0))} of {second.label}. Translations then '
          'change it; train on all values alike often in both.',
          cures.balance(first, column) + cures.balance(second, column),
        )


# What the pixels of a sample tell, without names and faces.
ABOUT_PIXELS = (
  _preparation,
  number_findings.brightness,
  _color_cast,
  _saturation,
)
# In the order of a report.
_TOPICS: Sequence[Callable[[Measures, Measures, Limits], Iterator[Finding]]] = (
  _preparation,
  _face_size,
  _face_place,
  _face_turn,
  number_findings.brightness,
  _color_cast,
  _saturation,
  _backgrounds,
  number_findings.resolution,
  number_findings.shapes,
  number_findings.count,
  _attributes,
)
_CHANNELS = ('red', 'green', 'blue')


def _medians(
  first: Measures, second: Measures, column: str
) -> tuple[float, float]:
  """The median of both, NaN where no value is known: it exceeds no limit."""
  medians = [math.nan, math.nan]
  for i, values in enumerate((first.columns[column], second.columns[column])):
    known = values[np.isfinite(values)]
    if len(known):
      medians[i] = float(np.median(known))
  return medians[0], medians[1]


def _mean(measured: Measures, column: str) -> float:
  return float(measured.columns[column].mean())

"""What is found in one dataset: each function yields findings of one topic."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tf_twingan.data.audit import cures, dataset_measures, repeats, thresholds
from tf_twingan.data.audit.finding import (
  HIGH,
  LOW,
  MEDIUM,
  Finding,
  images,
  percent,
  some,
)
from tf_twingan.data.prepare import options
from tf_twingan.data.sources import registry

Measures = dataset_measures.DatasetMeasures
Limits = thresholds.Thresholds
_DISTANCE = options.Options.model_fields['duplicate_distance'].default


def of_dataset(measured: Measures, limits: Limits) -> list[Finding]:
  """The findings of one dataset by itself, but for repeats.

  Args:
    measured: the dataset.
    limits: from where on something is said.
  """
  return [found for about in _TOPICS for found in about(measured, limits)]


def of_repeats(
  all_measured: Sequence[Measures], groups: Sequence[repeats.Group]
) -> list[Finding]:
  """The findings about repeated images, within datasets and across them.

  Args:
    all_measured: the datasets.
    groups: see `repeats.find`.
  """
  found: list[Finding] = []
  for index, measured in enumerate(all_measured):
    within = [part for g in groups if (part := g.within(index))]
    found += _repeats_within(measured, within)
  return found + list(_repeats_across(all_measured, groups))


def few_images(measured: Measures, limits: Limits) -> Iterator[Finding]:
  """A finding about a dataset of few images."""
  if measured.total >= limits.few_images:
    return
  few = measured.total < limits.fewest_images
  yield Finding(
    'number of images',
    HIGH if few else LOW,
    f'{measured.label} has {images(measured.total)}. Discriminators learn '
    f'fewer than some {limits.few_images:,} by heart; add images, or start '
    'from the weights of another run and augment, as finetune.gin does.',
    (cures.fine_tune(measured),),
  )


def _unreadable(measured: Measures, limits: Limits) -> Iterator[Finding]:
  if not measured.unreadable:
    return
  count = len(measured.unreadable)
  share = count / (count + len(measured.names))
  name, reason = measured.unreadable[0]
  yield Finding(
    'unreadable images',
    _severity(share, limits),
    f'{images(count)} of {measured.label} cannot be read, such as '
    f'{some([name])} ({reason}). Training leaves '
    f'{"it" if count == 1 else "them"} out; audit.json lists all reasons.',
  )


def _small(measured: Measures, limits: Limits) -> Iterator[Finding]:
  shorter = np.minimum(measured.columns['width'], measured.columns['height'])
  yield from _images_that(
    measured,
    limits,
    shorter < limits.shortest_side,
    'small images',
    f'smaller than {limits.shortest_side} px, down to {shorter.min():.0f} px',
    'Enlarged, they teach blur.',
    (cures.prepare(measured, smallest_side=limits.shortest_side),),
  )


def _uniform(measured: Measures, limits: Limits) -> Iterator[Finding]:
  yield from _images_that(
    measured,
    limits,
    _is_uniform(measured, limits),
    'uniform images',
    'nearly of one colour',
    'They show nothing to learn from.',
    (cures.prepare(measured, uniform=limits.uniform),),
  )


def _blurred(measured: Measures, limits: Limits) -> Iterator[Finding]:
  sharpness = measured.columns['sharpness']
  yield from _images_that(
    measured,
    limits,
    (sharpness < limits.blur) & ~_is_uniform(measured, limits),
    'blurred images',
    'blurred',
    'A network learns to draw blur from them.',
    (cures.prepare(measured, blur=limits.blur),),
  )


def _grey(measured: Measures, limits: Limits) -> Iterator[Finding]:
  grey = is_grey(measured, limits)
  share = grey.mean()
  if share >= 1 - limits.grey:
    return
  yield from _images_that(
    measured,
    limits,
    grey & ~_is_uniform(measured, limits),
    'grey images',
    'grey among coloured ones',
    'A network then draws grey at times; remove one kind.',
    (),
  )


def _brightness(measured: Measures, limits: Limits) -> Iterator[Finding]:
  median = float(np.median(measured.columns['brightness']))
  if limits.dark <= median <= limits.bright:
    return
  kind = 'dark' if median < limits.dark else 'bright'
  yield Finding(
    'brightness',
    MEDIUM,
    f'{measured.label} is {kind}: half of its images have a brightness '
    f'{"below" if kind == "dark" else "above"} {percent(median)}. Details '
    'are lost there; correct the exposure, or look whether they were decoded '
    'right.',
  )


def _shapes(measured: Measures, limits: Limits) -> Iterator[Finding]:
  width, height = measured.columns['width'], measured.columns['height']
  ratio = np.maximum(width / height, height / width)
  share = float((ratio > limits.long).mean())
  if share < limits.many or measured.fit == 'pad':
    return
  yield Finding(
    'shapes',
    MEDIUM,
    f'{percent(share)} of {measured.label} are more than {limits.long:g} times '
    'as long as wide, or the other way round. Training keeps the square in the '
    'middle, which may cut faces off; preparing them keeps the faces.',
    (cures.prepare(measured),),
  )


def _no_face(measured: Measures, limits: Limits) -> Iterator[Finding]:
  if not measured.has_faces:
    return
  number = measured.columns['faces']
  looked_at = measured.looked_at
  yield from _images_that(
    measured,
    limits,
    number == 0,
    'no face',
    f'without a face that the {measured.detector} detector finds',
    'Look at them: prepare found faces there.'
    if measured.preparation
    else 'Look at them, or let prepare leave them out.',
    () if measured.preparation else (cures.prepare(measured),),
    looked_at,
  )
  several = number > 1
  if several.sum() >= limits.some * looked_at:
    yield from _images_that(
      measured,
      limits,
      several,
      'several faces',
      'with several faces',
      'A network draws mixtures of these; prepare makes an image of each face.',
      (cures.prepare(measured),),
      looked_at,
    )


def _face_places(measured: Measures, limits: Limits) -> Iterator[Finding]:
  scale = _known(measured, 'scale')
  if len(scale) < limits.fewest_known:
    return
  low, high = np.percentile(scale, [10, 90])
  spreads = []
  if high > limits.scale_spread * low:
    spreads.append(f'fill from {percent(low)} to {percent(high)} of the side')
  places = []
  for axis, name in (('x', 'across'), ('y', 'down')):
    first, last = np.percentile(_known(measured, axis), [10, 90])
    if last - first > limits.place_spread:
      places.append(f'from {percent(first)} to {percent(last)} {name}')
  if places:
    spreads.append(f'lie {" and ".join(places)}')
  if spreads:
    yield Finding(
      'framing',
      MEDIUM,
      f'The faces of {measured.label} {" and ".join(spreads)} (8 in 10 of '
      'them). Networks of this kind want faces in one place at one size; '
      'prepare aligns them by the eyes.',
      (cures.prepare(measured),),
    )
  roll = np.abs(_known(measured, 'roll'))
  share = float((roll > limits.roll).mean()) if len(roll) else 0.0
  if share >= limits.many:
    yield Finding(
      'rolled faces',
      MEDIUM,
      f'{percent(share)} of the faces of {measured.label} are rolled by more '
      f'than {limits.roll:g} degrees; prepare turns them upright.',
      (cures.prepare(measured),),
    )


def _attributes(measured: Measures, limits: Limits) -> Iterator[Finding]:
  asked_for = registry.parse(measured.dataset).fixed_labels
  for column, values in measured.attributes.items():
    if column in asked_for:
      continue
    counts = Counter(value for value in values if value)
    known = sum(counts.values())
    if known < limits.fewest_known:
      continue
    value, count = counts.most_common(1)[0]
    share = count / known
    if share >= limits.dominating:
      yield Finding(
        'attribute balance',
        MEDIUM,
        f'{percent(share)} of {measured.label} have {some([column])} = '
        f'{some([value])}. A network then makes everything so; add images of '
        'other values, or train on all values alike often.',
        cures.balance(measured, column),
      )


# What the pixels of a sample tell, without names and splits.
ABOUT_PIXELS = (_uniform, _grey, _brightness)
# In the order of a report.
_TOPICS: Sequence[Callable[[Measures, Limits], Iterator[Finding]]] = (
  few_images,
  _unreadable,
  _small,
  _uniform,
  _blurred,
  _grey,
  _brightness,
  _shapes,
  _no_face,
  _face_places,
  _attributes,
)


def _repeats_within(measured, groups) -> Iterator[Finding]:
  """The findings about images that repeat others of their dataset."""
  names = measured.names
  for exact in (True, False):
    pairs = [
      (names[p.image], names[g.places[0].image])
      for g in groups
      if g.exact == exact
      for p in g.places[1:]
    ]
    yield from repeated(measured, pairs, len(names), exact=exact)
  leaks = [
    g
    for g in groups
    if len({measured.splits[p.image] for p in g.places} - {''}) > 1
  ]
  held_out = sorted(
    {
      p.image
      for g in leaks
      for p in g.places
      if measured.splits[p.image] == 'test'
    }
  )
  if held_out:
    yield Finding(
      'copies across splits',
      HIGH,
      f'{images(len(held_out))} held out of {measured.label} '
      f'{"repeats" if len(held_out) == 1 else "repeat"} others to train on: '
      f'{some([measured.names[i] for i in held_out])}. Their scores flatter '
      'the model; prepare keeps them on one side.',
      (cures.prepare(measured, duplicate_distance=_DISTANCE),),
    )


def repeated(
  measured: Measures,
  pairs: Sequence[tuple[str, str]],
  examined: int,
  *,
  exact: bool,
  limits: Limits = thresholds.DEFAULT,
) -> Iterator[Finding]:
  """A finding about images that repeat others of their dataset, if any do.

  Args:
    measured: the dataset.
    pairs: the name of each, and of the first image that it repeats.
    examined: number of images that were compared.
    exact: whether they are exact copies.
    limits: from where on it is grave.
  """
  if not pairs:
    return
  share = len(pairs) / examined
  some_names = some([f'{name} (of {first})' for name, first in pairs])
  yield Finding(
    'exact copies' if exact else 'near-duplicates',
    _severity(share, limits),
    f'{images(len(pairs))} of {measured.label} ({percent(share)}) '
    f'{_repeat(len(pairs), exact)}: {some_names}. Some images then count '
    'several times; prepare keeps one of each.',
    (
      cures.prepare(
        measured, duplicate_distance=_DISTANCE, keep_duplicates=False
      ),
    ),
  )


def _repeats_across(all_measured, groups) -> Iterator[Finding]:
  """The findings about images that several datasets hold."""
  shared: dict[tuple[int, ...], list[repeats.Group]] = {}
  for group in groups:
    if len(group.datasets) > 1:
      shared.setdefault(tuple(sorted(group.datasets)), []).append(group)
  for indices, alike in shared.items():
    labels = ' and '.join(all_measured[i].label for i in indices)
    first = [all_measured[p.dataset].names[p.image] for p in alike[0].places]
    yield Finding(
      'copies across datasets',
      HIGH,
      f'{images(len(alike))} {_are(len(alike))}in {labels}, such as '
      f'{some(first)}. A network cannot tell the domains apart by these; '
      'remove them from one.',
    )


def _images_that(
  measured, limits, chosen, topic, kind, effect, commands, examined=None
) -> Iterator[Finding]:
  """A finding about some images, which it names; nothing if there are none."""
  names = [measured.names[i] for i in np.flatnonzero(chosen)]
  if names:
    examined = examined or len(measured.names)
    share = len(names) / examined
    those = images(len(names))
    if examined < measured.total - len(measured.unreadable):
      those = f'{len(names):,} of {images(examined)} examined'
    is_or_are = '' if kind.startswith('with') else _are(len(names))
    yield Finding(
      topic,
      _severity(share, limits),
      f'{those} of {measured.label} ({percent(share)}) {is_or_are}{kind}: '
      f'{some(names)}. {effect}',
      commands,
    )


def _repeat(count: int, exact: bool) -> str:
  if exact:
    return f'{_are(count)}{"a copy" if count == 1 else "copies"} of others'
  return f'nearly {"repeats" if count == 1 else "repeat"} others'


def _are(count: int) -> str:
  return 'is ' if count == 1 else 'are '


def is_grey(measured: Measures, limits: Limits) -> np.ndarray:
  """Which images have no colour, bool [n]."""
  return measured.columns['saturation'] < limits.saturation


def _is_uniform(measured: Measures, limits: Limits) -> np.ndarray:
  return measured.columns['uniform'] > limits.uniform


def _known(measured: Measures, column: str) -> np.ndarray:
  values = measured.columns[column]
  return values[np.isfinite(values)]


def _severity(share: float, limits: Limits) -> str:
  if share >= limits.many:
    return HIGH
  return MEDIUM if share >= limits.some else LOW

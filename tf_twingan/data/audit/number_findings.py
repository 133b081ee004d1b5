"""Findings about one number of each of two datasets, which should be alike."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from tf_twingan.data.audit import cures, dataset_measures, thresholds
from tf_twingan.data.audit.finding import LOW, MEDIUM, Finding, images, percent

Measures = dataset_measures.DatasetMeasures
Limits = thresholds.Thresholds


@dataclasses.dataclass(frozen=True)
class NumberFinding:
  """A finding about two datasets whose numbers are too far apart.

  Attributes:
    topic: see `Finding`.
    severity: see `Finding`.
    measure: the number of a dataset.
    is_far: whether two numbers, the smaller one first, are too far apart.
    as_text: a number in the sentence.
    sentence: the finding, with {first} and {second} for the datasets, {a} and
      {b} for their numbers, and {small} for the dataset of the smaller one,
      which is {least}.
    prepare: whether preparing both cures it.
  """

  topic: str
  severity: str
  measure: Callable[[Measures], float]
  is_far: Callable[[float, float, Limits], bool]
  as_text: Callable[[float], str]
  sentence: str
  prepare: bool = False

  def __call__(
    self, first: Measures, second: Measures, limits: Limits
  ) -> Iterator[Finding]:
    """Yields the finding if the numbers of both are too far apart."""
    a, b = self.measure(first), self.measure(second)
    if not self.is_far(min(a, b), max(a, b), limits):
      return
    yield Finding(
      self.topic,
      self.severity,
      self.sentence.format(
        first=first.label,
        second=second.label,
        a=self.as_text(a),
        b=self.as_text(b),
        small=(first if a < b else second).label,
        least=self.as_text(min(a, b)),
      ),
      (cures.prepare(first), cures.prepare(second)) if self.prepare else (),
    )


brightness = NumberFinding(
  'brightness between domains',
  MEDIUM,
  lambda one: float(one.columns['brightness'].mean()),
  lambda low, high, limits: high - low > limits.brightness_gap,
  percent,
  'The mean brightness is {a} in {first} and {b} in {second}. Translations '
  'then change the exposure before anything else; even it out unless it is the '
  'style that you want.',
)
saturation = NumberFinding(
  'saturation',
  LOW,
  lambda one: float(one.columns['saturation'].mean()),
  lambda low, high, limits: high - low > limits.saturation_gap,
  percent,
  'The mean saturation is {a} in {first} and {b} in {second}; that may be the '
  'style that you want.',
)
resolution = NumberFinding(
  'resolution',
  LOW,
  lambda one: float(
    np.median(np.minimum(one.columns['width'], one.columns['height']))
  ),
  lambda low, high, limits: high > limits.side_ratio * low,
  '{:.0f} px'.format,
  'The shorter side is {a} in {first} and {b} in {second} (medians). Train at '
  'no more than {least}, or {small} is enlarged and teaches blur.',
)
shapes = NumberFinding(
  'shapes between domains',
  MEDIUM,
  lambda one: float(np.median(one.columns['width'] / one.columns['height'])),
  lambda low, high, limits: high > limits.shape_ratio * low,
  '{:.2g} times'.format,
  'Images are {a} as wide as high in {first} and {b} in {second}, so that the '
  'middle square shows different parts. Prepare both.',
  prepare=True,
)
count = NumberFinding(
  'numbers of images',
  LOW,
  lambda one: one.total,
  lambda low, high, limits: high > limits.count_ratio * low,
  lambda number: images(int(number)),
  '{first} has {a}, {second} {b}. Training takes equally many of both, so that '
  'those of {small} are seen far more often; add some, or augment.',
)

"""All findings of an audit, the gravest first."""

import itertools
from collections.abc import Sequence

from tf_twingan.data.audit import (
  dataset_findings,
  dataset_measures,
  pair_findings,
  repeats,
  thresholds,
)
from tf_twingan.data.audit.finding import SEVERITIES, Finding


def find(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
  groups: Sequence[repeats.Group],
  limits: thresholds.Thresholds = thresholds.DEFAULT,
) -> list[Finding]:
  """Compares measures with what a training needs.

  Args:
    all_measured: the datasets, in order.
    groups: their repeated images, see `repeats.find`.
    limits: from where on something is said.

  Returns:
    The findings, the gravest first.
  """
  found: list[Finding] = []
  for measured in all_measured:
    found += dataset_findings.of_dataset(measured, limits)
  found += dataset_findings.of_repeats(all_measured, groups)
  for first, second in itertools.combinations(all_measured, 2):
    found += pair_findings.of_pair(first, second, limits)
  return sorted(found, key=lambda one: SEVERITIES.index(one.severity))

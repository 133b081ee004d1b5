"""What audit.json holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_twingan.data.audit import (
  dataset_measures,
  face_measures,
  outliers,
  repeats,
  thresholds,
)
from tf_twingan.data.audit.finding import Finding

_GROUPS = 200  # Of repeated images that are listed.
_PERCENTILES = (10, 50, 90)


def make(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
  groups: Sequence[repeats.Group],
  found: Sequence[Finding],
  unusual: Mapping[str, Sequence[outliers.Outlier]],
  limits: thresholds.Thresholds = thresholds.DEFAULT,
) -> dict[str, Any]:
  """The record of an audit; numbers are finite, unknown ones are None.

  Args:
    all_measured: the datasets.
    groups: their repeated images.
    found: the findings.
    unusual: {label: outliers of its dataset}.
    limits: the limits of the findings.
  """
  return {
    'findings': [one._asdict() for one in found],
    'datasets': {
      one.label: {
        **summary(one),
        'unreadable': [
          {'name': name, 'reason': reason} for name, reason in one.unreadable
        ],
        'outliers': [
          {**o._asdict(), 'image': one.names[o.image]}
          for o in unusual.get(one.label, ())
        ],
      }
      for one in all_measured
    },
    'repeats': [
      {
        'exact': group.exact,
        'images': [
          [all_measured[d].label, all_measured[d].names[i]]
          for d, i in group.places
        ],
      }
      for group in groups[:_GROUPS]
    ],
    'repeats_count': len(groups),
    'thresholds': limits._asdict(),
  }


def summary(measured: dataset_measures.DatasetMeasures) -> dict[str, Any]:
  """The figures of one dataset."""
  with_faces = face_measures.FaceMeasures._fields
  return {
    'dataset': measured.dataset,
    'images': measured.total,
    'examined': len(measured.names),
    'splits': _counts(measured.splits),
    'formats': _counts(measured.formats),
    'detector': measured.detector,
    'measures': {
      name: _statistics(values)
      for name, values in measured.columns.items()
      if measured.has_faces or name not in with_faces
    },
    'attributes': {
      column: _counts(values) for column, values in measured.attributes.items()
    },
  }


def _counts(values: Sequence[str]) -> dict[str, int]:
  return dict(Counter(value for value in values if value).most_common())


def _statistics(values: np.ndarray) -> dict[str, float | int | None]:
  known = values[np.isfinite(values)]
  result: dict[str, float | int | None] = {'known': len(known)}
  names = ['mean', 'deviation', *(f'percentile_{p}' for p in _PERCENTILES)]
  if not len(known):
    return {**result, **dict.fromkeys(names)}
  numbers = [known.mean(), known.std(), *np.percentile(known, _PERCENTILES)]
  return {**result, **{n: round(float(x), 5) for n, x in zip(names, numbers)}}

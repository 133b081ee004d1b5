"""Are inputs from outside of the domain detected before they are translated?

A translator gives an output for any input, so the distance of an input to the
training images of its domain is computed for inputs that are known not to
belong there: images of the other domain, the domain's own upside down, and
noise. `metrics.out_of_domain` defines the distance, on features of the
evaluation's network. Half of the held-out images set the threshold that 95 % of
images of the domain stay below; the other half is what the outside inputs are
compared with, and its own row shows how many are flagged by mistake.

The figures depend on the domain and on the feature network, not on a
translator.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan.evaluation import (
  feature_networks,
  feature_scores,
  metric,
  tasks,
)
from tf_twingan.metrics import out_of_domain

HELD_OUT, UPSIDE_DOWN, NOISE = 'held out', 'upside down', 'noise'


class _Distances(NamedTuple):
  """Mahalanobis distances of one kind of input, and what to compare them with.

  Attributes:
    values: float64 [n].
    held_out: distances of held-out images of the domain, float64 [m].
    threshold: the distance that 95 % of held-out images stay below.
  """

  values: np.ndarray
  held_out: np.ndarray
  threshold: float


METRICS = (
  metric.Metric(
    'AUROC',
    'how well the distance separates these from held-out images; 1 is '
    'perfect, 0.5 is chance',
    metric.THOUSANDTHS,
    lambda distances: out_of_domain.auroc(
      inside=distances.held_out, outside=distances.values
    ),
    higher_is_better=True,
    uses_features=True,
  ),
  metric.Metric(
    'flagged',
    'share farther out than 95 % of other held-out images',
    metric.SHARE,
    lambda distances: float(np.mean(distances.values > distances.threshold)),
    uses_features=True,
  ),
  metric.Metric(
    'distance',
    'median Mahalanobis distance to the training images',
    metric.THOUSANDTHS,
    lambda distances: float(np.median(distances.values)),
    uses_features=True,
  ),
  metric.Metric(
    'threshold',
    'the distance that 95 % of held-out images stay below',
    metric.THOUSANDTHS,
    lambda distances: distances.threshold,
    uses_features=True,
  ),
)


def score(
  task: tasks.Task,
  network: feature_networks.FeatureNetwork,
  *,
  seed: int = 0,
) -> dict[str, Mapping[str, float]]:
  """Scores inputs from outside of the target domain.

  Args:
    task: its target domain is the one that the inputs are given for.
    network: the feature network.
    seed: seed of the noise.

  Returns:
    {kind of input: {column: value}}; empty if the network has too many
    features.
  """
  calibration_images, held_out = task.real[::2], task.real[1::2]
  calibration = network.features(calibration_images)
  if calibration.shape[1] > feature_scores.MOST_FEATURES:
    return {}
  detector = out_of_domain.Detector(
    network.features(task.training), calibration=calibration
  )
  rng = np.random.Generator(np.random.Philox(key=seed))
  kinds = {
    HELD_OUT: held_out,
    task.source: task.sources,
    UPSIDE_DOWN: np.ascontiguousarray(held_out[:, ::-1]),
    NOISE: rng.integers(0, 256, held_out.shape, np.uint8),
  }
  distances = {
    kind: detector.distances(network.features(images))
    for kind, images in kinds.items()
  }
  return {
    kind: metric.compute(
      METRICS,
      _Distances(values, distances[HELD_OUT], detector.unit),
      network_label=network.label,
    ).columns
    for kind, values in distances.items()
  }

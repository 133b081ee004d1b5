"""Scores of all candidates of one task, beside their baselines.

A number alone means little, so each column also holds the scores of the
baselines (`baselines.of_task`) by the same metric.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan.evaluation import (
  candidates,
  columns,
  feature_networks,
  metric,
  names,
  tasks,
)


def score(
  task: tasks.Task,
  rows: Mapping[str, candidates.Candidate],
  *,
  network: feature_networks.FeatureNetwork | None = None,
  seed: int = 0,
) -> dict[str, metric.CandidateScores]:
  """Scores candidates by every metric that applies to the task.

  Args:
    task: what they translated.
    rows: {name of the row: candidate}, baselines among them.
    network: the feature network, of `feature_network` with the same seed; None
      leaves its columns out.
    seed: seed of everything random.

  Returns:
    {name of the row: scores}, with the same columns in all rows.

  Raises:
    ValueError: there are too few images, or they do not fit each other.
  """
  real, _ = _split_training(task, seed)
  setting = metric.Setting(task, real=real, network=network, seed=seed)
  metrics = [m for m in columns.CANDIDATE_METRICS if m.needs(setting)]
  return {
    name: metric.compute(
      metrics,
      metric.Case(setting, candidate),
      network_label=network.label if network else '',
    )
    for name, candidate in rows.items()
  }


def feature_network(
  task: tasks.Task, name: str, *, seed: int = 0
) -> feature_networks.FeatureNetwork:
  """Loads the feature network for sets of images of the target domain.

  Args:
    task: what was translated.
    name: name or path, for `feature_networks.load`.
    seed: seed of everything random.

  Raises:
    FileNotFoundError: there is no such path.
    ValueError: there are too few images, or there is no such network.
  """
  # It is not trained on the images that `score` compares with, as their
  # features would differ from those of images that it was not trained on.
  _, rest = _split_training(task, seed)
  return feature_networks.load(name, rest, seed=seed)


def _split_training(
  task: tasks.Task, seed: int
) -> tuple[np.ndarray, np.ndarray]:
  """Training images to compare with, and others, if there are enough."""
  count, training = len(task.sources), task.training
  if count < names.FEWEST_IMAGES or len(training) < 2:
    raise ValueError(
      f'{count} held-out and {len(training)} training images are too few to '
      f'score; give at least {names.FEWEST_IMAGES} and 2.'
    )
  rng = np.random.Generator(np.random.Philox(key=seed))
  order = rng.permutation(len(training))
  rest = order[count:] if len(order) >= 2 * count else order
  return training[np.sort(order[:count])], training[np.sort(rest)]

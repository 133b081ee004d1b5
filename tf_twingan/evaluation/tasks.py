"""A task: sources to translate, and the real images to compare with."""

from typing import NamedTuple

import numpy as np

from tf_twingan.data.avatars import ground_truth
from tf_twingan.evaluation import backgrounds, dataset_pair


class Task(NamedTuple):
  """The translation from one domain to another.

  All images are uint8 [n, resolution, resolution, 3].

  Attributes:
    source: name of the domain to translate from.
    target: name of the domain to translate to.
    sources: held-out images of the source domain.
    real: held-out images of the target domain, equally many; if
      there is a ground truth, these are the targets, in the order of the
      sources.
    training: training images of the target domain, [m, ...].
    source_training: training images of the source domain, [k, ...].
    avatars: ground truth of the target avatars; None for other images.
    background_masks: where both the source and the target show plain
      background, bool [n, resolution, resolution]; of avatars only.
    factors: factors of the characters; of avatars only.
    recolored: the sources on other backgrounds; None if they are left out.
  """

  source: str
  target: str
  sources: np.ndarray
  real: np.ndarray
  training: np.ndarray
  source_training: np.ndarray
  avatars: ground_truth.GroundTruth | None = None
  background_masks: np.ndarray | None = None
  factors: ground_truth.Factors | None = None
  recolored: backgrounds.Recolored | None = None

  @property
  def has_ground_truth(self) -> bool:
    """Whether the targets of the sources are known."""
    return self.avatars is not None

  @property
  def title(self) -> str:
    """Heading of the task, and its key in evaluation.json."""
    return f'{self.source} to {self.target}'


def between(pair: dataset_pair.DatasetPair, source: str, target: str) -> Task:
  """Builds the task of translating one domain of a pair to the other.

  Two styles of avatars show the same held-out characters, so their ground
  truth is known. The backgrounds of other images are estimated.

  Args:
    pair: images of both domains.
    source: name of the domain to translate from.
    target: name of the domain to translate to.
  """
  sources = pair.held_out[source]
  task = Task(
    source,
    target,
    sources,
    pair.held_out[target],
    pair.training[target],
    pair.training[source],
  )
  datasets = {d: pair.datasets[d] for d in (source, target)}
  if not ground_truth.is_known(*datasets.values()):
    return task._replace(recolored=backgrounds.estimate(sources))
  size, count = pair.resolution, len(sources)
  of_source, of_target = (
    ground_truth.describe(dataset, size, count) for dataset in datasets.values()
  )
  recolored_sources, recolored_targets = (
    ground_truth.on_other_backgrounds(dataset, size, count)
    for dataset in datasets.values()
  )
  return task._replace(
    avatars=of_target,
    background_masks=of_target.background_masks & of_source.background_masks,
    factors=ground_truth.factors(
      datasets[target],
      datasets[source],
      training=len(task.training),
      held_out=count,
    ),
    recolored=backgrounds.Recolored(
      recolored_sources,
      subjects=~of_target.background_masks,
      targets=recolored_targets,
    ),
  )

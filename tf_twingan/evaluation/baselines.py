"""Baselines: the floors and ceilings that a candidate is compared with."""

import numpy as np

from tf_twingan.evaluation import candidates, color_transfer, names, tasks


def of_task(
  task: tasks.Task, candidate: candidates.Candidate
) -> dict[str, candidates.Candidate]:
  """Builds all baselines of a task.

  Args:
    task: what was translated.
    candidate: the candidate whose translations are shuffled, and whose encoder
      encodes the baselines.

  Returns:
    {name: baseline}: the untranslated sources, the sources in the colours of
    the target domain, the shuffled translations, the mean image of the target
    domain, and its real held-out images, which are the ground truth if the
    task has any.
  """
  sources, real = task.sources, task.real
  encode, recolored = candidate.encode, task.recolored
  untranslated = candidates.Candidate(
    sources,
    of_mirrored=sources[:, :, ::-1],
    of_recolored=None if recolored is None else recolored.sources,
    encode=encode,
  )
  mean = mean_image(task.training, sources.shape)
  return {
    names.UNTRANSLATED: untranslated,
    names.COLOR_TRANSFER: _in_colors_of_target(task, untranslated),
    # The others are shifted by two, so that none is beside its own source.
    names.SHUFFLED: candidates.Candidate(
      _shuffled(candidate.translations, 1),
      of_mirrored=_shuffled(candidate.of_mirrored, 2),
      of_recolored=_shuffled(candidate.of_recolored, 2),
      encode=encode,
    ),
    names.MEAN_IMAGE: candidates.Candidate(
      mean, of_mirrored=mean, of_recolored=mean, encode=encode
    ),
    names.GROUND_TRUTH
    if task.has_ground_truth
    else names.REAL_IMAGES: candidates.Candidate(
      real,
      of_recolored=None if recolored is None else recolored.targets,
      # Real images of other subjects do not have the sources' content.
      encode=encode if task.has_ground_truth else None,
    ),
  }


def mean_image(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
  """The mean of images, repeated to a shape [n, resolution, resolution, 3]."""
  mean = np.rint(images.mean(axis=0, dtype=np.float64)).astype(np.uint8)
  return np.broadcast_to(mean, shape)


def _shuffled(images: np.ndarray | None, shift: int) -> np.ndarray | None:
  return None if images is None else np.roll(images, shift, axis=0)


def _in_colors_of_target(
  task: tasks.Task, untranslated: candidates.Candidate
) -> candidates.Candidate:
  source, target = (
    color_transfer.statistics(images)
    for images in (task.source_training, task.training)
  )

  def transfer(images: np.ndarray | None) -> np.ndarray | None:
    if images is None:
      return None
    return color_transfer.transfer(images, source=source, target=target)

  return untranslated._replace(
    translations=transfer(untranslated.translations),
    of_mirrored=transfer(untranslated.of_mirrored),
    of_recolored=transfer(untranslated.of_recolored),
  )

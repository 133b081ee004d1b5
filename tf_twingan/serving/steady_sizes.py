"""Sizes of batches that give the same results, found by trying.

The rows of a batch do not influence one another, but a library may compute
another number of rows by another algorithm, which sums in another order and so
rounds differently. Which ones do depends on network, machine and version.
"""

import numpy as np
from absl import logging

from tf_twingan.serving import batching, models, settings


def settle(model: models.ServedModel, limits: settings.Settings) -> None:
  """Chooses the sizes of a model's batches, so that they do not show.

  All sizes of the settings, if they give the same, bit for bit; else the middle
  one alone, to which all batches are filled up; or one image at a time, if what
  an image becomes depends on its place in a batch, too. So does what takes no
  numbers, TFLite files, which compute one image after the other anyway.

  Args:
    model: a model that is not served yet.
    limits: the server's settings.
  """
  works = [model.float_translation(*pair) for pair in model.directions]
  tried = [work for work in works if work is not None]
  if len(tried) < len(works):
    model.batch_sizes = (1,)
    return
  sizes = limits.batch_sizes
  rng = np.random.default_rng(0)
  images = rng.uniform(
    -1, 1, [sizes[-1], model.resolution, model.resolution, 3]
  ).astype(np.float32)
  middle = sizes[len(sizes) // 2]
  for chosen in (sizes, (middle,), (1,)):
    if all(_is_steady(work, images, chosen) for work in tried):
      break
  model.batch_sizes = chosen
  if chosen != sizes:
    logging.warning(
      'Model %s: what an image becomes depends on the size of its batch here; '
      'all batches have %d images now, so that it does not show.',
      model.name,
      chosen[0],
    )


def _is_steady(
  work: batching.Work, images: np.ndarray, sizes: tuple[int, ...]
) -> bool:
  """Whether each size gives the same, in whatever order the images are."""
  images = images[: sizes[-1]]
  expected = np.asarray(work.function(images))
  if not np.array_equal(work.function(images[::-1]), expected[::-1]):
    return False
  return all(
    np.array_equal(work.function(images[-size:]), expected[-size:])
    for size in sizes[:-1]
  )

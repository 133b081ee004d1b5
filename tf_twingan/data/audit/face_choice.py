"""Which face detector suits a dataset, if the user does not say."""

from collections.abc import Callable, Sequence

import numpy as np
import tqdm.auto

from tf_twingan import faces
from tf_twingan.data.audit import dataset_measures

_TRIED = 24  # Images.
_LEAST = 0.5  # Share of them in which a face must be found.


def choose(names: Sequence[str], read: Callable[[str], np.ndarray]) -> str:
  """The detector that finds a face in most images of an even sample.

  Args:
    names: names of a dataset's images.
    read: reads one of them, see `sources.base.Originals`.

  Returns:
    Its name; 'none' where none finds a face in half of the images.

  Raises:
    extras.MissingPackage: the detectors' packages are not installed.
  """
  images = []
  for index in dataset_measures.evenly(len(names), _TRIED):
    try:
      images.append(read(names[index]))
    except (ValueError, OSError):
      continue  # It is counted when all are examined.
  counts = dict.fromkeys(faces.DETECTORS, 0)
  with tqdm.auto.tqdm(
    total=len(counts) * len(images),
    desc='choosing the faces',
    delay=1,
    unit=' images',
  ) as progress:
    for name in counts:
      detector = faces.detector(name)
      for image in images:
        counts[name] += bool(detector.find(image))
        progress.update()
  best = max(counts, key=lambda name: counts[name], default='')
  enough = counts and counts[best] >= max(1, _LEAST * len(images))
  return best if enough else dataset_measures.NO_FACES

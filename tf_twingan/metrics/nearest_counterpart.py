"""Nearest-counterpart recall: is a translation closest to its own answer?

Where the true counterpart of every source is known, as for the avatar twins,
a translation is right if, among all counterparts, its own is the nearest. The
distance is L2 over pixels; it is also taken after subtracting each picture's
mean colour, so that a plain background alone does not decide. Chance is 1/n;
the scores of the untranslated sources and of shuffled translations say how
much of the figure comes from elsewhere.
"""

import numpy as np

from tf_twingan.metrics import distances


def recall(
  pictures: np.ndarray, counterparts: np.ndarray, *, remove_mean: bool = False
) -> float:
  """Share of pictures whose nearest counterpart is their own.

  Args:
    pictures: uint8 or float [n, height, width, channels].
    counterparts: the same shape; row i is the answer to row i.
    remove_mean: subtract each picture's mean over pixels, per channel.

  Returns:
    In [0, 1].

  Raises:
    ValueError: the shapes differ.
  """
  if pictures.shape != counterparts.shape:
    raise ValueError(
      f'pictures {pictures.shape} and counterparts '
      f'{counterparts.shape} differ in shape; give one answer '
      'for each picture, at the same resolution.'
    )
  a, b = (_rows(p, remove_mean) for p in (pictures, counterparts))
  nearest = distances.squared(a, b).argmin(axis=1)
  return float(np.mean(nearest == np.arange(len(a))))


def _rows(pictures, remove_mean):
  pictures = np.asarray(pictures, np.float64)
  if remove_mean:
    pictures = pictures - pictures.mean(axis=(1, 2), keepdims=True)
  return pictures.reshape(len(pictures), -1)

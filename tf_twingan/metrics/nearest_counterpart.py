"""Nearest-counterpart recall: is a translation closest to its own target?

Where the true counterpart of every source is known, as for the avatar twins,
a translation is right if, among all counterparts, its own is the nearest. The
distance is L2 over pixels; it is also taken after subtracting each image's
mean colour, so that a plain background alone does not decide. Chance level is
1/n; the scores of the untranslated sources and of shuffled translations show
how much of the figure is no achievement of the translator.
"""

import numpy as np

from tf_twingan.metrics import distances


def recall(
  images: np.ndarray, counterparts: np.ndarray, *, remove_mean: bool = False
) -> float:
  """Share of images whose nearest counterpart is their own.

  Args:
    images: uint8 or float [n, height, width, channels].
    counterparts: the same shape; row i is the ground truth of
      image i.
    remove_mean: subtract each image's mean over pixels, per channel.

  Returns:
    In [0, 1].

  Raises:
    ValueError: the shapes differ.
  """
  nearest = order(images, counterparts, remove_mean=remove_mean)[:, 0]
  return float(np.mean(nearest == np.arange(len(nearest))))


def ranks(
  images: np.ndarray, counterparts: np.ndarray, *, remove_mean: bool = False
) -> np.ndarray:
  """How many counterparts are nearer to each image than its own.

  The share of ranks below k is the recall among the k nearest.

  Args:
    images: uint8 or float [n, height, width, channels].
    counterparts: ground truth of the same shape, in the same order.
    remove_mean: subtract each image's mean over pixels, per channel.

  Returns:
    int [n], from 0, the best, to n - 1.

  Raises:
    ValueError: the shapes differ.
  """
  nearest = order(images, counterparts, remove_mean=remove_mean)
  return (nearest == np.arange(len(nearest))[:, None]).argmax(axis=1)


def order(
  images: np.ndarray, counterparts: np.ndarray, *, remove_mean: bool = False
) -> np.ndarray:
  """The counterparts of each image, the nearest first.

  Args:
    images: uint8 or float [n, height, width, channels].
    counterparts: ground truth of the same shape, in the same order.
    remove_mean: subtract each image's mean over pixels, per channel.

  Returns:
    int [n, n]: indices of counterparts; the first of equals comes first.

  Raises:
    ValueError: the shapes differ.
  """
  if images.shape != counterparts.shape:
    raise ValueError(
      f'images {images.shape} and counterparts '
      f'{counterparts.shape} differ in shape; give one counterpart '
      'for each image, at the same resolution.'
    )
  a, b = (_rows(p, remove_mean) for p in (images, counterparts))
  return distances.squared(a, b).argsort(axis=1, kind='stable')


def _rows(images, remove_mean):
  images = np.asarray(images, np.float64)
  if remove_mean:
    images = images - images.mean(axis=(1, 2), keepdims=True)
  return images.reshape(len(images), -1)

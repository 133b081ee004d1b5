"""Background error: mean absolute error over the plain background.

A translator that keeps a plain background repeats one colour over it; one that
mottles it does not, which a viewer notices at once and a mean over the whole
image hides. For each image

  error = mean |translation - ground truth| over the pixels of the mask

and over the channels. 0, the best, is the true background; a wrong plain colour
counts as much as blotches do. The untranslated sources give the figure of a
translator that copies; shuffled translations have the wrong colours and are the
floor.

The metric was defined for this project.
"""

import numpy as np

from tf_twingan.metrics import image_pairs


def measure(
  images: np.ndarray, targets: np.ndarray, masks: np.ndarray
) -> np.ndarray:
  """Mean absolute error of each image over its background.

  Args:
    images: uint8 or float [n, height, width, channels], in any range.
    targets: ground truth of the same shape and range; row i belongs to row i
      of the images.
    masks: bool [n, height, width]; true where an image should show plain
      background.

  Returns:
    float64 [n], at least 0, in the units of the images; NaN where a mask is
    empty.

  Raises:
    ValueError: the shapes do not fit.
  """
  image_pairs.check(images, targets)
  # A mask of 0 and 255 would weigh pixels by its numbers.
  if masks.dtype != bool or masks.shape != images.shape[:3]:
    raise ValueError(
      f'masks {masks.dtype} {masks.shape} do not fit images '
      f'{images.shape}; give one bool for each pixel.'
    )
  errors = np.full(len(images), np.nan)
  for i, mask in enumerate(masks):
    if mask.any():
      difference = images[i][mask].astype(np.float64) - targets[i][mask]
      errors[i] = np.abs(difference).mean()
  return errors

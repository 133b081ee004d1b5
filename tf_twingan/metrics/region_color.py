"""Region colour: the palette colour that is nearest to the mean of a region.

Where it is known which pixels of the ground truth show a part (hair, say), the
mean colour of the translation over those pixels is compared with a palette
(Euclidean distance in sRGB). The scores of the ground truth, of the
untranslated sources and of shuffled translations show how much of a figure is
an artefact of the metric.
"""

import numpy as np


def nearest(
  images: np.ndarray, masks: np.ndarray, palette: np.ndarray
) -> np.ndarray:
  """The palette colour nearest to each image's mean colour in its region.

  Args:
    images: uint8 or float [n, height, width, channels].
    masks: bool [n, height, width]; true where the region is.
    palette: [k, channels], in the range of the images.

  Returns:
    int [n]: the index of the nearest colour; -1 where a mask is empty.

  Raises:
    ValueError: the shapes do not fit.
  """
  if masks.shape != images.shape[:3]:
    raise ValueError(
      f'masks {masks.shape} do not fit images {images.shape}; give one '
      'value for each pixel.'
    )
  weights = masks.astype(np.float64)[..., None]
  area = weights.sum(axis=(1, 2))
  means = (images * weights).sum(axis=(1, 2)) / np.maximum(area, 1)
  distances = means[:, None, :] - np.asarray(palette, np.float64)[None]
  indices = np.square(distances).sum(axis=-1).argmin(axis=-1)
  return np.where(area[:, 0] > 0, indices, -1)

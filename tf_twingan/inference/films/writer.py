"""Encodes images as a film without sound."""

import os
from fractions import Fraction
from types import TracebackType
from typing import NamedTuple

import numpy as np

from tf_twingan import extras
from tf_twingan.inference.films import colors as colors_lib
from tf_twingan.inference.films import containers

with extras.needed('video'):
  import av

# No random identifiers and no times: equal films are equal files.
EXACT = {'fflags': '+bitexact'}


class Coding(NamedTuple):
  """How images are encoded.

  Attributes:
    container: the encoder and its options, and the container of the result.
    colors: makes frames of images.
    time_base: seconds that a unit of time stands for.
    rate: frames per second, on average.
    pixel_shape: width of a pixel as it is shown, divided by its height.
  """

  container: containers.Container
  colors: colors_lib.Colors
  time_base: Fraction
  rate: Fraction
  pixel_shape: Fraction = Fraction(1)


class Writer:
  """Writes images one by one, as a context manager.

  Attributes:
    pts: when the images are shown, in the order in which the file has them.
    last: when the last one is shown; -1 before the first.
  """

  def __init__(
    self,
    path: str | os.PathLike,
    coding: Coding,
    *,
    format: str | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
  ):
    """Begins a file.

    Args:
      path: where it is written.
      coding: how.
      format: FFmpeg's name of the container, if not that of the result.
      metadata: what the container says of the film.
      options: what FFmpeg's writer of the container is told.

    Raises:
      OSError: it cannot be written.
    """
    self.pts: list[int] = []
    self.last = -1
    self._coding = coding
    self._output = av.open(
      # No name is taken for an address then.
      os.path.abspath(path),
      'w',
      format=format or coding.container.format,
      options={**EXACT, **(options or {})},
    )
    self._output.metadata.update(metadata or {})
    self._stream: av.VideoStream | None = None
    self._shape: tuple[int, ...] = ()

  def __enter__(self) -> 'Writer':
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    try:
      if error is None and self._stream is not None:
        self._mux(self._stream.encode(None))
    finally:
      self._output.close()

  def write(self, image: np.ndarray, pts: int) -> None:
    """Adds an image.

    Where the codec takes even sizes only, the last row and column of an odd
    size are repeated.

    Args:
      image: uint8 RGB [height, width, 3], all of one size.
      pts: when it is shown, in units of the time base; grows.

    Raises:
      ValueError: an image has another size than the first one.
    """
    if self._coding.container.codec == 'libx264':
      odd = [(0, side % 2) for side in image.shape[:2]]
      if any(map(any, odd)):
        image = np.pad(image, [*odd, (0, 0)], 'edge')
    if self._stream is None:
      self._begin(image.shape)
    if image.shape != self._shape:
      raise ValueError(
        f'an image of a film is {image.shape}, and the first one was '
        f'{self._shape}; they must be of one size.'
      )
    frame = self._coding.colors.from_rgb(image)
    frame.pts, frame.time_base = pts, self._coding.time_base
    self.last = pts
    self._mux(self._stream.encode(frame))

  def _begin(self, shape: tuple[int, ...]) -> None:
    container, colors, time_base, rate, pixel_shape = self._coding
    self._shape = shape
    stream = self._output.add_stream(
      container.codec, rate=rate, options=dict(container.options)
    )
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = 'yuv420p'
    context = stream.codec_context
    context.time_base = time_base
    stream.time_base = time_base
    context.sample_aspect_ratio = pixel_shape
    context.colorspace, context.color_range = colors.result[:2]
    context.color_primaries, context.color_trc = colors.result[2:]
    self._stream = stream

  def _mux(self, packets: list[av.Packet]) -> None:
    for packet in packets:
      self.pts.append(packet.pts)
      self._output.mux(packet)

"""Translates what a camera shows, to a window or a file.

Cameras are read by OpenCV, as the PyAV that pip installs has none of FFmpeg's
devices.
"""

import contextlib
import itertools
import os
import pathlib
import re
import time
from collections.abc import Callable, Generator, Iterable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import tqdm

from tf_twingan import errors, extras, provenance
from tf_twingan.inference.films import (
  colors,
  containers,
  film_tags,
  frame_translators,
  job,
  window,
  writer,
)

with extras.needed('video'):
  import av
  import cv2

# Milliseconds: no camera is more exact.
_TIME_BASE = Fraction(1, 1000)
_RATE = Fraction(30)
# What is there of a recording can be played if it is not ended: all but the
# last seconds, where the disk is full or the computer loses its power.
_OPTIONS = {
  'mov': {'movflags': '+hybrid_fragmented', 'frag_duration': '2000000'},
}
_OPTIONS['mp4'] = _OPTIONS['mov']


class Device(Protocol):
  """What OpenCV opens."""

  def isOpened(self) -> bool:  # noqa: N802
    """Whether there is a camera."""

  def read(self) -> tuple[bool, Any]:
    """Whether there is another image, and it: uint8 BGR."""

  def release(self) -> None:
    """Closes it."""


class NoCamera(ValueError):
  """There is no such camera, or it gives no image; one sentence."""


def check(address: str, output: str | os.PathLike | None) -> None:
  """Finds out early whether an address and an output are possible.

  Args:
    address: `camera:` and its number, from 0.
    output: file of the result; None for a window.

  Raises:
    NoCamera: it is no such address.
    OSError: the file cannot be written.
    ValueError: it is no name of a film, or something is there: a recording
      cannot be made again, so that not even an own one is replaced.
  """
  _number(address)
  if output is None:
    return
  output = pathlib.Path(output)
  job.check_output(output)
  if os.path.lexists(output):
    raise ValueError(_is_there(output))


def images(
  address: str, open_device: Callable[[int], Device] | None = None
) -> Generator[tuple[np.ndarray, float], None, None]:
  """What a camera shows, until it is taken away.

  Args:
    address: see `check`.
    open_device: opens a camera by its number; OpenCV's by default.

  Yields:
    An image, uint8 RGB [height, width, 3], and when it was taken, in seconds
    from the first one on.

  Raises:
    NoCamera: there is none.
  """
  device = (open_device or _open)(_number(address))
  try:
    if not device.isOpened():
      raise NoCamera(
        f'{address}: there is no such camera, or another program has it; check '
        'that it is connected, or try camera:1.'
      )
    begin = None
    while True:
      is_there, image = device.read()
      if not is_there:
        break
      now = time.monotonic()
      begin = now if begin is None else begin
      yield np.ascontiguousarray(image[..., ::-1]), now - begin
    if begin is None:
      raise NoCamera(f'{address}: the camera gives no image.')
  finally:
    device.release()


def run(
  address: str,
  translator: frame_translators.FrameTranslator,
  output: str | os.PathLike | None = None,
  *,
  origin: provenance.Provenance | None = None,
  open_device: Callable[[int], Device] | None = None,
) -> None:
  """Translates until Ctrl-C is pressed or the window is closed.

  Args:
    address: see `check`.
    translator: translates the images.
    output: file of the result, which grows there; None for a window. Whatever
      ends the recording, what there is of it stays.
    origin: what the file says of itself; None for nothing.
    open_device: see `images`.

  Raises:
    NoCamera: there is none.
    OSError: the file cannot be written, or not any more.
    ValueError: there is no display for a window, or the file is there.
  """
  translator.reset()
  with contextlib.closing(images(address, open_device)) as shown:
    if output is None:
      with window.Window(f'{provenance.PROGRAM} {address}') as screen:
        count = _translate(shown, translator, screen.show)
      print(f'{count} frames translated')
      return
    first = next(shown)
    output = pathlib.Path(output)
    coding = _coding(first[0], output)
    tags = film_tags.result_tags({}, origin)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
      output.touch(exist_ok=False)
    except FileExistsError:
      raise ValueError(_is_there(output)) from None
    film = writer.Writer(
      output,
      coding,
      metadata=tags,
      options=_OPTIONS.get(coding.container.format),
    )
    try:
      _record(itertools.chain([first], shown), translator, film)
    finally:
      _print_count(film, output)


def _record(
  shown: Iterable[tuple[np.ndarray, float]],
  translator: frame_translators.FrameTranslator,
  film: writer.Writer,
) -> None:
  """Translates images to a file, which is ended before an error is raised."""
  failure: Exception | None = None
  with film:
    try:
      _translate(shown, translator, _to_file(film))
    except Exception as error:
      failure = error
  if failure is not None:
    raise failure


def _print_count(film: writer.Writer, output: pathlib.Path) -> None:
  if film.pts:
    said = f'{len(film.pts)} frames translated to {errors.printable(output)}'
    print(said)
  else:
    # Without an image it is no film.
    output.unlink(missing_ok=True)
    print('No frame was translated')


def _is_there(output: pathlib.Path) -> str:
  return (
    f'{errors.printable(output)} is there, and a recording cannot be made '
    'again; choose another --output, or move it away.'
  )


def _translate(
  shown: Iterable[tuple[np.ndarray, float]],
  translator: frame_translators.FrameTranslator,
  show: Callable[[np.ndarray, float], bool],
) -> int:
  """Translates images until that is ended; returns how many there were."""
  count = 0
  with tqdm.tqdm(unit=' frames', desc='translating; Ctrl-C ends it') as bar:
    try:
      for image, seconds in shown:
        if not show(translator.translate(image, seconds), seconds):
          break
        count += 1
        bar.update()
    except KeyboardInterrupt:
      pass  # It is how a user ends it.
  return count


def _to_file(film: writer.Writer) -> Callable[[np.ndarray, float], bool]:
  def show(image, seconds):
    pts = round(seconds / _TIME_BASE)
    film.write(image, max(pts, film.last + 1))
    return True

  return show


def _coding(image: np.ndarray, output: pathlib.Path) -> writer.Coding:
  height, width = image.shape[:2]
  return writer.Coding(
    containers.container_of(output),
    colors.Colors(av.VideoFrame(width, height, 'rgb24')),
    _TIME_BASE,
    _RATE,
  )


def _number(address: str) -> int:
  match = re.fullmatch(rf'{containers.CAMERA}(\d{{1,3}})', address)
  if not match:
    raise NoCamera(
      f'{errors.printable(address)} names no camera; camera:0 is the first one.'
    )
  return int(match[1])


def _open(number: int) -> Device:
  # It warns on its own where there is no camera; versions differ in the place.
  silence = getattr(cv2, 'setLogLevel', None) or cv2.utils.logging.setLogLevel
  silence(0)
  device = cv2.VideoCapture(number)
  # The latest image is wanted, not those that waited.
  device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
  return device

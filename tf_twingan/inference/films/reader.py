"""Reads a film: its frames, upright and in RGB, each with its time.

A film may come from a stranger. Only containers of films are opened, no
playlists, which would have FFmpeg open other files and addresses.
"""

import collections
import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from tf_twingan import errors, extras, image_limits, regular_files
from tf_twingan.inference.films import colors as colors_lib
from tf_twingan.inference.films import gaps, orientation

with extras.needed('video'):
  import av

# FFmpeg's names of what it may take a file for.
_FILMS = (
  'asf,avi,flv,gif,h264,hevc,ivf,m4v,matroska,mov,mpeg,mpegts,mpegvideo,nut,'
  'obu,ogg,webm'
)
_STILLS = 'bmp_pipe,gem_pipe,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe'
# Not films, but named so as to be refused as what they are.
_SOUNDS = 'aac,ac3,flac,mp3,wav'
# Still images in the container of MP4: HEIC and AVIF.
_STILL_BRANDS = {'avif', 'heic', 'heix', 'heim', 'heis', 'mif1'}
# Dolby Vision without a base that other players show.
_DOLBY_ALONE = {'dvh1', 'dvhe', 'dva1', 'dvav', 'dav1'}
_BUFFER = 2**20
_MICROSECOND = Fraction(1, 1_000_000)
# How much of a film's declared length may be missing without a word: sound
# that ends first, and lengths that are rounded.
_MISSING_SECONDS, _MISSING_SHARE = 0.5, 0.02
# Times that go back by more belong to another film that was joined to the one
# before, and by less to a file that gives some frame a wrong time.
JOINED_SECONDS = Fraction(1, 2)
# Others are no rates but time bases that a file gives as such.
_RATES = 0.1, 500


class UnreadableFilm(ValueError):
  """A file is no film that can be translated; one sentence that names it."""


class Frame(NamedTuple):
  """One frame.

  Attributes:
    image: uint8 RGB [height, width, 3], upright.
    pts: when it is shown, in units of the film's time base; grows from frame to
      frame.
    duration: how long, in the same units; 0 if that is not known.
    seconds: when it is shown, from the film's start.
  """

  image: np.ndarray
  pts: int
  duration: int
  seconds: float


@contextlib.contextmanager
def opened(
  path: str | os.PathLike,
) -> Iterator[av.container.InputContainer]:
  """Opens a file that may be a film.

  Raises:
    FileNotFoundError: there is no such file.
    UnreadableFilm: it is nothing that may be one.
  """
  try:
    file = regular_files.open_binary(path)
  except regular_files.NotRegular as error:
    raise _unreadable(path, f'is {error}') from None
  with file:
    if not os.fstat(file.fileno()).st_size:
      raise _unreadable(path, 'is empty')
    try:
      container = av.open(
        file,
        options={'format_whitelist': f'{_FILMS},{_STILLS},{_SOUNDS}'},
        buffer_size=_BUFFER,
        metadata_errors='replace',
      )
    except (av.FFmpegError, OSError) as error:
      raise _unreadable(
        path,
        f'is no film that can be read ({errors.reason(error)}); it may be '
        'damaged, or cut off',
      ) from None
    with container:
      yield container


def _unreadable(path: str | os.PathLike, reason: str) -> UnreadableFilm:
  return UnreadableFilm(f'{errors.printable(path)} {reason}.')


class Film:
  """A film that can be read.

  Attributes:
    path: its file.
    width: of its frames, upright, px.
    height: of its frames, upright, px.
    pixel_shape: width of a pixel as it is shown, divided by its height.
    colors: converts its frames to RGB and back.
    time_base: seconds that a unit of `Frame.pts` stands for.
    rate: frames per second, on average or as the file says.
    start: when the film begins, images or sound, by the file's own clock, in
      units of the time base.
    seconds: how long it is, as the file says; None if it does not.
    frame_count: how many frames that makes, about; None if it is not known.
    joined: of each film that was joined to the one before it in this file, so
      that its times began anew, by how much they are later in `frames` than in
      the file, in units of the time base; known once `frames` came there.
    tags: what its container says of it.
    remarks: what a user should know of how it is read, a sentence each.
  """

  def __init__(self, path: str | os.PathLike):
    """Opens a film and looks at its first frame.

    Raises:
      FileNotFoundError: there is no such file.
      UnreadableFilm: it is no film, or one that cannot be read.
    """
    self.path = path
    self.remarks: list[str] = []
    self.joined: list[int] = []
    self._gaps = gaps.Gaps()
    self._orientation = orientation.Orientation()
    with opened(self.path) as container:
      stream = self._choose(container)
      self._stream_index = stream.index
      first = next(self._decoded(container), None)
      if first is None:
        raise self._unreadable('holds no image that can be decoded')
      try:
        self._look_at(container, stream, first)
      except (image_limits.Refused, colors_lib.UnknownColors) as error:
        raise self._unreadable(f'cannot be translated: {error}') from None

  def frames(self, skip: int = 0) -> Iterator[Frame]:
    """All frames, in the order in which they are shown.

    `missing` says afterwards whether the film was whole.

    Args:
      skip: how many frames to leave out at the beginning. These are decoded,
        too, so that the others are the same as without.

    Raises:
      UnreadableFilm: the colours change to some that cannot be converted.
    """
    last = None
    self.joined, self._gaps = [], gaps.Gaps()
    with opened(self.path) as container:
      for number, frame in enumerate(self._decoded(container)):
        before, last = last, self._pts(frame, last)
        if before is not None:
          self._gaps.add(last - before)
        if number < skip:
          continue
        try:
          image = self.colors.to_rgb(frame)
        except colors_lib.UnknownColors as error:
          raise self._unreadable(f'cannot be translated: {error}') from None
        yield Frame(
          self._orientation.apply(image),
          last,
          int(frame.duration or 0),
          float((last - self.start) * self.time_base),
        )

  @property
  def missing(self) -> str | None:
    """What was missing of the film that `frames` read, if something was."""
    said = []
    if self._undecodable:
      said.append(f'{self._undecodable} of its packets cannot be decoded')
    if count := self._gaps.missing:
      are = 'frame is' if count == 1 else 'frames are'
      said.append(f'about {count} {are} missing')
    if self.seconds:
      missing = self.seconds - self._read_seconds
      if missing > max(_MISSING_SECONDS, _MISSING_SHARE * self.seconds):
        said.append(
          f'it breaks off after {self._read_seconds:.1f} of '
          f'{self.seconds:.1f} seconds'
        )
    return ', and '.join(said) or None

  def _choose(self, container: av.container.InputContainer) -> av.VideoStream:
    """The stream to translate."""
    brand = container.metadata.get('major_brand', '')
    name = container.format.name
    if name in _STILLS.split(',') or brand in _STILL_BRANDS:
      raise self._unreadable('is a still image; give it the suffix of one')
    streams = [
      stream
      for stream in container.streams.video
      if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not streams:
      if container.streams.video:
        raise self._unreadable('holds no film: its image is the cover of sound')
      if container.streams.audio:
        raise self._unreadable('holds no film, only sound')
      raise self._unreadable('holds no film')
    stream = container.streams.best('video')
    if stream not in streams:
      stream = streams[0]
    if stream.codec_context is None:
      raise self._unreadable('is coded in a way that FFmpeg does not know')
    if stream.codec_context.codec_tag in _DOLBY_ALONE:
      raise self._unreadable(
        'has the colours of Dolby Vision alone, which cannot be converted; '
        'convert it to BT.709 or HDR10 first'
      )
    if len(streams) > 1:
      self.remarks.append(
        f'It holds {len(streams)} films; number '
        f'{streams.index(stream) + 1} is translated.'
      )
    return stream

  def _look_at(
    self,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    first: av.VideoFrame,
  ) -> None:
    """Takes down what is the same for all frames."""
    image_limits.check_pixels(first.width, first.height)
    self.tags = dict(container.metadata)
    self.colors = colors_lib.Colors(first)
    if self.colors.source.is_high_dynamic_range:
      self.remarks.append(
        'It has a high dynamic range, and the result a standard one: what is '
        'brighter than white becomes white.'
      )
    with contextlib.suppress(KeyError):
      self._orientation = orientation.from_display_matrix(
        bytes(first.side_data['DISPLAYMATRIX'])
      )
    self.width, self.height = first.width, first.height
    self.pixel_shape = stream.sample_aspect_ratio or Fraction(1)
    if self._orientation.transposes:
      self.width, self.height = self.height, self.width
      self.pixel_shape = 1 / self.pixel_shape
    self.time_base = stream.time_base or Fraction(1, 90_000)
    self.rate = _rate(stream)
    self.start = self._pts(first, None)
    if container.start_time is not None:
      begins = container.start_time * _MICROSECOND / self.time_base
      self.start = min(self.start, round(begins))
    self.seconds = None
    if stream.duration:
      self.seconds = float(stream.duration * self.time_base)
    elif container.duration:
      self.seconds = float(container.duration * _MICROSECOND)
    self.frame_count = stream.frames or None
    if self.frame_count is None and self.seconds:
      self.frame_count = round(self.seconds * self.rate)

  def _decoded(
    self, container: av.container.InputContainer
  ) -> Iterator[av.VideoFrame]:
    """The frames that can be decoded."""
    self._undecodable, self._read_seconds = 0, 0.0
    streams = [s for s in container.streams if s.type in ('video', 'audio')]
    # AVI says of no frame when it is shown: one after the other, in the order
    # of the file, and without those that it leaves out.
    times: collections.deque[int | None] | None = None
    if container.format.name == 'avi':
      times = collections.deque()
    try:
      for packet in container.demux(*streams):
        if packet.dts is not None:
          end = (packet.dts + (packet.duration or 0)) * packet.time_base
          begin = (container.start_time or 0) * _MICROSECOND
          self._read_seconds = max(self._read_seconds, float(end - begin))
        if packet.stream.index != self._stream_index:
          continue
        if times is not None and packet.size:
          times.append(packet.dts)
        try:
          decoded = packet.decode()
        except av.FFmpegError:
          self._undecodable += 1
          if times:
            times.pop()
          continue
        for frame in decoded:
          if times is not None:
            frame.pts = times.popleft() if times else None
          yield frame
    except av.FFmpegError:
      # Demuxing ends here, in the middle of the file.
      self._undecodable += 1

  def _pts(self, frame: av.VideoFrame, last: int | None) -> int:
    """When a frame is shown, later than the one before it."""
    pts = frame.pts
    if last is None:
      return pts or 0
    following = last + max(1, round(1 / self.rate / self.time_base))
    if pts is None:
      return following
    later = self.joined[-1] if self.joined else 0
    if (last - pts - later) * self.time_base > JOINED_SECONDS:
      later = following - pts
      self.joined.append(later)
    pts += later
    return pts if pts > last else following

  def _unreadable(self, reason: str) -> UnreadableFilm:
    return _unreadable(self.path, reason)


def _rate(stream: av.VideoStream) -> Fraction:
  """Frames per second."""
  for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
    if rate and _RATES[0] <= rate <= _RATES[1]:
      return rate
  return Fraction(25)

"""What goes with the images of a film: sound and subtitles.

They are copied as they are where the container of the result takes them. Other
sound is encoded, and other subtitles and all other tracks are left out; both is
said.
"""

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from tf_twingan import extras
from tf_twingan.inference.films import containers, reader

with extras.needed('video'):
  import av

# It has the channels of more than two in another order than films.
_OPUS = 'libopus'
# What AAC takes.
_LAYOUTS = ('mono', 'stereo', '3.0', '4.0', '5.0', '5.1', '7.1')
# Drones write a subtitle of each second, such as `GPS (2.29, 48.85, 30)`.
_PLACE = re.compile(
  rb'\b(gps|lat(itude)?|long?(t?itude)?)\b[^\w+-]{0,5}[+-]?\d{1,3}\.\d',
  re.IGNORECASE,
)
_NO_PLACES = 'Subtitles that say where it was taken are left out.'
_KEPT_TAGS = ('language', 'title')


class Sound:
  """The tracks of one film that go to one output.

  Attributes:
    remarks: what is not as it was, a sentence each.
  """

  def __init__(
    self,
    film: reader.Film,
    source: 'av.container.InputContainer',
    output: 'av.container.OutputContainer',
    container: containers.Container,
    *,
    copies: bool = True,
    keep_location: bool = False,
  ):
    """Adds the tracks to the output.

    Args:
      film: the film.
      source: its open container, of which nothing is read yet.
      output: the container of the result.
      container: how that is coded.
      copies: whether to copy what can be copied; without, sound is encoded and
        subtitles are left out.
      keep_location: whether to keep subtitles that say where it was taken.
    """
    self.remarks: list[str] = []
    self._keep_location = keep_location
    self._film, self._source = film, source
    self._writers: dict[int, Callable[[Any], Iterator[Any]]] = {}
    can_copy = output.supported_codecs if copies else ()
    left_out: dict[str, int] = {}
    for stream in source.streams:
      if stream.type == 'video':
        continue
      codec = stream.codec_context and stream.codec_context.codec.canonical_name
      if stream.type in ('audio', 'subtitle') and codec in can_copy:
        self._copy(stream, output.add_stream_from_template(stream))
      elif stream.type == 'audio' and codec:
        self._encode(stream, _encoder(stream, output, container))
        self.remarks.append(
          f'Its sound is encoded anew, from {codec} to '
          f'{container.sound.removeprefix("lib")}.'
        )
      else:
        kind = 'sound' if stream.type == 'audio' else stream.type
        left_out[kind] = left_out.get(kind, 0) + 1
    if left_out:
      said = ' and '.join(f'{n} of {kind}' for kind, n in left_out.items())
      self.remarks.append(f'Tracks are left out: {said}.')

  def packets(self) -> Iterator['av.Packet']:
    """What is to be written, about in order of time."""
    if not self._writers:
      return
    streams = [self._source.streams[index] for index in self._writers]
    read = self._source.demux(*streams)
    while True:
      try:
        packet = next(read)
      except (StopIteration, av.FFmpegError):
        return  # A film that breaks off says so where its images are read.
      yield from self._writers[packet.stream.index](packet)

  def _copy(self, stream: Any, copy: Any) -> None:
    _copy_tags(stream, copy)
    clock = _Clock(self._film, stream.time_base)

    def write(packet):
      if not packet.size or packet.dts is None:
        return
      if stream.type == 'subtitle' and self._is_place(packet):
        return
      before = clock.last
      dts = clock.time(packet.dts, packet.duration or 0)
      # Several subtitles may begin at once.
      if dts < before or (dts == before and stream.type == 'audio'):
        return
      if packet.pts is not None:
        packet.pts += dts - packet.dts
      packet.dts = dts
      packet.stream = copy
      yield packet

    self._writers[stream.index] = write

  def _is_place(self, packet: 'av.Packet') -> bool:
    """Whether a subtitle is to be left out, which is said."""
    if self._keep_location or not _PLACE.search(bytes(packet)):
      return False
    if _NO_PLACES not in self.remarks:
      self.remarks.append(_NO_PLACES)
    return True

  def _encode(self, stream: Any, encoded: Any) -> None:
    _copy_tags(stream, encoded)
    clock: _Clock | None = None
    to_encoder = _Resampler(encoded)

    def write(packet):
      nonlocal clock
      try:
        frames = packet.decode()
      except av.FFmpegError:
        return
      for frame in frames:
        if frame.pts is not None:
          clock = clock or _Clock(self._film, frame.time_base)
          duration = round(frame.samples / frame.sample_rate / frame.time_base)
          before = clock.last
          frame.pts = clock.time(frame.pts, duration)
          # Where films were joined, the sound of one may outlast its images.
          if frame.pts < before + duration // 2:
            continue
        for resampled in to_encoder.resample(frame):
          yield from encoded.encode(resampled)
      if not packet.size:
        for resampled in to_encoder.resample(None):
          yield from encoded.encode(resampled)
        yield from encoded.encode(None)

    self._writers[stream.index] = write


class _Resampler:
  """Gives an encoder all sound in one format, also where that changes."""

  def __init__(self, encoded: Any):
    """Begins.

    Args:
      encoded: the stream of the encoder.
    """
    self._encoder = encoded.codec_context
    self._kind: tuple[str, str, int] | None = None
    self._resampler: av.AudioResampler | None = None

  def resample(
    self, frame: 'av.AudioFrame | None'
  ) -> Iterator['av.AudioFrame']:
    """What there is for the encoder once it has a frame, or the last one."""
    kind = frame and (frame.format.name, frame.layout.name, frame.sample_rate)
    if kind != self._kind:
      if self._resampler is not None:
        yield from self._in_time(self._resampler.resample(None))
      self._kind = kind
      self._resampler = av.AudioResampler(
        self._encoder.format, self._encoder.layout, self._encoder.sample_rate
      )
    if frame is not None:
      yield from self._in_time(self._resampler.resample(frame))

  def _in_time(self, frames: list[Any]) -> Iterator['av.AudioFrame']:
    """Frames with times in samples, as their units may change, too."""
    unit = Fraction(1, self._encoder.sample_rate)
    for frame in frames:
      if frame is None:  # The end of one that had nothing to change.
        continue
      if frame.pts is not None:
        frame.pts = round(frame.pts * frame.time_base / unit)
      frame.time_base = unit
      yield frame


class _Clock:
  """The times of one track, from the film's start on.

  Attributes:
    last: the latest time that it gave; minus infinity before the first.
  """

  def __init__(self, film: reader.Film, time_base: Any):
    """Begins before the track does."""
    self.last: float = -math.inf
    self._film, self._time_base = film, time_base
    self._end, self._joined = 0, 0
    self._later = -self._in_units(film.start)

  def time(self, time: int, duration: int) -> int:
    """When something is heard or shown.

    Args:
      time: what the file says, in units of the time base.
      duration: how long, in the same units.
    """
    gone_back = self.last - time - self._later
    if gone_back * float(self._time_base) > reader.JOINED_SECONDS:
      # Sound and images of a film that was joined to this one stay together.
      if self._joined < len(self._film.joined):
        later = self._film.joined[self._joined] - self._film.start
        self._later = self._in_units(later)
      else:
        self._later = self._end - time
      self._joined += 1
    time += self._later
    self._end = max(self._end, time + duration)
    self.last = max(self.last, time)
    return time

  def _in_units(self, time: int) -> int:
    """A time of the film's in units of the track."""
    return round(time * self._film.time_base / self._time_base)


def _encoder(stream: Any, output: Any, container: containers.Container) -> Any:
  """A stream of the output that sound is encoded to."""
  context = stream.codec_context
  layout, count = context.layout.name, context.layout.nb_channels
  # A file may say how many channels there are and not which ones.
  if container.sound == _OPUS or layout not in _LAYOUTS:
    layout = 'mono' if count == 1 else 'stereo'
  rate = 48_000 if container.sound == _OPUS else min(context.rate, 96_000)
  return output.add_stream(container.sound, rate=rate, layout=layout)


def _copy_tags(stream: Any, other: Any) -> None:
  for name in _KEPT_TAGS:
    if name in stream.metadata:
      other.metadata[name] = stream.metadata[name]

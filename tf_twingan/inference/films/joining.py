"""Joins the finished parts of a film, with the sound of the input.

The encoder has put the images of each part into its own order, with times for
the decoder that begin anew in each. Joined, they get such times for the whole.
"""

import heapq
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tf_twingan import extras
from tf_twingan.inference.films import (
  containers,
  reader,
  segments,
  sound,
  writer,
)

with extras.needed('video'):
  import av

# Web pages begin to show a film before they have all of it.
_OPTIONS = {
  'mov': {'movflags': '+faststart'},
  'mp4': {'movflags': '+faststart'},
}
# They take for the length of a film the time from the first to the last packet
# as decoders get them, and the duration of that one.
_BY_DECODER = ('mov', 'mp4')


def join(
  film: reader.Film,
  stored: segments.Segments,
  parts: Sequence[segments.Part],
  path: str | os.PathLike,
  container: containers.Container,
  tags: dict[str, str],
  *,
  keep_location: bool = False,
) -> list[str]:
  """Writes the result.

  Args:
    film: the input.
    stored: where the parts are.
    parts: all of them.
    path: where the result is written.
    container: how it is coded.
    tags: what its container says of the film.
    keep_location: whether to keep subtitles that say where it was taken.

  Returns:
    What is not as it was in the input, a sentence each.

  Raises:
    OSError: it cannot be written.
  """
  everything = film, stored, parts, path, container, tags, keep_location
  try:
    return _join(*everything, copies=True)
  except OSError:
    raise
  except av.FFmpegError:
    # A container takes a codec in general, and not as it is here.
    return _join(*everything, copies=False)


def _join(
  film: reader.Film,
  stored: segments.Segments,
  parts: Sequence[segments.Part],
  path: str | os.PathLike,
  container: containers.Container,
  tags: dict[str, str],
  keep_location: bool,
  *,
  copies: bool,
) -> list[str]:
  options = {**writer.EXACT, **_OPTIONS.get(container.format, {})}
  with (
    reader.opened(film.path) as source,
    av.open(
      os.path.abspath(path), 'w', format=container.format, options=options
    ) as output,
  ):
    output.metadata.update(tags)
    with av.open(os.path.abspath(stored.video(0))) as first:
      images = output.add_stream_from_template(first.streams.video[0])
    images.time_base = film.time_base
    others = sound.Sound(
      film,
      source,
      output,
      container,
      copies=copies,
      keep_location=keep_location,
    )
    output.set_chapters(_chapters(film, source))
    for packet in heapq.merge(
      _images(film, stored, parts, images, container.format),
      others.packets(),
      key=_seconds,
    ):
      output.mux(packet)
  return others.remarks


def _images(
  film: reader.Film,
  stored: segments.Segments,
  parts: Sequence[segments.Part],
  stream: Any,
  container_format: str,
) -> Iterator['av.Packet']:
  """The encoded images of all parts, with their times."""
  order = [pts for part in parts for pts in part.pts]
  shown = sorted(order)
  following = dict(zip(shown, shown[1:]))
  end = shown[-1] + _last(film, parts)
  waiting = decoder_times(order, end)
  number = 0
  for index in range(len(parts)):
    with av.open(os.path.abspath(stored.video(index))) as part:
      for packet in part.demux(video=0):
        if not packet.size:
          continue
        pts = order[number]
        packet.pts, packet.dts = pts, waiting[number]
        packet.duration = following.get(pts, end) - pts
        if number == len(order) - 1 and container_format in _BY_DECODER:
          # What is decoded last need not be shown last.
          packet.duration = end - shown[0] + waiting[0] - waiting[number]
        packet.time_base = film.time_base
        packet.stream = stream
        number += 1
        yield packet


def decoder_times(order: Sequence[int], end: int) -> list[int]:
  """When each image is to be decoded, so that it is there when it is shown.

  As late as that allows: where gaps vary, an image that is decoded long before
  it is shown would seem to last that long.

  Args:
    order: when the images are shown, in the order in which they are decoded.
    end: when the last one is no longer shown.

  Returns:
    A time for each, none later than when it is shown, growing.
  """
  shown = sorted(order)
  places = {pts: place for place, pts in enumerate(shown)}
  wait = max(number - places[pts] for number, pts in enumerate(order))
  step = min((b - a for a, b in zip(shown, shown[1:])), default=1)
  following = dict(zip(shown, [*shown[1:], end]))
  latest = end - step * wait - (following[order[-1]] - order[-1])
  times = []
  for pts in reversed(order):
    times.append(min(pts, latest))
    latest = times[-1] - step
  return times[::-1]


def _last(film: reader.Film, parts: Sequence[segments.Part]) -> int:
  """How long the last image is shown."""
  step = round(1 / film.rate / film.time_base)
  return parts[-1].duration or max(1, step)


def _chapters(film: reader.Film, source: Any) -> list[Any]:
  """The chapters of the input, by the result's clock."""
  chapters = source.chapters()
  for chapter in chapters:
    time_base = chapter['time_base']
    shift = round(film.start * film.time_base / time_base) if time_base else 0
    chapter['start'] -= shift
    chapter['end'] -= shift
  return chapters


def _seconds(packet: 'av.Packet') -> float:
  time = packet.dts if packet.dts is not None else packet.pts
  return float((time or 0) * packet.time_base)

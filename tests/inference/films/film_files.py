"""Makes small films of every kind for tests, with PyAV."""

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

RATE = 10


def images(count: int, height: int = 48, width: int = 64) -> np.ndarray:
  """Frames of a smooth pattern that moves, uint8 [count, height, width, 3].

  The corners differ, so that an image that is turned shows it: the upper left
  one is red, the upper right one green, the lower left one blue.
  """
  y, x = np.mgrid[:height, :width] / max(height, width)
  frames = []
  for number in range(count):
    waves = [np.sin(7 * (x * a + y * b) + number / 5) for a, b in _WAVES]
    image = np.stack(waves, axis=-1) * 60 + 128
    corner = height // 3
    image[:corner, :corner] = 200, 40, 40
    image[:corner, -corner:] = 40, 200, 40
    image[-corner:, :corner] = 40, 40, 200
    frames.append(np.rint(image))
  return np.stack(frames).astype(np.uint8)


_WAVES = ((1, 0.2), (0.3, 1), (0.7, 0.7))


def write(
  path,
  frames: np.ndarray | Sequence[np.ndarray] | None = None,
  *,
  pts: Sequence[int] | None = None,
  time_base: Fraction = Fraction(1, 1000),
  codec: str = 'libx264',
  pixels: str = 'yuv420p',
  tags: tuple[int, int, int, int] | None = (1, 1, 1, 1),
  sound: str | None = None,
  matrix: Sequence[int] | None = None,
  pixel_shape: Fraction | None = None,
  metadata: dict[str, str] | None = None,
  options: dict[str, str] | None = None,
  cover: bytes | None = None,
  second: str | None = None,
  sound_first: bool = False,
  format: str | None = None,
):
  """Writes a film.

  Args:
    path: where; its suffix says the container.
    frames: its images, uint8 RGB, or integers [height, width, 3] that are the
      values of the planes of YUV 4:4:4 where `pixels` has more than 8 bits.
    pts: when each is shown, in units of the time base; RATE a second else.
    time_base: seconds of a unit.
    codec: FFmpeg's name of the encoder.
    pixels: FFmpeg's name of the pixel format.
    tags: matrix, range, primaries and transfer as ITU-T H.273 has them.
    sound: FFmpeg's name of an encoder of sound, which becomes a tone.
    matrix: the display matrix, nine numbers.
    pixel_shape: width of a pixel divided by its height.
    metadata: of the container.
    options: of the container.
    cover: a PNG of 16x16 px that goes with it as its cover.
    second: FFmpeg's name of the encoder of a second, smaller film in the file.
    sound_first: whether the stream of sound comes before that of images.
    format: FFmpeg's name of the container, where the suffix says another.

  Returns:
    The path.
  """
  frames = images(5) if frames is None else frames
  with av.open(str(path), 'w', format=format, options=options or {}) as output:
    output.metadata.update(metadata or {})
    tone = None
    if sound and sound_first:
      tone = output.add_stream(sound, rate=48_000, layout='mono')
    quiet = {'x265-params': 'log-level=none'} if codec == 'libx265' else {}
    video = output.add_stream(codec, rate=RATE, options=quiet)
    context = video.codec_context
    if len(frames):
      video.height, video.width = frames[0].shape[:2]
    else:
      video.height, video.width = 48, 64
    video.pix_fmt = pixels
    context.time_base = time_base
    video.time_base = time_base
    if tags is not None:
      video.colorspace, video.color_range = tags[:2]
      video.color_primaries, video.color_trc = tags[2:]
    if pixel_shape:
      context.sample_aspect_ratio = pixel_shape
    if matrix is not None:
      video.set_display_matrix(matrix)
    if sound and not sound_first:
      tone = output.add_stream(sound, rate=48_000, layout='mono')
    other = None
    if second:
      other = output.add_stream(second, rate=RATE)
      other.width, other.height, other.pix_fmt = 16, 16, 'yuv420p'
    _mux_cover(output, cover)
    # Also where there is no frame.
    output.start_encoding()
    step = round(1 / RATE / time_base)
    times = pts or [number * step for number in range(len(frames))]
    for image, time in zip(frames, times):
      output.mux(video.encode(_frame(image, pixels, tags, time, time_base)))
    output.mux(video.encode(None))
    if other is not None:
      for _ in frames:
        output.mux(other.encode(av.VideoFrame(16, 16, 'yuv420p')))
      output.mux(other.encode(None))
    if tone is not None:
      seconds = len(frames) / RATE
      for frame in _tone(seconds):
        output.mux(tone.encode(frame))
      output.mux(tone.encode(None))
  return path


def write_sound(path, codec: str = 'aac', cover: bytes | None = None):
  """Writes a file of sound, with a PNG as its cover if one is given."""
  with av.open(str(path), 'w') as output:
    tone = output.add_stream(codec, rate=48_000, layout='mono')
    _mux_cover(output, cover)
    for frame in _tone(1):
      output.mux(tone.encode(frame))
    output.mux(tone.encode(None))
  return path


def write_changing_sound(path, layouts: Sequence[str], seconds: int = 1):
  """Writes a film of noise in AC-3 whose channels change while it runs.

  Args:
    path: where; Matroska.
    layouts: FFmpeg's names of the channels, each for so many seconds.
    seconds: how long each is.

  Returns:
    The path.
  """
  with av.open(str(path), 'w') as output:
    video = output.add_stream('libx264', rate=RATE)
    video.height, video.width, video.pix_fmt = 48, 64, 'yuv420p'
    tone = output.add_stream('ac3', rate=48_000, layout=layouts[0])
    output.start_encoding()
    for image in images(RATE * seconds * len(layouts)):
      output.mux(video.encode(av.VideoFrame.from_ndarray(image, 'rgb24')))
    output.mux(video.encode(None))
    number = 0
    for layout in layouts:
      encoder = av.CodecContext.create('ac3', 'w')
      encoder.sample_rate, encoder.layout = 48_000, layout
      encoder.format = 'fltp'
      channels = av.AudioLayout(layout).nb_channels
      noise = np.random.default_rng(0).uniform(-0.3, 0.3, [channels, 1536])
      for _ in range(round(48_000 * seconds / 1536)):
        frame = av.AudioFrame.from_ndarray(
          noise.astype(np.float32), 'fltp', layout
        )
        frame.sample_rate = 48_000
        for packet in encoder.encode(frame):
          packet.pts = packet.dts = number * 1536
          packet.duration, packet.time_base = 1536, Fraction(1, 48_000)
          packet.stream = tone
          number += 1
          output.mux(packet)
  return path


def write_subtitles(path, lines: Sequence[str]):
  """Writes a film with a subtitle each second; returns its path."""
  with av.open(str(path), 'w') as output:
    video = output.add_stream('libx264', rate=RATE)
    video.height, video.width, video.pix_fmt = 48, 64, 'yuv420p'
    text = output.add_mux_stream('subrip')
    output.start_encoding()
    for image in images(RATE * len(lines)):
      output.mux(video.encode(av.VideoFrame.from_ndarray(image, 'rgb24')))
    output.mux(video.encode(None))
    for number, line in enumerate(lines):
      packet = av.Packet(line.encode())
      packet.pts = packet.dts = number * 1000
      packet.duration, packet.time_base = 500, Fraction(1, 1000)
      packet.stream = text
      output.mux(packet)
  return path


def _mux_cover(output, png: bytes | None):
  if png is None:
    return
  cover_stream = output.add_mux_stream('png', width=16, height=16)
  cover_stream.disposition = av.stream.Disposition.attached_pic
  packet = av.Packet(png)
  packet.stream, packet.pts, packet.dts = cover_stream, 0, 0
  packet.time_base = Fraction(1, 1000)
  output.mux(packet)


def _frame(image, pixels, tags, time, time_base) -> av.VideoFrame:
  if image.dtype == np.uint8:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), 'rgb24')
    frame.color_range = 2
    frame.colorspace = tags[0] if tags else 1
    frame = frame.reformat(
      format=pixels, dst_color_range=tags[1] if tags else 1, interpolation=4
    )
  else:
    height, width = image.shape[:2]
    frame = av.VideoFrame(width, height, pixels)
    for plane, values in zip(frame.planes, np.moveaxis(image, -1, 0)):
      rows = np.zeros([plane.height, plane.line_size // 2], np.uint16)
      step = height // plane.height
      rows[:, : plane.width] = values[::step, ::step]
      plane.update(rows.tobytes())
  if tags is not None:
    frame.colorspace, frame.color_range = tags[:2]
    frame.color_primaries, frame.color_trc = tags[2:]
  frame.pts, frame.time_base = time, time_base
  return frame


def _tone(seconds):
  samples = np.arange(round(48_000 * seconds))
  wave = np.sin(samples * 2 * np.pi * 440 / 48_000).astype(np.float32) / 4
  for start in range(0, len(wave), 960):
    part = wave[None, start : start + 960]
    frame = av.AudioFrame.from_ndarray(part, 'fltp', 'mono')
    frame.sample_rate, frame.pts = 48_000, start
    frame.time_base = Fraction(1, 48_000)
    yield frame


def read(path) -> tuple[np.ndarray, list[Fraction]]:
  """All frames of a film as RGB, and when they are shown, in seconds."""
  with av.open(str(path)) as container:
    stream = container.streams.video[0]
    decoded = list(container.decode(stream))
    return (
      np.stack([f.to_ndarray(format='rgb24') for f in decoded]),
      [f.pts * f.time_base for f in decoded],
    )

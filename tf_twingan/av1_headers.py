"""The size of the frames that an AVIF file makes its decoder allocate.

What an AVIF file says of its size, outside, need not be the size of the AV1
frames inside: a file of a kilobyte that claims 64x64 pixels may hold a frame of
16384x16384, which is decoded whole and then made smaller. Each coded image
begins with a sequence header (AV1 Bitstream & Decoding Process Specification,
section 5.5), whose largest frame size no frame exceeds. Where the images are
stands in boxes (ISO/IEC 14496-12, section 8).
"""

import collections
import struct
from collections.abc import Iterator

# Boxes that hold boxes.
_CONTAINERS = frozenset(
  (b'meta', b'iinf', b'moov', b'trak', b'mdia', b'minf', b'stbl')
)
_MAX_PARTS = 2**16
# How often the bytes of a file may be part of an image. The first image of a
# track may also be one by itself.
_MAX_USES = 4
_SEQUENCE_HEADER = 1


def largest_frame(content: bytes) -> tuple[int, int]:
  """The width and height, in pixels, of the largest frame of an AVIF file.

  Args:
    content: the file; of its tracks, the first image counts.

  Raises:
    ValueError: the file is damaged, holds an image without a sequence header
      or more than 65,536 parts, or uses its bytes for many images at once.
  """
  sizes = []
  file = _File(content)
  try:
    for image in file.images():
      found = list(file.frame_sizes(image))
      if not found:
        raise ValueError('an image has no sequence header')
      sizes += found
  except (IndexError, struct.error):
    raise ValueError('cut off') from None
  except RecursionError:
    raise ValueError('boxes in boxes without end') from None
  if not sizes:
    raise ValueError('it holds no image')
  return max(sizes, key=lambda size: size[0] * size[1])


class _File:
  """The boxes of a file."""

  def __init__(self, content: bytes):
    self._content = content
    self._parts = 0
    self._bytes_left = _MAX_USES * len(content)

  def images(self) -> Iterator[bytes]:
    """The coded images, and the first one of each track."""
    content = self._content
    coded, places = set(), collections.defaultdict(list)
    data = 0
    tracks: list[dict[bytes, int]] = []
    for kind, start in self._boxes(0, len(content)):
      if kind == b'infe':
        form = '>IH4s' if content[start] >= 3 else '>HH4s'
        item, _, codec = struct.unpack_from(form, content, start + 4)
        if codec == b'av01':
          coded.add(item)
      elif kind == b'iloc':
        for item, extents in self._locations(start):
          places[item].append(extents)
      elif kind == b'idat':
        data = start
      elif kind == b'trak':
        tracks.append({})
      elif kind in (b'stco', b'co64', b'stsz') and tracks:
        if kind in tracks[-1]:
          raise ValueError('a track with two tables of one kind')
        tracks[-1][kind] = start
    for item in coded:
      for extents in places[item]:
        yield b''.join(
          self._part(offset + (data if in_data else 0), length)
          for in_data, offset, length in extents
        )
    for track in tracks:
      yield from self._first_sample(track)

  def frame_sizes(self, content: bytes) -> Iterator[tuple[int, int]]:
    """The frame size in each sequence header of a coded image."""
    at = 0
    while at < len(content):
      self._count()
      header = content[at]
      at += 2 if header & 4 else 1
      length = len(content) - at
      if header & 2:
        length = shift = 0
        while True:
          length |= (content[at] & 127) << shift
          shift += 7
          at += 1
          if not content[at - 1] & 128:
            break
          if shift > 56:
            raise ValueError('a size of more than eight bytes')
      if header >> 3 & 15 == _SEQUENCE_HEADER:
        yield _size_of_sequence_header(content[at : at + length][:256])
      at += length

  def _first_sample(self, tables: dict[bytes, int]) -> Iterator[bytes]:
    """The first image of a track, by its tables of places and sizes."""
    content = self._content
    for kind, form in ((b'stco', '>I'), (b'co64', '>Q')):
      if kind not in tables or b'stsz' not in tables:
        continue
      (chunks,) = struct.unpack_from('>I', content, tables[kind] + 4)
      length, samples = struct.unpack_from('>II', content, tables[b'stsz'] + 4)
      if chunks and samples:
        (at,) = struct.unpack_from(form, content, tables[kind] + 8)
        if not length:
          (length,) = struct.unpack_from('>I', content, tables[b'stsz'] + 12)
        yield self._part(at, length)

  def _part(self, at: int, length: int) -> bytes:
    """Bytes of the file; up to its end if the length is 0."""
    part = self._content[at : at + length if length else None]
    self._bytes_left -= len(part)
    if self._bytes_left < 0:
      raise ValueError('its images are longer than the file')
    return part

  def _count(self) -> None:
    self._parts += 1
    if self._parts > _MAX_PARTS:
      raise ValueError(f'more than {_MAX_PARTS:,} parts')

  def _boxes(self, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """The kind of each box, also of those in boxes, and where it begins."""
    while start + 8 <= end:
      self._count()
      size, kind = struct.unpack_from('>I4s', self._content, start)
      body = start + 8
      if size == 1:
        (size,) = struct.unpack_from('>Q', self._content, body)
        body += 8
      stop = min(start + size, end) if size else end
      if stop < body:
        raise ValueError('a box without a size')
      yield kind, body
      if kind in _CONTAINERS:
        skipped = 0
        if kind == b'meta':
          skipped = 4
        elif kind == b'iinf':
          skipped = 6 if self._content[body] == 0 else 8
        yield from self._boxes(body + skipped, stop)
      start = stop

  def _locations(self, at: int) -> Iterator[tuple[int, list]]:
    """(item, [(whether inside idat, offset, length) of each extent])."""
    content = self._content
    version = content[at]
    offset_size, length_size = content[at + 4] >> 4, content[at + 4] & 15
    base_size = content[at + 5] >> 4
    index_size = content[at + 5] & 15 if version else 0
    at += 6

    def number(size: int) -> int:
      nonlocal at
      at += size
      if at > len(content):
        raise IndexError
      return int.from_bytes(content[at - size : at], 'big')

    for _ in range(number(4 if version == 2 else 2)):
      self._count()
      item = number(4 if version == 2 else 2)
      method = number(2) & 15 if version else 0
      number(2)
      base = number(base_size)
      extents = []
      for _ in range(number(2)):
        self._count()
        number(index_size)
        offset = base + number(offset_size)
        extents.append((method == 1, offset, number(length_size)))
      yield item, extents


def _size_of_sequence_header(content: bytes) -> tuple[int, int]:
  bits = int.from_bytes(content, 'big')
  left = 8 * len(content)

  def read(count: int) -> int:
    nonlocal left
    left -= count
    if left < 0:
      raise IndexError
    return bits >> left & (1 << count) - 1

  read(4)  # The profile, and whether it is a still picture.
  if read(1):  # The reduced header of one.
    read(5)
  else:
    has_model = delay_bits = 0
    if read(1):  # Timing.
      read(64)
      if read(1):
        zeros = 0
        while not read(1):
          zeros += 1
        read(zeros if zeros < 32 else 0)
      has_model = read(1)
      if has_model:
        delay_bits = read(5) + 1
        read(42)
    has_display_delay = read(1)
    for _ in range(read(5) + 1):  # Operating points.
      read(12)
      if read(5) > 7:
        read(1)
      if has_model and read(1):
        read(2 * delay_bits + 1)
      if has_display_delay and read(1):
        read(4)
  width_bits, height_bits = read(4) + 1, read(4) + 1
  return read(width_bits) + 1, read(height_bits) + 1

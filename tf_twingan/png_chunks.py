"""A PNG file without what says nothing of its pixels.

Editors, cameras and image generators add text, colour profiles of monitors and
times. A decoder that looks into them refuses good images: Pillow does so where
one unpacks to more than a megabyte or has a wrong checksum.
"""

import bisect
import io
import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_SIGNATURE = 8
# Beside those that every decoder needs, whose names begin in upper case.
_KEPT = (b'tRNS', b'eXIf')
# Texts that may say which way is up, by their keywords.
_TEXT = (b'tEXt', b'zTXt', b'iTXt')
_KEPT_TEXT = (b'Raw profile type exif\0', b'XML:com.adobe.xmp\0')


# As Pillow unpacks a text or a profile at most.
_MOST = 4 * 2**20


def xmp(file: BinaryIO) -> bytes | None:
  """The packet of XMP of an open PNG; None if there is none, or it is packed.

  Only what stands before the pixels is looked at.
  """
  keyword = _KEPT_TEXT[1]
  for kind, length in _before_pixels(file):
    if kind == b'iTXt' and length <= _MOST:
      text = file.read(length)
      # Not packed, no language, no translated keyword.
      if text.startswith(keyword + bytes(4)):
        return text[len(keyword) + 4 :]
  return None


def color_profile(file: BinaryIO) -> bytes | None:
  """The ICC profile of an open PNG; None if there is none, or it is damaged."""
  for kind, length in _before_pixels(file):
    if kind == b'iCCP' and length <= _MOST:
      _, _, packed = file.read(length).partition(b'\0')
      # The first byte names the method, of which there is one.
      unpacker = zlib.decompressobj()
      try:
        profile = unpacker.decompress(packed[1:], _MOST)
      except zlib.error:
        return None
      return profile if unpacker.eof else None
  return None


def _before_pixels(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
  """Name and length of each chunk, the file being where its content begins."""
  at = file.seek(_SIGNATURE)
  while len(header := file.read(8)) == 8:
    length, kind = struct.unpack('>I4s', header)
    if kind in (b'IDAT', b'IEND'):
      return
    yield kind, length
    at = file.seek(at + length + 12)


class PixelChunks(io.RawIOBase):
  """A PNG file, open to read, of whose chunks only some are seen.

  These are the ones that hold pixels, palette, transparency and orientation.
  Further frames of an animation are left out, too.
  """

  def __init__(self, file: BinaryIO):
    """Looks through the chunks of an open file, which stays its owner's.

    Args:
      file: the file, at any place; `image_headers.check` has accepted it.
    """
    self._file = file
    self._at = 0
    # Where parts of the file begin and end, one behind the other.
    parts = [[0, _SIGNATURE]]
    end = file.seek(0, os.SEEK_END)
    at = file.seek(_SIGNATURE)
    while len(header := file.read(8)) == 8:
      length, kind = struct.unpack('>I4s', header)
      following = min(at + length + 12, end)
      if self._is_kept(kind):
        if parts[-1][1] == at:
          parts[-1][1] = following
        else:
          parts.append([at, following])
      if kind == b'IEND':
        break
      at = file.seek(following)
    else:
      # What cannot be a chunk is left for the decoder to judge.
      parts.append([at, end])
    self._parts = parts
    # Where they end in what is seen.
    self._ends = [*itertools.accumulate(stop - start for start, stop in parts)]

  def _is_kept(self, kind: bytes) -> bool:
    if kind in _TEXT:
      return self._file.read(32).startswith(_KEPT_TEXT)
    return kind in _KEPT or not kind[0] & 0x20

  def readable(self) -> bool:
    """See `io.RawIOBase`."""
    return True

  def seekable(self) -> bool:
    """See `io.RawIOBase`."""
    return True

  def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
    """See `io.RawIOBase`."""
    start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._ends[-1]}
    self._at = max(0, start[whence] + offset)
    return self._at

  def tell(self) -> int:
    """See `io.RawIOBase`."""
    return self._at

  def readinto(self, buffer) -> int:
    """See `io.RawIOBase`."""
    if self._at >= self._ends[-1]:
      return 0
    part = bisect.bisect_right(self._ends, self._at)
    left = self._ends[part] - self._at
    self._file.seek(self._parts[part][1] - left)
    content = self._file.read(min(len(buffer), left))
    buffer[: len(content)] = content
    self._at += len(content)
    return len(content)

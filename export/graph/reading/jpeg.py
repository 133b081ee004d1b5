"""JPEG in a graph: size, kind and orientation by its segments, then decoding.

ITU-T T.81, annex B: a segment is 0xFF, its marker and the length of the rest.
The pixels follow the first "start of scan".
"""

from typing import NamedTuple

import tensorflow as tf

from export.graph.reading import contents, exif, findings
from tf_twingan import image_limits

NAME = 'JPEG'
MAGICS = (b'\xff\xd8\xff',)
_EXIF, _XMP = b'Exif\0\0', b'http://ns.adobe.com/xap/1.0/\0'
_SCAN, _ADOBE = 0xDA, 0xEE
_MAX_STEPS = 4096  # Over the segments of one header.
_RATIOS = (1, 2, 4, 8)  # By which the decoder can shrink an image.


class _Header(NamedTuple):
  """Where the parts of a header stand, int64; 0 for those that are missing."""

  position: tf.Tensor  # Of the next marker.
  steps: tf.Tensor
  frame: tf.Tensor  # Of the segment that holds the size.
  exif: tf.Tensor
  xmp: tf.Tensor
  adobe: tf.Tensor
  ended: tf.Tensor  # 1 at the first scan.


def find(content: contents.Content, at_least: int) -> findings.Finding:
  """Reads the header of a JPEG.

  Args:
    content: the file.
    at_least: length in pixels that suffices for both sides; a larger image may
      be decoded smaller, by 2, 4 or 8.
  """
  header = _segments(content)
  marker, bits, height, width, components = content.numbers(
    header.frame, [(1, 1), (4, 1), (5, 2), (7, 2), (9, 1)], big_endian=True
  )
  refusal = contents.first_reason(
    [
      (header.steps >= _MAX_STEPS, f'more than {_MAX_STEPS} segments'),
      (
        (header.ended == 0) | (header.frame == 0),
        'damaged or cut off: no image was found in it',
      ),
      (
        (marker > 0xC2) | (bits != 8),
        'lossless, arithmetic or 12-bit coding, which cannot be read here; '
        'save it as an ordinary JPEG or PNG',
      ),
      (
        (components != 1) & (components != 3) & (components != 4),
        'an unknown number of colour channels; save it as an ordinary JPEG',
      ),
      (
        (components == 4) & (header.adobe == 0),
        'CMYK that does not say whether its inks are inverted; save it as RGB',
      ),
      *findings.size_reasons(width, height),
      _scans_reason(content, width * height),
    ]
  )

  def decode():
    return _decode(content.encoded, tf.minimum(width, height) // at_least)

  return findings.Finding(
    refusal,
    decode,
    exif.orientation(
      _segment(content, header.exif), _segment(content, header.xmp)
    ),
  )


def _segments(content):
  """Goes through the segments up to the first scan."""
  zero = tf.constant(0, tf.int64)

  def more(header):
    return (
      (header.ended == 0)
      & (header.position < content.length)
      & (header.steps < _MAX_STEPS)
    )

  def step(header):
    position = header.position
    first_byte, marker, size = content.numbers(
      position, [(0, 1), (1, 1), (2, 2)], big_endian=True
    )
    # Other bytes between segments are passed over, and 0xFF may be repeated.
    junk = first_byte != 0xFF
    fill = ~junk & (marker == 0xFF)
    alone = (marker == 0) | ((marker >= 0xD0) & (marker <= 0xD9))
    bare = junk | fill | alone
    length = contents.choose(alone, 2, 2 + size)
    length = contents.choose(junk | fill, 1, length)

    def first(known, condition):
      return tf.where((known == 0) & ~bare & condition, position, known)

    def holds(number, word):
      return (marker == number) & (
        content.part(position + 4, len(word)) == word
      )

    frame = (marker >= 0xC0) & (marker <= 0xCF)
    for other in (0xC4, 0xC8, 0xCC):
      frame &= marker != other
    return (
      _Header(
        position + length,
        header.steps + 1,
        first(header.frame, frame),
        first(header.exif, holds(0xE1, _EXIF)),
        first(header.xmp, holds(0xE1, _XMP)),
        first(header.adobe, holds(_ADOBE, b'Adobe')),
        contents.choose(~bare & (marker == _SCAN), 1, header.ended),
      ),
    )

  start = _Header(*[zero + 2], *[zero] * 6)
  (header,) = tf.while_loop(more, step, (start,))
  return header


def _segment(content, position):
  """What a segment holds, string scalar; '' if it is missing."""
  size = content.number(position + 2, 2, big_endian=True) - 2
  return content.part(
    position + 4, contents.choose((position > 0) & (size > 0), size, 0)
  )


def _scans_reason(content, pixels):
  """The reason not to decode a JPEG of too many scans, for `first_reason`."""
  data = content.bytes(0, content.length)
  # The marker cannot stand within compressed data.
  scans = tf.math.count_nonzero((data[:-1] == 0xFF) & (data[1:] == _SCAN))
  # As `image_limits`: all scans together go over so many pixels.
  allowed = tf.clip_by_value(
    image_limits.MAX_SCANNED_PIXELS // tf.maximum(pixels, 1),
    1,
    image_limits.MAX_SCANS,
  )
  reason = tf.strings.join(
    ['more than ', tf.strings.as_string(allowed), ' scans; save it anew']
  )
  return scans > allowed, reason


def _decode(encoded, shrinks):
  """Decodes a JPEG, smaller if it may shrink at least by 2."""

  def by(ratio):
    return lambda: tf.io.decode_jpeg(
      encoded,
      channels=3,
      ratio=ratio,
      dct_method='INTEGER_ACCURATE',
      fancy_upscaling=True,
    )

  enough = tf.stack([shrinks >= ratio for ratio in _RATIOS[1:]])
  return tf.switch_case(
    tf.math.count_nonzero(enough, dtype=tf.int32), [by(r) for r in _RATIOS]
  )

"""PNG in a graph: size, kind and orientation by its chunks, then decoding.

A chunk is its length, its name, its data and a checksum (PNG specification,
section 5). The orientation is in a chunk eXIf, in XMP within a chunk iTXt, or,
from older programs, in a text of hexadecimal digits.
"""

from typing import NamedTuple

import tensorflow as tf

from export.graph.reading import contents, exif, findings

NAME = 'PNG'
MAGICS = (b'\x89PNG\r\n\x1a\n',)
_GREY = 0
_ALPHA = (4, 6)  # Kinds of colour with an alpha channel.
_MAX_CHUNKS = 8192  # To look for an orientation in.
# Of a packed text; unpacked it may have a thousand times as many.
_MAX_PACKED_BYTES = 2**16
_EXIF, _XMP = b'eXIf', b'XML:com.adobe.xmp'
_PROFILE = b'Raw profile type exif'


class _Chunks(NamedTuple):
  """Where chunks stand, int64; 0 for those that are missing."""

  position: tf.Tensor  # Of the next chunk.
  steps: tf.Tensor
  exif: tf.Tensor
  xmp: tf.Tensor
  profile: tf.Tensor


def find(content: contents.Content, at_least: int) -> findings.Finding:
  """Reads the header of a PNG.

  Args:
    content: the file.
    at_least: not used; PNG is always decoded whole.
  """
  del at_least
  width, height, bits, colour = content.numbers(
    0, [(16, 4), (20, 4), (24, 1), (25, 1)], big_endian=True
  )
  # Going through the chunks takes long for a large file, and few need it.
  mentioned = [content.contains(word) for word in (_EXIF, _XMP, _PROFILE)]
  chunks = _find_chunks(content, tf.reduce_any(tf.stack(mentioned)))
  refusal = contents.first_reason(
    [
      (content.part(12, 4) != b'IHDR', 'damaged at its start'),
      *findings.size_reasons(width, height),
      (
        chunks.steps >= _MAX_CHUNKS,
        f'more than {_MAX_CHUNKS} chunks; save it again',
      ),
      (
        _packed_bytes(content, chunks) > _MAX_PACKED_BYTES,
        f'a packed text of more than {_MAX_PACKED_BYTES} bytes; save it again',
      ),
    ]
  )
  has_alpha = content.contains(b'tRNS')
  for kind in _ALPHA:
    has_alpha |= colour == kind

  def decode():
    return tf.case(
      [
        (bits == 16, lambda: _decode_wide(content.encoded, colour)),
        (has_alpha, lambda: _decode_on_white(content.encoded)),
      ],
      default=lambda: tf.io.decode_png(content.encoded, channels=3),
    )

  orientation = tf.cond(
    refusal == '',
    lambda: _orientation(content, chunks),
    lambda: tf.constant(1, tf.int64),
  )
  return findings.Finding(refusal, decode, orientation)


def _find_chunks(content, wanted):
  zero = tf.constant(0, tf.int64)

  def more(chunks):
    return (
      wanted & (chunks.position < content.length) & (chunks.steps < _MAX_CHUNKS)
    )

  def step(chunks):
    position = chunks.position
    length = content.number(position, 4, big_endian=True)
    name = content.part(position + 4, 4)
    keyword = content.part(position + 8, len(_PROFILE))
    is_text = (name == b'tEXt') | (name == b'zTXt')
    xmp = tf.strings.substr(keyword + b' ' * 32, 0, len(_XMP)) == _XMP

    def last(known, condition):
      return tf.where(condition, position, known)

    return (
      _Chunks(
        tf.where(name == b'IEND', content.length, position + 12 + length),
        chunks.steps + 1,
        last(chunks.exif, name == _EXIF),
        last(chunks.xmp, (name == b'iTXt') & xmp),
        last(chunks.profile, is_text & (keyword == _PROFILE)),
      ),
    )

  start = _Chunks(zero + 8, *[zero] * 4)
  (chunks,) = tf.while_loop(more, step, (start,))
  return chunks


def _orientation(content, chunks):
  exif_data = _data(content, chunks.exif)
  exif_data = tf.cond(
    (chunks.exif == 0) & (chunks.profile > 0),
    lambda: _profile(content, chunks.profile),
    lambda: exif_data,
  )
  xmp = tf.cond(
    chunks.xmp > 0, lambda: _xmp(content, chunks.xmp), lambda: tf.constant('')
  )
  return exif.orientation(exif_data, xmp)


def _packed_bytes(content, chunks):
  """Length of the longer chunk of a packed text, int64; 0 without any."""
  sizes = [
    contents.choose(is_packed(content, at), _length(content, at), 0)
    for is_packed, at in (
      (_is_packed_xmp, chunks.xmp),
      (_is_packed_profile, chunks.profile),
    )
  ]
  return tf.maximum(*sizes)


def _is_packed_xmp(content, position):
  # Behind the keyword and its zero.
  return content.number(position + 8 + len(_XMP) + 1, 1) == 1


def _is_packed_profile(content, position):
  return content.part(position + 4, 4) == b'zTXt'


def _length(content, position):
  """Length of the data of a chunk, int64; 0 if it is missing."""
  length = content.number(position, 4, big_endian=True)
  return contents.choose(position > 0, length, 0)


def _data(content, position):
  """The data of a chunk, string scalar; '' if it is missing."""
  return content.part(position + 8, _length(content, position))


def _xmp(content, position):
  """The text of an iTXt chunk: keyword, two flags, two names, text."""
  data = _data(content, position)
  start = len(_XMP) + 3  # After the keyword's zero and the flags.
  packed = _is_packed_xmp(content, position)
  text = contents.Content(data).rest(start)
  text = tf.strings.regex_replace(text, r'(?s)^[^\x00]*\x00[^\x00]*\x00', '')
  return _unpacked(text, packed)


def _profile(content, position):
  """EXIF from a text: a name, its length, hexadecimal digits in lines."""
  data = _data(content, position)
  packed = _is_packed_profile(content, position)
  # zTXt has a byte for the method of compression.
  start = len(_PROFILE) + 1 + tf.cast(packed, tf.int64)
  text = contents.Content(data).rest(start)
  text = _unpacked(text, packed)
  text = tf.strings.regex_replace(text, r'^\n[^\n]*\n[^\n]*\n', '')
  text = tf.strings.regex_replace(text, r'[^0-9a-fA-F]', '')
  digits = tf.io.decode_raw(tf.strings.lower(text), tf.uint8)
  values = tf.cast(digits, tf.int32) - ord('0')
  values = tf.where(values > 9, values - (ord('a') - ord('0') - 10), values)
  pairs = tf.reshape(values[: tf.size(values) // 2 * 2], [-1, 2])
  return _string_of(16 * pairs[:, 0] + pairs[:, 1])


def _unpacked(text, packed):
  """Unpacks a text that is packed by zlib; '' if it is damaged."""
  return tf.cond(
    packed,
    lambda: tf.io.decode_compressed(text, compression_type='ZLIB'),
    lambda: text,
  )


def _string_of(numbers):
  """The string scalar of bytes that are given as numbers, int32 [n]."""
  every = tf.constant([bytes([i]) for i in range(256)])
  return tf.strings.reduce_join(tf.gather(every, numbers))


def _decode_on_white(encoded):
  return findings.on_white(tf.io.decode_png(encoded, channels=4))


def _decode_wide(encoded, colour):
  """Decodes 16 bits: grey is rounded to 8 bits, colours lose the low byte."""
  wide = tf.io.decode_png(encoded, channels=4, dtype=tf.uint16)
  exact = tf.cast(wide[..., :3], tf.int32)
  rounded = tf.cast((exact * 255 + 32767) // 65535, tf.uint16)
  colours = tf.where(colour == _GREY, rounded, wide[..., :3] // 256)
  eight_bits = tf.concat([colours, wide[..., 3:] // 256], axis=-1)
  return findings.on_white(tf.cast(eight_bits, tf.uint8))

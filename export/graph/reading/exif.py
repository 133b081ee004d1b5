"""How an image is to be turned: the orientation in EXIF and in XMP.

EXIF is a small TIFF file (Exif 2.32, section 4.6): eight bytes that say the
byte order and where the first directory stands, and twelve bytes for each entry
of it. XMP is XML, which many programs write beside EXIF or instead of it.
"""

import numpy as np
import tensorflow as tf

from export.graph.reading import contents

_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4  # Types of an entry's value.
# Where the numbers of an entry stand, and their bytes: the tag, the type, how
# many values, and the value itself, of the one type or of the other.
_ENTRY = ((0, 2), (2, 2), (4, 4), (8, 2), (8, 4))
_XMP_PATTERN = r'(?s)\C*?tiff:Orientation(?:="|>)([0-9])\C*'
_TRANSPOSED = (5, 6, 7, 8)
_FLIPPED_SIDEWAYS = (2, 3, 6, 7)
_FLIPPED_UPSIDE_DOWN = (3, 4, 7, 8)


def orientation(exif: tf.Tensor, xmp: tf.Tensor | None = None) -> tf.Tensor:
  """How an image is to be turned.

  Args:
    exif: string scalar, what the file holds as EXIF; '' if nothing.
    xmp: string scalar, what it holds as XMP, which counts only where EXIF says
      nothing.

  Returns:
    int64 scalar, 1 to 8; 1 is upright, also where nothing is said.
  """
  number = _in_exif(exif)
  if xmp is not None:
    number = tf.where(number < 0, _in_xmp(xmp), number)
  return tf.where((number < 1) | (number > 8), tf.ones_like(number), number)


def turn(images: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
  """Turns a square image, [px, px, channels], upright."""

  def is_one_of(numbers):
    return tf.gather([i in numbers for i in range(9)], orientation)

  images = tf.where(
    is_one_of(_TRANSPOSED), tf.transpose(images, [1, 0, 2]), images
  )
  images = tf.where(
    is_one_of(_FLIPPED_SIDEWAYS), tf.reverse(images, [1]), images
  )
  return tf.where(
    is_one_of(_FLIPPED_UPSIDE_DOWN), tf.reverse(images, [0]), images
  )


def _in_exif(exif):
  """The entry's value, int64 scalar; -1 if there is none."""
  exif = tf.strings.regex_replace(exif, r'^(?:Exif\x00\x00){1,2}', '')
  tiff = contents.Content(exif)
  big_endian = tiff.starts_with(b'MM')
  known = tf.strings.regex_full_match(
    tiff.part(0, 4), r'(?s)(?:II|MM)(?:\*\x00|\x00\*)'
  )
  first = tiff.number(4, 4, big_endian=big_endian)
  count = tiff.number(first, 2, big_endian=big_endian)
  entries = tiff.bytes(first + 2, 12 * count)
  whole = tf.size(entries) // 12
  entries = tf.reshape(entries[: 12 * whole], [whole, 12])
  powers = tf.where(
    big_endian, _entry_powers(big_endian=True), _entry_powers(big_endian=False)
  )
  tags, kinds, counts, shorts, longs = tf.unstack(
    tf.matmul(tf.cast(entries, tf.int64), powers), axis=1
  )
  values = tf.where(kinds == _LONG, longs, shorts)
  readable = ((kinds == _SHORT) & (counts >= 1) & (counts <= 2)) | (
    (kinds == _LONG) & (counts == 1)
  )
  found = tf.boolean_mask(values, (tags == _ORIENTATION) & readable)
  none = tf.constant([-1], tf.int64)
  return tf.where(known, tf.concat([found, none], 0)[0], none[0])


def _entry_powers(*, big_endian):
  """What a product with the bytes of entries, [n, 12], makes numbers of."""
  powers = np.zeros([12, len(_ENTRY)], np.int64)
  for column, (start, size) in enumerate(_ENTRY):
    values = 256 ** np.arange(size)
    powers[start : start + size, column] = values[:: -1 if big_endian else 1]
  return powers


def _in_xmp(xmp):
  """The number in the XML, int64 scalar; -1 if there is none."""
  found = tf.strings.regex_full_match(xmp, _XMP_PATTERN)
  digit = tf.strings.regex_replace(xmp, f'^{_XMP_PATTERN}$', r'\1')
  digit = tf.where(found, digit, '-1')
  return tf.strings.to_number(digit, tf.int64)

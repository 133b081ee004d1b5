"""The content of one file in a graph: numbers and parts at an offset.

Nothing here fails: beyond the end of a file, numbers continue with zeros and
parts are shorter.
"""

import re
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

Number = int | tf.Tensor


class Content:
  """The bytes of one file.

  Attributes:
    encoded: string scalar, the bytes.
    length: number of the bytes, int64.
  """

  def __init__(self, encoded: tf.Tensor):
    """Takes the bytes.

    Args:
      encoded: string scalar.
    """
    self.encoded = encoded
    self.length = tf.cast(tf.strings.length(encoded), tf.int64)

  def part(self, offset: Number, size: Number) -> tf.Tensor:
    """The bytes from an offset, string scalar; fewer where the file ends.

    Args:
      offset: where it begins, not negative.
      size: number of its bytes, not negative.
    """
    # This operation fails for an offset beyond the end, and not for a size.
    offset = tf.minimum(_int64(offset), self.length)
    return tf.strings.substr(self.encoded, offset, _int64(size))

  def rest(self, offset: Number) -> tf.Tensor:
    """The bytes from an offset to the end, string scalar."""
    return self.part(offset, self.length)

  def bytes(self, offset: Number, size: Number) -> tf.Tensor:
    """The bytes from an offset, uint8 [size]; fewer where the file ends."""
    return tf.io.decode_raw(self.part(offset, size), tf.uint8)

  def numbers(
    self,
    offset: Number,
    places: Sequence[tuple[int, int]],
    *,
    big_endian: bool | tf.Tensor = False,
  ) -> list[tf.Tensor]:
    """Unsigned numbers that stand together, each an int64 scalar.

    Args:
      offset: where the places are counted from.
      places: where each number begins, and the number of its bytes, up to 4.
      big_endian: whether the first byte counts most; a bool tensor where the
        file says so.
    """
    size = max(start + length for start, length in places)
    # With zeros where the file ends before.
    digits = tf.io.decode_raw(
      self.part(offset, size), tf.uint8, fixed_length=size
    )
    little, big = np.zeros([2, len(places), size], np.int64)
    for row, (start, length) in enumerate(places):
      powers = 256 ** np.arange(length)
      little[row, start : start + length] = powers
      big[row, start : start + length] = powers[::-1]
    if isinstance(big_endian, bool):
      powers = tf.constant(big if big_endian else little)
    else:
      powers = tf.where(big_endian, big, little)
    return tf.unstack(tf.linalg.matvec(powers, tf.cast(digits, tf.int64)))

  def number(
    self, offset: Number, size: int, *, big_endian: bool | tf.Tensor = False
  ) -> tf.Tensor:
    """One such number."""
    return self.numbers(offset, [(0, size)], big_endian=big_endian)[0]

  def starts_with(self, magic: bytes) -> tf.Tensor:
    """Whether the file starts with these bytes, bool."""
    return tf.strings.substr(self.encoded, 0, len(magic)) == magic

  def contains(self, word: bytes) -> tf.Tensor:
    """Whether these bytes stand anywhere, bool."""
    pattern = rb'(?s)\C*' + re.escape(word) + rb'\C*'
    return tf.strings.regex_full_match(self.encoded, pattern)


def first_reason(reasons: Sequence[tuple[tf.Tensor, str | tf.Tensor]]):
  """The text of the first condition that holds, string scalar; '' if none.

  Args:
    reasons: (condition, text) of each reason not to read a file.
  """
  result = tf.constant('')
  for condition, text in reversed(reasons):
    result = tf.where(condition, text, result)
  return result


def choose(condition: tf.Tensor, number: Number, other: Number) -> tf.Tensor:
  """The first number where the condition holds, or else the other, int64."""
  return tf.where(condition, _int64(number), _int64(other))


def _int64(number):
  return tf.convert_to_tensor(number, tf.int64)

"""GIF in a graph: the first frame, with its transparency and its canvas.

GIF89a: a screen with a table of colours, then blocks; a frame is a block with a
place on the screen, maybe a table of its own, and compressed colour numbers in
parts of at most 255 bytes. TensorFlow decodes all frames and turns transparent
pixels black, so it is given a file that is made of the first frame alone, with
a table by which every number stays what it is.
"""

import struct
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from export.graph.reading import contents, findings

NAME = 'GIF'
MAGICS = (b'GIF87a', b'GIF89a')
_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B
_TRANSPARENCY = 0xF9
_MAX_STEPS = 8192  # Over the parts before the first frame.
_RAMP = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
# Decoded behind the frame, to see that the frame's data were whole.
_LAST_FRAME = (
  struct.pack('<BHHHHB', _FRAME, 0, 0, 1, 1, 0)
  + b'\x02\x02\x44\x01\x00'
  + bytes([_END])
)


class _Blocks(NamedTuple):
  """How far the blocks before the first frame were read, int64."""

  position: tf.Tensor
  steps: tf.Tensor
  within: tf.Tensor  # 1 within an extension, whose parts follow.
  transparent: tf.Tensor  # Number of the transparent colour, -1 if none.
  frame: tf.Tensor  # Position of the first frame; 0 until it is found.


def find(content: contents.Content, at_least: int) -> findings.Finding:
  """Reads the header of a GIF and of its first frame.

  Args:
    content: the file.
    at_least: not used; GIF is always decoded whole.
  """
  del at_least
  blocks = _blocks(content)
  left, top, width, height, flags = content.numbers(
    blocks.frame, [(1, 2), (3, 2), (5, 2), (7, 2), (9, 1)]
  )
  screen_width, screen_height, screen_flags = content.numbers(
    0, [(6, 2), (8, 2), (10, 1)]
  )
  # A frame that is larger than the screen enlarges it.
  screen_width = tf.maximum(screen_width, left + width)
  screen_height = tf.maximum(screen_height, top + height)
  refusal = contents.first_reason(
    [
      (
        blocks.steps >= _MAX_STEPS,
        f'more than {_MAX_STEPS} blocks before the first frame; save it again',
      ),
      (blocks.frame == 0, 'damaged or cut off: no image was found in it'),
      # The screen is no smaller than the frame.
      ((width < 1) | (height < 1), findings.NO_PIXELS),
      *findings.size_reasons(screen_width, screen_height),
    ]
  )

  def decode():
    table, table_size = _table(content, blocks.frame + 10, flags)
    data = blocks.frame + 10 + table_size
    numbers = _numbers(content, data, width, height, flags)
    screen_table, _ = _table(content, 13, screen_flags)
    table = tf.where(
      _has_table(flags),
      table,
      tf.where(_has_table(screen_flags), screen_table, _grey_table()),
    )
    indices = tf.range(256, dtype=tf.int64)[:, None]
    table = tf.where(
      indices == blocks.transparent, tf.constant(255, tf.uint8), table
    )
    around = tf.cast(tf.maximum(blocks.transparent, 0), tf.uint8)
    numbers = tf.pad(
      numbers,
      [
        [top, screen_height - top - height],
        [left, screen_width - left - width],
      ],
      constant_values=around,
    )
    return findings.look_up(numbers, table)

  return findings.Finding(refusal, decode, tf.constant(1, tf.int64))


def _blocks(content):
  """Goes through the blocks up to the first frame."""
  flags = content.number(10, 1)
  table = contents.choose(_has_table(flags), _table_size(flags), 0)

  def more(blocks):
    return (
      (blocks.frame == 0)
      & (blocks.position < content.length)
      & (blocks.steps < _MAX_STEPS)
    )

  def step(blocks):
    position, within = blocks.position, blocks.within == 1
    kind, label, size, flags, colour = content.numbers(
      position, [(0, 1), (1, 1), (2, 1), (3, 1), (6, 1)]
    )
    # A part is its length and its bytes; one of length 0 is the last.
    part = 1 + kind
    extends = ~within & (kind == _EXTENSION)
    first_part = 3 + size
    moved = contents.choose(extends, first_part, 1)
    moved = contents.choose(within, part, moved)
    ends = ~within & (kind == _END)
    transparent = tf.where(
      extends & (label == _TRANSPARENCY) & (flags % 2 == 1),
      colour,
      blocks.transparent,
    )
    return (
      _Blocks(
        tf.where(ends, content.length, position + moved),
        blocks.steps + 1,
        contents.choose((within & (kind != 0)) | (extends & (size != 0)), 1, 0),
        transparent,
        tf.where(~within & (kind == _FRAME), position, blocks.frame),
      ),
    )

  zero = tf.constant(0, tf.int64)
  start = _Blocks(13 + table, zero, zero, zero - 1, zero)
  (blocks,) = tf.while_loop(more, step, (start,))
  return blocks


def _has_table(flags):
  return flags >= 128


def _table_size(flags):
  """Bytes of a table of colours."""
  return tf.bitwise.left_shift(tf.constant(6, tf.int64), flags % 8)


def _table(content, position, flags):
  """A table as uint8 [256, 3], and its bytes in the file; 0 without one."""
  size = contents.choose(_has_table(flags), _table_size(flags), 0)
  data = tf.io.decode_raw(
    content.part(position, size), tf.uint8, fixed_length=768
  )
  return tf.reshape(data, [256, 3]), size


def _grey_table():
  return tf.constant(np.frombuffer(_RAMP, np.uint8).reshape(256, 3))


def _numbers(content, position, width, height, flags):
  """The colour numbers of a frame, uint8 [height, width]."""
  width_bytes, height_bytes = _two_bytes(width), _two_bytes(height)
  interlaced = tf.where(flags % 128 >= 64, b'\x40', b'\x00')
  end = _end_of_parts(content, position + 1)
  encoded = tf.strings.join(
    [
      b'GIF89a', width_bytes, height_bytes, b'\xf7\x00\x00', _RAMP,
      b'\x2c\x00\x00\x00\x00', width_bytes, height_bytes, interlaced,
      content.part(position, end - position),
      _LAST_FRAME,
    ]
  )  # fmt: skip
  frames = tf.io.decode_gif(encoded)
  whole = tf.debugging.assert_equal(tf.shape(frames)[0], 2)
  with tf.control_dependencies([whole]):
    return tf.identity(frames[0, :, :, 0])


def _two_bytes(number):
  every = tf.constant([bytes([i]) for i in range(256)])
  return tf.strings.join(
    [tf.gather(every, number % 256), tf.gather(every, number // 256)]
  )


def _end_of_parts(content, position):
  """Where the parts from a position end; fails if the file ends before."""
  data = tf.cast(content.bytes(position, content.length), tf.int32)
  count = tf.size(data)
  here = tf.range(count)
  # Of each byte, as if it were the length of a part, the next one; the last
  # part and what is beyond the file stay where they are. Doubling the steps
  # takes a logarithm of the number of parts.
  onward = tf.where(data == 0, here, here + data + 1)
  onward = tf.concat([tf.minimum(onward, count), [count]], 0)

  def more(onward):
    return onward[0] != tf.gather(onward, onward[0])

  (onward,) = tf.while_loop(
    more, lambda onward: (tf.gather(onward, onward),), (onward,)
  )
  end = onward[0]
  inside = tf.debugging.assert_less(end, count)
  with tf.control_dependencies([inside]):
    return position + tf.cast(end, tf.int64) + 1

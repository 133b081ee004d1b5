"""BMP in a graph, decoded by its own operations.

TensorFlow's decoder takes numbers of a palette for grey and refuses images that
are stored from the top down. A file is 14 bytes, a header of one of several
lengths, a palette if a pixel has up to 8 bits, and rows of whole 4 bytes.
"""

import tensorflow as tf

from export.graph.reading import contents, findings

NAME = 'BMP'
MAGICS = (b'BM',)
_FILE_HEADER = 14
_OLD_HEADER = 12  # Of OS/2: shorter numbers, and palettes of three bytes.
_HEADERS = (_OLD_HEADER, 40, 52, 56, 64, 108, 124)
# Where numbers stand, and their bytes: the first pixel, the header's length,
# width, height, bits, compression, colours, and masks of four channels.
_PLACES = (
  (10, 4), (14, 4), (18, 4), (22, 4), (28, 2), (30, 4), (46, 4),
  (54, 4), (58, 4), (62, 4), (66, 4),
)  # fmt: skip
_OLD_PLACES = ((18, 2), (20, 2), (24, 2))  # Width, height and bits.
_BITS = (1, 4, 8, 16, 24, 32)
_PLAIN, _MASKS = 0, 3  # Kinds of compression; 3 says where the colours are.
# Of 16 bits, masks of red, green and blue: 5 bits each, or 6 of green.
_MASKS_555 = (0x7C00, 0x3E0, 0x1F)
_MASKS_565 = (0xF800, 0x7E0, 0x1F)
# Of 32 bits: masks of red, green, blue and alpha, and where those bytes stand;
# -1 is opaque.
_LAYOUTS = {
  (0xFF0000, 0xFF00, 0xFF, 0): (2, 1, 0, -1),
  (0xFF000000, 0xFF0000, 0xFF00, 0): (3, 2, 1, -1),
  (0xFF000000, 0xFF00, 0xFF, 0): (3, 1, 0, -1),
  (0xFF000000, 0xFF0000, 0xFF00, 0xFF): (3, 2, 1, 0),
  (0xFF, 0xFF00, 0xFF0000, 0xFF000000): (0, 1, 2, 3),
  (0xFF0000, 0xFF00, 0xFF, 0xFF000000): (2, 1, 0, 3),
  (0xFF000000, 0xFF00, 0xFF, 0xFF0000): (3, 1, 0, 2),
  (0, 0, 0, 0): (2, 1, 0, 3),
}


def find(content: contents.Content, at_least: int) -> findings.Finding:
  """Reads the header of a BMP.

  Args:
    content: the file.
    at_least: not used; BMP is always decoded whole.
  """
  del at_least
  start, header, width, height, bits, compression, colours, *masks = (
    content.numbers(0, _PLACES)
  )
  old = header == _OLD_HEADER
  old_width, old_height, old_bits = content.numbers(0, _OLD_PLACES)
  width = tf.where(old, old_width, width)
  height = tf.where(old, old_height, height)
  bits = tf.where(old, old_bits, bits)
  compression = contents.choose(old, 0, compression)
  # A negative height says that the first row is the top one.
  from_top = ~old & (height >= 2**31)
  height = tf.where(from_top, 2**32 - height, height)
  colours = contents.choose(old, 0, colours)
  colours = tf.where(
    colours == 0, tf.bitwise.left_shift(tf.ones_like(bits), bits % 32), colours
  )
  # Headers up to 52 bytes have no mask of alpha.
  masks[3] = contents.choose(header >= 56, masks[3], 0)
  masks = tf.stack(masks)
  layout = _layout(masks, compression)
  is_555 = tf.reduce_all(masks[:3] == tf.constant(_MASKS_555, tf.int64))
  is_565 = tf.reduce_all(masks[:3] == tf.constant(_MASKS_565, tf.int64))
  is_565 &= compression == _MASKS
  entry = contents.choose(old, 3, 4)
  table = contents.choose(bits <= 8, colours * entry, 0)
  after_table = _FILE_HEADER + header + table
  start = tf.where(
    (start == 0) | ((bits <= 8) & (start == _FILE_HEADER + header)),
    after_table,
    start,
  )
  row = (width * bits + 31) // 32 * 4
  # The last row needs no fill up to whole 4 bytes.
  needed = start + row * (height - 1) + (width * bits + 7) // 8
  refusal = contents.first_reason(
    [
      (
        ~_is_one_of(header, _HEADERS) | ~_is_one_of(bits, _BITS),
        'an unknown kind; save it as PNG or JPEG',
      ),
      (
        (compression != _PLAIN) & (compression != _MASKS),
        'compressed, which cannot be read here; save it as PNG or JPEG',
      ),
      *findings.size_reasons(width, height),
      (
        (compression == _MASKS)
        & (
          (bits <= 8)
          | ((bits == 32) & (layout[0] < 0))
          | ((bits == 16) & ~is_565 & ~is_555)
        ),
        'an unknown order of colours; save it as PNG or JPEG',
      ),
      (
        (bits <= 8) & ((colours < 1) | (colours > 65536)),
        'a palette of an unknown size; save it as PNG or JPEG',
      ),
      (needed > content.length, 'cut off: its end is missing'),
    ]
  )

  def decode():
    rows = content.bytes(start, row * height)
    rows = tf.pad(rows, [[0, row * height - tf.size(rows, tf.int64)]])
    rows = tf.reshape(rows, [height, row])
    rows = tf.cond(from_top, lambda: rows, lambda: rows[::-1])

    def with_palette():
      return findings.look_up(
        _numbers(rows, width, bits),
        _palette(content, _FILE_HEADER + header, colours, entry),
      )

    def of_16_bits():
      return _of_16_bits(rows[:, : 2 * width], is_565)

    def of_24_bits():
      return tf.reshape(rows[:, : 3 * width], [height, width, 3])[..., ::-1]

    def of_32_bits():
      pixels = tf.reshape(rows[:, : 4 * width], [height, width, 4])
      opaque = tf.fill([height, width, 1], tf.constant(255, tf.uint8))
      pixels = tf.concat([pixels, opaque], axis=-1)
      return findings.on_white(tf.gather(pixels, layout, axis=-1))

    return tf.case(
      [
        (bits <= 8, with_palette),
        (bits == 16, of_16_bits),
        (bits == 24, of_24_bits),
      ],
      default=of_32_bits,
    )

  return findings.Finding(refusal, decode, tf.constant(1, tf.int64))


def _is_one_of(number, numbers):
  return tf.reduce_any(number == tf.constant(numbers, tf.int64))


def _layout(masks, compression):
  """Where red, green, blue and alpha stand in 4 bytes; 4 is opaque.

  int64 [4]; -1 if the masks are unknown.
  """
  blue_first = tf.constant([2, 1, 0, 4], tf.int64)
  layout = tf.fill([4], tf.constant(-1, tf.int64))
  for known, places in _LAYOUTS.items():
    places = [4 if place < 0 else place for place in places]
    is_known = tf.reduce_all(masks == tf.constant(known, tf.int64))
    layout = tf.where(is_known, tf.constant(places, tf.int64), layout)
  return tf.where(compression == _PLAIN, blue_first, layout)


def _numbers(rows, width, bits):
  """Numbers in a palette, uint8 [height, width], of 1, 4 or 8 bits each."""

  def unpacked(size):
    shifts = tf.constant([*range(8 - size, -1, -size)], tf.uint8)
    parts = tf.bitwise.right_shift(rows[..., None], shifts)
    parts = tf.bitwise.bitwise_and(parts, tf.constant(2**size - 1, tf.uint8))
    return tf.reshape(parts, [tf.shape(rows)[0], -1])

  numbers = tf.case(
    [(bits == 1, lambda: unpacked(1)), (bits == 4, lambda: unpacked(4))],
    default=lambda: rows,
  )
  return numbers[:, :width]


def _palette(content, position, colours, entry):
  """The colours of a palette, uint8 RGB [n, 3]."""
  data = content.bytes(position, colours * entry)
  data = data[: tf.size(data, tf.int64) // entry * entry]
  table = tf.reshape(data, [-1, tf.cast(entry, tf.int32)])
  return table[:256, 2::-1][:, :3]


def _of_16_bits(rows, is_565):
  """Colours of 5 bits each, or of 6 bits for green, scaled to 8."""
  pairs = tf.reshape(rows, [tf.shape(rows)[0], -1, 2])
  values = tf.cast(pairs[..., 0], tf.int32) + 256 * tf.cast(
    pairs[..., 1], tf.int32
  )
  five = tf.stack([values // 2**10 % 32, values // 32 % 32, values % 32], -1)
  six = tf.stack([values // 2**11, values // 32 % 64, values % 32], -1)
  limits = tf.where(is_565, tf.constant([31, 63, 31]), tf.constant([31] * 3))
  return tf.cast(tf.where(is_565, six, five) * 255 // limits, tf.uint8)

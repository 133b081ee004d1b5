"""Reads image files in a graph: any file in, a square image or a reason out.

No file makes the graph fail, so that one file of a batch, which a server may
have joined of several clients' requests, does no harm to the others. Operations
that decode fail for damaged files; they run in a `tf.data.Dataset` of one file,
which can leave out what fails.
"""

import functools
import math

import tensorflow as tf

from export.graph.reading import (
  bmp,
  contents,
  exif,
  findings,
  gif,
  jpeg,
  png,
  squares,
)
from tf_twingan import framing

KINDS = (jpeg, png, gif, bmp)
READ = 'PNG, JPEG, GIF and BMP'
_ADVICE = 'cannot be read here; send PNG or JPEG'
# Images, and others, that people send: how a file begins.
_OTHERS = (
  ('WebP', r'RIFF\C{4}WEBP'),
  ('AVIF', r'\C{4}ftyp(avif|avis)'),
  ('HEIC', r'\C{4}ftyp(heic|heix|hevc|mif1|msf1)'),
  ('TIFF', r'II[*+]\x00|MM\x00[*+]'),
  ('JPEG XL', r'\x00\x00\x00\x0cJXL '),
  ('JPEG 2000', r'\x00\x00\x00\x0cjP  '),
  ('PPM', r'P[1-6]\s'),
  ('PDF', r'%PDF'),
  ('a page or a drawing in XML (HTML, SVG)', r'\s*<'),
)
_AT_A_TIME = 8  # Files of a batch.
# Rewriting the dataset for speed would take longer than reading one batch.
_PLAIN = tf.data.Options()
_PLAIN.experimental_optimization.apply_default_optimizations = False
_PLAIN.autotune.enabled = False


def read_squares(
  files: tf.Tensor,
  resolution: int,
  framed: framing.Framing,
) -> tuple[tf.Tensor, tf.Tensor]:
  """Reads image files, each by itself.

  Args:
    files: contents of files, string [n].
    resolution: side of the images in pixels.
    framed: how they become square.

  Returns:
    Images, uint8 [n, resolution, resolution, 3], black where a file cannot be
    read; and why it cannot be, string [n], '' where it is read.
  """
  shape = [resolution, resolution, 3]
  count = tf.size(files, tf.int64)

  read_one = _reading(resolution, framed)

  def read(number, encoded):
    return number, *read_one(encoded)

  numbered = tf.data.Dataset.from_tensor_slices((tf.range(count), files))
  # So that something is left where every file fails.
  last = tf.data.Dataset.from_tensors(
    (count, tf.zeros(shape, tf.uint8), tf.constant(''))
  )
  numbers, images, errors = (
    numbered.map(read, num_parallel_calls=_AT_A_TIME)
    .ignore_errors()
    .concatenate(last)
    .batch(count + 1)
    .with_options(_PLAIN)
    .get_single_element()
  )
  numbers = numbers[:, None]
  damaged = tf.strings.join([_kinds(files), 'damaged or cut off'])
  return (
    tf.scatter_nd(numbers, images, tf.stack([count + 1, *shape]))[:-1],
    tf.tensor_scatter_nd_update(tf.concat([damaged, ['']], 0), numbers, errors)[
      :-1
    ],
  )


@functools.cache
def _reading(resolution, framed):
  """A function that reads one file; traced once for all that use it."""

  def read(encoded):
    image, error = _read(encoded, resolution, framed)
    return tf.ensure_shape(image, [resolution, resolution, 3]), error

  return tf.function(
    read, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
  )


def _read(encoded, resolution, framed):
  """One image, and why it cannot be read."""
  content = contents.Content(encoded)
  at_least = math.ceil(2 * resolution / framed.crop)

  def reader(kind):
    def read():
      finding = kind.find(content, at_least)
      return _decode(finding, kind.NAME, resolution, framed)

    return read

  def refuse():
    return tf.zeros([resolution, resolution, 3], tf.uint8), _reason(content)

  is_kind = tf.stack([_is(kind, content) for kind in KINDS])
  number = tf.where(
    tf.reduce_any(is_kind), tf.argmax(is_kind, output_type=tf.int32), len(KINDS)
  )
  return tf.switch_case(number, [*map(reader, KINDS), refuse])


def _decode(finding: findings.Finding, name, resolution, framed):
  def decode():
    image = finding.decode()
    image = squares.square(image, resolution, framed)
    return exif.turn(image, finding.orientation), tf.constant('')

  def refuse():
    return (
      tf.zeros([resolution, resolution, 3], tf.uint8),
      tf.strings.join([f'{name}: ', finding.refusal]),
    )

  return tf.cond(finding.refusal == '', decode, refuse)


def _is(kind, content):
  return tf.reduce_any(
    tf.stack([content.starts_with(magic) for magic in kind.MAGICS])
  )


def _kinds(files):
  """Names of the files' kinds with a colon, string [n]; '' if unknown."""
  names = tf.fill(tf.shape(files), '')
  for kind in KINDS:
    for magic in kind.MAGICS:
      starts = tf.strings.substr(files, 0, len(magic)) == magic
      names = tf.where(starts, f'{kind.NAME}: ', names)
  return names


def _reason(content):
  """Why a file of no known kind cannot be read."""
  start = content.part(0, 64)
  others = [
    (
      tf.strings.regex_full_match(start, rf'(?s)(?:{pattern})\C*'),
      f'{name} {_ADVICE}',
    )
    for name, pattern in _OTHERS
  ]
  reason = contents.first_reason([(content.length == 0, 'empty'), *others])
  unknown = f'not an image in a known format; send one of {READ}'
  return tf.where(reason == '', unknown, reason)

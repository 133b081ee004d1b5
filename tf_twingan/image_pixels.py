"""Opaque eight-bit RGB from every kind of pixels that image files hold.

Pillow decodes many kinds of which it does not say what they mean: which value
of 32-bit integers is white, whether a fourth sample is transparency, whether 0
is black. Here each kind is converted as its file says, or refused by its name;
nothing is guessed. Colour profiles are not applied.
"""

import math
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from tf_twingan import image_limits

Refused = image_limits.Refused

# Tags of TIFF, by their names in its specification.
_IMAGE_WIDTH, _IMAGE_LENGTH = 256, 257
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC_INTERPRETATION = 262
_SAMPLES_PER_PIXEL = 277
_ROWS_PER_STRIP = 278
_PLANAR_CONFIGURATION = 284
_COLOR_MAP = 320
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_INK_SET = 332
_EXTRA_SAMPLES = 338
_SAMPLE_FORMAT = 339

_MIN_IS_WHITE, _PALETTE, _CMYK, _YCBCR = 0, 3, 5, 6


def load_rgb(image: ImageFile.ImageFile) -> Image.Image:
  """Decodes an open image file; the orientation in its EXIF is left alone.

  Args:
    image: what a plugin of Pillow made of a file, not loaded yet.

  Returns:
    Mode RGB: transparency composited on white, grey of up to 16 bits scaled.

  Raises:
    Refused: what the pixels mean is not known.
    Exception: whatever the decoder raises about a damaged file.
  """
  file, tiles = image.fp, image.tile
  codec, raw_mode = '', ''
  if tiles:
    codec, args = tiles[0].codec_name, tiles[0].args
    raw_mode = args if isinstance(args, str) else args[0]
  white, inverted = 65535, False
  if image.format == 'TIFF':
    _check_tiff(image, codec, raw_mode)
    inverted = _tag(image, _PHOTOMETRIC_INTERPRETATION) == _MIN_IS_WHITE
    white = 2 ** _tag(image, _BITS_PER_SAMPLE, (1,))[0] - 1
  elif image.mode == 'CMYK' and image.format in ('JPEG', 'MPO'):
    if 'adobe' not in image.info:
      raise Refused(
        'a CMYK JPEG that does not say whether its inks are inverted (it has '
        'no Adobe marker); save it as RGB'
      )
  elif image.format == 'PNG':
    _scale_transparent_value(image, raw_mode)
  if codec == 'ppm':
    image = _decode_ppm(image)
  image.load()

  if image.format == 'PNG' and raw_mode == 'RGB;16B':
    if 'transparency' in image.info:
      return _without_transparent_color(image, file)
  if image.mode == 'I' and image.format == 'PPM':
    # Pillow has scaled it to 16 bits, whatever its largest value was.
    return _scaled(np.asarray(image).astype(np.uint16), white)
  if image.mode == 'I':
    low, high = image.getextrema()
    raise Refused(
      f'integer grey from {low} to {high} does not say which value is white; '
      'save it with 8 or 16 bits'
    )
  if image.mode.startswith('I;16'):
    values = np.asarray(image)
    transparent = image.info.get('transparency')
    return _scaled(values, white, inverted=inverted, transparent=transparent)
  if image.mode == 'F':
    return _from_float(np.asarray(image), inverted)
  if image.format == 'TIFF' and image.mode == 'RGBA':
    if _tag(image, _EXTRA_SAMPLES) is None:
      if image.getextrema()[3] != (255, 255):
        raise Refused(
          'a TIFF whose fourth sample is not said to be transparency; save it '
          'as RGB, or as PNG'
        )
  if image.has_transparency_data:
    return _on_white(image)
  return image if image.mode == 'RGB' else image.convert('RGB')


def describe_tiff(file: BinaryIO) -> str:
  """What a TIFF says of the kind of its pixels, for a message."""
  file.seek(0)
  directory = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
  file.seek(directory.next)
  directory.load(file)
  return ''.join(
    f', {what} {directory[tag]}'
    for tag, what in (
      (_BITS_PER_SAMPLE, 'bits per sample'),
      (_SAMPLE_FORMAT, 'sample format'),
      (_PHOTOMETRIC_INTERPRETATION, 'photometric interpretation'),
      (_EXTRA_SAMPLES, 'extra samples'),
    )
    if tag in directory
  )


def bytes_needed(image: ImageFile.ImageFile) -> int:
  """About how many bytes `load_rgb` and what follows take at their peak."""
  width, height = image.size
  # Pillow keeps four bytes a pixel: one image more for what is made of it, and
  # one for its resized or turned copy. Some decoders have two of their own.
  per_pixel = 12
  if image.mode == 'F' or image.format in ('WEBP', 'AVIF', 'HEIF', 'PPM'):
    per_pixel = 20
  elif image.format == 'PNG' and 'transparency' in image.info:
    per_pixel = 24  # It may have to be decoded twice.
  return width * height * per_pixel


def _on_white(image: Image.Image) -> Image.Image:
  """RGB from an image with transparency, a few rows at a time."""
  width, height = image.size
  rgb = Image.new('RGB', image.size)
  rows = max(1, 2**20 // width)
  for top in range(0, height, rows):
    part = image.crop((0, top, width, min(top + rows, height)))
    if part.mode == 'La':
      part = part.convert('LA')
    part = part.convert('RGBA')
    background = Image.new('RGBA', part.size, 'white')
    composite = Image.alpha_composite(background, part)
    rgb.paste(composite.convert('RGB'), (0, top))
  return rgb


def _scaled(
  values: np.ndarray,
  white: int,
  *,
  inverted: bool = False,
  transparent: int | None = None,
) -> Image.Image:
  """RGB from grey of up to 16 bits.

  Args:
    values: uint16 [height, width].
    white: the value of white, or of black if `inverted`.
    inverted: whether 0 is white.
    transparent: a value that becomes white; None if there is none.
  """
  table = np.minimum(np.arange(65536), white)
  table = (table * 255 + white // 2) // white
  if inverted:
    table = 255 - table
  if transparent is not None:
    table[transparent] = 255
  return Image.fromarray(_look_up(table.astype(np.uint8), values)).convert(
    'RGB'
  )


def _from_float(values: np.ndarray, inverted: bool) -> Image.Image:
  # Also refuses NaN.
  if not (values.min() >= 0 and values.max() <= 1):
    raise Refused(
      'floating-point grey outside [0, 1]; save it with 8 or 16 bits'
    )
  grey = np.rint(values * 255).astype(np.uint8)
  return Image.fromarray(255 - grey if inverted else grey).convert('RGB')


def _scale_transparent_value(image: Image.Image, raw_mode: str) -> None:
  """Gives the transparent value of a PNG the eight bits its pixels will have.

  Of a value with more bits than the pixels, only the lowest count.
  """
  value = image.info.get('transparency')
  if raw_mode in ('L;2', 'L;4', 'L') and isinstance(value, int):
    largest = {'L;2': 3, 'L;4': 15, 'L': 255}[raw_mode]
    image.info['transparency'] = (value & largest) * (255 // largest)
  elif raw_mode == 'RGB' and isinstance(value, tuple):
    image.info['transparency'] = tuple(v & 255 for v in value)


def _without_transparent_color(image: Image.Image, file: Any) -> Image.Image:
  """RGB from a 16-bit colour PNG in which one colour is transparent.

  Pillow keeps the upper eight bits only, so the lower ones, which count, too,
  are decoded by themselves: they are the upper ones of the other byte order.
  """
  file.seek(0)
  lower = type(image)(file, '')
  lower.tile = [tile._replace(args='RGB;16L') for tile in lower.tile]
  lower.load()
  color = np.array(image.info['transparency'])
  rgb = np.array(image)
  transparent = (rgb == color >> 8) & (np.asarray(lower) == color & 255)
  rgb[transparent.all(axis=-1)] = 255
  return Image.fromarray(rgb)


def _decode_ppm(image: ImageFile.ImageFile) -> Image.Image:
  """What Pillow's decoder, which is slow, makes of a PPM of any depth."""
  assert image.fp is not None
  tile = image.tile[0]
  largest = tile.args[1]
  depth = '>u2' if largest > 255 else 'u1'
  shape = image.size[1], image.size[0], len(image.getbands())
  image.fp.seek(tile.offset)
  size = math.prod(shape) * np.dtype(depth).itemsize
  content = image.fp.read(size)
  if len(content) < size:
    raise Refused(f'cut off: {size - len(content)} bytes are missing')
  white = 65535 if image.mode == 'I' else 255
  table = np.rint(np.arange(65536) / largest * white)
  kind = np.uint16 if image.mode == 'I' else np.uint8
  values = _look_up(
    np.minimum(table, white).astype(kind), np.frombuffer(content, depth)
  )
  if image.mode == 'I':
    return Image.fromarray(values.reshape(shape[:2]))
  return Image.frombytes(image.mode, image.size, values.tobytes())


def _look_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
  """`table[values]`, which NumPy takes eight bytes a value for, by parts."""
  flat = values.reshape(-1)
  result = np.empty(flat.shape, table.dtype)
  for start in range(0, len(flat), 2**20):
    part = slice(start, start + 2**20)
    result[part] = table[flat[part]]
  return result.reshape(values.shape)


def _tag(image: Any, tag: int, default: Any = None) -> Any:
  return image.tag_v2.get(tag, default)


def _check_tiff(image: Any, codec: str, raw_mode: str) -> None:
  """Refuses kinds of TIFF that Pillow decodes otherwise than they mean."""
  # What is not compressed, Pillow unpacks itself; the rest libtiff does.
  by_pillow = codec == 'raw'
  photometric = _tag(image, _PHOTOMETRIC_INTERPRETATION)
  bits = _tag(image, _BITS_PER_SAMPLE, (1,))
  planar = _tag(image, _PLANAR_CONFIGURATION, 1) == 2
  if photometric is None and raw_mode[:3] != 'RGB':
    raise Refused('a TIFF that does not say whether 0 is black or white')
  if 2 in _tag(image, _SAMPLE_FORMAT, (1,)) and max(bits) < 32:
    raise Refused('a TIFF of signed integers; save it with 8 or 16 bits')
  if photometric == _CMYK and _tag(image, _INK_SET, 1) != 1:
    raise Refused('a TIFF of inks other than CMYK; save it as RGB')
  if image.mode == 'F' and raw_mode.endswith('BF') and not by_pillow:
    raise Refused(
      'a compressed TIFF of big-endian floating-point grey; save it with 8 or '
      '16 bits'
    )
  if photometric == _PALETTE:
    if 0 < max(_tag(image, _COLOR_MAP, (0,))) < 256:
      raise Refused(
        'a TIFF whose palette has 8 bits instead of 16; save it as RGB'
      )
  if by_pillow and planar and max(bits) > 8:
    raise Refused(
      'a TIFF that keeps the colours of 16 bits apart; save it pixel by pixel '
      '(planar configuration 1)'
    )
  if by_pillow and photometric == _YCBCR:
    # Pillow 12 takes its three bytes a pixel for four.
    raise Refused('an uncompressed TIFF in YCbCr; save it as RGB')
  if by_pillow:
    width, height = _tag(image, _IMAGE_WIDTH), _tag(image, _IMAGE_LENGTH)
    part = width, min(_tag(image, _ROWS_PER_STRIP, height), height)
    offsets = _tag(image, _STRIP_OFFSETS)
    if offsets is None:
      part = _tag(image, _TILE_WIDTH), _tag(image, _TILE_LENGTH)
      offsets = _tag(image, _TILE_OFFSETS)
    needed = -(-width // part[0]) * -(-height // part[1])
    if planar:
      needed *= _tag(image, _SAMPLES_PER_PIXEL, 1)
    if len(offsets) < needed:
      raise Refused(f'cut off: {needed - len(offsets)} parts are missing')

"""Pixels of every kind: converted as their file says, or refused by name."""

import io
import struct
import tempfile
import zlib

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes
from tf_twingan import image_io


def _packed(values, bits: int) -> bytes:
  """Numbers of so many bits, the highest first, filled up with zeros."""
  text = ''.join(format(value, f'0{bits}b') for value in values)
  text += '0' * (-len(text) % 8)
  return int(text, 2).to_bytes(len(text) // 8, 'big')


class TiffTest(parameterized.TestCase):
  @parameterized.parameters(1, 2, 4, 8)
  def test_grey_of_few_bits(self, bits):
    white = 2**bits - 1
    data = _packed([0, white], bits)
    for photometric, expected in ((1, [0, 255]), (0, [255, 0])):
      read = image_io.read(image_bytes.tiff(2, 1, [bits], photometric, data))
      np.testing.assert_array_equal(read[0, :, 0], expected)

  def test_12_bits(self):
    data = _packed([0, 2048, 4095], 12)
    read = image_io.read(image_bytes.tiff(3, 1, [12], 1, data))
    np.testing.assert_array_equal(read[0, :, 1], [0, 128, 255])

  @parameterized.parameters(('<', 1), ('>', 1), ('<', 0))
  def test_16_bits(self, order, photometric):
    data = struct.pack(order + '4H', 0, 257, 32896, 65535)
    read = image_io.read(
      image_bytes.tiff(4, 1, [16], photometric, data, order=order)
    )
    expected = [0, 1, 128, 255] if photometric else [255, 254, 127, 0]
    np.testing.assert_array_equal(read[0, :, 2], expected)

  def test_compressed_16_bits_min_is_white(self):
    grey = Image.fromarray(np.array([[0, 65535]], np.uint16))
    data = image_bytes.encoded(
      grey, 'TIFF', compression='tiff_lzw', tiffinfo={262: 0}
    )
    np.testing.assert_array_equal(image_io.read(data)[0, :, 0], [255, 0])

  @parameterized.parameters('<', '>')
  def test_floating_point(self, order):
    data = struct.pack(order + '3f', 0, 0.5, 1)
    for photometric, expected in ((1, [0, 128, 255]), (0, [255, 127, 0])):
      read = image_io.read(
        image_bytes.tiff(
          3, 1, [32], photometric, data, order=order, tags={339: [3]}
        )
      )
      np.testing.assert_array_equal(read[0, :, 0], expected)

  @parameterized.parameters('<', '>')
  def test_16_bit_color(self, order):
    data = struct.pack(order + '6H', 0, 32896, 65535, 65535, 257, 0)
    read = image_io.read(image_bytes.tiff(2, 1, [16] * 3, 2, data, order=order))
    np.testing.assert_array_equal(read, [[[0, 128, 255], [255, 1, 0]]])

  def test_colors_apart(self):
    data = bytes([0, 1, 10, 11, 20, 21])
    read = image_io.read(
      image_bytes.tiff(2, 1, [8] * 3, 2, data, tags={284: [2]})
    )
    np.testing.assert_array_equal(read, [[[0, 10, 20], [1, 11, 21]]])

  @parameterized.parameters(('B', 8, 1), ('H', 16, 257))
  def test_premultiplied_alpha(self, letter, bits, factor):
    # Half of (128, 0, 0) over white.
    pixel = [value * factor for value in (64, 0, 0, 128)]
    data = struct.pack(f'<4{letter}', *pixel)
    read = image_io.read(
      image_bytes.tiff(1, 1, [bits] * 4, 2, data, tags={338: [1]})
    )
    np.testing.assert_allclose(read[0, 0].astype(int), [191, 127, 127], atol=1)

  @parameterized.parameters(([8] * 4, 2), ([8] * 2, 1))
  def test_alpha(self, bits, photometric):
    data = bytes([100] * (len(bits) - 1) + [0])
    read = image_io.read(
      image_bytes.tiff(1, 1, bits, photometric, data, tags={338: [2]})
    )
    np.testing.assert_array_equal(read[0, 0], [255] * 3)

  @parameterized.parameters(8, 16)
  def test_cmyk(self, bits):
    white = 2**bits - 1
    data = struct.pack(f'<4{"B" if bits == 8 else "H"}', 0, white, white, 0)
    read = image_io.read(image_bytes.tiff(1, 1, [bits] * 4, 5, data))
    np.testing.assert_array_equal(read[0, 0], [255, 0, 0])

  def test_lab(self):
    # Pure red of sRGB is about L 54, a 81, b 70 with the white point D50.
    data = struct.pack('<Bbb', round(54.3 * 2.55), 81, 70)
    read = image_io.read(image_bytes.tiff(1, 1, [8] * 3, 8, data))
    np.testing.assert_allclose(read[0, 0].astype(int), [255, 0, 0], atol=6)

  def test_ycbcr(self):
    data = image_bytes.encoded(
      Image.new('RGB', (16, 16), (200, 30, 60)),
      'TIFF',
      compression='jpeg',
      quality=95,
    )
    read = image_io.read(data).astype(int)
    np.testing.assert_allclose(read[8, 8], [200, 30, 60], atol=4)

  @parameterized.parameters(1, 2, 4, 8)
  def test_palette(self, bits):
    colors = 2**bits
    palette = [257 * (i % 256) for i in range(3 * colors)]
    data = _packed([0, colors - 1], bits)
    read = image_io.read(
      image_bytes.tiff(2, 1, [bits], 3, data, tags={320: palette})
    )
    last = [(colors * i + colors - 1) % 256 for i in range(3)]
    first = [(colors * i) % 256 for i in range(3)]
    np.testing.assert_array_equal(read, [[first, last]])

  @parameterized.named_parameters(
    ('signed_8', [8], 1, bytes(2), {339: [2]}, 'signed integers'),
    ('signed_16', [16], 1, bytes(4), {339: [2]}, 'signed integers'),
    ('unsigned_32', [32], 1, bytes(8), {}, 'integer grey from 0 to 0'),
    ('signed_32', [32], 1, bytes(8), {339: [2]}, 'integer grey from 0 to 0'),
    ('no_photometric', [8], None, bytes(2), {}, 'whether 0 is black or white'),
    ('min_is_white_12', [12], 0, bytes(3), {}, 'bits per sample .*12'),
    ('14', [14], 1, bytes(4), {}, 'bits per sample .*14'),
    ('float_color', [32] * 3, 2, bytes(24), {339: [3] * 3}, 'sample format'),
    ('fourth_sample', [8] * 4, 2, bytes(8), {}, 'not said to be transparency'),
    ('inks', [8] * 4, 5, bytes(8), {332: [2]}, 'inks other than CMYK'),
    ('dark_palette', [8], 3, bytes(2), {320: [7] * 768}, 'palette has 8 bits'),
    ('ycbcr', [8] * 3, 6, bytes(6), {}, 'uncompressed TIFF in YCbCr'),
    ('ycbcr_of_equal_sizes', [8] * 3, 6, bytes(6), {530: [1, 1]}, 'in YCbCr'),
    ('premultiplied_grey', [8] * 2, 1, bytes(4), {338: [1]}, 'extra samples'),
    ('apart', [16] * 3, 2, bytes(12), {284: [2]}, 'keeps the colours'),
    ('mask', [8], 4, bytes(2), {}, 'photometric interpretation'),
  )
  def test_refused(self, bits, photometric, data, tags, reason):
    with self.assertRaisesRegex(image_io.UnreadableImage, reason) as caught:
      image_io.read(image_bytes.tiff(2, 1, bits, photometric, data, tags=tags))
    self.assertNotIn('\n', str(caught.exception))

  def test_opaque_fourth_sample(self):
    data = image_bytes.tiff(1, 1, [8] * 4, 2, bytes([1, 2, 3, 255]))
    np.testing.assert_array_equal(image_io.read(data), [[[1, 2, 3]]])

  def test_missing_strips_are_no_black_rows(self):
    data = image_bytes.tiff(2, 4, [8], 1, bytes([200] * 8), tags={278: [1]})
    with self.assertRaisesRegex(ValueError, 'cut off: 3 parts are missing'):
      image_io.read(data)

  def test_compressed_big_endian_floats_are_refused(self):
    # Pillow takes what libtiff has turned to the machine's order for the
    # file's, and finds black.
    for order, photometric in (('<', 1), ('>', 1), ('>', 0)):
      data = image_bytes.tiff(
        2,
        1,
        [32],
        photometric,
        zlib.compress(struct.pack(order + '2f', 0, 1)),
        order=order,
        tags={259: [8], 339: [3]},
      )
      if order == '<':
        np.testing.assert_array_equal(image_io.read(data)[0, :, 0], [0, 255])
        continue
      with self.assertRaisesRegex(ValueError, 'big-endian floating-point'):
        image_io.read(data)

  def test_orientation_of_a_file_and_of_its_content(self):
    pixels = np.zeros([8, 4, 3], np.uint8)
    pixels[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    data = image_bytes.encoded(pixels, 'TIFF', exif=exif)
    with tempfile.NamedTemporaryFile() as file:
      file.write(data)
      file.flush()
      of_file = image_io.read(file.name)
    for read in (image_io.read(data), of_file):
      self.assertEqual(read.shape, (4, 8, 3))
      np.testing.assert_array_equal(read[:, 4:], 255)
      np.testing.assert_array_equal(read[:, :4], 0)


class PngTest(parameterized.TestCase):
  @parameterized.parameters(
    (1, [0, 1], b'\0\1', [0, 255]),
    (1, [0, 1], b'\0\0', [255, 255]),
    (2, [1, 3, 2, 0], b'\0\1', [255, 255, 170, 0]),
    (4, [1, 15, 7, 0], b'\0\7', [17, 255, 255, 0]),
    (8, [1, 9, 7, 0], b'\0\7', [1, 9, 255, 0]),
    # Of a value with more bits than the pixels, the lowest count.
    (8, [1, 9, 7, 0], b'\x01\7', [1, 9, 255, 0]),
    (16, [0, 257, 256, 65535], b'\1\0', [0, 1, 255, 255]),
    (16, [0, 257, 256, 65535], b'\0\0', [255, 1, 1, 255]),
  )
  def test_transparent_grey(self, depth, values, transparent, expected):
    data = image_bytes.png(
      len(values),
      1,
      depth=depth,
      color=0,
      data=b'\0' + _packed(values, depth),
      transparent=transparent,
    )
    np.testing.assert_array_equal(image_io.read(data)[0, :, 0], expected)

  @parameterized.parameters(8, 16)
  def test_transparent_color(self, depth):
    colors = [10, 20, 30, 10, 20, 31, 40, 50, 60]
    if depth == 16:
      # They differ in their lower bits alone.
      colors = [*range(256, 259), *range(257, 260), 2560, 5120, 7680]
    letter = 'B' if depth == 8 else 'H'
    data = image_bytes.png(
      3,
      1,
      depth=depth,
      color=2,
      data=b'\0' + struct.pack(f'>9{letter}', *colors),
      transparent=struct.pack('>3H', *colors[:3]),
    )
    expected = np.array(colors).reshape(3, 3) >> (8 if depth == 16 else 0)
    expected[0] = 255
    np.testing.assert_array_equal(image_io.read(data)[0], expected)

  @parameterized.parameters(4, 6)
  def test_16_bit_alpha(self, color):
    samples = 2 if color == 4 else 4
    pixels = [[0] * (samples - 1) + [0], [0] * (samples - 1) + [65535]]
    data = image_bytes.png(
      2,
      1,
      depth=16,
      color=color,
      data=b'\0' + struct.pack(f'>{2 * samples}H', *np.ravel(pixels)),
    )
    np.testing.assert_array_equal(image_io.read(data)[0, :, 0], [255, 0])

  def test_palette_with_alpha(self):
    data = image_bytes.png(
      3,
      1,
      depth=8,
      color=3,
      data=b'\0\0\1\2',
      more=image_bytes.png_chunk(b'PLTE', bytes([0, 0, 0, 0, 0, 0, 9, 9, 9])),
      transparent=b'\0\x80',
    )
    np.testing.assert_array_equal(image_io.read(data)[0, :, 0], [255, 127, 9])

  def test_apples_own_kind_is_refused(self):
    data = image_bytes.png(1, 1, depth=8, color=2, data=bytes(4))
    data = data[:8] + image_bytes.png_chunk(b'CgBI', bytes(4)) + data[8:]
    with self.assertRaisesRegex(ValueError, 'CgBI'):
      image_io.read(data)


class TransparencyTest(parameterized.TestCase):
  @parameterized.parameters('RGBA', 'LA', 'PA', 'P')
  def test_large_images_are_composited_a_few_rows_at_a_time(self, mode):
    # More than two times the pixels that are taken at once.
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 4), np.uint8)
    image = Image.fromarray(noise).convert(mode).resize((1500, 1500), 0)
    kind = 'TIFF' if mode == 'PA' else 'PNG'
    options = {'transparency': 7} if mode == 'P' else {}
    data = image_bytes.encoded(image, kind, **options)
    read = image_io.read(data)
    with Image.open(io.BytesIO(data)) as opened:
      rgba = opened.convert('RGBA')
    white = Image.new('RGBA', rgba.size, 'white')
    expected = Image.alpha_composite(white, rgba).convert('RGB')
    np.testing.assert_array_equal(read, np.asarray(expected))


class OtherFormatsTest(parameterized.TestCase):
  def test_gif_with_transparency(self):
    for color in (None, (255, 0, 0)):
      image = Image.new('P', (2, 1), 1)
      image.putpalette([0, 0, 0, *(color or (1, 1, 1)), 2, 2, 2])
      image.putpixel((0, 0), 0)
      data = image_bytes.encoded(image, 'GIF', transparency=0)
      np.testing.assert_array_equal(
        image_io.read(data), [[[255] * 3, color or [1] * 3]]
      )

  def test_cmyk_jpeg_without_an_adobe_marker_is_refused(self):
    data = image_bytes.encoded(
      Image.new('CMYK', (8, 8), (0, 255, 255, 0)), 'JPEG'
    )
    start = data.index(b'\xff\xee')
    length = int.from_bytes(data[start + 2 : start + 4], 'big')
    data = data[:start] + data[start + 2 + length :]
    with self.assertRaisesRegex(ValueError, 'no Adobe marker.*save it as RGB'):
      image_io.read(data)

  @parameterized.parameters(
    (b'P5', 2, [0, 1, 2, 1], [0, 128, 255, 128]),
    (b'P5', 255, [0, 1, 128, 255], [0, 1, 128, 255]),
    (b'P5', 1023, [0, 1, 512, 1023], [0, 0, 128, 255]),
    (b'P5', 65535, [0, 257, 32896, 65535], [0, 1, 128, 255]),
    (b'P6', 15, [0, 5, 15] * 4, [0, 85, 255] * 4),
    (b'P6', 255, [1, 2, 3] * 4, [1, 2, 3] * 4),
    (b'P6', 1023, [0, 512, 1023] * 4, [0, 128, 255] * 4),
    (b'P2', 15, [0, 5, 15, 7], [0, 85, 255, 119]),
    (b'P2', 1023, [0, 1, 512, 1023], [0, 0, 128, 255]),
    (b'P3', 255, [1, 2, 3] * 4, [1, 2, 3] * 4),
  )
  def test_ppm_of_any_depth(self, magic, largest, values, expected):
    if magic in (b'P2', b'P3'):
      data = ' '.join(map(str, values)).encode()
    else:
      data = np.array(values, '>u2' if largest > 255 else 'u1').tobytes()
    content = b'%s\n# comment\n2 2\n%d\n%s' % (magic, largest, data)
    read = image_io.read(content)
    if len(values) == 4:
      read = read[..., 0]
    np.testing.assert_array_equal(read.ravel(), expected)

  def test_large_16_bit_ppm_takes_no_minutes(self):
    # Twelve megapixels; a decoder in Python takes a minute.
    size = 4000, 3000
    content = b'P6 %d %d 1023\n' % size + bytes(6 * size[0] * size[1])
    self.assertEqual(image_io.read(content).shape, (3000, 4000, 3))

  def test_cut_off_ppm(self):
    with self.assertRaisesRegex(ValueError, 'cut off: 5 bytes are missing'):
      image_io.read(b'P6 2 2 1023\n' + bytes(19))


if __name__ == '__main__':
  absltest.main()

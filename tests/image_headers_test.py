"""Hostile files are refused by their headers, before anything is decoded."""

import os
import pathlib
import re
import struct
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes
from tf_twingan import image_headers, image_io, image_limits, jpeg_headers


def _riff(*chunks: tuple[bytes, bytes]) -> bytes:
  content = b''.join(
    kind + struct.pack('<I', len(data)) + data + b'\0' * (len(data) % 2)
    for kind, data in chunks
  )
  return b'RIFF' + struct.pack('<I', len(content) + 4) + b'WEBP' + content


def _webp_canvas(side: int) -> bytes:
  size = (side - 1).to_bytes(3, 'little')
  return b'\x02\0\0\0' + size + size


def _gif(width: int, height: int, blocks: bytes = b'') -> bytes:
  frame = b',' + struct.pack('<4HB', 0, 0, width, height, 0)
  return b'GIF89a\1\0\1\0\0\0\0' + blocks + frame + b'\2\0;'


def _bmp(width: int, height: int, compression: int, data: bytes) -> bytes:
  head = struct.pack(
    '<IiiHHIIIIII', 40, width, height, 1, 8, compression, 0, 0, 0, 256, 0
  )
  return b'BM' + struct.pack('<IHHI', 0, 0, 0, 1078) + head + bytes(1024) + data


def _jpeg_with(segment: bytes, times: int) -> bytes:
  content = image_bytes.encoded(Image.new('RGB', (8, 8)), 'JPEG')
  # Behind the marker that makes it a JPEG, and its first segment.
  return content[:20] + segment * times + content[20:]


def _png_with(chunk: bytes, times: int) -> bytes:
  return image_bytes.png(
    1, 1, depth=8, color=0, data=bytes(2), more=chunk * times
  )


def _tiff_of(tags: dict[int, list[int]], width: int = 8) -> bytes:
  return image_bytes.tiff(width, 8, [8], 1, bytes(64), tags=tags)


class RefusedTest(parameterized.TestCase):
  @parameterized.named_parameters(
    (
      'webp_canvas',
      lambda: _riff((b'VP8X', _webp_canvas(16384)), (b'ANIM', bytes(6))),
      '16384x16384 pixels are over the limit of 67108864',
    ),
    (
      'webp_lossless',
      lambda: _riff((b'VP8L', b'\x2f\xff\xff\xff\xff' + bytes(9))),
      '16384x16384 pixels are over the limit',
    ),
    (
      'webp_lossy',
      lambda: _riff((b'VP8 ', bytes(6) + struct.pack('<HH', 16383, 16383))),
      '16383x16383 pixels are over the limit',
    ),
    (
      'webp_frames',
      lambda: _riff((b'VP8X', _webp_canvas(8)), *[(b'ANMF', b'')] * 65536),
      'a WebP of more than 65,536 chunks and frames',
    ),
    ('gif_frame', lambda: _gif(20000, 20000), '20000x20000 pixels are over'),
    (
      'gif_blocks',
      lambda: _gif(1, 1, b'!\xfe' + b'\1 ' * 70000 + b'\0'),
      'a GIF of more than 65,536 blocks before its image',
    ),
    (
      'gif_extensions',
      lambda: _gif(1, 1, b'!\xfe\0' * 70000),
      'a GIF of more than 65,536 blocks before its image',
    ),
    ('bmp', lambda: _bmp(9000, -9000, 0, b''), '9000x9000 pixels are over'),
    (
      'bmp_run_lengths',
      lambda: _bmp(4000, 4000, 1, b''),
      '4000x4000 pixels and 1,078 bytes are too many for a BMP with run',
    ),
    (
      'bmp_useless_runs',
      lambda: _bmp(1, 9, 1, b'\1\0' * 40000),
      'are too many for a BMP with run',
    ),
    (
      'ppm_header',
      lambda: b'P6\n#' + b'x' * 70000,
      'a PPM whose header is cut off or too long',
    ),
    (
      'ppm_text',
      lambda: b'P3\n4000 4000\n255\n',
      'are too many for a PPM written as text',
    ),
    (
      'ppm_comments',
      lambda: b'P3\n2 2\n255\n' + b'#\n' * 2000,
      'are too many for a PPM written as text',
    ),
    (
      'jpeg_scans',
      lambda: image_bytes.jpeg_of_scans(64, 64, 3000),
      'more than 100 scans take too long to decode',
    ),
    (
      'jpeg_scans_of_a_large_image',
      lambda: image_bytes.jpeg_of_scans(4096, 4096, 1).replace(
        struct.pack('>HH', 4096, 4096), struct.pack('>HH', 65500, 4096)
      ),
      'more than 8 scans take too long to decode',
    ),
    (
      'jpeg_segments',
      lambda: _jpeg_with(b'\xff\xfe\0\2', 70000),
      'a JPEG of more than 65,536 segments',
    ),
    (
      'jpeg_junk',
      lambda: _jpeg_with(b'\0', 70000),
      '65,536 bytes without meaning in a JPEG',
    ),
    (
      'jpeg_fill',
      lambda: _jpeg_with(b'\xff', 70000),
      '65,536 bytes without meaning in a JPEG',
    ),
    (
      'jpeg_side',
      lambda: image_bytes.encoded(Image.new('L', (32, 8)), 'JPEG').replace(
        struct.pack('>HH', 8, 32), struct.pack('>HH', 60000, 60000)
      ),
      '60000x60000 pixels are over the limit of 268435456',
    ),
    (
      'png_chunks',
      lambda: _png_with(image_bytes.png_chunk(b'teSt', b''), 70000),
      'a PNG of more than 65,536 chunks',
    ),
    (
      'png_of_text',
      lambda: _png_with(image_bytes.png_chunk(b'teSt', bytes(2**15)), 3),
      'bytes beside the pixels are over the limit',
    ),
    (
      'tiff_strips',
      lambda: _tiff_of({273: [0] * 70000, 278: [1]}),
      '70,000 strips or tiles are over the limit of 65,536',
    ),
    (
      'tiff_tags',
      lambda: _tiff_of({700: [0] * 2**15, 701: [0]}),
      'bytes beside the pixels are over the limit',
    ),
    (
      'tiff_tile',
      lambda: _tiff_of({322: [60000], 323: [60000], 324: [8], 325: [64]}),
      'tiles of 60000x60000 pixels for an image of 8x8',
    ),
    (
      'tiff_tile_of_64_bits',
      lambda: _tiff_of({322: [60000], 323: [60000]}).replace(
        struct.pack('<HH', 322, 4), struct.pack('<HH', 322, 16)
      ),
      'a TIFF whose size is no number of 16 or 32 bits',
    ),
    (
      'tiff_tile_twice',
      lambda: _tiff_of({322: [60000], 323: [60000], 324: [9]}).replace(
        struct.pack('<HHII', 324, 4, 1, 9), struct.pack('<HHII', 322, 4, 1, 16)
      ),
      'tiles of 60000x60000 pixels for an image of 8x8',
    ),
    (
      'jpeg_junk_between_segments',
      lambda: _jpeg_with(b'\xff\xfe\0\2' + bytes(20000), 4),
      'more than 65,536 bytes without meaning in a JPEG',
    ),
    ('tiff', lambda: _tiff_of({257: [10**8]}), '8x100000000 pixels are over'),
  )
  def test_before_a_decoder_sees_it(self, make, reason):
    data = make()
    with (
      mock.patch.object(image_limits, 'MAX_OTHER_BYTES', 2**16),
      mock.patch.object(
        image_io, '_open_plugin', wraps=image_io._open_plugin
      ) as opened,
    ):
      with self.assertRaisesRegex(
        image_io.UnreadableImage, re.escape(reason)
      ) as caught:
        # Smaller than anything: decoding a JPEG smaller does not help.
        image_io.read(data, at_least=1)
    self.assertNotIn('\n', str(caught.exception))
    if 'limit of 268435456' not in reason:
      opened.assert_not_called()

  @parameterized.parameters(
    (b'\xff\xd8\xff\xe0', 512 * 2**20),
    (b'\x89PNG\r\n\x1a\n', 512 * 2**20),
    (_riff((b'VP8X', _webp_canvas(8)))[:30], 64 * 2**20),
    (b'\0\0\0\x18ftypavif' + bytes(4) + b'mif1avif', 64 * 2**20),
    (b'\0\0\0\x18ftypheic' + bytes(4) + b'mif1heic', 64 * 2**20),
  )
  def test_sparse_files(self, head, limit):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'a.png')
      path.write_bytes(head)
      os.truncate(path, limit + 1)
      with self.assertRaisesRegex(ValueError, f'over the limit of {limit:,}'):
        image_io.read(path)

  def test_sparse_files_below_the_limit_take_no_time(self):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'a.jpg')
      for head in (
        b'\xff\xd8\xff\xe0\0\2',
        b'P6\n#',
        b'GIF89a\1\0\1\0\0\0\0',
      ):
        path.write_bytes(head)
        os.truncate(path, 500 * 2**20)
        with mock.patch.object(image_io, '_open_plugin') as opened:
          with self.assertRaises(image_io.UnreadableImage):
            image_io.read(path)
        opened.assert_not_called()


class AcceptedTest(parameterized.TestCase):
  def test_kinds(self):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for kind in ('JPEG', 'PNG', 'WEBP', 'GIF', 'BMP', 'TIFF', 'PPM', 'AVIF'):
      data = image_bytes.encoded(noise, kind)
      with tempfile.TemporaryFile() as file:
        file.write(data)
        header = image_headers.check(file, len(data))
        self.assertEqual(header, image_headers.Header(kind, False))

  def test_several_scans(self):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = image_bytes.encoded(noise, 'JPEG', progressive=True)
    with tempfile.TemporaryFile() as file:
      file.write(data)
      header = image_headers.check(file, len(data))
      self.assertEqual(header, image_headers.Header('JPEG', True))

  def test_markers_over_the_ends_of_blocks(self):
    # The scan ends somewhere around the end of a block of a mebibyte.
    for shift in range(-3, 4):
      scan = bytes(2**20 + shift)
      frame = struct.pack('>BHHB', 8, 8, 8, 3) + bytes(9)
      data = b'\xff\xd8\xff\xc2' + struct.pack('>H', len(frame) + 2) + frame
      data += (b'\xff\xda\0\2' + scan) * 3 + b'\xff\xd9' + b'\xff\xda\0\2'
      with tempfile.TemporaryFile() as file:
        file.write(data)
        with mock.patch.object(
          jpeg_headers,
          '_skip_entropy_coded',
          wraps=jpeg_headers._skip_entropy_coded,
        ) as skipped:
          self.assertTrue(
            image_headers.check(file, len(data)).has_several_scans
          )
      # What follows the end of the image is not counted.
      self.assertEqual(skipped.call_count, 3)

  def test_ordinary_files_with_much_in_them(self):
    image = Image.new('RGB', (2000, 1000), (9, 99, 200))
    for kind, options in (
      ('JPEG', {'progressive': True, 'exif': b'Exif\0\0' + bytes(60000)}),
      ('JPEG', {'icc_profile': bytes(1_000_000), 'comment': b'x' * 60000}),
      ('PNG', {'icc_profile': bytes(100_000)}),
      ('TIFF', {'tiffinfo': {270: 'x' * 100_000}}),
      ('TIFF', {'compression': 'tiff_lzw', 'tiffinfo': {278: 1}}),
      ('GIF', {'comment': b'x' * 100_000}),
    ):
      data = image_bytes.encoded(image, kind, **options)
      read = image_io.read(data)
      np.testing.assert_allclose(
        read[500, 500].astype(int), (9, 99, 200), atol=3
      )


if __name__ == '__main__':
  absltest.main()

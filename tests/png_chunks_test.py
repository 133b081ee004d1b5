"""PNG files are read whatever stands beside their pixels."""

import io
import os
import zlib

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes
from tf_twingan import image_io, png_chunks

_LONG = zlib.compress(bytes(2**21))


def _damaged(chunk: bytes) -> bytes:
  return chunk[:-1] + bytes([chunk[-1] ^ 1])


def _image() -> np.ndarray:
  return np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)


class PixelChunksTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('profile', image_bytes.png_chunk(b'iCCP', b'big\0\0' + _LONG)),
    ('text', image_bytes.png_chunk(b'zTXt', b'Comment\0\0' + _LONG)),
    (
      'international_text',
      image_bytes.png_chunk(b'iTXt', b'workflow\0\1\0\0\0' + _LONG),
    ),
    (
      'many_texts',
      b''.join(
        image_bytes.png_chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(10**6)))
        for _ in range(70)
      ),
    ),
    ('wrong_checksum', _damaged(image_bytes.png_chunk(b'tEXt', b'a\0b'))),
    ('private', image_bytes.png_chunk(b'prVt', bytes(2**21))),
  )
  def test_what_is_no_pixels_is_passed_over(self, chunks):
    image = _image()
    plain = image_bytes.encoded(image, 'PNG')
    # Behind the header, and again before the end.
    content = plain[:33] + chunks + plain[33:-12] + chunks + plain[-12:]
    np.testing.assert_array_equal(image_io.read(content), image)

  def test_orientation_is_kept(self):
    image = _image()
    upright = np.rot90(image, -1)
    exif = Image.Exif()
    exif[0x0112] = 6
    content = image_bytes.encoded(image, 'PNG', exif=exif)
    np.testing.assert_array_equal(image_io.read(content), upright)
    plain = image_bytes.encoded(image, 'PNG')
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<a tiff:Orientation="6"/>'
    content = plain[:33] + image_bytes.png_chunk(b'iTXt', xmp) + plain[33:]
    np.testing.assert_array_equal(image_io.read(content), upright)

  @parameterized.parameters(False, True)
  def test_first_frame_of_an_animation(self, is_apart):
    image = _image()
    content = image_bytes.encoded(
      image,
      'PNG',
      save_all=True,
      append_images=[Image.fromarray(255 - image)] * 2,
      default_image=is_apart,
    )
    np.testing.assert_array_equal(image_io.read(content), image)

  def test_is_read_like_a_file(self):
    kept = image_bytes.png_chunk(b'IDAT', bytes(range(200)))
    left_out = image_bytes.png_chunk(b'tEXt', bytes(100))
    start = image_bytes.png(1, 1, depth=8, color=0, data=bytes(2))[:33]
    end = image_bytes.png_chunk(b'IEND', b'')
    seen = start + kept + kept + end
    file = png_chunks.PixelChunks(
      io.BytesIO(start + left_out + kept + left_out + kept + end + b'more')
    )
    self.assertEqual(io.BufferedReader(file, 7).read(), seen)
    for at in (0, 30, 33, 100, len(seen) - 1, len(seen), len(seen) + 9):
      self.assertEqual(file.seek(at), at)
      self.assertEqual(file.tell(), at)
      rest = io.BytesIO()
      while block := file.read(50):
        rest.write(block)
      self.assertEqual(rest.getvalue(), seen[at:])
    self.assertEqual(file.seek(-5, os.SEEK_END), len(seen) - 5)

  def test_cut_off(self):
    content = image_bytes.encoded(_image(), 'PNG')
    for length in (20, 34, 45, len(content) // 2):
      with self.assertRaises(image_io.UnreadableImage):
        image_io.read(content[:length])


if __name__ == '__main__':
  absltest.main()

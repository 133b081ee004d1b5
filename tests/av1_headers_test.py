"""Frame sizes of AVIF files: those inside count, not what the file claims."""

import re
import struct

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes
from tf_twingan import av1_headers, image_io


def _claiming(content: bytes, width: int, height: int) -> bytes:
  """The file with other sizes in its boxes `ispe`."""
  return re.sub(
    b'ispe....' + b'.' * 8,
    lambda _: b'ispe' + bytes(4) + struct.pack('>2I', width, height),
    content,
    flags=re.DOTALL,
  )


class LargestFrameTest(parameterized.TestCase):
  @parameterized.product(
    mode=('RGB', 'RGBA', 'L'), subsampling=('4:2:0', '4:4:4'), width=(17, 300)
  )
  def test_images(self, mode, subsampling, width):
    content = image_bytes.encoded(
      Image.new(mode, (width, 40)), 'AVIF', subsampling=subsampling
    )
    self.assertEqual(av1_headers.largest_frame(content), (width, 40))

  def test_animations(self):
    frames = [
      Image.new('RGBA', (80, 60), color) for color in ('red', 'green', 'blue')
    ]
    content = image_bytes.encoded(
      frames[0], 'AVIF', save_all=True, append_images=frames[1:]
    )
    self.assertIn(b'moov', content)
    self.assertEqual(av1_headers.largest_frame(content), (80, 60))
    self.assertEqual(image_io.read(content).shape, (60, 80, 3))

  def test_what_the_file_claims_does_not_count(self):
    content = image_bytes.encoded(Image.new('RGB', (300, 200)), 'AVIF')
    claiming = _claiming(content, 16, 16)
    self.assertNotEqual(claiming, content)
    self.assertEqual(av1_headers.largest_frame(claiming), (300, 200))

  def test_a_second_sequence_header_counts(self):
    # The reduced header of a still picture; 16 bits for each side.
    bits = '000' + '1' + '1' + '00000' + '1111' * 2
    bits += format(16384 - 1, '016b') * 2 + '0' * 14
    header = int(bits, 2).to_bytes(len(bits) // 8, 'big')
    unit = bytes([1 << 3 | 2, len(header)]) + header
    content = image_bytes.encoded(Image.new('RGB', (64, 64)), 'AVIF')
    image = content.index(b'mdat') + 4
    # It takes the place of data, so that all offsets stay.
    first = 2 + 2 + content[image + 3]
    at = image + first
    hidden = content[:at] + unit + content[at + len(unit) :]
    rest = len(content) - at - len(unit)
    hidden = hidden[: at + len(unit)] + bytes([2 << 3 | 2, rest - 2])
    hidden += content[at + len(unit) + 2 :]
    self.assertLess(rest, 130)
    self.assertEqual(av1_headers.largest_frame(hidden), (16384, 16384))
    with self.assertRaisesRegex(
      image_io.UnreadableImage, '16384x16384 pixels are over the limit'
    ):
      image_io.read(hidden)

  def test_damaged_files_are_refused_and_nothing_else(self):
    content = image_bytes.encoded(Image.new('RGBA', (64, 64)), 'AVIF')
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
      broken = np.frombuffer(content, np.uint8).copy()
      where = rng.integers(0, len(broken), 4)
      broken[where] = rng.integers(0, 256, 4)
      try:
        av1_headers.largest_frame(broken.tobytes())
      except ValueError:
        refused += 1
    self.assertGreater(refused, 10)
    for length in range(0, content.index(b'mdat') + 4, 7):
      with self.assertRaises(ValueError):
        av1_headers.largest_frame(content[:length])

  def test_an_image_that_repeats_the_file(self):
    content = image_bytes.encoded(Image.new('RGB', (64, 64)), 'AVIF')
    head = content[: content.index(b'mdat') - 4]
    # iloc, version 0: item 1 is all of the file, many times.
    parts = 1000
    extents = struct.pack('>2I', 0, len(content)) * parts
    body = bytes(4) + b'\x44\0' + struct.pack('>4H', 1, 1, 0, parts) + extents
    box = struct.pack('>I4s', 8 + len(body), b'iloc') + body
    with self.assertRaisesRegex(ValueError, 'its images are longer'):
      av1_headers.largest_frame(box + head + content[len(head) :])

  @parameterized.parameters(
    (b'\0\0\0\x08free' * 70000, 'more than 65,536 parts'),
    (b'\0\0\0\0moov' * 3000, 'boxes in boxes without end'),
    (b'\0\0\0\4free' + bytes(8), 'a box without a size'),
    (b'', 'it holds no image'),
  )
  def test_hostile_boxes(self, content, reason):
    with self.assertRaisesRegex(ValueError, reason):
      av1_headers.largest_frame(content)


if __name__ == '__main__':
  absltest.main()

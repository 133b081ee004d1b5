"""JPEGs: colours, kinds of coding, and all that says their orientation."""

import struct

from PIL import Image

from tests import image_bytes
from tests.image_samples import base, orientations


def samples() -> dict[str, base.Sample]:
  pixels = base.asymmetric_image()
  image = Image.fromarray(pixels)
  grey = image.convert('L')
  best = dict(quality=95, subsampling=0)

  def sample(content, expected=pixels):
    return base.Sample(content, '.jpg', expected, base.LOSSY)

  plain = image_bytes.encoded(image, 'JPEG', **best)
  sideways = image_bytes.encoded(
    orientations.stored(image, orientations.SIDEWAYS), 'JPEG', **best
  )
  exif = orientations.exif(orientations.SIDEWAYS)
  upright_exif = image_bytes.jpeg_segment(
    0xE1, b'Exif\0\0' + orientations.exif(1)
  )
  big_endian = struct.pack('>2sHIHHHIHHI', b'MM', 42, 8, 1, 0x0112, 3, 1,
                           orientations.SIDEWAYS, 0, 0)  # fmt: skip
  xmp = b'http://ns.adobe.com/xap/1.0/\0' + orientations.xmp(
    orientations.SIDEWAYS
  )
  after_others = (
    image_bytes.jpeg_segment(0xED, b'Photoshop 3.0\0')
    + image_bytes.jpeg_segment(0xFE, b'A note: \xff\xe1 Exif\0\0 is not here.')
    + b'\xff\xff'
    + image_bytes.jpeg_segment(0xE1, b'Exif\0\0' + exif)
  )
  cmyk = image_bytes.encoded(as_cmyk(pixels), 'JPEG', **best)
  ycck = _ycck(pixels)
  return {
    'jpeg': sample(plain),
    'jpeg, half the colours': sample(
      image_bytes.encoded(image, 'JPEG', quality=95)
    ),
    'jpeg, progressive': sample(
      image_bytes.encoded(image, 'JPEG', progressive=True, **best)
    ),
    'jpeg, grey': sample(
      image_bytes.encoded(grey, 'JPEG', **best), base.as_rgb(grey)
    ),
    'jpeg, cmyk': sample(cmyk),
    'jpeg, ycck': sample(ycck),
    **{
      f'jpeg, orientation {number}': sample(
        image_bytes.encoded(
          orientations.stored(image, number),
          'JPEG',
          exif=orientations.pillow_exif(number),
          **best,
        )
      )
      for number in orientations.STORED
    },
    'jpeg, big-endian orientation': sample(
      _with_segments(
        sideways, image_bytes.jpeg_segment(0xE1, b'Exif\0\0' + big_endian)
      )
    ),
    'jpeg, orientation after others': sample(
      _with_segments(sideways, after_others)
    ),
    'jpeg, orientation in xmp': sample(
      _with_segments(sideways, image_bytes.jpeg_segment(0xE1, xmp))
    ),
    'jpeg, exif before xmp': sample(
      _with_segments(plain, upright_exif + image_bytes.jpeg_segment(0xE1, xmp))
    ),
    'jpeg, unknown orientation': sample(
      _with_segments(
        plain,
        image_bytes.jpeg_segment(0xE1, b'Exif\0\0' + orientations.exif(9)),
      )
    ),
    'jpeg, damaged exif': sample(
      _with_segments(
        plain,
        image_bytes.jpeg_segment(
          0xE1, b'Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01'
        ),
      )
    ),
  }


def as_cmyk(pixels):
  return Image.merge(
    'CMYK',
    [
      *(Image.fromarray(255 - pixels[..., i]) for i in range(3)),
      Image.new('L', (base.WIDTH, base.HEIGHT)),
    ],
  )


def _ycck(pixels):
  """A JPEG of four channels of which three hold luma and chroma."""
  luma_and_chroma = Image.fromarray(255 - pixels).convert('YCbCr').split()
  # Pillow stores the channels of CMYK inverted.
  channels = [Image.eval(c, lambda value: 255 - value) for c in luma_and_chroma]
  image = Image.merge(
    'CMYK', [*channels, Image.new('L', (base.WIDTH, base.HEIGHT))]
  )
  content = bytearray(
    image_bytes.encoded(image, 'JPEG', quality=95, subsampling=0)
  )
  content[content.index(b'\xff\xee') + 15] = 2  # Luma, chroma and black.
  return bytes(content)


def _with_segments(jpeg, segments):
  return jpeg[:2] + segments + jpeg[2:]

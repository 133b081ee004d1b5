"""Files of formats that a SavedModel refuses by name."""

from PIL import Image

from tests import image_bytes
from tests.image_samples import base


def samples() -> dict[str, base.Sample]:
  pixels = base.asymmetric_image()
  image = Image.fromarray(pixels)

  def sample(kind, suffix, name, tolerance=base.EXACT, **options):
    content = image_bytes.encoded(image, kind, **options)
    return base.Sample(content, suffix, pixels, tolerance, name)

  return {
    'webp': sample('WEBP', '.webp', 'WebP', lossless=True),
    'webp, lossy': sample('WEBP', '.webp', 'WebP', base.LOSSY, quality=98),
    'tiff': sample('TIFF', '.tif', 'TIFF'),
    'ppm': sample('PPM', '.ppm', 'PPM'),
    'avif': sample('AVIF', '.avif', 'AVIF', base.LOSSY, quality=95),
  }

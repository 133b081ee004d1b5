"""ICC profiles of photos: to sRGB, which networks are trained on, and back.

The pixels of a photo stay as they are stored, with their profile beside them,
so that what is not translated is not changed either. Only the part that a
network takes is converted to sRGB, and its output back.
"""

import functools
import io

import numpy as np
from PIL import Image

# Profiles of screens and cameras have a few kilobytes, with tables some
# hundred; each result carries a copy.
MAX_BYTES = 4 * 2**20
# Where the header of a profile says of which colours it is.
_SPACE = slice(16, 20)
# Steps of 255 by which sRGB that another program wrote may differ.
_TOLERANCE = 2


class Conversion:
  """Converts between the colours of a profile and sRGB, for any threads."""

  def __init__(self, profile: bytes):
    """Prepares both directions.

    Args:
      profile: an ICC profile of RGB.

    Raises:
      Exception: it is damaged, in many ways.
    """
    from PIL import ImageCms

    self._cms = ImageCms
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile('sRGB')

    def transform(before, after):
      intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
      return ImageCms.buildTransform(before, after, 'RGB', 'RGB', intent)

    self._to_srgb = transform(opened, srgb)
    self._from_srgb = transform(srgb, opened)

  def to_srgb(self, image: np.ndarray) -> np.ndarray:
    """Converts uint8 [height, width, 3] to sRGB; what sRGB lacks is clipped."""
    return self._apply(image, self._to_srgb)

  def from_srgb(self, image: np.ndarray) -> np.ndarray:
    """Converts uint8 [height, width, 3] of sRGB to the profile's colours."""
    return self._apply(image, self._from_srgb)

  def _apply(self, image, transform):
    converted = self._cms.applyTransform(Image.fromarray(image), transform)
    return np.asarray(converted)


def is_of_rgb(profile: bytes | None) -> bool:
  """Whether this may be the profile of RGB pixels, and is not huge.

  Those of CMYK or grey do not describe the RGB that such images are read as.
  """
  return bool(
    profile and len(profile) <= MAX_BYTES and profile[_SPACE] == b'RGB '
  )


@functools.lru_cache(maxsize=16)
def conversion(profile: bytes | None) -> Conversion | None:
  """What converts from and to a profile.

  Args:
    profile: an ICC profile, or None.

  Returns:
    None if there is nothing to convert: there is no profile, or it is that of
    sRGB, not of RGB, or damaged.
  """
  if profile is None or not is_of_rgb(profile):
    return None
  levels = np.linspace(0, 255, 6).astype(np.uint8)
  colors = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(6, -1, 3)
  try:
    made = Conversion(profile)
    converted = made.to_srgb(colors)
    back = made.from_srgb(colors)
  # Of a damaged profile, or one that leads one way only.
  except Exception:
    return None
  differences = (
    np.abs(changed.astype(int) - colors).max() for changed in (converted, back)
  )
  return made if max(differences) > _TOLERANCE else None

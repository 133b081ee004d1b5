"""ICC profiles of colours other than sRGB, made of that of sRGB."""

import struct

from PIL import ImageCms

# Red, green and blue as XYZ under D50, of the screens of phones.
_DISPLAY_P3 = {
  b'rXYZ': (0.51512, 0.24120, -0.00105),
  b'gXYZ': (0.29198, 0.69225, 0.04189),
  b'bXYZ': (0.15710, 0.06657, 0.78407),
}


def srgb() -> bytes:
  """The profile of sRGB."""
  return ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()


def display_p3() -> bytes:
  """A profile of more saturated colours, with the curves of sRGB."""
  profile = bytearray(srgb())
  (count,) = struct.unpack_from('>I', profile, 128)
  for entry in range(count):
    name, offset, _ = struct.unpack_from('>4sII', profile, 132 + 12 * entry)
    if name in _DISPLAY_P3:
      fixed = [round(value * 65536) for value in _DISPLAY_P3[name]]
      struct.pack_into('>3i', profile, offset + 8, *fixed)
  return bytes(profile)

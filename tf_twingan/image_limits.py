"""Limits of image files, far above what cameras and programs write.

A file of a few bytes can announce an image of gigabytes, and one of a few
megabytes can keep a decoder busy for minutes. The limits are:

  bytes of a file            512 MiB, 64 MiB where the decoder needs them whole
  pixels, decoded            64 Mi (8192x8192), see `check_pixels`
  pixels, stored             256 Mi in a JPEG that is decoded smaller
  scans of a JPEG            100, and fewer of a large one
  segments, chunks, blocks   65,536
  strips or tiles of a TIFF  65,536
  what is no pixels (text, profiles, previews)  64 MiB
  decoded by slow code       4 Mi values (text PPM, run-length BMP)

What decoding needs is limited for all threads together: see `memory_budget`.
"""

MAX_PIXELS = 64 * 2**20
MAX_STORED_PIXELS = 256 * 2**20
MAX_BYTES = 512 * 2**20
# Pillow's WebP, AVIF and HEIC decoders take the whole file into memory.
MAX_WHOLE_BYTES = 64 * 2**20
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 32 * MAX_PIXELS
MAX_PARTS = 2**16
MAX_OTHER_BYTES = 64 * 2**20
MAX_SLOW_VALUES = 4 * 2**20


class Refused(Exception):
  """Why an image is refused that a decoder might accept."""


class TooLarge(Refused):
  """An image that has more of something than a limit."""


def check_pixels(width: int, height: int, limit: int = MAX_PIXELS) -> None:
  """Raises TooLarge if an image has more pixels than the limit."""
  if width * height > limit:
    raise TooLarge(
      f'{width}x{height} pixels are over the limit of {limit} pixels; '
      'make it smaller'
    )


def check_number(what: str, value: int, limit: int) -> None:
  """Raises TooLarge if a file has more of something than its limit."""
  if value > limit:
    raise TooLarge(
      f'{value:,} {what} are over the limit of {limit:,}; make it smaller'
    )

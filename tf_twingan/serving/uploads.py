"""Images that clients send: sniffed, held against the limits, decoded.

Names and types that a client gives are not looked at: what a file is, its
first bytes say. Nothing is written to the disk.
"""

import contextlib
import io
from collections.abc import Iterator

from PIL import Image

from tf_twingan import image_headers, image_io, image_limits
from tf_twingan.serving import problems, settings


def check(content: bytes, limits: settings.Settings) -> bytes:
  """Refuses what is no image, or one over the limits, before it is decoded.

  Args:
    content: a file as it was sent.
    limits: the server's settings.

  Returns:
    The content.

  Raises:
    ClientError: it is refused; says why.
  """
  try:
    header = image_headers.check(io.BytesIO(content), len(content))
  except image_limits.Refused as error:
    raise problems.ClientError(
      413, 'image_too_large', f'The image has {error}.'
    ) from None
  if header is None:
    raise problems.ClientError(
      415,
      'unsupported_image',
      'The file is no image of a known kind; send a JPEG, PNG or WebP.',
    )
  # Only the header is read; what is damaged beyond, decoding finds.
  size = (0, 0)
  with contextlib.suppress(Exception):
    size = Image.open(io.BytesIO(content)).size
  if size[0] * size[1] > limits.max_pixels:
    raise problems.ClientError(
      413,
      'image_too_large',
      f'The image has {size[0]}x{size[1]} pixels, over the limit of '
      f'{limits.max_pixels:,}; make it smaller.',
    )
  return content


@contextlib.contextmanager
def readable() -> Iterator[None]:
  """Turns what is said of an unreadable image into a `ClientError`."""
  try:
    yield
  except image_io.UnreadableImage as error:
    raise problems.ClientError(
      422, 'unreadable_image', f'The image cannot be used: {error.reason}.'
    ) from None

"""Images that clients send: sniffed, held against the limits, decoded.

Names and types that a client gives are not looked at: what a file is, its
first bytes say. Nothing is written to the disk, and nothing is logged.
"""

import contextlib
from collections.abc import Iterator

from tf_twingan import image_io, image_limits, photo_files
from tf_twingan.serving import problems, settings


def check(content: bytes, limits: settings.Settings) -> None:
  """Refuses what is no image, or one over the limits, before it is decoded.

  Args:
    content: a file as it was sent.
    limits: the server's settings.

  Raises:
    ClientError: it is refused; says why.
  """
  if len(content) > limits.max_body_bytes:
    raise problems.ClientError(
      413,
      'image_too_large',
      f'The image has {len(content):,} bytes, over the limit of '
      f'{limits.max_body_bytes:,}; send a smaller one.',
    )
  with readable():
    width, height = image_io.read_size(content)
  try:
    image_limits.check_pixels(width, height, limits.max_pixels)
  except image_limits.TooLarge as error:
    raise _too_large(str(error)) from None


def read_photo(content: bytes, limits: settings.Settings) -> photo_files.Photo:
  """Checks a photo, and reads all that is kept of it.

  Args:
    content: a file as it was sent.
    limits: the server's settings.

  Raises:
    ClientError: it is refused; says why.
  """
  check(content, limits)
  with readable():
    return photo_files.read(content)


@contextlib.contextmanager
def readable() -> Iterator[None]:
  """Turns what is said of an unreadable image into a `ClientError`."""
  try:
    yield
  except image_io.UnknownFormat as error:
    raise problems.ClientError(
      415, 'unsupported_image', f'The file cannot be used: {error.reason}.'
    ) from None
  except image_io.TooLargeImage as error:
    raise _too_large(error.reason) from None
  except image_io.UnreadableImage as error:
    raise problems.ClientError(
      422, 'unreadable_image', f'The image cannot be used: {error.reason}.'
    ) from None


def _too_large(reason: str) -> problems.ClientError:
  return problems.ClientError(
    413, 'image_too_large', f'The image cannot be used: {reason}.'
  )

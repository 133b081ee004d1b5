"""Image files: read any common format, write PNG, list a folder.

All images are read by `read`, so that an image becomes the same eight-bit RGB
array whatever its format. It relies on Pillow rather than on TensorFlow's
decoders, which ignore EXIF orientation, drop alpha and allocate as much memory
as a file's header claims.
"""

import io
import os
import pathlib

import numpy as np
from PIL import Image, ImageOps

from tf_twingan import files, image_arrays

# HEIC is listed, though Pillow cannot read it, so that such files in a folder
# straight from a phone are reported instead of passed over silently.
SUFFIXES = (
  '.avif',
  '.bmp',
  '.gif',
  '.heic',
  '.heif',
  '.jfif',
  '.jpeg',
  '.jpg',
  '.pgm',
  '.png',
  '.ppm',
  '.tif',
  '.tiff',
  '.webp',
)
MAX_PIXELS = 64 * 2**20

# Naming the formats keeps Pillow from handing a mislabelled file to one of its
# plugins that start other programs (EPS runs Ghostscript).
_FORMATS = ('JPEG', 'PNG', 'WEBP', 'GIF', 'BMP', 'TIFF', 'PPM', 'AVIF')


class UnreadableImage(ValueError):
  """An image that cannot be used.

  Attributes:
    reason: why it cannot be used, without the name of the file.
  """

  def __init__(self, name: str, reason: str):
    super().__init__(f'{name}: {reason}')
    self.reason = reason


class _Refused(Exception):
  """Why an image that the decoder accepts is still refused."""


def read(
  path_or_bytes: str | os.PathLike | bytes, *, at_least: int | None = None
) -> np.ndarray:
  """Reads one image of any common format, upright and opaque.

  Args:
    path_or_bytes: path of a file, or the content of one.
    at_least: length in pixels that suffices for both sides. A JPEG may then
      come back smaller than stored (by 2, 4 or 8, both sides still at least
      this long), which decodes large photos several times faster.

  Returns:
    uint8 RGB, [height, width, 3]: EXIF orientation applied, transparency
    composited on white, the first frame or page, 16-bit grey scaled to 8 bits.

  Raises:
    FileNotFoundError: there is no such file.
    UnreadableImage: it is no image that can be read, or has more pixels than
      `MAX_PIXELS`.
  """
  file: io.BytesIO | str | os.PathLike
  if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
    name, file = 'the given bytes', io.BytesIO(path_or_bytes)
  else:
    name, file = os.fspath(path_or_bytes), path_or_bytes
  try:
    with Image.open(file, formats=_FORMATS) as image:
      width, height = image.size
      if width * height > MAX_PIXELS:
        raise _Refused(
          f'{width}x{height} pixels are over the limit of '
          f'{MAX_PIXELS} pixels; make it smaller'
        )
      if at_least is not None:
        image.draft(None, (at_least, at_least))
      image.load()
      return np.asarray(_rgb(_upright(image)))
  except FileNotFoundError:
    raise FileNotFoundError(f'{name}: no such file; check the path') from None
  except _Refused as error:
    reason = str(error)
  except (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
  ) as error:
    reason = f'over the limit of {MAX_PIXELS} pixels; make it smaller ({error})'
  except Image.UnidentifiedImageError:
    reason = (
      'not an image in a known format, or damaged at its start '
      f'(known: {", ".join(_FORMATS)})'
    )
  # On damaged files the decoders raise nearly every exception there is.
  except Exception as error:
    reason = ' '.join(str(error).split()) or type(error).__name__
  raise UnreadableImage(name, reason) from None


def _upright(image: Image.Image) -> Image.Image:
  try:
    return ImageOps.exif_transpose(image)
  # Damaged EXIF says nothing about the orientation; the pixels are still good.
  except Exception:
    return image


def _rgb(image: Image.Image) -> Image.Image:
  """An opaque eight-bit RGB image from any of Pillow's pixel modes."""
  if image.mode.startswith('I'):
    # Pillow's own conversion clips, which turns 16-bit grey nearly white.
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
      raise _Refused(
        f'integer grey from {values.min()} to {values.max()}; '
        'save it with 8 or 16 bits'
      )
    image = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
  elif image.mode == 'F':
    values = np.asarray(image)
    if not (values.min() >= 0 and values.max() <= 1):
      raise _Refused(
        'floating-point grey outside [0, 1]; save it with 8 or 16 bits'
      )
    image = Image.fromarray(np.rint(values * 255).astype(np.uint8))
  if image.has_transparency_data:
    image = image.convert('RGBA')
    white = Image.new('RGBA', image.size, 'white')
    image = Image.alpha_composite(white, image)
  return image.convert('RGB')


def write_png(path: str | os.PathLike, image: np.ndarray) -> None:
  """Writes uint8 RGB, [height, width, 3], wholly or not at all.

  The folder is made if missing. A reader, say an open viewer, sees the old
  file or the new one and never half of one.
  """
  whole = Image.fromarray(image_arrays.check_image(image))
  # Not durable: whole folders of images are made again by the same command.
  with files.atomic_path(path, durable=False) as unfinished:
    whole.save(unfinished, format='PNG')


def list_files(folder: str | os.PathLike) -> list[pathlib.Path]:
  """All image files under a folder, sorted by their path inside it.

  Files count by their suffix (`SUFFIXES`, in either case). Links to folders
  are followed; hidden files and folders are left out.
  """
  folder = pathlib.Path(folder)
  if not folder.exists():
    raise FileNotFoundError(f'{folder}: no such folder; check the path')
  if not folder.is_dir():
    raise ValueError(
      f'{folder}: a file, not a folder; give the folder that holds the images'
    )
  paths, visited = [], set()
  for root, folders, names in os.walk(
    folder, onerror=_raise_unlistable, followlinks=True
  ):
    # A link to one of its own parents would otherwise never end.
    real = os.path.realpath(root)
    if real in visited:
      folders.clear()
      continue
    visited.add(real)
    folders[:] = sorted(f for f in folders if not f.startswith('.'))
    paths += [
      pathlib.Path(root, name)
      for name in names
      if not name.startswith('.') and name.lower().endswith(SUFFIXES)
    ]
  return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())


def _raise_unlistable(error: OSError) -> None:
  raise ValueError(
    f'{error.filename}: this folder cannot be listed '
    f'({error.strerror}); check its permissions'
  )

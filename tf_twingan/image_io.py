"""Image files: read any common format, write PNG, list a folder.

All images are read by `read` or `read_square`, so that an image becomes the
same eight-bit RGB array whatever its format. They rely on Pillow rather than on
TensorFlow's decoders, which ignore EXIF orientation, drop alpha and allocate as
much memory as a file's header claims.
"""

import contextlib
import errno
import importlib.util
import io
import math
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageFile

from tf_twingan import (
  errors,
  extras,
  files,
  image_arrays,
  image_headers,
  image_limits,
  image_pixels,
  memory_budget,
  other_files,
  png_chunks,
  regular_files,
)

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
# To be raised when the same file becomes other pixels, or is read at all, so
# that what was decoded before is not taken for what would be decoded now.
DECODING = 2
# Folders in which other programs keep thumbnails, or what was deleted.
_FOREIGN_FOLDERS = {
  '@eadir',
  '@recycle',
  '#recycle',
  '$recycle.bin',
  '__macosx',
  'system volume information',
}
MAX_PIXELS = image_limits.MAX_PIXELS

# What all threads of a process together may need to decode images.
_memory = memory_budget.MemoryBudget(3 * 2**29)

Source = str | os.PathLike | bytes | bytearray | memoryview

T = TypeVar('T')


class UnreadableImage(ValueError):
  """An image that cannot be used.

  Attributes:
    reason: why it cannot be used, without the name of the file; one line.
  """

  def __init__(self, name: str, reason: str):
    self.reason = errors.printable(reason)
    super().__init__(f'{errors.printable(name)}: {self.reason}')


class MissingImage(UnreadableImage, FileNotFoundError):
  """There is no file of this name, or it is a link to one that is gone."""


class TooLargeImage(UnreadableImage):
  """An image that is over one of the limits of `image_limits`."""


class UnknownFormat(UnreadableImage):
  """What is no image, or one of a format that is not read."""


def read(source: Source, *, at_least: int | None = None) -> np.ndarray:
  """Reads one image of any common format, upright and opaque.

  Args:
    source: path of a file, or the content of one.
    at_least: length in pixels that suffices for both sides. A JPEG may then
      come back smaller than stored (by 2, 4 or 8, both sides still at least
      this long), which decodes large photos several times faster, and those of
      up to 256 Mi pixels at all.

  Returns:
    uint8 RGB, [height, width, 3]: EXIF orientation applied, transparency
    composited on white, the first frame or page, grey of up to 16 bits scaled.

  Raises:
    MissingImage: there is no such file.
    UnreadableImage: it is no regular file, no image that can be read, over one
      of the limits of `image_limits`, or of a kind that `image_pixels`
      refuses.
  """
  with _decoded(source, at_least) as image:
    return np.asarray(image)


def read_with(
  source: Source, look: Callable[[Image.Image], T]
) -> tuple[np.ndarray, T]:
  """Reads one image, and what else its file holds.

  Args:
    source: see `read`.
    look: called with the image as Pillow opened it, before its pixels are
      decoded; `info` holds the `icc_profile` of a PNG, too.

  Returns:
    What `read` returns, and what `look` does.

  Raises:
    UnreadableImage: see `read`; or `look` raised something.
  """
  seen: list[T] = []
  with _decoded(source, None, lambda image: seen.append(look(image))) as image:
    return np.asarray(image), seen[0]


def read_size(source: Source) -> tuple[int, int]:
  """Width and height of an image as it is stored; no pixel is decoded.

  Args:
    source: see `read`.

  Raises:
    UnknownFormat: it is no image, or of a format that is not read.
    TooLargeImage: it is over one of the limits of `image_limits`.
    UnreadableImage: see `read`.
  """
  with contextlib.ExitStack() as held:
    return _attempt(source, lambda: _open(source, held).image.size)


def read_square(
  source: Source, resolution: int, fit: str = 'crop', *, crop: float = 1.0
) -> np.ndarray:
  """Reads one image and makes it square, with less memory than one by one.

  Args:
    source: see `read`.
    resolution: side of the result in pixels.
    fit: see `image_arrays.square`.
    crop: see `image_arrays.square`.

  Returns:
    uint8 RGB, [resolution, resolution, 3].

  Raises:
    UnreadableImage: see `read`.
  """
  # Twice the pixels needed leave the last step to the better filter.
  at_least = math.ceil(2 * resolution / crop)
  with _decoded(source, at_least) as image:
    return image_arrays.square_of(image, resolution, fit, crop=crop)


@contextlib.contextmanager
def _decoded(
  source: Source,
  at_least: int | None,
  look: Callable[[Image.Image], Any] | None = None,
) -> Iterator[Image.Image]:
  """An image of mode RGB, for the length of a block."""
  with contextlib.ExitStack() as held:
    yield _attempt(source, lambda: _decode(source, at_least, held, look))


def _attempt(source: Source, read_it: Callable[[], T]) -> T:
  """What a function reads from a source; UnreadableImage if it cannot."""
  kind = UnreadableImage
  if isinstance(source, (bytes, bytearray, memoryview)):
    name = 'the given bytes'
  else:
    name = os.fspath(source)
  try:
    return read_it()
  except image_limits.Refused as error:
    reason = str(error)
    if isinstance(error, image_limits.TooLarge):
      kind = TooLargeImage
    elif isinstance(error, _Unknown):
      kind = UnknownFormat
  except regular_files.NotRegular as error:
    is_folder = error.kind == 'a folder'
    reason = _folder_reason(name) if is_folder else str(error)
  except OSError as error:
    reason = _reason(name, error)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
      kind = MissingImage
  # On damaged files the decoders raise nearly every exception there is.
  except Exception as error:
    reason = ' '.join(str(error).split()) or type(error).__name__
  raise kind(name, reason) from None


class _Unknown(image_limits.Refused):
  """What is of no format that is read."""


class _Opened(NamedTuple):
  """An image whose pixels are not decoded yet."""

  image: ImageFile.ImageFile
  header: image_headers.Header
  profile: bytes | None


def _open(
  source: Source, held: contextlib.ExitStack, *, with_profile: bool = False
) -> _Opened:
  file: BinaryIO
  if isinstance(source, (bytes, bytearray, memoryview)):
    file, size = io.BytesIO(source), len(source)
  else:
    file = held.enter_context(regular_files.open_binary(source))
    size = os.fstat(file.fileno()).st_size
  header = image_headers.check(file, size)
  if header is None:
    file.seek(0)
    raise _Unknown(other_files.describe(file.read(4096)))
  profile = None
  if header.kind == 'PNG':
    profile = png_chunks.color_profile(file) if with_profile else None
    file = io.BufferedReader(png_chunks.PixelChunks(file))
  file.seek(0)
  return _Opened(_open_plugin(header.kind, file), header, profile)


def _decode(
  source: Source,
  at_least: int | None,
  held: contextlib.ExitStack,
  look: Callable[[Image.Image], Any] | None,
) -> Image.Image:
  image, header, profile = _open(source, held, with_profile=look is not None)
  if profile is not None:
    image.info['icc_profile'] = profile
  needed = 0
  if header.kind == 'JPEG':
    image_limits.check_pixels(*image.size, image_limits.MAX_STORED_PIXELS)
    if header.has_several_scans:
      # Two bytes for each of three coefficients, of a small result as well.
      needed = 6 * image.size[0] * image.size[1]
    if at_least is not None:
      image.draft(None, (at_least, at_least))
  image_limits.check_pixels(*image.size)
  if look is not None:
    look(image)
  held.enter_context(_memory.hold(needed + image_pixels.bytes_needed(image)))
  rgb = image_pixels.load_rgb(image)
  turn = _TURNS.get(_orientation(image))
  return rgb if turn is None else rgb.transpose(turn)


def read_xmp(path: str | os.PathLike) -> bytes | None:
  """The packet of XMP in a PNG, JPEG or WebP file; its pixels are not decoded.

  Args:
    path: the file. Anything may be there.

  Returns:
    None if there is none, or it cannot be read.
  """
  # On damaged files the decoders raise nearly every exception there is.
  with contextlib.suppress(Exception):
    with regular_files.open_binary(path) as file:
      header = image_headers.check(file, os.fstat(file.fileno()).st_size)
      if header is not None and header.kind == 'PNG':
        return png_chunks.xmp(file)
      if header is not None and header.kind in ('JPEG', 'WEBP'):
        file.seek(0)
        return _open_plugin(header.kind, file).info.get('xmp')
  return None


def _reason(name: str, error: OSError) -> str:
  """Why a file cannot be opened or read."""
  if error.errno in (errno.ENOENT, errno.ENOTDIR):
    if os.path.islink(name):
      return 'a link to a file that does not exist'
    return 'no such file; check the path'
  if error.errno == errno.ELOOP:
    return 'a link that leads back to itself'
  if error.errno is not None:
    return f'cannot be opened ({error.strerror}); check its permissions'
  # What Pillow says about damaged files.
  return ' '.join(str(error).split()) or type(error).__name__


def _folder_reason(name: str) -> str:
  """Why a folder stands in the place of an image file."""
  try:
    os.scandir(name).close()
  except OSError as error:
    return _unlistable(error)
  return 'a folder, not an image file'


def _unlistable(error: OSError) -> str:
  """Why the files in a folder are not known."""
  return (
    f'this folder cannot be listed ({error.strerror}); check its permissions'
  )


# Naming the plugins keeps Pillow from handing a mislabelled file to one of
# those that start other programs (EPS runs Ghostscript). Not through
# `Image.open`, which warns of what `image_headers` has found good.
_PLUGINS = {
  'AVIF': ('PIL.AvifImagePlugin', 'AvifImageFile'),
  'BMP': ('PIL.BmpImagePlugin', 'BmpImageFile'),
  'GIF': ('PIL.GifImagePlugin', 'GifImageFile'),
  'HEIF': ('pillow_heif.as_plugin', 'HeifImageFile'),
  'JPEG': ('PIL.JpegImagePlugin', 'jpeg_factory'),
  'PNG': ('PIL.PngImagePlugin', 'PngImageFile'),
  'PPM': ('PIL.PpmImagePlugin', 'PpmImageFile'),
  'TIFF': ('PIL.TiffImagePlugin', 'TiffImageFile'),
  'WEBP': ('PIL.WebPImagePlugin', 'WebPImageFile'),
}


def reads_heic() -> bool:
  """Whether HEIC can be read: only with what the extra `heic` installs."""
  return importlib.util.find_spec('pillow_heif') is not None


def _open_plugin(kind: str, file: BinaryIO) -> ImageFile.ImageFile:
  module, factory = _PLUGINS[kind]
  try:
    plugin = getattr(importlib.import_module(module), factory)
  except ImportError:
    raise image_limits.Refused(
      f'HEIC needs `{extras.command("heic")}`; or convert it to JPEG'
    ) from None
  try:
    return plugin(file, '')
  except SyntaxError as error:
    reason = f'a {kind} file that is damaged or of an unknown kind ({error}'
    if kind == 'TIFF':
      with contextlib.suppress(Exception):
        reason += image_pixels.describe_tiff(file)
    raise image_limits.Refused(f'{reason})') from None


# How an image is turned upright, by the orientation in its EXIF.
_TURNS = {
  2: Image.Transpose.FLIP_LEFT_RIGHT,
  3: Image.Transpose.ROTATE_180,
  4: Image.Transpose.FLIP_TOP_BOTTOM,
  5: Image.Transpose.TRANSPOSE,
  6: Image.Transpose.ROTATE_270,
  7: Image.Transpose.TRANSVERSE,
  8: Image.Transpose.ROTATE_90,
}


def _orientation(image: Image.Image) -> int:
  try:
    return image.getexif().get(0x0112, 1)
  # Damaged EXIF says nothing about the orientation; the pixels are still good.
  except Exception:
    return 1


def write_png(path: str | os.PathLike, image: np.ndarray) -> None:
  """Writes uint8 RGB, [height, width, 3], wholly or not at all.

  The folder is made if missing. A reader, say an open viewer, sees the old
  file or the new one and never half of one.
  """
  whole = Image.fromarray(image_arrays.check_image(image))
  # Not durable: whole folders of images are made again by the same command.
  with files.atomic_path(path, durable=False) as unfinished:
    whole.save(unfinished, format='PNG')


def list_files(
  folder: str | os.PathLike, suffixes: tuple[str, ...] = SUFFIXES
) -> list[pathlib.Path]:
  """All image files under a folder, sorted by their path inside it.

  Files count by their suffix, in either case, also those that cannot be read,
  say a link to nothing: `read` tells why. A folder below that cannot be listed
  counts as one such file. Links to folders are followed; hidden files and
  folders are left out, and the folders in which systems and network drives keep
  thumbnails or deleted files.

  Args:
    folder: the folder.
    suffixes: those of the files, in lower case.

  Raises:
    FileNotFoundError: there is no such folder.
    ValueError: it is no folder, or cannot be listed.
  """
  folder = pathlib.Path(folder)
  name = errors.printable(folder)
  if not os.path.exists(folder):
    what = (
      'a link that leads nowhere' if folder.is_symlink() else 'no such folder'
    )
    raise FileNotFoundError(f'{name}: {what}; check the path')
  if not os.path.isdir(folder):
    raise ValueError(
      f'{name}: a file, not a folder; give the folder that holds the images'
    )
  paths, visited = [], set()

  def add_unlistable(error: OSError) -> None:
    if os.fspath(error.filename) == os.fspath(folder):
      raise ValueError(f'{name}: {_unlistable(error)}')
    paths.append(pathlib.Path(error.filename))

  for root, folders, names in os.walk(
    folder, onerror=add_unlistable, followlinks=True
  ):
    # A link to one of its own parents would otherwise never end.
    real = os.path.realpath(root)
    if real in visited:
      folders.clear()
      continue
    visited.add(real)
    folders[:] = sorted(
      name
      for name in folders
      if not name.startswith('.') and name.lower() not in _FOREIGN_FOLDERS
    )
    paths += [
      pathlib.Path(root, name)
      for name in names
      if not name.startswith('.') and name.lower().endswith(suffixes)
    ]
  return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())

"""Photos with what must survive their translation, and files of results.

A photo keeps its colour profile and those EXIF entries that say how it was
taken and whose it is. What says where, captions, thumbnails (which show the
face as it was), notes of the camera's maker, which may hold anything, and the
metadata of editors (XMP, IPTC), which hold places and names, are left behind.
"""

import io
import numbers
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from tf_twingan import color_profiles, files, image_arrays, image_io, provenance

Format = Literal['png', 'jpeg', 'webp']
# The suffix of files of each format that are written.
SUFFIXES: dict[Format, str] = {'png': '.png', 'jpeg': '.jpg', 'webp': '.webp'}
# What else names a format.
_ALIASES: dict[str, Format] = {'.jpeg': 'jpeg', '.jfif': 'jpeg'}
# All colours are stored at full resolution, which drawn lines need.
JPEG_QUALITY = 95
# A tenth larger than with the usual 6, and written in two thirds of the time.
_PNG_LEVEL = 3
# What a side may have, by what the formats have room for.
_LARGEST_SIDES = {'jpeg': 65535, 'webp': 16383}

_BASE, _TIFF = ExifTags.Base, ExifTags.IFD
_KEPT = (
  *(_BASE.Make, _BASE.Model, _BASE.DateTime, _BASE.Artist, _BASE.Copyright),
  *(_BASE.XResolution, _BASE.YResolution, _BASE.ResolutionUnit),
)
_KEPT_OF_CAMERA = (
  *(_BASE.ExposureTime, _BASE.FNumber, _BASE.ExposureProgram),
  *(_BASE.ISOSpeedRatings, _BASE.ExifVersion, _BASE.DateTimeOriginal),
  *(_BASE.DateTimeDigitized, _BASE.ShutterSpeedValue, _BASE.ApertureValue),
  *(_BASE.BrightnessValue, _BASE.ExposureBiasValue, _BASE.MaxApertureValue),
  *(_BASE.SubjectDistance, _BASE.MeteringMode, _BASE.LightSource, _BASE.Flash),
  *(_BASE.FocalLength, _BASE.SubsecTime, _BASE.SubsecTimeOriginal),
  *(_BASE.SubsecTimeDigitized, _BASE.ColorSpace, _BASE.SensingMethod),
  *(_BASE.ExposureMode, _BASE.WhiteBalance, _BASE.DigitalZoomRatio),
  *(_BASE.FocalLengthIn35mmFilm, _BASE.SceneCaptureType, _BASE.Contrast),
  *(_BASE.Saturation, _BASE.Sharpness, _BASE.LensSpecification),
  *(_BASE.LensMake, _BASE.LensModel),
)
# A caption may say where, and a time with its zone does.
_LOCATING_CAPTION = (_BASE.ImageDescription,)
_LOCATING = (
  *(_BASE.OffsetTime, _BASE.OffsetTimeOriginal, _BASE.OffsetTimeDigitized),
)
_LONGEST_VALUE = 4096
# JPEG has room for twice as much.
_LONGEST_EXIF = 2**15
# How EXIF says that a comment is ASCII.
_ASCII = b'ASCII\0\0\0'


class Metadata(NamedTuple):
  """What of a photo's file goes into that of its translation.

  Attributes:
    profile: ICC profile of its pixels; None if it has none.
    exif: EXIF, without what is left behind; None if nothing is left.
  """

  profile: bytes | None = None
  exif: bytes | None = None


class Photo(NamedTuple):
  """A photo as it is stored, upright.

  Attributes:
    pixels: uint8 RGB [height, width, 3], not converted to other colours.
    metadata: what else of its file survives.
  """

  pixels: np.ndarray
  metadata: Metadata


def read(source: image_io.Source, *, keep_location: bool = False) -> Photo:
  """Reads a photo and what must survive of its file.

  Args:
    source: path of a file of any common format, or the content of one.
    keep_location: also keep what says where it was taken.

  Raises:
    UnreadableImage: see `image_io.read`.
  """
  return Photo(
    *image_io.read_with(source, lambda image: _metadata(image, keep_location))
  )


def format_of(path: str | os.PathLike) -> Format | None:
  """The format that the suffix of a file's name asks for; None for others."""
  suffix = os.path.splitext(path)[1].lower()
  names = {ending: kind for kind, ending in SUFFIXES.items()} | _ALIASES
  return names.get(suffix)


def encode(
  image: np.ndarray,
  kind: Format = 'png',
  *,
  metadata: Metadata | None = None,
  origin: provenance.Provenance | None = None,
) -> bytes:
  """The content of an image file.

  PNG and WebP hold the very pixels, JPEG does not.

  Args:
    image: uint8 RGB [height, width, 3].
    kind: its format.
    metadata: what a photo's file adds; None if it is not of one photo.
    origin: what the file says of how it came about; None for nothing.

  Raises:
    ValueError: the format has no room for so many pixels.
  """
  whole = Image.fromarray(image_arrays.check_image(image))
  limit = _LARGEST_SIDES.get(kind)
  if limit and max(whole.size) > limit:
    raise ValueError(
      f'{whole.size[0]}x{whole.size[1]} pixels are more than {kind.upper()} '
      f'holds, {limit} on a side; write PNG'
    )
  metadata = metadata or Metadata()
  options: dict[str, Any] = {}
  if metadata.profile:
    options['icc_profile'] = metadata.profile
  exif = metadata.exif
  if origin is not None:
    # A PNG has texts.
    if exif or kind != 'png':
      exif = _with_origin(exif, origin)
    if kind == 'png':
      options['pnginfo'] = _png_texts(origin)
    else:
      options['xmp'] = origin.xmp()
  if exif:
    options['exif'] = exif
  if kind == 'jpeg':
    options |= {'quality': JPEG_QUALITY, 'subsampling': 0}
  elif kind == 'png':
    options['compress_level'] = _PNG_LEVEL
  elif kind == 'webp':
    # With `method` 4, a large photo takes minutes.
    options |= {'lossless': True, 'quality': 30, 'method': 1}
  content = io.BytesIO()
  whole.save(content, format=kind, **options)
  return content.getvalue()


def write(
  path: str | os.PathLike,
  image: np.ndarray,
  kind: Format | None = None,
  *,
  metadata: Metadata | None = None,
  origin: provenance.Provenance | None = None,
) -> None:
  """Writes an image file, wholly or not at all; its folder is made if missing.

  Args:
    path: the file to write or replace.
    image: uint8 RGB [height, width, 3].
    kind: its format; None for that of its suffix, or PNG.
    metadata: see `encode`.
    origin: see `encode`.

  Raises:
    OSError: it cannot be written.
    ValueError: see `encode`.
  """
  kind = kind or format_of(path) or 'png'
  content = encode(image, kind, metadata=metadata, origin=origin)
  # Not durable: whole folders of images are made again by the same command.
  with files.atomic_path(path, durable=False) as unfinished:
    unfinished.write_bytes(content)


def _metadata(image: Image.Image, keep_location: bool) -> Metadata:
  profile = image.info.get('icc_profile')
  if not color_profiles.is_of_rgb(profile):
    profile = None
  try:
    exif = _kept_exif(image.getexif(), keep_location)
  # Damaged EXIF is left behind, and the pixels are still good.
  except Exception:
    exif = None
  return Metadata(profile, exif)


def _kept_exif(exif: Image.Exif, keep_location: bool) -> bytes | None:
  kept = Image.Exif()
  for tag in _KEPT + _LOCATING_CAPTION * keep_location:
    if _is_sound(value := exif.get(tag)):
      kept[tag] = _as_stored(value)
  of_camera = _KEPT_OF_CAMERA + _LOCATING * keep_location
  _copy(exif, kept, _TIFF.Exif, of_camera)
  if keep_location:
    _copy(exif, kept, _TIFF.GPSInfo, tuple(ExifTags.GPS))
  if not kept:
    return None
  # Pixels are turned upright when they are read.
  kept[_BASE.Orientation] = 1
  content = kept.tobytes()
  return content if len(content) <= _LONGEST_EXIF else None


def _copy(
  exif: Image.Exif, kept: Image.Exif, directory: int, tags: Iterable[int]
) -> None:
  found = exif.get_ifd(directory)
  values = {tag: found[tag] for tag in tags if _is_sound(found.get(tag))}
  if values:
    kept[directory] = _all_as_stored(values)


def _is_sound(value: Any) -> bool:
  if isinstance(value, str | bytes):
    return 0 < len(value) <= _LONGEST_VALUE
  if isinstance(value, tuple):
    return 0 < len(value) <= 64 and all(map(_is_sound, value))
  return isinstance(value, numbers.Number)


class _Stored(str):
  """A text of EXIF that is written with the bytes it was read from."""

  def encode(self, *_) -> bytes:
    # Pillow reads any bytes as Latin-1, and asks for ASCII when it writes.
    return super().encode('latin-1', 'replace')


def _as_stored(value: Any) -> Any:
  return _Stored(value) if isinstance(value, str) else value


def _all_as_stored(entries: Mapping[int, Any]) -> dict[int, Any]:
  return {tag: _as_stored(value) for tag, value in entries.items()}


def _with_origin(exif: bytes | None, origin: provenance.Provenance) -> bytes:
  """EXIF that also says how an image came about."""
  whole = Image.Exif()
  if exif:
    whole.load(exif)
    for tag in _KEPT + _LOCATING_CAPTION:
      if tag in whole:
        whole[tag] = _as_stored(whole[tag])
    # Asked for what is not there, Pillow would write an empty one.
    if _TIFF.GPSInfo in whole:
      whole[_TIFF.GPSInfo] = _all_as_stored(whole.get_ifd(_TIFF.GPSInfo))
  whole[_BASE.Orientation] = 1
  whole[_BASE.Software] = origin.software
  of_camera = _all_as_stored(whole.get_ifd(_TIFF.Exif))
  of_camera[_BASE.UserComment] = _ASCII + origin.statement.encode()
  whole[_TIFF.Exif] = of_camera
  return whole.tobytes()


def _png_texts(origin: provenance.Provenance) -> PngImagePlugin.PngInfo:
  texts = PngImagePlugin.PngInfo()
  for keyword, text in origin.texts().items():
    texts.add_itxt(keyword, text)
  return texts

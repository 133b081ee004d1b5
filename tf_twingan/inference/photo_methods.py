"""Ways to translate files of whole photos: faces put back or cut out, tiles.

The pixels of a photo stay in its own colours. What the network takes is
converted to sRGB, and what it gives is converted back where it is put beside
the photo's pixels.
"""

import collections
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import (
  color_profiles,
  errors,
  image_io,
  photo_files,
  provenance,
)
from tf_twingan.data.prepare import photos, preparer
from tf_twingan.inference import file_methods

# More lines would push what matters off the screen.
_PRINTED = 20


class _Content(NamedTuple):
  """A photo, and its faces."""

  photo: photo_files.Photo
  faces: Sequence[preparer.PreparedImage] = ()


class _Square(NamedTuple):
  """A face of which no more is known than what the network takes."""

  image: np.ndarray


class _OfPhotographs:
  """What the methods below have in common."""

  _name = ''

  def __init__(
    self,
    photographs: Any,
    to: str,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
    compare: bool = False,
    keep_location: bool = False,
    asked: Mapping[str, Any] | None = None,
  ):
    """Makes the method.

    Args:
      photographs: a `photographs.Photographs`.
      to: name of the domain to translate to.
      source: name of the domain that the photos belong to; may be left out if
        the model has two.
      style: style code of all outputs, or None; see `Translator.translate`.
      compare: whether to put each result beside what it was made of.
      keep_location: whether results of whole photos keep what says where these
        were taken.
      asked: the options of `photographs`, as JSON knows them.

    Raises:
      ValueError: there is no such domain.
    """
    self._photographs, self._model = photographs, photographs.translator
    self._to, self._source = to, self._model.source_for(to, source)
    self._style, self._compare = style, compare
    self._keep_location, self._asked = keep_location, dict(asked or {})
    # How many each photo has; threads may append to it at once.
    self._numbers_of_faces: collections.deque[int] = collections.deque()
    # Of photos that are translated for other faces, and why.
    self._left_out: collections.deque[str] = collections.deque()

  @property
  def options(self) -> Mapping[str, Any]:
    """See `file_methods.Method`."""
    return {
      'method': self._name,
      'compare': self._compare,
      'keep_location': self._keep_location,
      **self._asked,
      **file_methods.direction_options(
        self._model, self._to, self._source, self._style
      ),
    }

  @property
  def source_type(self) -> str:
    """See `file_methods.Method`."""
    return provenance.PARTS if self._compare else provenance.WHOLE

  @property
  def summary(self) -> str:
    """See `file_methods.Method`; of what this process loaded."""
    if not self._numbers_of_faces:
      return ''
    count, photos_ = sum(self._numbers_of_faces), len(self._numbers_of_faces)
    lines = [f'Faces found: {count}, photos with any: {photos_}.']
    if self._left_out:
      lines.append(f'Faces left out of these photos: {len(self._left_out)}.')
      left_out = sorted(self._left_out)
      lines += [f'  {line}' for line in left_out[:_PRINTED]]
      if len(left_out) > _PRINTED:
        lines.append(f'  and {len(left_out) - _PRINTED} more')
    return '\n'.join(lines)

  def load(self, path: str | os.PathLike) -> file_methods.Loaded:
    """See `file_methods.Method`."""
    photo = photo_files.read(path, keep_location=self._keep_location)
    name = os.path.basename(os.fspath(path))
    found = self._photographs.find(photo.pixels, self._source, name)
    if not found.images:
      raise image_io.UnreadableImage(
        os.fspath(path), photos.reason_of(found.rejections[0])
      )
    self._numbers_of_faces.append(len(found.images))
    self._left_out.extend(
      f'{errors.printable(path)}: {photos.reason_of(one)}'
      for one in found.rejections
    )
    conversion = color_profiles.conversion(photo.metadata.profile)
    squares = [face.image for face in found.images]
    if conversion is not None:
      squares = [conversion.to_srgb(square) for square in squares]
    size = photo.pixels.nbytes
    return file_methods.Loaded(
      np.stack(squares),
      _Content(photo, found.images),
      size,
      # The result; or this, and both side by side.
      3 * size if self._compare else size,
    )

  def translate(self, squares: np.ndarray) -> np.ndarray:
    """See `file_methods.Method`."""
    return self._photographs.translate_faces(
      [_Square(square) for square in squares],
      self._to,
      self._source,
      style=self._style,
    )


class PastedFaces(_OfPhotographs):
  """Photos with their faces translated and put back."""

  _name = 'pasted_faces'

  @property
  def source_type(self) -> str:
    """See `file_methods.Method`."""
    return provenance.PARTS

  def finish(
    self, loaded: file_methods.Loaded, translated: np.ndarray
  ) -> file_methods.Result:
    """See `file_methods.Method`."""
    pixels, metadata = loaded.content.photo
    conversion = color_profiles.conversion(metadata.profile)
    if conversion is not None:
      translated = np.stack([conversion.from_srgb(one) for one in translated])
    result = self._photographs.paste(pixels, loaded.content.faces, translated)
    if self._compare:
      result = np.concatenate([pixels, result], axis=1)
    return file_methods.Result(result, metadata)


class FaceCrops(_OfPhotographs):
  """The aligned square of each face of a photo, translated.

  The square of the second face goes to NAME.face2.png, and so on.
  """

  _name = 'face_crops'

  def load(self, path: str | os.PathLike) -> file_methods.Loaded:
    """See `file_methods.Method`."""
    loaded = super().load(path)
    # The photo itself is of no more use.
    size = loaded.squares.nbytes
    result = size * self._photographs.factor**2
    return file_methods.Loaded(
      loaded.squares, None, size, 4 * result if self._compare else result
    )

  def finish(
    self, loaded: file_methods.Loaded, translated: np.ndarray
  ) -> file_methods.Result:
    """See `file_methods.Method`."""
    images = list(translated)
    if self._compare:
      images = [
        np.concatenate([file_methods.enlarged(before, after), after], axis=1)
        for before, after in zip(loaded.squares, translated, strict=True)
      ]
    return file_methods.Result(images[0], others=images[1:])


class WholeImages(_OfPhotographs):
  """Whole images, translated by tiles."""

  _name = 'whole_images'

  def load(self, path: str | os.PathLike) -> file_methods.Loaded:
    """See `file_methods.Method`."""
    photo = photo_files.read(path, keep_location=self._keep_location)
    try:
      finishing = self._photographs.size_of(photo.pixels)
    except ValueError as error:
      raise image_io.UnreadableImage(os.fspath(path), str(error)) from error
    conversion = color_profiles.conversion(photo.metadata.profile)
    if conversion is not None:
      # All of the result is the network's, whose colours are sRGB.
      photo = photo_files.Photo(
        conversion.to_srgb(photo.pixels), photo.metadata._replace(profile=None)
      )
    side = self._model.resolution
    size = photo.pixels.nbytes
    if self._compare:
      # The photo, as large as the result, and both side by side.
      finishing += 3 * size * self._photographs.factor**2
    return file_methods.Loaded(
      np.zeros([0, side, side, 3], np.uint8), _Content(photo), size, finishing
    )

  def finish(
    self, loaded: file_methods.Loaded, translated: np.ndarray
  ) -> file_methods.Result:
    """See `file_methods.Method`."""
    del translated  # Tiles are translated one after the other.
    pixels, metadata = loaded.content.photo
    result = self._photographs.translate(
      pixels, self._to, self._source, style=self._style
    )
    if self._compare:
      result = np.concatenate(
        [file_methods.enlarged(pixels, result), result], axis=1
      )
    return file_methods.Result(result, metadata)

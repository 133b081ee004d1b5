"""Translates an uploaded image: its square, its faces, or all of it by tiles.

Reading, finding faces and writing take threads of their own; squares go through
the batcher, together with those of other requests.
"""

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import color_profiles, photo_files, provenance
from tf_twingan.data.prepare import alignment, photos, preparer
from tf_twingan.inference import tiles
from tf_twingan.serving import models, problems, service, settings, uploads

# Translates squares: uint8 [n, resolution, resolution, 3].
_Network = Callable[[np.ndarray], np.ndarray]


class Face(NamedTuple):
  """A face of a photo.

  Attributes:
    box: of the face alone: left, top, right, bottom in px of the upright photo.
    corners: of the square that is translated, clockwise from its top left
      corner, in px of the upright photo: four of (x, y).
  """

  box: tuple[float, ...]
  corners: tuple[tuple[float, float], ...]


class Translation(NamedTuple):
  """A result.

  Attributes:
    png: the content of its file.
    model: what made it.
    source: domain of the image.
    to: domain of the result.
    faces: those that were translated; None unless faces were asked for.
    size: width and height of the result, px.
    tile: side of the tiles of a whole image, px of the image; else None.
  """

  png: bytes
  model: models.ServedModel
  source: str
  to: str
  faces: list[Face] | None
  size: tuple[int, int]
  tile: int | None = None


class Asked(NamedTuple):
  """What is to be done with an image.

  Attributes:
    model: the model to use.
    source: domain of the image.
    to: domain to translate to.
    faces: one of `photographs.FACES`, or None for the model's square.
    face: number of the only face to translate, as `find_faces` lists them;
      None for those that `faces` says.
  """

  model: models.ServedModel
  source: str
  to: str
  faces: str | None = None
  face: int | None = None


async def translate(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  """Translates an image.

  Args:
    served: the server's parts.
    content: the content of a file.
    asked: what to do.

  Raises:
    ClientError: it cannot be done; says why.
  """
  if asked.face is None and asked.faces is None:
    return await served.in_time(_square(served, content, asked))
  return await served.in_time(_photo(served, content, asked))


async def find_faces(
  served: service.Service,
  content: bytes,
  model: models.ServedModel,
  domain: str,
) -> tuple[list[Face], tuple[int, int]]:
  """The faces of a photo, the largest first, and its width and height."""
  model.check_finds_faces(domain)
  photographs = model.photographs('all')

  def find() -> tuple[list[Face], tuple[int, int]]:
    photo = uploads.read_photo(content, served.limits)
    found = photographs.find(photo.pixels, domain)
    faces = [_described(one, model.resolution) for one in found.images]
    return faces, _size(photo.pixels)

  return await served.in_time(served.threads.run(find))


async def _square(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  model = asked.model
  square = await served.square(model, content, asked.source)
  work = model.translation(asked.source, asked.to)
  (result,) = await served.batcher.run(work, square[None])
  png = await served.threads.go_on(_encode, result, model, provenance.WHOLE)
  return Translation(png, model, asked.source, asked.to, None, _size(result))


async def _photo(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  """Translates the faces of a photo, or all of it, in one image thread.

  That thread has the photo from the first step to the last, and waits for the
  model in between: so no more photos are in memory than there are threads.
  """
  loop = asyncio.get_running_loop()
  work = asked.model.translation(asked.source, asked.to)
  abandoned = threading.Event()

  def network(squares: np.ndarray) -> np.ndarray:
    if abandoned.is_set():
      raise problems.late(served.limits)
    future = asyncio.run_coroutine_threadsafe(
      served.batcher.run(work, squares), loop
    )
    return np.stack(future.result())

  is_whole = asked.face is None and asked.faces == 'none'
  function = _whole if is_whole else _pasted
  try:
    return await served.threads.run(
      function, content, asked, network, served.limits
    )
  except asyncio.CancelledError:
    abandoned.set()  # A thread cannot be stopped from outside.
    raise


def _pasted(
  content: bytes, asked: Asked, network: _Network, limits: settings.Settings
) -> Translation:
  model = asked.model
  model.check_finds_faces(asked.source)
  photographs = model.photographs(asked.faces or 'all')
  photo = uploads.read_photo(content, limits)
  found = photographs.find(photo.pixels, asked.source)
  faces = _chosen(found, asked.face)
  if len(faces) > limits.max_faces:
    raise problems.ClientError(
      422,
      'too_many_faces',
      f'The photo has {len(faces)} faces, over the limit of '
      f'{limits.max_faces}; ask for one of them, or cut the photo.',
    )
  squares = np.stack([face.image for face in faces])
  conversion = color_profiles.conversion(photo.metadata.profile)
  if conversion is None:
    translated = network(squares)
  else:
    translated = network(np.stack([*map(conversion.to_srgb, squares)]))
    translated = np.stack([*map(conversion.from_srgb, translated)])
  result = photographs.paste(photo.pixels, faces, translated)
  png = _encode(result, model, provenance.PARTS, photo.metadata)
  described = [_described(face, model.resolution) for face in faces]
  return Translation(
    png, model, asked.source, asked.to, described, _size(result)
  )


def _whole(
  content: bytes, asked: Asked, network: _Network, limits: settings.Settings
) -> Translation:
  model = asked.model
  pixels, metadata = uploads.read_photo(content, limits)
  tile = _tile(pixels, model.resolution, limits.max_tiles)
  conversion = color_profiles.conversion(metadata.profile)
  if conversion is not None:
    # All of the result is the network's, whose colours are sRGB.
    pixels = conversion.to_srgb(pixels)
    metadata = metadata._replace(profile=None)

  class Batched:
    """The model, behind the batcher."""

    resolution = model.resolution

    def translate(self, images: np.ndarray, to: str, source: str) -> np.ndarray:
      del to, source
      return network(images)

  result = tiles.translate(Batched(), pixels, asked.to, asked.source, tile=tile)
  png = _encode(result, model, provenance.WHOLE, metadata)
  return Translation(
    png, model, asked.source, asked.to, None, _size(result), tile
  )


def _tile(pixels: np.ndarray, side: int, limit: int) -> int:
  """The smallest tiles, px, of which few enough cover a photo."""
  tile = side
  while True:
    step = tile * (1 - tiles.OVERLAP)
    rows, columns = (math.ceil(n / step) + 1 for n in pixels.shape[:2])
    if rows * columns <= limit:
      return tile
    tile += max(1, tile // 16)


def _chosen(
  found: preparer.Prepared, number: int | None
) -> Sequence[preparer.PreparedImage]:
  if not found.images:
    raise problems.ClientError(
      422,
      'no_face',
      f'Nothing can be translated: {photos.reason_of(found.rejections[0])}.',
    )
  if number is None:
    return found.images
  if number >= len(found.images):
    raise problems.ClientError(
      422,
      'no_face',
      f'There is no face {number}; the photo has {len(found.images)}, counted '
      'from 0.',
    )
  return [found.images[number]]


def _described(face: preparer.PreparedImage, side: int) -> Face:
  back = alignment.inverse(face.matrix)
  corners = alignment.apply(
    back, np.array([[0, 0], [side, 0], [side, side], [0, side]])
  )
  box: Any = corners
  if face.face is not None:
    box = np.reshape(face.face.box, [2, 2])
  ends = [*np.min(box, axis=0), *np.max(box, axis=0)]
  return Face(
    tuple(round(float(n), 1) for n in ends),
    tuple((round(float(x), 1), round(float(y), 1)) for x, y in corners),
  )


def _encode(
  image: np.ndarray,
  model: models.ServedModel,
  source_type: str,
  metadata: photo_files.Metadata | None = None,
) -> bytes:
  return photo_files.encode(
    image,
    'png',
    metadata=metadata,
    origin=model.provenance(source_type),
  )


def _size(pixels: np.ndarray) -> tuple[int, int]:
  return pixels.shape[1], pixels.shape[0]

"""Translates an uploaded image: its square, its faces, or all of it by tiles.

Reading, finding faces and writing take threads of their own; squares go through
the batcher, together with those of other requests.
"""

import asyncio
import math
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import color_profiles, photo_files, provenance
from tf_twingan.data.prepare import alignment, photos, preparer
from tf_twingan.inference import photographs, tiles
from tf_twingan.serving import models, problems, service, uploads


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
  uploads.check(content, served.limits)
  return await served.in_time(_translate(served, content, asked))


async def find_faces(
  served: service.Service,
  content: bytes,
  model: models.ServedModel,
  domain: str,
) -> tuple[list[Face], tuple[int, int]]:
  """The faces of a photo, the largest first, and its width and height."""
  uploads.check(content, served.limits)
  model.check_finds_faces(domain)
  whole = model.photographs('all')
  photo, found = await served.in_time(
    served.threads.run(_faces, whole, content, domain)
  )
  return (
    [_described(one, model.resolution) for one in found.images],
    _size(photo.pixels),
  )


async def _translate(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  if asked.face is None and asked.faces is None:
    return await _square(served, content, asked)
  if asked.face is None and asked.faces == 'none':
    return await _whole(served, content, asked)
  return await _pasted(served, content, asked)


async def _square(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  model, run = asked.model, served.threads.run
  square = await served.square(model, content, asked.source)
  work = model.translation(asked.source, asked.to)
  (result,) = await served.batcher.run(work, square[None])
  png = await run(_encode, result, model, provenance.WHOLE)
  return Translation(png, model, asked.source, asked.to, None, _size(result))


async def _pasted(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  model, run = asked.model, served.threads.run
  model.check_finds_faces(asked.source)
  whole = model.photographs(asked.faces or 'all')
  photo, found = await run(_faces, whole, content, asked.source)
  faces = _chosen(found, asked.face)
  if len(faces) > served.limits.max_faces:
    raise problems.ClientError(
      422,
      'too_many_faces',
      f'The photo has {len(faces)} faces, over the limit of '
      f'{served.limits.max_faces}; ask for one of them, or cut the photo.',
    )
  conversion = color_profiles.conversion(photo.metadata.profile)
  squares = [face.image for face in faces]
  if conversion is not None:
    squares = await run(lambda: [conversion.to_srgb(one) for one in squares])
  work = model.translation(asked.source, asked.to)
  translated = await served.batcher.run(work, np.stack(squares))

  def finish() -> tuple[np.ndarray, bytes]:
    images = translated
    if conversion is not None:
      images = [conversion.from_srgb(one) for one in images]
    result = whole.paste(photo.pixels, faces, np.stack(images))
    return result, _encode(result, model, provenance.PARTS, photo.metadata)

  result, png = await run(finish)
  described = [_described(face, model.resolution) for face in faces]
  return Translation(
    png, model, asked.source, asked.to, described, _size(result)
  )


async def _whole(
  served: service.Service, content: bytes, asked: Asked
) -> Translation:
  model = asked.model
  loop = asyncio.get_running_loop()
  work = model.translation(asked.source, asked.to)
  abandoned = threading.Event()

  class Batched:
    """The model, behind the batcher."""

    resolution = model.resolution

    def translate(self, images: np.ndarray, to: str, source: str) -> np.ndarray:
      del to, source
      if abandoned.is_set():
        raise problems.late(served.limits)
      future = asyncio.run_coroutine_threadsafe(
        served.batcher.run(work, images), loop
      )
      return np.stack(future.result())

  def whole() -> tuple[np.ndarray, bytes, int]:
    with uploads.readable():
      photo = photo_files.read(content)
    pixels, metadata = photo
    tile = _tile(pixels, model.resolution, served.limits.max_tiles)
    conversion = color_profiles.conversion(metadata.profile)
    if conversion is not None:
      # All of the result is the network's, whose colours are sRGB.
      pixels = conversion.to_srgb(pixels)
      metadata = metadata._replace(profile=None)
    result = tiles.translate(
      Batched(), pixels, asked.to, asked.source, tile=tile
    )
    return result, _encode(result, model, provenance.WHOLE, metadata), tile

  try:
    result, png, tile = await served.threads.run(whole)
  except asyncio.CancelledError:
    abandoned.set()  # A thread cannot be stopped from outside.
    raise
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


def _faces(
  whole: photographs.Photographs, content: bytes, domain: str
) -> tuple[photo_files.Photo, preparer.Prepared]:
  with uploads.readable():
    photo = photo_files.read(content)
  return photo, whole.find(photo.pixels, domain)


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

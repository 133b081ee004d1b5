"""A server with a model whose results are known, for tests of the page.

The model gives the negative of an image, and magenta blocks are its faces.
"""

import base64
import contextlib
import io
import json
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import uvicorn
from PIL import Image

from tf_twingan import faces, framing, image_io
from tf_twingan.data.prepare import options
from tf_twingan.serving import (
  application,
  batching,
  listening,
  models,
  settings,
)

FACE = (255, 0, 255)
RESOLUTION = 16
_DETECTOR = 'magenta_blocks'


class Negative:
  """Stands in for a Translator between the domains day and night."""

  resolution = RESOLUTION
  fingerprint = 64 * '0'
  has_codes = False

  def __init__(
    self,
    origin: str = '',
    domains: tuple[str, ...] = ('day', 'night'),
    prepared: bool = False,
  ):
    """Makes a model.

    Args:
      origin: a folder, whose alignment.json says which faces to find.
      domains: names of its domains.
      prepared: whether its images are aligned faces.
    """
    self.origin, self.domains, self._prepared = origin, domains, prepared

  def framing_of(self, domain: str) -> framing.Framing:
    del domain
    if not self._prepared:
      return framing.Framing()
    return framing.Framing(preparation=options.Options(faces=_DETECTOR))

  def supports(self, source: str, to: str) -> bool:
    return source != to

  def source_for(self, to: str, source: str | None = None) -> str:
    if source is None:
      (source,) = (d for d in self.domains if d != to)
    return source

  def translate(
    self, images: np.ndarray, to: str, source: str, **_: Any
  ) -> np.ndarray:
    del to, source
    return 255 - images


class Gallery:
  """Stands in for a `ServedIndex`; all images are as near as their number."""

  resolution = RESOLUTION

  def domain(self, name: str | None) -> str:
    return name or 'day'

  def read(self, content: bytes, domain: str) -> np.ndarray:
    del domain
    return image_io.read_square(content, RESOLUTION)

  def query(self, domain: str, *, k: int, by: str) -> batching.Work:
    del by
    names = [f'{domain}/{place}.png' for place in range(k)]
    return batching.Work(
      (self, domain, k), lambda images: [names] * len(images)
    )

  def describe(self, found: Any, *, thumbnails: bool) -> list[dict[str, Any]]:
    assert thumbnails
    stream = io.BytesIO()
    photo(size=(16, 16)).save(stream, format='PNG')
    thumbnail = base64.b64encode(stream.getvalue()).decode()
    return [
      {
        'name': name,
        'domain': 'night',
        'distance': place / 10,
        'thumbnail': thumbnail,
      }
      for place, name in enumerate(found)
    ]


class Blocks(faces.FaceDetector):
  """Finds blocks of `FACE` that have columns between them."""

  def find(self, image: np.ndarray) -> list[faces.Face]:
    is_face = (image == FACE).all(axis=-1)
    columns = np.concatenate([[0], is_face.any(axis=0), [0]]).astype(int)
    starts, ends = (np.flatnonzero(np.diff(columns) == s) for s in (1, -1))
    found = []
    for left, right in zip(starts, ends):
      rows = np.flatnonzero(is_face[:, left:right].any(axis=1))
      box = np.float32([left, rows[0], right, rows[-1] + 1])
      found.append(faces.Face(box, 1.0, None, None))
    return found


def photo(*blocks: tuple[int, int], size: tuple[int, int] = (300, 200)):
  """A grey photo with faces: uint8 [height, width, 3].

  Args:
    *blocks: left edge and side of each face; their tops are at 60 px.
    size: width and height.
  """
  pixels = np.full([size[1], size[0], 3], 90, np.uint8)
  for left, side in blocks:
    pixels[60 : 60 + side, left : left + side] = FACE
  return Image.fromarray(pixels)


def stand_ins(folder: str) -> models.Models:
  """Models of two domains, of three, and of aligned faces.

  Args:
    folder: an empty one, for what says which faces the first one knows.
  """
  alignment = {'faces': _DETECTOR, 'resolution': 64, 'margin': 0.5}
  path = pathlib.Path(folder, 'alignment.json')
  path.write_text(json.dumps({'day': alignment}))
  if _DETECTOR not in faces.DETECTORS:
    faces.register(_DETECTOR, Blocks)
  seasons = Negative(domains=('spring', 'summer', 'autumn'))
  return models.Models(
    [
      models.ServedModel('negative', Negative(folder)),
      models.ServedModel('seasons', seasons),
      models.ServedModel('portraits', Negative(prepared=True)),
    ]
  )


@contextlib.contextmanager
def started(
  served: models.Models, index: Any = None, **limits: Any
) -> Iterator[str]:
  """Serves in a thread.

  Args:
    served: the models.
    index: see `application.create`.
    **limits: fields of `Settings`.

  Yields:
    The address of the page.
  """
  app = application.create(served, settings.Settings(**limits), index)
  with listening.opened('127.0.0.1', 0) as listener:
    config = uvicorn.Config(
      app, log_level='warning', timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
      target=server.run, kwargs={'sockets': [listener]}, daemon=True
    )
    thread.start()
    while not server.started:
      time.sleep(0.01)
    try:
      yield listening.address(listener)
    finally:
      server.should_exit = True
      thread.join()

"""The index that `/v1/search` looks in, and what it answers."""

import base64
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_twingan import errors, photo_files
from tf_twingan.data.prepare import photos
from tf_twingan.retrieval import index_queries, search_index, storage
from tf_twingan.serving import batching, models

# How often a query begins anew because another program changed the index.
_ATTEMPTS = 10

Found = Sequence[tuple[index_queries.Neighbour, np.ndarray]]


class ServedIndex:
  """A search index, opened anew when another program has changed it."""

  def __init__(self, folder: str | os.PathLike, served: models.Models):
    """Opens an index.

    Args:
      folder: its folder.
      served: the server's models. If the index was built with one of them, that
        is used, and loaded only once; if not, its own is loaded.

    Raises:
      FileNotFoundError: there is no index, or its model has gone.
      ValueError: it is damaged, or searched by a server.
    """
    self._folder = folder
    self._index = _open(folder, served)

  @property
  def resolution(self) -> int:
    """Side of the images that its model takes, px."""
    return self._index.translator.resolution

  @property
  def domains(self) -> tuple[str, ...]:
    """The domains that it has images of."""
    return self._index.domains

  def __len__(self) -> int:
    """Number of images."""
    return len(self._index)

  def domain(self, name: str | None) -> str:
    """The domain of an image that is looked up; None for the usual one.

    Raises:
      ValueError: its model has no such domain.
    """
    model = self._index.translator
    if name is not None:
      return model.check_domain(name)
    missing = [d for d in model.domains if d not in self._index.domains]
    return (missing or model.domains)[0]

  def read(self, content: bytes, domain: str) -> np.ndarray:
    """The square that its model takes of an image; see `ServedModel.read`."""
    model = self._index.translator
    return photos.read(content, model.framing_of(domain), model.resolution)

  def query(self, domain: str, *, k: int, by: str) -> batching.Work:
    """What finds the neighbours of squares, for a `Batcher`."""
    return batching.Work(
      (self, domain, k, by), lambda images: self._query(images, domain, k, by)
    )

  def _query(
    self, images: np.ndarray, domain: str, k: int, by: str
  ) -> list[Found]:
    attempts = 0
    while True:
      index = self._index
      try:
        searched = index.searched(domain)
        most = sum(index.count(one) for one in searched)
        found = index.query(images, domain, k=min(k, most), by=by)
        return [
          [(one, index.image(one.record.number)) for one in row]
          for row in found
        ]
      except storage.Changed:
        attempts += 1
        if attempts == _ATTEMPTS:
          raise
        self._index = search_index.SearchIndex.load(
          self._folder, index.translator
        )

  def describe(
    self, found: Found, *, thumbnails: bool = True
  ) -> list[dict[str, Any]]:
    """What is answered for one image: plain values."""
    return [
      {
        'name': errors.printable(neighbour.record.name),
        'domain': neighbour.record.domain,
        'distance': round(neighbour.distance, 6),
        **(
          {'thumbnail': base64.b64encode(photo_files.encode(image)).decode()}
          if thumbnails
          else {}
        ),
      }
      for neighbour, image in found
    ]


def _open(
  folder: str | os.PathLike, served: models.Models
) -> search_index.SearchIndex:
  """Opens an index with the served model that it was built with, if any."""
  for model in served:
    if model.encodes:
      try:
        return search_index.SearchIndex.load(folder, model.translator)
      except ValueError:
        continue  # Of another model; or its own says what is wrong.
  return search_index.SearchIndex.load(folder)

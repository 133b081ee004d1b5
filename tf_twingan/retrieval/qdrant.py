"""Nearest vectors on a Qdrant server, for collections beyond one machine.

An index keeps its images, names and vectors in its folder, as with faiss, and
the server keeps a copy of the vectors in one collection, which it searches.
What the server loses can be sent again from the folder.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator

import numpy as np

from tf_twingan import errors, extras
from tf_twingan.retrieval import qdrant_access

with extras.needed('qdrant'):
  import qdrant_client
  from qdrant_client import models
  from qdrant_client.http import exceptions

_BATCH = 1_000
_DOMAIN = 'domain'


class QdrantNeighbours:
  """The interface `nearest_neighbours.Neighbours`, on a server."""

  def __init__(self, client, collection: str, address: str):
    """Wraps a client.

    Args:
      client: a `qdrant_client.QdrantClient`.
      collection: name of the collection; created if missing.
      address: address of the server, for messages.
    """
    self._client = client
    self._collection = collection
    self._address = address

  @classmethod
  def connect(cls, url: str, collection: str) -> 'QdrantNeighbours':
    """Connects to a server, with the key of `qdrant_access.KEY` if it is set.

    Args:
      url: address of the server, e.g. http://localhost:6333.
      collection: name of the collection; created if missing.

    Raises:
      OSError: no server answers there, or it does not accept the key.
      ValueError: `url` is no address, or the key cannot be sent there.
    """
    address = qdrant_access.check_address(url)
    key = qdrant_access.key_for(address)
    try:
      with warnings.catch_warnings():
        # Where http is allowed, the key does not leave this machine.
        warnings.filterwarnings('ignore', 'Api key is used with an insecure')
        client = qdrant_client.QdrantClient(
          url=address, api_key=key, timeout=60, check_compatibility=False
        )
    except ValueError as error:
      raise ValueError(
        f'{url!r} is no address of a server ({error}); write '
        'http://localhost:6333.'
      ) from None
    opened = cls(client, collection, address)
    try:
      with opened._errors_explained():
        client.get_collections()
    except ValueError as error:  # The response is not Qdrant's.
      raise OSError(
        f'What answers at {address} is no Qdrant server '
        f'({_said(error)}); give the address of one.'
      ) from None
    return opened

  def kind(self, count: int) -> str:
    """Always the same: the server decides how to search."""
    del count
    return 'qdrant'

  def start(self, domain: str, count: int, sample: np.ndarray) -> None:
    """Forgets the domain's vectors and prepares for others like `sample`."""
    del count
    dimensions = sample.shape[1]
    with self._errors_explained():
      if self._client.collection_exists(self._collection):
        found = self._client.get_collection(self._collection)
        if found.config.params.vectors.size == dimensions:
          self._client.delete(
            self._collection, models.FilterSelector(filter=_only(domain))
          )
          return
        # Other dimensions come with a new embedding, of all domains.
        self._client.delete_collection(self._collection)
      self._client.create_collection(
        self._collection,
        vectors_config=models.VectorParams(
          size=dimensions, distance=models.Distance.COSINE
        ),
      )
      self._client.create_payload_index(
        self._collection, _DOMAIN, models.PayloadSchemaType.KEYWORD
      )

  def add(self, domain: str, numbers: np.ndarray, vectors: np.ndarray) -> None:
    """Adds vectors of a domain, or replaces those of the same numbers."""
    for start in range(0, len(numbers), _BATCH):
      part = slice(start, start + _BATCH)
      with self._errors_explained():
        self._client.upsert(
          self._collection,
          models.Batch(
            ids=numbers[part].tolist(),
            vectors=vectors[part].tolist(),
            payloads=[{_DOMAIN: domain}] * len(numbers[part]),
          ),
          wait=True,
        )

  def remove(self, domain: str, numbers: np.ndarray) -> bool:
    """Removes vectors by their numbers; the server waits until it has."""
    del domain  # Numbers are unique.
    with self._errors_explained():
      if self._client.collection_exists(self._collection):
        for start in range(0, len(numbers), _BATCH):
          self._client.delete(
            self._collection,
            models.PointIdsList(
              points=numbers[start : start + _BATCH].tolist()
            ),
            wait=True,
          )
    return True

  def count(self, domain: str) -> int:
    """How many vectors of a domain the server holds."""
    with self._errors_explained():
      if not self._client.collection_exists(self._collection):
        return 0
      return self._client.count(
        self._collection, count_filter=_only(domain), exact=True
      ).count

  def search(
    self, domain: str, vectors: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """See `nearest_neighbours.Neighbours.search`."""
    numbers = np.full([len(vectors), k], -1, np.int64)
    cosines = np.zeros([len(vectors), k], np.float32)
    requests = [
      models.QueryRequest(query=vector.tolist(), filter=_only(domain), limit=k)
      for vector in vectors
    ]
    with self._errors_explained():
      responses = self._client.query_batch_points(self._collection, requests)
    for row, response in enumerate(responses):
      for place, point in enumerate(response.points):
        if isinstance(point.id, int):  # Others are not of this index.
          numbers[row, place], cosines[row, place] = point.id, point.score
    return numbers, cosines

  def save(self, domain: str) -> None:
    """Does nothing, as the server keeps the vectors."""

  def restore(
    self, domain: str, content: bytes, numbers: np.ndarray, dimensions: int
  ) -> None:
    """Does nothing, as the server kept the vectors."""

  @contextlib.contextmanager
  def _errors_explained(self) -> Iterator[None]:
    try:
      yield
    except exceptions.ResponseHandlingException as error:
      raise OSError(self._no_answer(_said(error))) from error
    except exceptions.UnexpectedResponse as error:
      if error.status_code in (401, 403):
        raise OSError(self._refused(error.status_code)) from None
      # Not from its cause, as a server may send back the key it was sent.
      raise OSError(
        f'The Qdrant server at {self._address} refused: {_said(error)}'
      ) from None

  def _no_answer(self, why: str) -> str:
    if 'CERTIFICATE_VERIFY_FAILED' in why:
      return (
        f'The certificate of the Qdrant server at {self._address} cannot be '
        f'verified ({why}); if an authority of your own issued it, name the '
        "authority's file in the variable SSL_CERT_FILE."
      )
    return (
      f'No Qdrant server answers at {self._address} ({why}); start it: '
      'docker run -p 6333:6333 qdrant/qdrant'
    )

  def _refused(self, status: int) -> str:
    server = f'The Qdrant server at {self._address}'
    key = qdrant_access.KEY
    if not os.environ.get(key):
      return (
        f'{server} asks for a key ({status}); put it into the environment '
        f'variable {key}.'
      )
    if status == 401:
      return f'{server} does not accept the key in {key} (401); correct it.'
    return (
      f'{server} does not allow this with the key in {key} (403); building '
      'an index takes a key that may write.'
    )


def _said(error: Exception) -> str:
  return errors.printable(qdrant_access.without_key(errors.first_line(error)))


def _only(domain: str):
  return models.Filter(
    must=[
      models.FieldCondition(key=_DOMAIN, match=models.MatchValue(value=domain))
    ]
  )

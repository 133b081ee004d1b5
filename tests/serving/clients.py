"""Clients of applications in this process, and images that they send."""

import contextlib
import functools
import io
import time
from collections.abc import Callable

import numpy as np
from fastapi import testclient
from PIL import Image

from tests import shared_artifacts
from tf_twingan.inference import translator
from tf_twingan.serving import application, models, settings

PATIENCE = 60  # Seconds.


@functools.cache
def model() -> models.ServedModel:
  """The shared untrained run, of 8 px, as the model 'tiny'."""
  return models.ServedModel(
    'tiny', translator.Translator(str(shared_artifacts.run()))
  )


@contextlib.contextmanager
def client(*served, index=None, watched=(), **limits):
  """A client of an application that is ready.

  Args:
    *served: models; by default `model()`.
    index: see `application.create`.
    watched: see `application.create`.
    **limits: what differs from the default settings.
  """
  app = application.create(
    models.Models(served or [model()]),
    settings.Settings(**limits),
    index,
    watched,
  )
  with client_of(app) as made:
    wait_until(lambda: made.get('/readyz').status_code == 200)
    yield made


def client_of(app) -> testclient.TestClient:
  """A client of an application, which runs inside of `with`."""
  return testclient.TestClient(
    app, base_url='http://localhost', raise_server_exceptions=False
  )


def wait_until(condition: Callable[[], bool]) -> None:
  """Waits for something, but not for ever."""
  until = time.monotonic() + PATIENCE
  while not condition():
    assert time.monotonic() < until, 'It never becomes true.'
    time.sleep(0.01)


def encoded(image: np.ndarray, kind: str = 'PNG', **options) -> bytes:
  """The content of an image file."""
  content = io.BytesIO()
  Image.fromarray(image).save(content, kind, **options)
  return content.getvalue()


def decoded(content: bytes) -> np.ndarray:
  """The pixels of an image file."""
  return np.asarray(Image.open(io.BytesIO(content)))


def noise(*shape, seed=0) -> np.ndarray:
  """Random pixels."""
  return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def upload(content: bytes, name: str = 'a.png') -> dict:
  """What a request with an image has."""
  return {'image': (name, content, 'image/png')}

"""A test case with a folder of images and a cache of its own."""

import os
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import parameterized

from tf_twingan import image_io
from tf_twingan.data.sources import registry


def flat_image(number: int, size: int = 20) -> np.ndarray:
  """One flat colour that tells which image it is."""
  return np.full((size, size, 3), (number, 255 - number, 100), np.uint8)


def numbers(images: np.ndarray) -> list[int]:
  return sorted(int(p[0, 0, 0]) for p in images)


class DatasetCase(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)
    self.photos = self.root / 'photos'
    self.cache = self.root / 'cache'
    patch = mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.cache))
    patch.start()
    self.addCleanup(patch.stop)

  def write(self, count: int, folder: str = '', first: int = 0) -> None:
    for number in range(first, first + count):
      image_io.write_png(
        self.photos / folder / f'{number:03}.png', flat_image(number)
      )

  def load(self, options: str = '', resolution: int = 8, **kwargs):
    return registry.load(f'folder:{self.photos}{options}', resolution, **kwargs)

  def assert_one_line(self, error, pattern, call):
    with self.assertRaisesRegex(error, pattern) as caught:
      call()
    self.assertNotIn('\n', str(caught.exception))

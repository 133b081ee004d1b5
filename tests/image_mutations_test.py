"""Damaged image files are read or refused with a reason: no crash, no hang."""

import pathlib
import re
import time

import numpy as np
from absl.testing import absltest, parameterized

from tests import image_samples
from tests.image_samples import unreadable
from tf_twingan import image_io

_SEEDS = (
  'jpeg',
  'jpeg, progressive',
  'png',
  'png, interlaced',
  'gif',
  'bmp, compressed',
  'webp',
  'tiff',
)
_MUTATIONS = 250  # Of each.
_SECONDS = 2.0  # Of this process alone, whatever else the machine does.
_MEGABYTES = 300
_PROCESS = pathlib.Path('/proc/self')


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
  """Damages a file as disks, downloads and strangers do."""
  data = np.frombuffer(content, np.uint8).copy()
  header = min(64, len(data))
  kind = rng.integers(5)
  if kind == 0:  # A few bits anywhere.
    for place in rng.integers(len(data), size=rng.integers(1, 9)):
      data[place] ^= 1 << rng.integers(8)
  elif kind == 1:  # An unfinished download.
    data = data[: rng.integers(len(data))]
  elif kind == 2:  # Another header.
    places = rng.integers(header, size=rng.integers(1, 5))
    data[places] = rng.integers(256, size=len(places))
  elif kind == 3:  # A length that is far too large, or none.
    place = rng.integers(header - 4)
    data[place : place + 4] = rng.choice([0x00, 0x7F, 0xFF])
  else:  # A piece of another place.
    size = rng.integers(1, len(data) // 2)
    here, there = rng.integers(len(data) - size, size=2)
    data[here : here + size] = data[there : there + size].copy()
  return data.tobytes()


def reset_peak() -> None:
  """Lets `peak_megabytes` begin anew, where the system can (Linux)."""
  if _PROCESS.is_dir():
    (_PROCESS / 'clear_refs').write_text('5')


def peak_megabytes() -> float:
  """The largest memory of this process since `reset_peak`; 0 if unknown."""
  if not _PROCESS.is_dir():
    return 0.0
  status = (_PROCESS / 'status').read_text()
  return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) / 1024


class ImageMutationsTest(parameterized.TestCase):
  def check(self, content: bytes) -> bool:
    """Reads what may be damaged: whether it is an image all the same."""
    before = time.thread_time()
    try:
      image = image_io.read(content)
    except image_io.UnreadableImage as error:
      self.assertRegex(error.reason, r'\A[^\n]+\Z')
      readable = False
    else:
      self.assertEqual((image.dtype, image.shape[2:]), (np.uint8, (3,)))
      readable = True
    self.assertLess(time.thread_time() - before, _SECONDS)
    return readable

  @parameterized.parameters(*_SEEDS)
  def test_mutations_are_read_or_refused(self, name):
    content = image_samples.samples()[name].content
    rng = np.random.default_rng(_SEEDS.index(name))
    self.assertTrue(self.check(content))
    reset_peak()
    before = peak_megabytes()
    readable = [self.check(mutate(content, rng)) for _ in range(_MUTATIONS)]
    self.assertLess(peak_megabytes() - before, _MEGABYTES)
    # Both happen, or the mutations test nothing.
    self.assertIn(False, readable)
    self.assertIn(True, readable)

  def test_forty_kinds_of_bad_images_are_refused(self):
    kinds = unreadable.damaged() | unreadable.foreign()
    kinds |= {
      f'{name}, too large': content
      for name, content in unreadable.oversized().items()
    }
    self.assertGreaterEqual(len(kinds), 40)
    self.assertLen({*kinds.values()}, len(kinds))
    for name, content in kinds.items():
      with self.subTest(name):
        self.assertFalse(self.check(content))


if __name__ == '__main__':
  absltest.main()

"""A test case with a folder of photos to prepare, and what prepares them."""

import pathlib
import tempfile

import numpy as np
from absl.testing import parameterized

from tf_twingan import image_io
from tf_twingan.data.prepare import finish, job, options

NAMES = [f'{number:03}.png' for number in range(40)]


def photo(number: int, size: tuple[int, int] = (60, 70)) -> np.ndarray:
  """A photo that no other number gives: coarse noise, enlarged."""
  noise = np.random.default_rng(number).integers(0, 256, [6, 7, 3], np.uint8)
  rows, columns = size[0] // 6, size[1] // 7
  return noise.repeat(rows, axis=0).repeat(columns, axis=1)


class PrepareCase(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)
    self.photos = self.root / 'photos'
    self.output = self.root / 'prepared'
    self.options = options.Options(faces='none', resolution=16)

  def write(self, *names: str, first: int = 0) -> None:
    """Writes a photo of its own for each name."""
    for number, name in enumerate(names, first):
      image_io.write_png(self.photos / name, photo(number))

  def plan(self, **changes) -> finish.Job:
    """The job, with other options or outputs."""
    outputs = {
      name: changes.pop(name)
      for name in ('format', 'labels', 'embedder')
      if name in changes
    }
    changed = self.options.model_copy(update=changes)
    return job.plan(str(self.photos), changed, self.output, **outputs)

  def prepare(self, **changes) -> finish.Choice:
    return job.run(self.plan(**changes), workers=2)

  def assert_refused(self, pattern: str, error=ValueError, **changes) -> None:
    """Preparing fails, with one line that the pattern is found in."""
    with self.assertRaisesRegex(error, pattern) as caught:
      self.prepare(**changes)
    self.assertNotIn('\n', str(caught.exception))

  def found(self) -> list[str]:
    """The files of the output."""
    return sorted(
      p.relative_to(self.output).as_posix()
      for p in self.output.rglob('*')
      if p.is_file()
    )

  def content(self) -> dict[str, bytes]:
    return {name: (self.output / name).read_bytes() for name in self.found()}

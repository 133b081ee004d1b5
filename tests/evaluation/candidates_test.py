"""Sources for other programs: written, and over no other images."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from tf_twingan import image_io
from tf_twingan.evaluation import candidates


class CandidatesTest(absltest.TestCase):
  def test_sources_are_written_again_and_over_no_other_images(self):
    folder = pathlib.Path(tempfile.mkdtemp(), 'sources')
    sources = np.zeros([2, 8, 8, 3], np.uint8)
    for value in (1, 2):
      candidates.write_sources(folder, sources + np.uint8(value))
      self.assertEqual(image_io.read(folder / '0001.png').max(), value)
    image_io.write_png(folder / '0001.png', np.zeros([6, 6, 3], np.uint8))
    with self.assertRaisesRegex(ValueError, '0001.png is there, is no earlier'):
      candidates.write_sources(folder, sources)
    self.assertEqual(image_io.read(folder / '0000.png').max(), 2)


if __name__ == '__main__':
  absltest.main()

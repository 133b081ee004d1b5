"""An input of a film is told from others."""

import os
import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan.inference.films import segments


class SegmentsTest(absltest.TestCase):
  def test_an_input_that_changes_is_another(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'a')
    path.write_bytes(bytes(3 << 20))
    first = segments.identity(path)
    self.assertEqual(first, segments.identity(path))
    with open(path, 'r+b') as file:
      file.seek(3 << 19)
      file.write(b'x')
    os.utime(path, ns=(first['modified'], first['modified']))
    self.assertNotEqual(first, segments.identity(path))


if __name__ == '__main__':
  absltest.main()

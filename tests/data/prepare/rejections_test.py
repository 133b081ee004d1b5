"""rejected.csv comes back as it was written, whatever the files are named."""

import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan.data.prepare import rejections
from tf_twingan.data.prepare.rejections import Rejection


class RejectionsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.path = pathlib.Path(folder.name, 'rejected.csv')

  def test_rows_come_back(self):
    rows = [
      Rejection('a.png', 'no_face'),
      Rejection('b/ü, "x".png', 'blurred', 0.0125, detail='face 1 of 2'),
      Rejection('two\nlines\r\n.png', 'near_duplicate', 3.0, repeats='a.png'),
      Rejection(os.fsdecode(b'caf\xe9.png'), 'unreadable', detail='cut off'),
    ]
    rejections.write(self.path, rows)
    self.assertEqual(rejections.read(self.path), rows)
    self.assertIn(b'caf\xe9.png', self.path.read_bytes())

  def test_an_unknown_reason_is_refused(self):
    with self.assertRaisesRegex(ValueError, "'ugly' is unknown"):
      rejections.write(self.path, [Rejection('a.png', 'ugly')])
    self.assertFalse(self.path.exists())

  @parameterized.parameters(
    ('', 1), ('a,b\n', 1), ('{head}a,no_face\n', 2), ('{head}a,b,x,,\n', 2)
  )
  def test_another_file_is_refused_by_its_line(self, content, line):
    head = ','.join(rejections.COLUMNS) + '\n'
    self.path.write_text(content.format(head=head))
    with self.assertRaises(ValueError) as caught:
      rejections.read(self.path)
    self.assertRegex(
      str(caught.exception), f'damaged at line {line - (not content)}: '
    )
    self.assertNotIn('\n', str(caught.exception))


if __name__ == '__main__':
  absltest.main()

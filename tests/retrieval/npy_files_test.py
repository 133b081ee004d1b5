"""Arrays are read as they were saved, or refused before memory is taken."""

import io

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.retrieval import npy_files


def saved(array):
  buffer = io.BytesIO()
  np.save(buffer, array)
  return buffer.getvalue()


class NpyFilesTest(parameterized.TestCase):
  @parameterized.parameters('float32', 'uint8', 'int64')
  def test_what_was_saved_is_read(self, dtype):
    for shape in ((3, 4), (5,), (), (0, 2)):
      array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
      read = npy_files.parse(saved(array))
      np.testing.assert_array_equal(read, array)
      self.assertEqual(read.dtype, array.dtype)

  def test_columns_are_no_rows(self):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(npy_files.parse(saved(array)), array)

  def test_anything_else_is_refused(self):
    content = saved(np.zeros([3, 4], np.float32))
    for other, message in (
      (b'', 'holds no array'),
      (content[:20], 'holds no array'),
      (content[:-1], r'does not hold the \[3, 4\] numbers'),
      (content + b' ', 'does not hold'),
      (content.replace(b'(3, 4)', b'(3,-4)'), 'does not hold'),
      (content.replace(b'(3, 4), }    ', b'(10**9, 4), }'), 'holds no array'),
      (
        content.replace(b'(3, 4), }          ', b'(999999999999,), } '),
        r'does not hold the \[999999999999\] numbers',
      ),
      (content.replace(b'(3, 4)', b'(((((('), 'holds no array'),
      (content.replace(b'<f4', b'|O8'), 'no array of plain numbers'),
      (saved(np.array([None])), 'no array of plain numbers'),
    ):
      self.assertNotEqual(other, content)
      with self.assertRaisesRegex(ValueError, message):
        npy_files.parse(other)


if __name__ == '__main__':
  absltest.main()

"""Rows by name, and what is wrong with files that hold them."""

import pathlib
import tempfile
import zipfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.data import image_vectors

NAMES = ['b.png', 'deep/a.png']
ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


class VectorsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.path = pathlib.Path(folder.name, 'vectors.npz')

  def read(self, asked=('deep/a.png', 'b.png'), **arrays):
    np.savez(self.path, **{'names': NAMES, 'vectors': ROWS, **arrays})
    return image_vectors.read_file(self.path, asked, dataset='folder:x')

  def test_rows_come_in_the_order_asked_for(self):
    rows = self.read()
    np.testing.assert_array_equal(rows, [[4, 5, 6], [1, 2, 3]])
    self.assertEqual(rows.dtype, np.float32)
    np.testing.assert_array_equal(self.read(['b.png']), [[1, 2, 3]])

  def test_a_name_that_a_mac_spells_otherwise(self):
    for asked, known in (('\u00e9', 'e\u0301'), ('e\u0301', '\u00e9')):
      rows = self.read([asked], names=['e', known])
      np.testing.assert_array_equal(rows, [[4, 5, 6]])
    both = self.read(['\u00e9', 'e\u0301'], names=['e\u0301', '\u00e9'])
    np.testing.assert_array_equal(both, [[4, 5, 6], [1, 2, 3]])

  @parameterized.parameters(
    (
      dict(names=['b.png', 'a.png']),
      r"no row for 1 of 2 images, the first of them 'deep/a.png' \(it has "
      r"one for 'b.png'\)",
    ),
    (dict(names=['b.png', 'b.png']), "names 'b.png' twice"),
    (dict(names=[1, 2]), r'names in .* are int64 \[2\]; give a list of str'),
    (dict(names=[pathlib.Path('a')] * 2), 'no arrays of names and vectors'),
    (dict(vectors=[1.0, 2.0]), r'are float64 \[2\]; give numbers'),
    (dict(vectors=[['a'], ['b']]), r'are <U1 \[2, 1\]; give numbers'),
    (dict(vectors=ROWS[:1]), '2 names and 1 vectors'),
    (
      dict(vectors=[[0.0, np.nan], [1.0, 1.0]]),
      "the vector of 'b.png' holds NaN or Inf; mend",
    ),
    (dict(vectors=[[1e300, 1.0]] * 2), 'NaN or Inf, and so do 1 more'),
    (
      dict(vectors=[[1, 1], [0, 0]]),
      "the vector of 'deep/a.png' is all zeros",
    ),
  )
  def test_what_is_wrong_is_named(self, arrays, message):
    with self.assertRaisesRegex(ValueError, message) as caught:
      self.read(**arrays)
    self.assertIn(str(self.path), str(caught.exception))
    self.assertNotIn('\n', str(caught.exception))

  def write_member(self, header, content=b'', compression=zipfile.ZIP_STORED):
    """A file whose vectors have a header of one's own."""
    self.read()
    with zipfile.ZipFile(self.path) as archive:
      names = archive.read('names.npy')
    with zipfile.ZipFile(self.path, 'w', compression) as archive:
      archive.writestr('names.npy', names)
      with archive.open('vectors.npy', 'w') as member:
        member.write(b'\x93NUMPY\1\0')
        member.write(len(header).to_bytes(2, 'little') + header + content)

  @parameterized.parameters(
    # 20 TB, which nobody has.
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (10**10, 512)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000, 512)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 512)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
    b"{'descr': '<U2000000000', 'fortran_order': False, 'shape': (9,)}",
    b"{'descr': (((((",
    b'(' * 5000,
    b'\xff\0',
  )
  def test_claims_of_a_header_are_not_believed(self, header):
    self.write_member(header)
    with self.assertRaisesRegex(
      ValueError, 'vectors.npz holds no arrays .*; write it by'
    ) as caught:
      image_vectors.read_file(self.path, NAMES, dataset='folder:x')
    self.assertNotIn('\n', str(caught.exception))

  def test_what_expands_to_fill_the_memory_is_not_read(self):
    shape = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 16777216)}"
    self.write_member(shape, bytes(2**27), zipfile.ZIP_DEFLATED)
    with mock.patch.object(
      image_vectors.np, 'load', side_effect=AssertionError
    ):
      with self.assertRaisesRegex(ValueError, 'would expand to 134,2.* bytes'):
        image_vectors.read_file(self.path, NAMES, dataset='folder:x')

  def test_compressed_files_are_read(self):
    names = [f'{number}{"x" * 100}.png' for number in range(1000)]
    rows = np.random.default_rng(0).normal(size=[1000, 8])
    np.savez_compressed(self.path, names=names, vectors=rows)
    with mock.patch.object(image_vectors, '_UNSUSPICIOUS', 0):
      read = image_vectors.read_file(self.path, names, dataset='folder:x')
    np.testing.assert_array_equal(read, rows.astype(np.float32))

  def test_another_kind_of_file(self):
    def check(message):
      with self.assertRaisesRegex(ValueError, message) as caught:
        image_vectors.read_file(self.path, NAMES, dataset='folder:x')
      self.assertIn('write it by np.savez', str(caught.exception))
      self.assertNotIn('\n', str(caught.exception))

    self.path.write_text('name,x\na.png,1\n')
    check(f'{self.path} holds no arrays of names and vectors')
    with open(self.path, 'wb') as file:
      np.save(file, ROWS)
    check('holds no arrays')
    np.savez(self.path, rows=ROWS)
    check('holds no arrays .*names is not a file')
    content = self.path.read_bytes()
    self.path.write_bytes(content[: len(content) // 2])
    check('holds no arrays')
    self.path.unlink()
    with self.assertRaisesRegex(
      FileNotFoundError, f'no vectors at {self.path}'
    ):
      image_vectors.read_file(self.path, NAMES, dataset='folder:x')


if __name__ == '__main__':
  absltest.main()

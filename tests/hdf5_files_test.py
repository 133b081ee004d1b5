"""Files of HDF5: what refers to other files or claims too much is refused."""

import io
import os
import tempfile

import h5py
import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan import hdf5_files

PLACE = 'layers/conv/vars/0'


def written(change=lambda file: None):
  """The content of a file of weights, after a change."""
  content = io.BytesIO()
  with h5py.File(content, 'w') as file:
    file[PLACE] = np.ones([3, 4], np.float32)
    file['layers/conv/vars/1'] = np.float32(1)
    file.create_group('vars')
    change(file)
  return content.getvalue()


def replaced(**kwargs):
  """Its weights are another dataset."""

  def change(file):
    del file[PLACE]
    file.create_dataset(PLACE, **kwargs)

  return written(change)


def linked(link):
  def change(file):
    del file[PLACE]
    file[PLACE] = link

  return written(change)


class Hdf5FilesTest(parameterized.TestCase):
  def assert_refused(self, content, pattern):
    with self.assertRaisesRegex(ValueError, pattern) as caught:
      hdf5_files.check(content)
    self.assertNotIn('\n', str(caught.exception))

  def test_plain_numbers_pass(self):
    hdf5_files.check(written())
    hdf5_files.check(replaced(data=np.zeros([0, 3], np.int64)))
    hdf5_files.check(replaced(data=np.ones([2], bool)))

  def test_numbers_of_other_files_are_refused(self):
    # Opening a FIFO would wait for ever.
    fifo = os.path.join(tempfile.mkdtemp(), 'fifo')
    os.mkfifo(fifo)
    external = replaced(shape=[3, 4], dtype='f4', external=[(fifo, 0, 48)])
    self.assert_refused(external, f'weights /{PLACE} are in another file')

    def be_virtual(file):
      del file[PLACE]
      layout = h5py.VirtualLayout((3, 4), 'f4')
      layout[:] = h5py.VirtualSource('/other.h5', 'secret', (3, 4))
      file.create_virtual_dataset(PLACE, layout)

    self.assert_refused(written(be_virtual), 'are in another file')
    self.assert_refused(
      linked(h5py.ExternalLink('/other.h5', 'secret')),
      f'weights /{PLACE} are a link to another place',
    )
    self.assert_refused(linked(h5py.SoftLink('/vars')), 'are a link')

  def test_numbers_that_are_not_there_are_refused(self):
    shape = [10**6, 10**6]
    self.assert_refused(
      replaced(shape=shape, dtype='f4', chunks=(1000, 1000)),
      'are 4,000,000,000,000 bytes, of which it stores 0',
    )
    self.assert_refused(
      replaced(data=np.zeros([2**20], np.int8), compression='gzip'),
      'are 1,048,576 bytes, of which it stores',
    )
    whole = replaced(data=np.ones([2**16], np.float32))
    # The header of what was cut off is still there.
    self.assert_refused(whole[:2000], 'its weights are')

  def test_one_array_under_many_names_counts_once(self):
    def link_often(file):
      for name in range(100):
        file[f'vars/{name}'] = file[PLACE]
      file['layers/conv/itself'] = file['layers']

    hdf5_files.check(written(link_often))

  def test_other_contents_are_refused(self):
    texts = replaced(data=['text'], dtype=h5py.string_dtype())
    self.assert_refused(texts, 'are no numbers')
    self.assert_refused(replaced(data=h5py.Empty('f4')), 'are no numbers')
    self.assert_refused(b'nonsense', 'its weights are damaged')
    self.assert_refused(b'', 'its weights are damaged')


if __name__ == '__main__':
  absltest.main()

"""TFRecord files as a dataset: splits, labels, vectors, and damage."""

import os
import shutil
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan import image_io
from tf_twingan.data.prepare import tfrecord_files
from tf_twingan.data.sources import registry
from tf_twingan.data.sources import tfrecord as tfrecord_source


class TfrecordTest(dataset_case.DatasetCase):
  def setUp(self):
    super().setUp()
    self.shards = self.root / 'shards'

  def write_shard(self, name, numbers, split='', **values):
    self.write(len(numbers), first=numbers[0])
    records = [
      tfrecord_files.Record(
        f'deep/{n}.png',
        (self.photos / f'{n:03}.png').read_bytes(),
        split=split,
        attributes={'kind': ['even', 'odd'][n % 2], 'number': str(n)},
        vector=np.array([n + 1, 0.5], np.float32),
      )._replace(**values)
      for n in numbers
    ]
    tfrecord_files.write(self.shards / name, records, len(records))

  def found(self, split='train', options='', pattern=''):
    return registry.load(
      f'tfrecord:{self.shards}{pattern}{options}', 8, split=split
    )

  def assert_aligned(self, found):
    numbers = found.images[:, 0, 0, 0].tolist()
    self.assertEqual([*found.names], [f'deep/{n}.png' for n in numbers])
    self.assertEqual(found.attributes['number'], [str(n) for n in numbers])
    if found.vectors is not None:
      self.assertEqual(found.vectors[:, 0].tolist(), [n + 1 for n in numbers])

  @parameterized.parameters(
    ('', 'train-00000-of-00002', 'train-00001-of-00002', 'test-00000-of-00001'),
    ('', 'Train_1', 'train_2', 'val'),
    ('says', 'a', 'b', 'c'),
  )
  def test_own_splits(self, says, first, second, held_out):
    self.write_shard(f'{first}.tfrecord', range(5), says and 'train')
    self.write_shard(f'{second}.tfrecord', range(5, 8), says and 'train')
    self.write_shard(f'{held_out}.tfrecord', range(10, 13), says and 'test')
    for split, numbers in (('train', range(8)), ('test', range(10, 13))):
      found = self.found(split, '?vectors=vector')
      self.assertEqual(dataset_case.numbers(found.images), [*numbers])
      self.assert_aligned(found)
    found = registry.parse(f'tfrecord:{self.shards}').originals()
    self.assertLen(found.splits, 11)
    self.assertEqual(found.splits['deep/10.png'], 'test')
    self.assertEqual(found.read('deep/10.png').shape, (20, 20, 3))
    self.assertEqual(found.attributes['number'][0], found.names[0][5:-4])
    listed = registry.named_images(f'tfrecord:{self.shards}', 8)
    self.assertCountEqual(
      listed.names[:3], ['deep/10.png', 'deep/11.png', 'deep/12.png']
    )
    self.assertEqual(listed.read('deep/7.png')[0, 0, 0], 7)
    self.assertNotEqual(listed.stamp('deep/7.png'), listed.stamp('deep/6.png'))
    self.assertIsNone(listed.stamp('deep/99.png'))

  def test_images_are_held_out_by_name_as_a_folder_holds_them_out(self):
    self.write_shard('train-00000-of-00002.tfrecord', range(30))
    self.write_shard('train-00001-of-00002.tfrecord', range(30, 60))
    train, test = self.found(), self.found('test')
    self.assertEqual(
      sorted(
        dataset_case.numbers(train.images) + dataset_case.numbers(test.images)
      ),
      list(range(60)),
    )
    (self.photos / 'deep').mkdir()
    for path in self.photos.glob('*.png'):
      path.rename(self.photos / 'deep' / f'{int(path.stem)}.png')
    for split, found in (('train', train), ('test', test)):
      self.assert_aligned(found)
      expected = registry.load(f'folder:{self.photos}', 8, split=split)
      np.testing.assert_array_equal(found.images, expected.images)
      self.assertEqual(found.names, expected.names)
    self.assertEqual(
      registry.parse(f'tfrecord:{self.shards}').originals().splits, {}
    )
    listed = registry.named_images(f'tfrecord:{self.shards}', 8)
    self.assertEqual(listed.names[: len(test.names)], test.names)
    self.assertEqual(
      listed.attributes['number'], [n[5:-4] for n in listed.names]
    )
    limited = registry.named_images(f'tfrecord:{self.shards}', 8, limit=3)
    self.assertEqual(limited.names, listed.names[:3])
    self.assertEqual(
      limited.attributes['number'], listed.attributes['number'][:3]
    )

  def test_patterns(self):
    for name in ('a-1.tfrecord', 'a-2.tfrecord', 'b-1.tfrecord'):
      start = 10 * len(os.listdir(self.shards)) if self.shards.exists() else 0
      self.write_shard(name, range(start, start + 5))
    (self.shards / 'a-3.tfrecord.0123.part').write_text('unfinished')
    for pattern, count in (('/a-*', 10), ('/[ab]-1.tfrecord', 10), ('', 15)):
      parsed = registry.parse(f'tfrecord:{self.shards}{pattern}')
      self.assertLen(parsed.originals().names, count)
    with mock.patch.dict(os.environ, HOME=str(self.root)):
      parsed = registry.parse('tfrecord:~/shards/b-*?crop=0.5')
      self.assertLen(parsed.originals().names, 5)
      self.assertEqual(parsed.portable, f'tfrecord:{self.shards}/b-*?crop=0.5')

  def test_decoded_once_and_anew_when_a_file_changes(self):
    self.write_shard('a.tfrecord', range(20))
    first = self.found()
    with mock.patch.object(image_io, 'read_square', side_effect=AssertionError):
      again = self.found()
      self.found('test')
    self.assertIsInstance(again.images, np.memmap)
    np.testing.assert_array_equal(again.images, first.images)
    self.write_shard('a.tfrecord', range(40, 60))
    self.assertGreater(min(dataset_case.numbers(self.found().images)), 39)

  def test_a_damaged_file_is_named_and_not_trained_on(self):
    self.write_shard('a.tfrecord', range(20))
    self.write_shard('b.tfrecord', range(20, 40))
    path = self.shards / 'b.tfrecord'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    parsed = registry.parse(f'tfrecord:{self.shards}')
    for call in (
      self.found,
      parsed.originals,
      lambda: parsed.named_images(8),
    ):
      self.assert_one_line(
        ValueError, r'dataset tfrecord:.*/b.tfrecord: record \d+ at byte', call
      )
    self.assertEqual(list(self.cache.glob('*.npy')), [])

  def test_damage_after_the_files_were_read(self):
    self.write_shard('a.tfrecord', range(20))
    found = registry.parse(f'tfrecord:{self.shards}').originals()
    path = self.shards / 'a.tfrecord'
    content = bytearray(path.read_bytes())
    content[-30:] = bytes(30)
    path.write_bytes(content)
    with self.assertRaises(tfrecord_files.DamagedFile):
      for name in found.names:
        found.read(name)

  def test_images_that_cannot_be_decoded_are_skipped(self):
    self.write_shard('a.tfrecord', range(20))
    self.write_shard('b.tfrecord', [20], image=b'no image')
    with self.assertLogs(level='WARNING') as logs:
      found = self.found()
    self.assertIn('1 of 21 images skipped: deep/20.png', logs.output[0])
    self.assert_aligned(found)

  def test_balance_and_class(self):
    self.write_shard('train-0.tfrecord', range(9))
    self.write_shard('test-0.tfrecord', range(10, 14))
    found = self.found(options='?balance=kind')
    is_odd = found.images[:, 0, 0, 0] % 2 == 1
    self.assertAlmostEqual(found.sampling[is_odd].sum(), 4.5)
    odd = registry.load(f'class:tfrecord:{self.shards}/*:kind=odd', 8)
    self.assertEqual(dataset_case.numbers(odd.images), [1, 3, 5, 7])

  def test_labels_and_vectors_of_some_images(self):
    self.write_shard('a.tfrecord', range(6))
    self.write_shard(
      'b.tfrecord', range(6, 12), attributes={'other': 'x'}, vector=None
    )
    found = registry.parse(f'tfrecord:{self.shards}').originals()
    self.assertEqual(found.attributes['other'], [''] * 6 + ['x'] * 6)
    self.assertEqual(found.attributes['kind'], ['even', 'odd'] * 3 + [''] * 6)
    self.assert_one_line(
      ValueError,
      r'vectors of \[0, 2\] numbers; give each one of one size',
      lambda: self.found(options='?vectors=vector'),
    )
    self.assert_one_line(
      ValueError,
      'vectors=who is unknown; write vectors=vector',
      lambda: self.found(options='?vectors=who'),
    )

  def test_columns_without_number_are_refused(self):
    for file, count in (('a', 600), ('b', 400), ('c', 1)):
      columns = {f'{file}{number}': 'x' for number in range(count)}
      self.write_shard(
        f'{file}.tfrecord', [ord(file)], attributes=columns | {'a0': 'y'}
      )
      found = registry.parse(f'tfrecord:{self.shards}').originals()
      if file != 'c':
        self.assertEqual(found.attributes['a0'][-1], 'y')
    self.assert_one_line(
      ValueError,
      'c.tfrecord is the file with which .* more than 1,000 columns',
      lambda: found.attributes['a0'],
    )

  def test_files_that_cannot_be_used(self):
    self.assert_one_line(
      FileNotFoundError, 'no files .*/shards; check the path', self.found
    )
    self.write_shard('a.tfrecord', range(4))
    shutil.copy(self.shards / 'a.tfrecord', self.shards / 'b.tfrecord')
    self.assert_one_line(
      ValueError,
      'two images are called deep/0.png, in .*/a.tfrecord and .*/b.tfrecord',
      self.found,
    )
    for make, pattern in (
      (os.mkfifo, 'b.tfrecord: no regular file but a FIFO'),
      (os.mkdir, 'b.tfrecord: no regular file but a folder'),
      (lambda path: path.symlink_to('nowhere'), 'b.tfrecord: No such file'),
      (
        lambda path: path.write_text('text ' * 9),
        'b.tfrecord: no TFRecord file',
      ),
    ):
      path = self.shards / 'b.tfrecord'
      path.rmdir() if path.is_dir() else path.unlink()
      make(path)
      self.assert_one_line((ValueError, OSError), pattern, self.found)

  def test_prepared_files_know_how_they_were_prepared(self):
    self.write_shard('a.tfrecord', range(4))
    with mock.patch.object(
      tfrecord_source.dataset_record, 'find', return_value=None
    ) as find:
      for pattern in ('', '/*.tfrecord'):
        parsed = registry.parse(f'tfrecord:{self.shards}{pattern}')
        self.assertIsNone(parsed.preparation())
        find.assert_called_with(str(self.shards))


if __name__ == '__main__':
  absltest.main()

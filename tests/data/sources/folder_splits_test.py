"""The splits of a folder: found by the names that published datasets have."""

import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan.data.sources import folder_splits


class FindTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())

  def make(self, *names):
    for name in names:
      (self.root / name).mkdir(parents=True)

  def find(self, name='.', test=None):
    folder = self.root / name
    splits = folder_splits.find(folder, test, dataset=f'folder:{folder}')
    return tuple(
      path and path.resolve().relative_to(self.root.resolve()).as_posix()
      for path in splits
    )

  @parameterized.parameters(
    (['train', 'test'], '.', ('train', 'test')),
    (['train', 'val'], '.', ('train', 'val')),
    (['train', 'val', 'test'], '.', ('train', 'test')),
    (['train', 'validation'], '.', ('train', 'validation')),
    (['train', 'test'], 'train', ('train', 'test')),
    (['trainA', 'trainB', 'testA', 'testB'], 'trainA', ('trainA', 'testA')),
    (['trainA', 'trainB', 'testA', 'testB'], 'trainB', ('trainB', 'testB')),
    (['train_A', 'val_A'], 'train_A', ('train_A', 'val_A')),
    (['trainA', 'trainB'], 'trainA', ('trainA', None)),
    (['trainA', 'trainB'], 'trainB', ('trainB', None)),
    (['trains', 'tests'], 'trains', ('trains', None)),
    (['Train', 'Test'], '.', ('Train', 'Test')),
    (['Training', 'Testing'], '.', ('.', None)),
    (['TRAIN', 'VAL'], 'TRAIN', ('TRAIN', 'VAL')),
    (['TrainA', 'TestA'], 'TrainA', ('TrainA', 'TestA')),
    (['train/cat', 'val/cat'], 'train/cat', ('train/cat', 'val/cat')),
    (['Train/Cat', 'Val/cat'], 'Train/Cat', ('Train/Cat', 'Val/cat')),
    (['train/cat', 'val/dog'], 'train/cat', ('train/cat', None)),
    (['cats/train', 'val/train'], 'cats/train', ('cats/train', None)),
    (['train'], '.', ('.', None)),
    (['test'], '.', ('.', None)),
  )
  def test_splits_are_found_by_their_names(self, folders, name, expected):
    self.make(*folders)
    self.assertEqual(self.find(name), expected)

  def test_a_test_folder_may_be_named(self):
    self.make('mine/held', 'photos', 'trainA', 'testA')
    self.assertEqual(self.find('mine', 'held'), ('mine', 'mine/held'))
    self.assertEqual(self.find('photos', '../mine'), ('photos', 'mine'))
    self.assertEqual(
      self.find('trainA', str(self.root / 'photos')), ('trainA', 'photos')
    )
    with self.assertRaisesRegex(FileNotFoundError, 'test=nowhere is no folder'):
      self.find('photos', 'nowhere')
    for test in ('.', '..'):
      with self.assertRaisesRegex(ValueError, 'the images to train on, too'):
        self.find('photos', test)

  def test_a_folder_of_several_domains_is_refused(self):
    self.make('trainA', 'trainB', 'testA', 'testB')
    with self.assertRaisesRegex(
      ValueError,
      r'trainA, trainB, .* name one of them, such as folder:.*trainA',
    ):
      self.find()


class LoadTest(dataset_case.DatasetCase):
  def load_numbers(self, options='', split='train'):
    return dataset_case.numbers(self.load(options, split=split).images)

  def test_the_published_split_is_held_out(self):
    self.write(3)
    self.photos.rename(self.photos.with_name('trainA'))
    self.write(2, first=10)
    self.photos.rename(self.photos.with_name('testA'))
    self.photos = self.photos.with_name('trainA')
    self.assertEqual(self.load_numbers(), [0, 1, 2])
    self.assertEqual(self.load_numbers(split='test'), [10, 11])

  def test_a_test_folder_inside_is_not_trained_on(self):
    self.write(3)
    self.write(2, 'held/out', first=10)
    self.write(2, 'held_too', first=20)
    for test in ('held', str(self.photos / 'held')):
      self.assertEqual(self.load_numbers(f'?test={test}'), [0, 1, 2, 20, 21])
      self.assertEqual(self.load_numbers(f'?test={test}', 'test'), [10, 11])
    with self.assertRaisesRegex(ValueError, 'test= names nothing'):
      self.load('?test=')


if __name__ == '__main__':
  absltest.main()

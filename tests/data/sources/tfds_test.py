"""TensorFlow Datasets as datasets: splits, vectors, bad names."""

import collections
import concurrent.futures
import hashlib
import itertools
import os
import shutil
from unittest import mock

import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan import image_io
from tf_twingan.data.sources import base, registry
from tf_twingan.data.sources import tfds as tfds_source


class SourcesTestImages(tfds.core.GeneratorBasedBuilder):
  """Images in uncommon splits."""

  VERSION = tfds.core.Version('1.0.0')

  def _info(self):
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(
        {
          'image': tfds.features.Image(shape=(None, None, 3)),
          'label': tfds.features.ClassLabel(num_classes=99),
          'who': tfds.features.Tensor(shape=(2,), dtype=np.float32),
          'hair': tfds.features.ClassLabel(names=['black', 'red']),
          'note': tfds.features.Text(),
          'attributes': {
            'Odd': np.bool_,
            'label': np.int64,
            'deep': {'height': np.float32},
          },
        }
      ),
    )

  def _split_generators(self, dl_manager):
    return {
      'train': self._generate_examples(range(20)),
      'trainB': self._generate_examples(range(30, 34)),
      'testB': self._generate_examples(range(40, 42)),
    }

  def _generate_examples(self, numbers=()):
    for number in numbers:
      yield (
        number,
        {
          'image': dataset_case.flat_image(number),
          'label': number,
          'who': [number, 1.0],
          'hair': number % 3 - 1,
          'note': f'é {number}',
          'attributes': {
            'Odd': bool(number % 2),
            'label': -number,
            'deep': {'height': 0.5},
          },
        },
      )


class SourcesTestNumbers(tfds.core.GeneratorBasedBuilder):
  """A dataset without images."""

  VERSION = tfds.core.Version('1.0.0')

  def _info(self):
    return tfds.core.DatasetInfo(
      builder=self, features=tfds.features.FeaturesDict({'number': np.int64})
    )

  def _split_generators(self, dl_manager):
    raise OSError('the host is\ngone')

  def _generate_examples(self):
    raise NotImplementedError


class TfdsTest(dataset_case.DatasetCase):
  def setUp(self):
    super().setUp()
    patch = mock.patch.dict(os.environ, TFDS_DATA_DIR=str(self.root / 'tfds'))
    patch.start()
    self.addCleanup(patch.stop)

  def test_without_a_home_folder_the_variable_is_named(self):
    with (
      mock.patch.dict(os.environ),
      # What a number without an account has.
      mock.patch('pwd.getpwuid', side_effect=KeyError),
    ):
      del os.environ['HOME']
      os.environ.pop('TFDS_DATA_DIR', None)
      self.assert_one_line(
        ValueError,
        'tfds:mnist: there is no home folder .*; set TFDS_DATA_DIR',
        lambda: registry.load('tfds:mnist', 8),
      )

  def test_images_and_splits(self):
    dataset = 'tfds:sources_test_images'
    train = registry.load(dataset, 8)
    test = registry.load(dataset, 8, split='test')
    self.assertEqual(train.images.shape, (18, 8, 8, 3))
    self.assertEqual(
      sorted(
        dataset_case.numbers(train.images) + dataset_case.numbers(test.images)
      ),
      list(range(20)),
    )
    with mock.patch.object(image_io, 'read_square', side_effect=AssertionError):
      again = registry.load(dataset, 8)
    np.testing.assert_array_equal(again.images, train.images)
    other = f'{dataset}:1.0.0?split=trainB'
    self.assertEqual(
      dataset_case.numbers(registry.load(other, 8).images), [30, 31, 32, 33]
    )
    self.assertEqual(
      dataset_case.numbers(registry.load(other, 8, split='test').images),
      [40, 41],
    )
    self.assert_one_line(
      ValueError,
      r"'trainC' is unknown; add \?split=NAME, NAME one of "
      '.*trainB',
      lambda: registry.load(f'{dataset}?split=trainC', 8),
    )

  def test_names_tell_which_image_was_skipped(self):
    def load():
      loaded = registry.load('tfds:sources_test_images', 8)
      return {n: int(p[0, 0, 0]) for n, p in zip(loaded.names, loaded.images)}

    whole = load()
    self.assertEqual([*whole], [str(place) for place in range(18)])
    read, count = image_io.read_square, itertools.count()

    def read_but_one(*args, **kwargs):
      if next(count) == 3:
        raise image_io.UnreadableImage('an image', 'damaged')
      return read(*args, **kwargs)

    shutil.rmtree(self.cache)
    with mock.patch.object(image_io, 'read_square', read_but_one):
      others = load()
    self.assertLen(others, 17)
    self.assertContainsSubset(others.items(), whole.items())

  def test_originals(self):
    found = registry.parse('tfds:sources_test_images').originals()
    self.assertEqual(found.names, [f'train/{index}' for index in range(20)])
    self.assertEqual(found.splits, {})
    test = registry.load('tfds:sources_test_images', 8, split='test').images
    train = registry.load('tfds:sources_test_images', 8).images
    expected = [int(image[0, 0, 0]) for part in (test, train) for image in part]
    with (
      mock.patch.object(tfds_source, '_CHUNK', 3),
      concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
      images = [*pool.map(found.read, reversed(found.names))]
    for image, number in zip(reversed(images), expected, strict=True):
      np.testing.assert_array_equal(image, dataset_case.flat_image(number))

  def test_originals_of_own_splits(self):
    found = registry.parse('tfds:sources_test_images?split=trainB').originals()
    names = [f'train/{i}' for i in range(4)] + [f'test/{i}' for i in range(2)]
    self.assertEqual(found.names, names)
    self.assertEqual(found.splits, {n: n.partition('/')[0] for n in names})
    self.assertEqual(
      [int(found.read(name)[0, 0, 0]) // 10 for name in names],
      [3, 3, 3, 3, 4, 4],
    )

  def test_vectors_are_a_feature(self):
    dataset = 'tfds:sources_test_images?vectors='
    for split in base.SPLITS:
      found = registry.load(f'{dataset}who', 8, split=split)
      self.assertEqual(
        found.vectors[:, 0].tolist(), [float(p[0, 0, 0]) for p in found.images]
      )
    read = image_io.read_square

    def fail(encoded, *args, **options):
      image = read(encoded, *args, **options)
      if image[0, 0, 0] == 10:
        raise image_io.UnreadableImage('', 'bad')
      return image

    with mock.patch.object(image_io, 'read_square', side_effect=fail):
      with self.assertLogs(level='WARNING'):
        found = registry.load(f'{dataset}who', 16)
    self.assertLen(found.images, 17)
    self.assertEqual(
      found.vectors[:, 0].tolist(), [float(p[0, 0, 0]) for p in found.images]
    )
    for feature in ('name', 'label', 'image'):
      self.assert_one_line(
        ValueError,
        f'vectors={feature} is no feature of numbers .* image, label, who',
        lambda feature=feature: registry.load(f'{dataset}{feature}', 8),
      )

  def test_labels_are_columns(self):
    loaded = registry.load('tfds:sources_test_images', 8)
    numbers = [int(image[0, 0, 0]) for image in loaded.images]
    expected = {
      'Odd': [['false', 'true'][n % 2] for n in numbers],
      'deep/height': ['0.5'] * 18,
      'attributes/label': [str(-n) for n in numbers],
      'hair': [['', 'black', 'red'][n % 3] for n in numbers],
      'label': [str(n) for n in numbers],
      'note': [f'é {n}' for n in numbers],
    }
    expected['height'] = expected.pop('deep/height')
    self.assertEqual(dict(loaded.attributes), expected)
    parsed = registry.parse('tfds:sources_test_images?split=trainB')
    listed = parsed.named_images(8)
    self.assertEqual(
      listed.attributes['label'],
      [str(listed.read(name)[0, 0, 0]) for name in listed.names],
    )
    found = parsed.originals()
    self.assertEqual(
      found.attributes['label'],
      [str(found.read(name)[0, 0, 0]) for name in found.names],
    )

  def test_a_balanced_column(self):
    loaded = registry.load('tfds:sources_test_images?balance=hair', 8)
    sums = collections.Counter()
    for value, weight in zip(loaded.attributes['hair'], loaded.sampling):
      sums[value] += weight
    self.assertAlmostEqual(sums['black'], sums['red'])
    self.assertAlmostEqual(sums[''], loaded.attributes['hair'].count(''))

  def test_unknown_names(self):
    self.assert_one_line(
      ValueError,
      "TensorFlow Datasets has no 'mnis'; .*did you mean 'mnist'",
      lambda: registry.load('tfds:mnis', 8),
    )
    self.assert_one_line(
      ValueError,
      'tfds:sources_test_images/no_config: ',
      lambda: registry.load('tfds:sources_test_images/no_config', 8),
    )

  def test_no_images_in_it(self):
    self.assert_one_line(
      ValueError,
      "no 'image' feature but number; use a dataset of images",
      lambda: registry.load('tfds:sources_test_numbers', 8),
    )

  def test_cannot_be_prepared(self):
    with mock.patch.object(
      SourcesTestImages,
      '_split_generators',
      side_effect=OSError('the host is\ngone'),
    ):
      self.assert_one_line(
        ValueError,
        'could not be prepared: the host is; `tfds build sources',
        lambda: registry.load('tfds:sources_test_images', 8),
      )


class KnownDatasetsTest(dataset_case.DatasetCase):
  """Published datasets as TFDS describes them, with made-up examples."""

  def setUp(self):
    super().setUp()
    folder = self.root / 'tfds'
    self.enter_context(mock.patch.dict(os.environ, TFDS_DATA_DIR=str(folder)))
    self.folder = folder

  def describe(self, name, *splits):
    """Writes what a prepared dataset says of itself."""
    builder = tfds.builder(name, data_dir=self.folder)
    template = tfds.core.ShardedFileTemplate(
      data_dir=builder.data_path,
      dataset_name=builder.name,
      filetype_suffix='tfrecord',
    )
    builder.info.set_splits(
      tfds.core.SplitDict(
        [
          tfds.core.SplitInfo(
            name=split,
            shard_lengths=[12],
            num_bytes=0,
            filename_template=template,
          )
          for split in splits
        ]
      )
    )
    builder.data_path.mkdir(parents=True)
    builder.info.write_to_directory(builder.data_path)
    self.enter_context(
      tfds.testing.mock_data(num_examples=12, data_dir=str(self.folder))
    )

  def test_celeb_a(self):
    self.describe('celeb_a', 'train', 'validation', 'test')
    train = registry.load('tfds:celeb_a?balance=Male', 8)
    self.assertLen(train.images, 12)
    self.assertEqual({*train.attributes['Male']}, {'true', 'false'})
    is_male = np.array(train.attributes['Male']) == 'true'
    self.assertAlmostEqual(train.sampling[is_male].sum(), 6)
    self.assertContainsSubset(
      ['Blond_Hair', 'Eyeglasses', 'lefteye_x', 'Identity_No'], train.attributes
    )
    chosen = registry.load('class:tfds:celeb_a:Male=true', 8)
    np.testing.assert_array_equal(chosen.images, train.images[is_male])
    found = registry.parse('tfds:celeb_a').originals()
    self.assertEqual(found.read('test/11').shape, (218, 178, 3))
    self.assertLen(found.splits, 24)

  def test_horse2zebra(self):
    name = 'cycle_gan/horse2zebra'
    self.describe(name, 'trainA', 'trainB', 'testA', 'testB')
    for split in base.SPLITS:
      found = registry.load(f'tfds:{name}?split=trainA', 8, split=split)
      self.assertLen(found.images, 12)
      self.assertLessEqual({*found.attributes['label']}, {'A', 'B'})
    self.assert_one_line(
      ValueError,
      "'train' is unknown; add .split=NAME, NAME one of trainA, trainB,",
      lambda: registry.load(f'tfds:{name}', 8),
    )

  def test_oxford_iiit_pet(self):
    self.describe('oxford_iiit_pet', 'train', 'test')
    whole = registry.load('tfds:oxford_iiit_pet', 8)
    self.assertEqual({*whole.attributes['species']}, {'Cat', 'Dog'})
    cats = registry.load('class:tfds:oxford_iiit_pet:species=Cat', 8)
    self.assertLen(cats.images, whole.attributes['species'].count('Cat'))
    self.assertContainsSubset(['label', 'file_name'], whole.attributes)

  @parameterized.parameters(
    ('celeb_a', 'img_align_celeba.zip from https://drive.google.com/.*'),
    ('cycle_gan/horse2zebra', r'horse2zebra.zip from https://\S*$'),
    ('oxford_iiit_pet', 'annotations.tar.gz from .*, images.tar.gz from .*'),
  )
  def test_a_failed_download_says_what_to_do_by_hand(self, name, files):
    builder = tfds.builder(name, data_dir=self.folder)
    with mock.patch.object(
      type(builder), '_split_generators', side_effect=OSError('no network')
    ):
      self.assert_one_line(
        ValueError,
        f'tfds:{name}: could not be prepared: no network; .*, or get the files '
        f'by a browser and put them into {self.folder}/downloads/manual: '
        f'.*{files}',
        lambda: registry.load(f'tfds:{name}', 8),
      )

  def test_files_that_were_put_there_by_hand_are_used(self):
    url, content = 'https://example.invalid/pixels', b'7'
    info = tfds.download.checksums.UrlInfo(
      size=len(content),
      checksum=hashlib.sha256(content).hexdigest(),
      filename='pixels.txt',
    )

    def generate(builder, manager):
      number = int(manager.download(url).read_text())
      return {
        split: builder._generate_examples(range(first, first + 4))
        for split, first in (('train', number), ('test', number + 10))
      }

    with mock.patch.object(SourcesTestImages, 'url_infos', {url: info}):
      # Without one attempt after another to reach a host.
      with mock.patch.object(
        SourcesTestImages, '_split_generators', side_effect=OSError('away')
      ):
        with self.assertRaisesRegex(
          ValueError, f'{self.folder}/downloads/manual: pixels.txt from {url}'
        ):
          registry.load('tfds:sources_test_images', 8)
      there = self.folder / 'downloads' / 'manual' / 'pixels.txt'
      there.parent.mkdir(parents=True)
      there.write_bytes(content)
      with mock.patch.object(SourcesTestImages, '_split_generators', generate):
        found = registry.load('tfds:sources_test_images', 8)
    self.assertEqual(dataset_case.numbers(found.images), [7, 8, 9, 10])


if __name__ == '__main__':
  absltest.main()

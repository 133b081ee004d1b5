"""Tests of tf_twingan.data.sources: grammar, splits, cache and bad input."""

import errno
import json
import os
import pathlib
import resource
import sys
import tempfile
import time
import types
from unittest import mock

import numpy as np
import tensorflow_datasets as tfds
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan import image_arrays, image_io
from tf_twingan.data import avatars, cache, image_vectors
from tf_twingan.data.avatars import characters
from tf_twingan.data.sources import registry


def _image(number: int, size: int = 20) -> np.ndarray:
  """One flat colour that tells which image it is."""
  return np.full((size, size, 3), (number, 255 - number, 100), np.uint8)


def _numbers(images: np.ndarray) -> list[int]:
  return sorted(int(p[0, 0, 0]) for p in images)


class _SourcesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)
    self.photos = self.root / 'photos'
    self.cache = self.root / 'cache'
    patch = mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.cache))
    patch.start()
    self.addCleanup(patch.stop)

  def write(self, count: int, folder: str = '', first: int = 0) -> None:
    for number in range(first, first + count):
      image_io.write_png(
        self.photos / folder / f'{number:03}.png', _image(number)
      )

  def load(self, options: str = '', resolution: int = 8, **kwargs):
    return registry.load(f'folder:{self.photos}{options}', resolution, **kwargs)

  def assert_one_line(self, error, pattern, call):
    with self.assertRaisesRegex(error, pattern) as caught:
      call()
    self.assertNotIn('\n', str(caught.exception))


class FolderTest(_SourcesTest):
  def test_images(self):
    self.write(30)
    train = self.load()
    self.assertEqual(train.images.dtype, np.uint8)
    self.assertEqual(train.images.shape[1:], (8, 8, 3))
    self.assertEqual(train.skipped, ())
    for image in train.images:
      np.testing.assert_array_equal(image, _image(image[0, 0, 0], 8))

  def test_holdout_is_disjoint_complete_and_deterministic(self):
    self.write(100)
    train, test = self.load(), self.load(split='test')
    self.assertEqual(
      sorted(_numbers(train.images) + _numbers(test.images)), list(range(100))
    )
    self.assertBetween(len(test.images), 4, 18)
    again = self.load(split='test', resolution=4)
    self.assertEqual(_numbers(again.images), _numbers(test.images))

  def test_holdout_stays_held_out_when_images_come(self):
    self.write(60)
    before = _numbers(self.load(split='test').images)
    self.write(60, first=60)
    self.assertContainsSubset(before, _numbers(self.load(split='test').images))

  def test_small_folder_holds_out_one(self):
    self.write(3)
    self.assertLen(self.load().images, 2)
    self.assertLen(self.load(split='test').images, 1)

  def test_holdout_has_a_ceiling(self):
    self.write(40)
    with mock.patch.object(registry, 'HOLDOUT_MAX', 2):
      self.assertLen(self.load(split='test').images, 2)
      self.assertLen(self.load().images, 38)

  def test_own_splits(self):
    self.write(3, 'train')
    self.write(2, 'test/deep', first=10)
    self.write(4, 'other', first=20)
    self.assertEqual(_numbers(self.load().images), [0, 1, 2])
    self.assertEqual(_numbers(self.load(split='test').images), [10, 11])

  def test_home_folder(self):
    self.write(5)
    with mock.patch.dict(os.environ, HOME=str(self.root)):
      self.assertLen(registry.load('folder:~/photos', 4).images, 4)

  def test_options(self):
    framed = np.zeros((20, 20, 3), np.uint8)
    framed[5:15, 5:15] = 200
    wide = np.zeros((10, 20, 3), np.uint8)
    for number in range(3):
      image_io.write_png(self.photos / 'train' / f'{number}.png', framed)
      image_io.write_png(self.photos / 'test' / f'{number}.png', wide)
    # The resize looks a pixel beyond what it keeps.
    self.assertGreater(self.load('?crop=0.5').images.min(), 180)
    self.assertLess(self.load().images.min(), 20)
    padded = self.load('?fit=pad&crop=1', split='test').images
    np.testing.assert_array_equal(padded[:, 0], 255)
    np.testing.assert_array_equal(padded[:, 4], 0)
    np.testing.assert_array_equal(self.load(split='test').images, 0)

  def test_large_jpeg_is_decoded_at_a_fraction(self):
    self.photos.mkdir()
    for number in range(3):
      Image.fromarray(_image(40, 640)).save(self.photos / f'{number}.jpg')
    with mock.patch.object(
      image_arrays, 'square', wraps=image_arrays.square
    ) as square:
      self.load('?crop=0.5')
    for call in square.call_args_list:
      self.assertEqual(call.args[0].shape, (80, 80, 3))

  def test_bad_images_are_skipped_and_listed(self):
    self.write(6)
    (self.photos / 'notes.txt').write_text('not meant to be an image')
    (self.photos / 'text.jpg').write_text('not an image')
    (self.photos / 'empty.png').touch()
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    Image.fromarray(noise).save(self.photos / 'cut.jpg')
    whole = (self.photos / 'cut.jpg').read_bytes()
    (self.photos / 'cut.jpg').write_bytes(whole[: len(whole) // 2])
    with self.assertLogs(level='WARNING') as logs:
      result = self.load()
    self.assertLen(result.images, 5)
    reasons = dict(result.skipped)
    self.assertEqual(set(reasons), {'text.jpg', 'empty.png', 'cut.jpg'})
    self.assertStartsWith(reasons['text.jpg'], 'not an image in a known')
    self.assertIn('truncated', reasons['cut.jpg'])
    self.assertIn('3 of 9 images skipped', logs.output[0])
    (record,) = self.cache.glob('*.json')
    listed = json.loads(record.read_text())['skipped']
    self.assertEqual(dict(listed), reasons)
    # From the cache the same, and the warning again.
    with self.assertLogs(level='WARNING'):
      again = self.load()
    self.assertEqual(again.skipped, result.skipped)
    np.testing.assert_array_equal(again.images, result.images)

  def write_vectors(self, names, path='vectors.npz'):
    """Rows whose first number is the one in the file's name."""
    np.savez(
      self.photos / path,
      names=names,
      vectors=[[int(pathlib.Path(n).stem), 1.0] for n in names],
    )

  def assert_own_rows(self, found):
    self.assertEqual(
      found.vectors[:, 0].tolist(), [float(p[0, 0, 0]) for p in found.images]
    )

  def test_each_image_has_its_own_vector(self):
    self.write(40)
    names = [f'{n:03}.png' for n in range(40)]
    # In the middle of the order, which is that of a hash.
    broken = names[20]
    (self.photos / broken).write_text('no image')
    self.write_vectors([*reversed(names), '999.png'])
    for split in registry.SPLITS:
      with self.assertLogs(level='WARNING'):
        found = self.load('?vectors=vectors.npz', split=split)
      self.assert_own_rows(found)
      with self.assertLogs(level='WARNING'):
        plain = self.load(split=split)
      self.assertIsNone(plain.vectors)
      np.testing.assert_array_equal(plain.images, found.images)
    # The broken one needs no row; a changed file is read, without decoding.
    names.remove(broken)
    self.write_vectors(names)
    with mock.patch.object(image_io, 'read', side_effect=AssertionError):
      with self.assertLogs(level='WARNING'):
        self.assert_own_rows(self.load('?vectors=vectors.npz'))
      np.savez(self.photos / 'vectors.npz', names=names, vectors=[[7]] * 39)
      with self.assertLogs(level='WARNING'):
        found = self.load('?vectors=vectors.npz')
      self.assertEqual(set(found.vectors.ravel()), {7.0})

  def test_vectors_of_own_splits_are_named_from_the_top(self):
    self.write(3, 'train')
    self.write(2, 'test/deep', first=10)
    names = [f'train/{n:03}.png' for n in range(3)]
    names += [f'test/deep/{n:03}.png' for n in (10, 11)]
    self.write_vectors(names)
    self.assert_own_rows(self.load('?vectors=vectors.npz'))
    self.assert_own_rows(self.load('?vectors=vectors.npz', split='test'))
    other = self.root / 'other.npz'
    self.write_vectors(names, other)
    self.assert_own_rows(self.load(f'?vectors={other}&crop=1'))

  def test_vectors_that_are_not_there(self):
    self.write(4)
    self.assert_one_line(
      FileNotFoundError,
      'no vectors at .*/photos/v.npz; a relative path starts at the folder',
      lambda: self.load('?vectors=v.npz'),
    )
    self.write_vectors(['000.png'], 'v.npz')
    self.assert_one_line(
      ValueError,
      r"v.npz has no row for \d of 3 images, the first of them '00\d.png'",
      lambda: self.load('?vectors=v.npz'),
    )

  def test_cache_is_used(self):
    self.write(12)
    first = self.load()
    with mock.patch.object(image_io, 'read', side_effect=AssertionError):
      again = self.load()
      self.load(split='test')
    self.assertIsInstance(again.images, np.memmap)
    self.assertFalse(again.images.flags.writeable)
    np.testing.assert_array_equal(again.images, first.images)

  def test_cache_follows_the_folder_and_drops_what_it_supersedes(self):
    self.write(3)
    self.load()
    self.load(resolution=4)
    image_io.write_png(self.photos / '001.png', _image(77, 24))
    everything = _numbers(self.load().images) + _numbers(
      self.load(split='test').images
    )
    self.assertEqual(sorted(everything), [0, 2, 77])
    self.assertLen(list(self.cache.glob('*.npy')), 2)
    self.assertLen(list(self.cache.glob('*.json')), 2)
    os.utime(self.photos / '002.png', (1, 1))
    with mock.patch.object(image_io, 'read', wraps=image_io.read) as read:
      self.load()
    self.assertEqual(read.call_count, 3)

  def test_damaged_cache_is_made_anew(self):
    self.write(12)
    expected = np.array(self.load().images)
    (array,) = self.cache.glob('*.npy')
    (record,) = self.cache.glob('*.json')
    for path, content in (
      (array, array.read_bytes()[:200]),
      (array, b''),
      (record, b'{"count": 3'),
    ):
      path.write_bytes(content)
      with self.assertLogs(level='WARNING') as logs:
        np.testing.assert_array_equal(self.load().images, expected)
      self.assertIn('damaged', logs.output[0])
    record.unlink()
    np.testing.assert_array_equal(self.load().images, expected)

  def test_leftovers_of_killed_runs_are_removed(self):
    self.write(3)
    self.load()
    (record,) = self.cache.glob('*.json')
    old = self.cache / f'{record.stem}.0.part'
    new = self.cache / f'{record.stem}.1.part'
    for path in (old, new):
      path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    record.unlink()
    self.load()
    self.assertFalse(old.exists())
    self.assertTrue(new.exists())

  def test_interrupted_decoding_leaves_nothing(self):
    self.write(6)
    with mock.patch.object(
      image_arrays, 'square', side_effect=KeyboardInterrupt
    ):
      with self.assertRaises(KeyboardInterrupt):
        self.load()
    self.assertEqual(os.listdir(self.cache), [])


class NoSpaceTest(_SourcesTest):
  def test_known_beforehand(self):
    self.write(4)
    usage = types.SimpleNamespace(free=100)
    with mock.patch.object(cache.shutil, 'disk_usage', return_value=usage):
      self.assert_one_line(
        OSError,
        r'cannot write the 4864 bytes .*/cache \(100 bytes free\); '
        'free some space, or set TF_TWINGAN_CACHE',
        self.load,
      )
    self.assertEqual(os.listdir(self.cache), [])

  def test_while_writing(self):
    self.write(20)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A ceiling on file sizes fails a write just as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
      self.assert_one_line(
        OSError, r'cannot write .*/cache \(File too large\)', self.load
      )
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    self.assertEqual(os.listdir(self.cache), [])
    self.assertLen(self.load().images, 20 - len(self.load(split='test').images))

  def test_cache_that_cannot_be_made(self):
    self.write(3)
    self.cache.write_text('a file in its place')
    self.assert_one_line(
      OSError, 'set TF_TWINGAN_CACHE to a folder with room', self.load
    )

  def test_full_while_renaming(self):
    self.write(3)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with mock.patch.object(cache.os, 'replace', side_effect=full):
      # Only the cache's own renames fail: the images are written already.
      self.assert_one_line(OSError, 'No space left on device', self.load)
    self.assertEqual(os.listdir(self.cache), [])


class BadSourceTest(_SourcesTest):
  def check(self, source, pattern, error=ValueError, resolution=8, **kwargs):
    self.assert_one_line(
      error, pattern, lambda: registry.load(source, resolution, **kwargs)
    )

  def test_scheme(self):
    self.check(
      'foldr:/x',
      "'foldr:/x' has no known scheme; use avatars:STYLE "
      "or folder:PATH or tfds:NAME; did you mean 'folder'",
    )
    self.check('ftp:/x', 'no known scheme; use .* tfds:NAME$')
    self.photos.mkdir()
    self.check(str(self.photos), f"did you mean 'folder:{self.photos}'")
    self.check('folder:', 'names nothing after its colon; write folder:PATH')

  def test_options(self):
    self.check('folder:/x?corp=1', "'corp' is unknown; .* crop, fit")
    self.check('folder:/x?split=a', "'split' is unknown; .* crop, fit")
    self.check('tfds:x?corp=1', "'corp' is unknown; .* crop, fit, split")
    self.check('folder:/x?crop=.5&crop=.7', "'crop' is given twice")
    for value in ('0', '1.5', 'half', '', 'nan'):
      self.check(f'folder:/x?crop={value}', r'no fraction in \(0, 1\]')
    self.check('folder:/x?vectors=', 'names nothing; write vectors=FILE')
    self.check('avatars:lorelei?vectors=a.npz', 'write vectors=factors')
    self.check('folder:/x?fit=stretch', 'stretch is unknown; use one of crop')

  def test_resolution(self):
    self.check(
      'folder:/x', 'resolution 48 .* use 4, 8, .* here 32 or 64', resolution=48
    )
    for resolution in (2, 0, -8, 8.0, True, '8'):
      self.check(
        'folder:/x', 'is no power of two from 4 up', resolution=resolution
      )

  def test_split(self):
    self.check(
      'folder:/x', "'val' is unknown; use one of train, test", split='val'
    )

  def test_missing_folder(self):
    self.check(
      'folder:/no/where',
      'source folder:/no/where: /no/where: no such folder; check the path',
      FileNotFoundError,
    )

  def test_file_in_place_of_a_folder(self):
    self.photos.touch()
    self.check(f'folder:{self.photos}', 'a file, not a folder')

  def test_empty_folder(self):
    self.photos.mkdir()
    (self.photos / 'notes.txt').touch()
    self.check(
      f'folder:{self.photos}',
      r'no images found under .*; searched for \*\*/\*{.*\.jpg,',
    )

  def test_empty_test_folder(self):
    self.write(3, 'train')
    (self.photos / 'test').mkdir()
    self.check(
      f'folder:{self.photos}', 'no images found under .*/test', split='test'
    )

  @parameterized.parameters(('', 1), ('train', 1))
  def test_one_image_only(self, folder, count):
    self.write(count, folder)
    (self.photos / 'test').mkdir()
    (self.photos / folder / 'text.png').write_text('not an image')
    with self.assertLogs(level='WARNING'):
      self.check(
        f'folder:{self.photos}',
        'one image only.* 1 skipped: '
        r'text.png \(not .*add images: at least 2 to train on',
      )

  def test_two_images_leave_one_to_train_on(self):
    self.write(2)
    self.check(
      f'folder:{self.photos}', '2 usable images, 1 for the train split'
    )


class AvatarsTest(_SourcesTest):
  def setUp(self):
    super().setUp()
    self.drawn = np.random.default_rng(0).integers(
      0, 256, (3, 64, 64, 3), np.uint8
    )
    fake = types.ModuleType('tf_twingan.data.avatars.avatar_dataset')
    fake.load = mock.Mock(return_value=(self.drawn, {'flip': np.zeros(3)}))
    self.fake = fake
    for patch in (
      mock.patch.dict(sys.modules, {fake.__name__: fake}),
      mock.patch.object(avatars, 'avatar_dataset', fake, create=True),
    ):
      patch.start()
      self.addCleanup(patch.stop)

  def test_resolutions(self):
    whole = registry.load('avatars:lorelei', 64, split='test')
    self.fake.load.assert_called_once_with('lorelei', 'test')
    np.testing.assert_array_equal(whole.images, self.drawn)
    self.assertEqual(whole.skipped, ())
    np.testing.assert_array_equal(
      registry.load('avatars:lorelei', 16).images,
      image_arrays.downsample(self.drawn, 16),
    )
    large = registry.load('avatars:lorelei', 128).images
    self.assertEqual(large.shape, (3, 128, 128, 3))
    np.testing.assert_array_equal(
      large[1], image_arrays.square(self.drawn[1], 128)
    )

  def test_limit(self):
    registry.load('avatars:lorelei?limit=3', 64)
    self.fake.load.assert_called_once_with(
      'lorelei', 'train', train_size=3, test_size=3
    )
    for limit in ('many', '1'):
      with self.assertRaisesRegex(ValueError, f'limit={limit} is no number'):
        registry.load(f'avatars:lorelei?limit={limit}', 64)

  def test_pairs(self):
    registry.load('avatars:lorelei?split=paired&limit=3', 64)
    self.fake.load.assert_called_once_with(
      'lorelei', 'train', train_size=3, test_size=3, paired=True
    )
    self.assert_one_line(
      ValueError,
      'split=trainA is unknown; write split=paired',
      lambda: registry.load('avatars:lorelei?split=trainA', 8),
    )

  def test_what_can_be_pairs(self):
    named = {
      'photo': 'avatars:toon-head?split=paired',
      'anime': 'avatars:lorelei?split=paired',
    }
    registry.check_pairs(named, {'photo': 3, 'anime': 3})
    self.assert_one_line(
      ValueError,
      '3 images of photo, 4 images of anime',
      lambda: registry.check_pairs(named, {'photo': 3, 'anime': 4}),
    )
    self.assert_one_line(
      ValueError,
      'give avatars:lorelei.split=paired for anime',
      lambda: registry.check_pairs(
        {**named, 'anime': 'avatars:lorelei'}, {'photo': 3, 'anime': 3}
      ),
    )
    folders = {'photo': 'folder:/a', 'anime': 'folder:/b'}
    registry.check_pairs(folders, {'photo': 3, 'anime': 3})

  def test_crop(self):
    result = registry.load('avatars:lorelei?crop=0.5', 32).images
    np.testing.assert_array_equal(result, self.drawn[:, 16:48, 16:48])

  def test_vectors_of_characters(self):
    people = [characters.character(n) for n in range(3)]
    factors = {
      name: np.array([getattr(p, name) for p in people])
      for name in ('hair_color', 'hair_shape', 'skin_color')
    }
    self.fake.load.return_value = (self.drawn, factors)
    source = 'avatars:lorelei?vectors=factors'
    for resolution in (8, 128):
      found = registry.load(source, resolution)
      np.testing.assert_array_equal(
        found.vectors, image_vectors.of_characters(factors)
      )
      self.assertLen(found.images, 3)
    self.assertIsNone(registry.load('avatars:lorelei', 8).vectors)

  def test_unknown_style(self):
    self.assert_one_line(
      ValueError,
      "'lorelai' is unknown; use one of toon-head.*; did you mean 'lorelei'",
      lambda: registry.load('avatars:lorelai', 8),
    )


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
        {'image': _image(number), 'label': number, 'who': [number, 1.0]},
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


class TfdsTest(_SourcesTest):
  def setUp(self):
    super().setUp()
    patch = mock.patch.dict(os.environ, TFDS_DATA_DIR=str(self.root / 'tfds'))
    patch.start()
    self.addCleanup(patch.stop)

  def test_images_and_splits(self):
    source = 'tfds:sources_test_images'
    train = registry.load(source, 8)
    test = registry.load(source, 8, split='test')
    self.assertEqual(train.images.shape, (18, 8, 8, 3))
    self.assertEqual(
      sorted(_numbers(train.images) + _numbers(test.images)), list(range(20))
    )
    with mock.patch.object(image_io, 'read', side_effect=AssertionError):
      again = registry.load(source, 8)
    np.testing.assert_array_equal(again.images, train.images)
    other = f'{source}:1.0.0?split=trainB'
    self.assertEqual(_numbers(registry.load(other, 8).images), [30, 31, 32, 33])
    self.assertEqual(
      _numbers(registry.load(other, 8, split='test').images), [40, 41]
    )
    self.assert_one_line(
      ValueError,
      r"'trainC' is unknown; add \?split=NAME, NAME one of "
      '.*trainB',
      lambda: registry.load(f'{source}?split=trainC', 8),
    )

  def test_vectors_are_a_feature(self):
    source = 'tfds:sources_test_images?vectors='
    for split in registry.SPLITS:
      found = registry.load(f'{source}who', 8, split=split)
      self.assertEqual(
        found.vectors[:, 0].tolist(), [float(p[0, 0, 0]) for p in found.images]
      )
    read = image_io.read

    def fail(encoded, **options):
      if read(encoded)[0, 0, 0] == 10:
        raise image_io.UnreadableImage('', 'bad')
      return read(encoded, **options)

    with mock.patch.object(image_io, 'read', side_effect=fail):
      with self.assertLogs(level='WARNING'):
        found = registry.load(f'{source}who', 16)
    self.assertLen(found.images, 17)
    self.assertEqual(
      found.vectors[:, 0].tolist(), [float(p[0, 0, 0]) for p in found.images]
    )
    for feature in ('name', 'label', 'image'):
      self.assert_one_line(
        ValueError,
        f'vectors={feature} is no feature of numbers .* image, label, who',
        lambda feature=feature: registry.load(f'{source}{feature}', 8),
      )

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


if __name__ == '__main__':
  absltest.main()

"""Folders of images: splits, options, vectors, cache, image by image."""

import errno
import json
import os
import pathlib
import tempfile
import time
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_entries
from tests.data.sources import dataset_case
from tf_twingan import image_arrays, image_io
from tf_twingan.data.sources import base, registry


class FolderTest(dataset_case.DatasetCase):
  def test_images(self):
    self.write(30)
    train = self.load()
    self.assertEqual(train.images.dtype, np.uint8)
    self.assertEqual(train.images.shape[1:], (8, 8, 3))
    self.assertEqual(train.skipped, ())
    for image in train.images:
      np.testing.assert_array_equal(
        image, dataset_case.flat_image(image[0, 0, 0], 8)
      )

  def test_holdout_is_disjoint_complete_and_deterministic(self):
    self.write(100)
    train, test = self.load(), self.load(split='test')
    self.assertEqual(
      sorted(
        dataset_case.numbers(train.images) + dataset_case.numbers(test.images)
      ),
      list(range(100)),
    )
    self.assertBetween(len(test.images), 4, 18)
    again = self.load(split='test', resolution=4)
    self.assertEqual(
      dataset_case.numbers(again.images), dataset_case.numbers(test.images)
    )

  def test_holdout_stays_held_out_when_images_come(self):
    self.write(60)
    before = dataset_case.numbers(self.load(split='test').images)
    self.write(60, first=60)
    self.assertContainsSubset(
      before, dataset_case.numbers(self.load(split='test').images)
    )

  def test_a_name_that_a_mac_spells_otherwise_is_held_out_alike(self):
    self.write(60)
    for path in self.photos.iterdir():
      path.rename(path.with_name(f'\u00e9{path.name}'))
    before = self.load()
    for path in self.photos.iterdir():
      path.rename(path.with_name(path.name.replace('\u00e9', 'e\u0301')))
    after = self.load()
    np.testing.assert_array_equal(after.images, before.images)
    self.assertNotEqual(after.names, before.names)
    registry.check_pairs(
      {'a': f'folder:{self.photos}', 'b': f'folder:{self.photos}'},
      {'a': after.names, 'b': before.names},
    )

  def test_small_folder_holds_out_one(self):
    self.write(3)
    self.assertLen(self.load().images, 2)
    self.assertLen(self.load(split='test').images, 1)

  @mock.patch.object(base, 'HOLDOUT_MAX', 2)
  def test_no_held_out_image_is_trained_on_beyond_the_ceiling(self):
    self.write(60)
    before = self.load(split='test').images
    self.assertLen(before, 2)
    self.write(140, first=60)
    after = self.load(split='test').images
    self.assertLen(after, 2)
    # Without a change of place, the test could not fail.
    self.assertNotEqual(
      dataset_case.numbers(before), dataset_case.numbers(after)
    )
    trained = {*dataset_case.numbers(self.load().images)}
    self.assertTrue(trained.isdisjoint(dataset_case.numbers(before)))
    self.assertTrue(trained.isdisjoint(dataset_case.numbers(after)))

  def test_the_ceiling_moves_no_image_into_training(self):
    self.write(200)
    trained = dataset_case.numbers(self.load().images)
    with mock.patch.object(base, 'HOLDOUT_MAX', 2):
      self.assertEqual(dataset_case.numbers(self.load().images), trained)
      self.assertLen(self.load(split='test').images, 2)

  def test_own_splits(self):
    self.write(3, 'train')
    self.write(2, 'test/deep', first=10)
    self.write(4, 'other', first=20)
    self.assertEqual(dataset_case.numbers(self.load().images), [0, 1, 2])
    self.assertEqual(
      dataset_case.numbers(self.load(split='test').images), [10, 11]
    )

  @parameterized.parameters('bmp', 'gif', 'jpg', 'png', 'tiff', 'webp')
  def test_every_common_kind_at_any_depth(self, kind):
    for number in range(3):
      path = self.photos / f'a/{number}/b/{number}.{kind.upper()}'
      path.parent.mkdir(parents=True)
      # A grey of their own is what each kind keeps to within a few steps.
      grey = np.full((20, 24, 3), 100 + 50 * number, np.uint8)
      Image.fromarray(grey).save(path, quality=95)
    found = [self.load(split=split) for split in base.SPLITS]
    self.assertEqual([part.skipped for part in found], [(), ()])
    greys = sorted(int(i.mean()) for part in found for i in part.images)
    np.testing.assert_allclose(greys, [100, 150, 200], atol=4)

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
      Image.fromarray(dataset_case.flat_image(40, 640)).save(
        self.photos / f'{number}.jpg'
      )
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
    for split in base.SPLITS:
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
    with mock.patch.object(image_io, 'read_square', side_effect=AssertionError):
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

  def write_labels(self, names, folder=''):
    rows = ''.join(f'{n},{int(pathlib.Path(n).stem)}\n' for n in names)
    (self.photos / folder / 'attributes.csv').write_text(f'file,number\n{rows}')

  def assert_own_labels(self, found):
    self.assertEqual(
      found.attributes['number'], [str(p[0, 0, 0]) for p in found.images]
    )

  def test_each_image_has_its_own_labels(self):
    self.write(40)
    self.write(1, 'deep', first=40)
    names = [f'{n:03}.png' for n in range(40)]
    (self.photos / names[20]).write_text('no image')
    self.write_labels([*reversed(names), 'deep/040.png'])
    for split in base.SPLITS:
      with self.assertLogs(level='WARNING'):
        self.assert_own_labels(self.load(split=split))
    parsed = registry.parse(f'folder:{self.photos}')
    for found in (parsed.named_images(8), parsed.originals()):
      self.assertEqual(
        found.attributes['number'], [str(int(n[-7:-4])) for n in found.names]
      )

  def test_labels_of_own_splits_are_named_from_the_top(self):
    self.write(3, 'train')
    self.write(2, 'test/deep', first=10)
    names = [f'train/{n:03}.png' for n in range(3)]
    names += [f'test/deep/{n:03}.png' for n in (10, 11)]
    self.write_labels(names)
    for split in base.SPLITS:
      self.assert_own_labels(self.load(split=split))
    found = registry.parse(f'folder:{self.photos}').originals()
    self.assertEqual(found.attributes['number'], ['0', '1', '2', '10', '11'])

  def test_labels_of_held_out_images_elsewhere_are_there(self):
    self.write(3, 'trainA')
    self.write(2, 'testA', first=10)
    self.write_labels([f'{n:03}.png' for n in range(3)], 'trainA')
    self.write_labels([f'{n:03}.png' for n in (10, 11)], 'testA')
    dataset = f'folder:{self.photos}/trainA'
    for split in base.SPLITS:
      self.assert_own_labels(registry.load(dataset, 8, split=split))
    found = registry.parse(dataset).originals()
    self.assertEqual(found.attributes['number'], ['0', '1', '2', '10', '11'])

  def test_labels_are_read_only_if_they_are_asked_for(self):
    self.write(4)
    (self.photos / 'attributes.csv').write_text('no labels')
    self.load()
    registry.named_images(f'folder:{self.photos}', 8)
    self.assert_one_line(
      ValueError,
      "attributes.csv begins with 'no labels'",
      lambda: self.load('?balance=number'),
    )

  def test_a_balanced_column(self):
    self.write(40)
    names = sorted(path.name for path in self.photos.iterdir())
    rows = [f'{n},{"m" if i % 4 else "f"}\n' for i, n in enumerate(names)]
    (self.photos / 'attributes.csv').write_text(
      'file,sex,empty\n' + ''.join(rows)
    )
    plain, found = self.load(), self.load('?balance=sex')
    self.assertIsNone(plain.sampling)
    self.assertIsNone(self.load('?balance=sex', split='test').sampling)
    np.testing.assert_array_equal(found.images, plain.images)
    of_f = np.array([value == 'f' for value in found.attributes['sex']])
    self.assertAlmostEqual(
      found.sampling[of_f].sum(), found.sampling[~of_f].sum()
    )
    for options, pattern in (
      ('?balance=', 'balance= names nothing; write balance=COLUMN'),
      ('?balance=sax', "no column 'sax' .* sex, empty; did you mean 'sex'"),
      ('?balance=empty', "no image to train on has a value of 'empty'"),
    ):
      self.assert_one_line(
        ValueError, pattern, lambda options=options: self.load(options)
      )

  def test_cache_is_used(self):
    self.write(12)
    first = self.load()
    with mock.patch.object(image_io, 'read_square', side_effect=AssertionError):
      again = self.load()
      self.load(split='test')
    self.assertIsInstance(again.images, np.memmap)
    self.assertFalse(again.images.flags.writeable)
    np.testing.assert_array_equal(again.images, first.images)

  def test_what_an_older_version_decoded_otherwise_is_decoded_again(self):
    self.write(3)
    with mock.patch.object(image_io, 'DECODING', image_io.DECODING - 1):
      self.load()
    with mock.patch.object(
      image_io, 'read_square', wraps=image_io.read_square
    ) as read:
      self.load()
      self.load()
    self.assertEqual(read.call_count, 3)
    self.assertLen(list(self.cache.glob('*.npy')), 1)

  def test_cache_follows_the_folder_and_drops_what_it_supersedes(self):
    self.write(3)
    self.load()
    self.load(resolution=4)
    image_io.write_png(self.photos / '001.png', dataset_case.flat_image(77, 24))
    everything = dataset_case.numbers(
      self.load().images
    ) + dataset_case.numbers(self.load(split='test').images)
    self.assertEqual(sorted(everything), [0, 2, 77])
    self.assertLen(list(self.cache.glob('*.npy')), 2)
    self.assertLen(list(self.cache.glob('*.json')), 2)
    os.utime(self.photos / '002.png', (1, 1))
    read_square = image_io.read_square
    with mock.patch.object(image_io, 'read_square', wraps=read_square) as read:
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
      (record, b'{"count": 12, "held_out": 1, "skipped": [1]}'),
      (record, b'{"count": 12, "held_out": [], "skipped": []}'),
      (record, b'[' * 100_000),
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

  def test_odd_entries_are_skipped_and_listed(self):
    self.write(10)
    odd = image_entries.make_odd(self.photos)
    with self.assertLogs(level='WARNING') as logs:
      loaded = self.load()
    self.assertLen(loaded.images, 12 - len(self.load(split='test').images))
    self.assertEqual(dict(loaded.skipped), odd)
    self.assertIn(
      f'{len(odd)} of {12 + len(odd)} images skipped', logs.output[0]
    )
    self.assertNotIn('\x1b', logs.output[0])
    # The record, too, keeps names that are not UTF-8.
    self.assertEqual(self.load().skipped, loaded.skipped)

  def test_a_file_that_goes_away_is_skipped(self):
    self.write(12)
    listed = image_io.list_files

    def list_then_remove(folder):
      paths = listed(folder)
      paths[3].unlink()
      return paths

    with mock.patch.object(image_io, 'list_files', list_then_remove):
      with self.assertLogs(level='WARNING'):
        loaded = self.load()
    self.assertEqual(
      loaded.skipped, (('003.png', 'no such file; check the path'),)
    )

  def test_a_link_that_leads_somewhere_again_is_read(self):
    self.write(5)
    (self.photos / 'link.png').symlink_to(self.root / 'away.png')
    self.assertLen(self.load().skipped, 1)
    image_io.write_png(self.root / 'away.png', dataset_case.flat_image(200))
    loaded = self.load()
    self.assertEqual(loaded.skipped, ())
    self.assertIn(
      200,
      dataset_case.numbers(loaded.images)
      + dataset_case.numbers(self.load(split='test').images),
    )

  def test_what_was_unreadable_is_read_when_it_can_be(self):
    self.write(5)
    (self.photos / 'x.heic').write_bytes(
      b'\0\0\0\x18ftypheic' + bytes(4) + b'mif1heic'
    )
    keys = set()
    for readable in (False, True):
      with mock.patch.object(image_io, 'reads_heic', return_value=readable):
        self.load()
      keys |= {path.name for path in self.cache.glob('*.json')}
    for allowed in (False, True):
      with mock.patch.object(os, 'access', return_value=allowed):
        self.load()
      keys |= {path.name for path in self.cache.glob('*.json')}
    self.assertLen(keys, 3)

  def test_interrupted_decoding_leaves_nothing(self):
    self.write(6)
    with mock.patch.object(
      image_io, 'read_square', side_effect=KeyboardInterrupt
    ):
      with self.assertRaises(KeyboardInterrupt):
        self.load()
    self.assertEqual(os.listdir(self.cache), [])


class OriginalsTest(dataset_case.DatasetCase):
  def originals(self, options=''):
    found = registry.parse(f'folder:{self.photos}{options}').originals()
    for name in found.names:
      number = int(pathlib.Path(name).stem)
      np.testing.assert_array_equal(
        found.read(name), dataset_case.flat_image(number)
      )
    return found

  def test_a_folder_without_splits(self):
    self.write(2)
    self.write(1, 'deep/er', first=2)
    found = self.originals('?crop=0.5')
    self.assertEqual(found.names, ['000.png', '001.png', 'deep/er/002.png'])
    self.assertEqual(found.splits, {})
    (self.photos / '001.png').write_text('no image')
    with self.assertRaises(image_io.UnreadableImage):
      found.read('001.png')

  def test_own_splits_are_kept(self):
    self.write(2, 'train')
    self.write(1, 'val', first=2)
    self.write(1, 'other', first=3)
    found = self.originals()
    self.assertEqual(
      found.splits,
      {
        'train/000.png': 'train',
        'train/001.png': 'train',
        'val/002.png': 'test',
      },
    )
    self.assertEqual(found.names, [*found.splits])

  def test_held_out_images_of_another_folder(self):
    self.write(2)
    self.write(1, 'held', first=2)
    away = self.root / 'away'
    image_io.write_png(away / '003.png', dataset_case.flat_image(3))
    train = {'000.png': 'train', '001.png': 'train'}
    self.assertEqual(
      self.originals('?test=held').splits, train | {'held/002.png': 'test'}
    )
    self.assertEqual(
      self.originals(f'?test={away}').splits,
      train | {'held/002.png': 'train', 'test/003.png': 'test'},
    )

  def test_two_images_of_one_name(self):
    self.write(1, 'test')
    away = self.root / 'away'
    image_io.write_png(away / '000.png', dataset_case.flat_image(0))
    self.assert_one_line(
      ValueError,
      'two images would be called test/000.png',
      lambda: self.originals(f'?test={away}'),
    )


class NamedImagesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    (self.root / 'train').mkdir()
    noise = np.random.default_rng(0).integers(0, 256, [20, 30, 3], np.uint8)
    for name in ('b.png', 'a.png', 'train/c.png'):
      Image.fromarray(noise).save(self.root / name)
    (self.root / 'broken.png').write_bytes(b'no image')

  def test_what_is_out_of_reach_is_not_gone(self):
    closed, disk = self.root / 'closed', self.root.with_name('disk')
    for path in (self.root / 'a.png', closed / 'b.png', disk / 'c.png'):
      path.parent.mkdir(exist_ok=True)
      Image.new('RGB', (8, 8)).save(path)
    (self.root / 'link').symlink_to(disk)
    before = registry.named_images(f'folder:{self.root}', 8).names
    self.assertContainsSubset(['closed/b.png', 'link/c.png'], before)
    (self.root / 'a.png').unlink()
    disk.rename(self.root.with_name('elsewhere'))
    scandir = os.scandir

    def refusing(path):
      if os.fspath(path) == os.fspath(closed.resolve()):
        raise PermissionError(errno.EACCES, 'Permission denied', path)
      return scandir(path)

    with mock.patch.object(os, 'scandir', refusing):
      images = registry.named_images(f'folder:{self.root}', 8)
    for name, expected in (
      ('a.png', True),
      ('never/there.png', True),
      ('closed/b.png', False),
      ('link/c.png', False),
      ('link/deeper/d.png', False),
    ):
      self.assertEqual(images.is_gone(name), expected, name)

  def test_every_image_by_its_path(self):
    listed = registry.named_images(f'folder:{self.root}', 8)
    self.assertEqual(
      listed.names, ['a.png', 'b.png', 'broken.png', 'train/c.png']
    )
    self.assertEqual(listed.read('train/c.png').shape, (8, 8, 3))
    with self.assertRaises(image_io.UnreadableImage):
      listed.read('broken.png')

  def test_the_string_is_the_same_from_anywhere(self):
    plain = registry.named_images(f'folder:{self.root}', 8).dataset
    around = f'folder:{self.root}/train/../?crop=0.5'
    self.assertEqual(
      registry.named_images(around, 8).dataset, f'{plain}?crop=0.5'
    )

  def test_a_folder_may_be_called_like_a_scheme(self):
    folder = self.root / 'folder'
    (self.root / 'train').rename(folder)
    self.addCleanup(os.chdir, os.getcwd())
    os.chdir(self.root)
    listed = registry.named_images('folder:folder?fit=pad', 8)
    self.assertEqual(listed.dataset, f'folder:{folder.resolve()}?fit=pad')

  def test_bad_folders(self):
    empty = tempfile.mkdtemp()
    with self.assertRaisesRegex(ValueError, f'no images found under {empty}'):
      registry.named_images(f'folder:{empty}', 8)
    with self.assertRaisesRegex(FileNotFoundError, 'dataset folder:/no/such'):
      registry.named_images('folder:/no/such', 8)
    with self.assertRaisesRegex(ValueError, 'no known scheme'):
      registry.named_images(str(self.root), 8)
    with self.assertRaisesRegex(ValueError, 'limit is 0'):
      registry.named_images(f'folder:{self.root}', 8, limit=0)


if __name__ == '__main__':
  absltest.main()

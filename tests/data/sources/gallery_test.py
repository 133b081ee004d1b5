"""Sources image by image: names, order, lazy reading, bad input."""

import os
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from tf_twingan import image_io
from tf_twingan.data.avatars import avatar_dataset
from tf_twingan.data.sources import gallery, registry


class AvatarsTest(absltest.TestCase):
  def test_held_out_characters_come_first_and_are_the_test_split(self):
    opened = gallery.open_source('avatars:lorelei?limit=3', 32)
    self.assertEqual(
      opened.names[:4],
      ['lorelei/0', 'lorelei/1', 'lorelei/2', 'lorelei/4000000'],
    )
    self.assertLen(opened.names, 6)
    for split, names in (
      ('test', opened.names[:3]),
      ('train', opened.names[3:]),
    ):
      expected = registry.load('avatars:lorelei?limit=3', 32, split=split)
      np.testing.assert_array_equal(
        np.stack([opened.read(name) for name in names]), expected.images
      )

  def test_pairs_are_those_of_the_split(self):
    source = 'avatars:lorelei?limit=2&split=paired'
    opened = gallery.open_source(source, 32)
    np.testing.assert_array_equal(
      np.stack([opened.read(name) for name in opened.names[2:]]),
      registry.load(source, 32).images,
    )

  def test_all_without_drawing_any(self):
    opened = gallery.open_source('avatars:toon-head', 16)
    self.assertLen(
      opened.names, avatar_dataset.TEST_SIZE + avatar_dataset.TRAIN_SIZE
    )
    limited = gallery.open_source('avatars:toon-head', 16, limit=5)
    self.assertEqual(limited.names, opened.names[:5])

  def test_options_apply(self):
    whole, middle = (
      gallery.open_source(f'avatars:lorelei?limit=2{crop}', 32).read(
        'lorelei/0'
      )
      for crop in ('', '&crop=0.5')
    )
    self.assertEqual(middle.shape, (32, 32, 3))
    self.assertFalse(np.array_equal(whole, middle))

  def test_an_unknown_style_is_named(self):
    with self.assertRaisesRegex(ValueError, "'photo'.*toon-head"):
      gallery.open_source('avatars:photo', 32)


class FolderTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    (self.root / 'train').mkdir()
    noise = np.random.default_rng(0).integers(0, 256, [20, 30, 3], np.uint8)
    for name in ('b.png', 'a.png', 'train/c.png'):
      Image.fromarray(noise).save(self.root / name)
    (self.root / 'broken.png').write_bytes(b'no image')

  def test_every_image_by_its_path(self):
    opened = gallery.open_source(f'folder:{self.root}', 8)
    self.assertEqual(
      opened.names, ['a.png', 'b.png', 'broken.png', 'train/c.png']
    )
    self.assertEqual(opened.read('train/c.png').shape, (8, 8, 3))
    with self.assertRaises(image_io.UnreadableImage):
      opened.read('broken.png')

  def test_the_source_is_the_same_from_anywhere(self):
    plain = gallery.open_source(f'folder:{self.root}', 8).source
    around = f'folder:{self.root}/train/../?crop=0.5'
    self.assertEqual(gallery.open_source(around, 8).source, f'{plain}?crop=0.5')

  def test_a_folder_may_be_called_like_a_scheme(self):
    folder = self.root / 'folder'
    (self.root / 'train').rename(folder)
    self.addCleanup(os.chdir, os.getcwd())
    os.chdir(self.root)
    opened = gallery.open_source('folder:folder?fit=pad', 8)
    self.assertEqual(opened.source, f'folder:{folder.resolve()}?fit=pad')

  def test_bad_folders(self):
    empty = tempfile.mkdtemp()
    with self.assertRaisesRegex(ValueError, f'no images found under {empty}'):
      gallery.open_source(f'folder:{empty}', 8)
    with self.assertRaisesRegex(FileNotFoundError, 'source folder:/no/such'):
      gallery.open_source('folder:/no/such', 8)
    with self.assertRaisesRegex(ValueError, 'no known scheme'):
      gallery.open_source(str(self.root), 8)
    with self.assertRaisesRegex(ValueError, 'limit is 0'):
      gallery.open_source(f'folder:{self.root}', 8, limit=0)


if __name__ == '__main__':
  absltest.main()

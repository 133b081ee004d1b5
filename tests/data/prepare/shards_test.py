"""Shard files: the same bytes for the same photos, and damage is named."""

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import image_io
from tf_twingan.data.prepare import preparer, shards


class ShardsTest(prepare_case.PrepareCase):
  def setUp(self):
    super().setUp()
    self.write('a.png', 'b.png')
    self.names = ['a.png', 'b.png', 'missing\udcff.png']
    self.spec = shards.Spec(
      f'folder:{self.photos}', self.options, str(self.root / 'shards')
    )

  def read(self, name):
    return image_io.read(self.photos / name)

  def test_a_shard_holds_images_records_and_rejections(self):
    path = self.root / 'shard.zip'
    prepare = preparer.Preparer(self.options)
    results = [
      shards.prepare_photo(prepare, self.read, name) for name in self.names
    ]
    shards.write(path, results)
    self.assertTrue(shards.is_whole(path))
    shard = shards.read_record(path)
    self.assertEqual(shard.photos, 3)
    self.assertEqual([i.photo for i in shard.images], ['a.png', 'b.png'])
    self.assertEqual(shard.images[0].photo_pixels, 60 * 60)
    [rejection] = shard.rejections
    self.assertEqual(rejection.file, 'missing\udcff.png')
    self.assertEqual(rejection.reason, 'unreadable')
    [png] = shards.read_images(path, [1])
    expected = prepare.prepare(self.read('b.png')).images[0].image
    np.testing.assert_array_equal(image_io.read(png), expected)

  def test_it_is_the_same_bytes_each_time_and_done_once(self):
    path = shards.prepare_shard(self.spec, 0, self.names[:2])
    first = path.read_bytes()
    path.unlink()
    shards.prepare_shard(self.spec, 0, self.names[:2])
    self.assertEqual(path.read_bytes(), first)
    before = path.stat().st_mtime_ns
    (self.photos / 'a.png').unlink()
    shards.prepare_shard(self.spec, 0, self.names[:2])
    self.assertEqual(path.stat().st_mtime_ns, before)

  def test_flipped_bytes_are_found_or_mean_nothing(self):
    path = shards.prepare_shard(self.spec, 0, self.names[:2])
    content = path.read_bytes()
    directory = content.index(b'PK\1\2')
    places = {*range(0, directory, 7), *range(directory, len(content))}
    found = 0
    for place in sorted(places):
      damaged = bytearray(content)
      damaged[place] ^= 4
      path.write_bytes(damaged)
      # Some bytes mean nothing, such as those of the time.
      is_whole = shards.is_whole(path)
      found += not is_whole
      for read in (
        lambda: shards.read_images(path, [0, 1]),
        lambda: shards.read_record(path),
      ):
        try:
          read()
        except ValueError as error:
          self.assertIn('shard-000000.zip is damaged', str(error))
          self.assertFalse(is_whole, place)
    self.assertGreater(found, 0.7 * len(places))
    # The pixels and the record.
    for place in (60, len(content) // 4, len(content) // 2):
      damaged = bytearray(content)
      damaged[place] ^= 4
      path.write_bytes(damaged)
      self.assertFalse(shards.is_whole(path), place)
    with self.assertRaisesRegex(ValueError, 'shard-000000.zip is damaged'):
      shards.read_record(path)
    path.write_bytes(content[:-10])
    self.assertFalse(shards.is_whole(path))
    self.assertFalse(shards.is_whole(self.root / 'missing.zip'))

  def test_names_are_split_in_order(self):
    names = [str(number) for number in range(shards.PHOTOS * 2 + 1)]
    parts = shards.split(names)
    self.assertEqual([len(part) for part in parts], [64, 64, 1])
    self.assertEqual([n for part in parts for n in part], names)


if __name__ == '__main__':
  absltest.main()

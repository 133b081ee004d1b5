"""A whole preparation: what becomes of photos, and of a dry run."""

import os
import shutil
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import image_io
from tf_twingan.data.prepare import (
  dataset_record,
  job,
  near_duplicates,
  rejections,
  report,
  shards,
)
from tf_twingan.data.sources import registry

NAMES = prepare_case.NAMES


class JobTest(prepare_case.PrepareCase):
  def test_a_folder_becomes_a_dataset_that_trains(self):
    self.write(*NAMES)
    (self.photos / 'broken.jpg').write_bytes(b'no image')
    self.prepare()
    record = dataset_record.read(self.output)
    self.assertEqual(record.photos, 41)
    self.assertEqual(sum(record.images.values()), 40)
    self.assertEqual(record.rejected, {'unreadable': 1})
    self.assertEqual(record.options, self.options)
    self.assertBetween(record.images['test'], 1, 10)
    [left_out] = rejections.read(self.output / 'rejected.csv')
    self.assertEqual(left_out.file, 'broken.jpg')
    self.assertEmpty(dataset_record.verify(self.output))
    self.assertFalse((self.output / '.unfinished').exists())
    with mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.root / 'c')):
      for split, count in record.images.items():
        loaded = registry.load(f'folder:{self.output}', 16, split=split)
        self.assertLen(loaded.images, count)
    sheet = image_io.read(self.output / 'sheet.png')
    self.assertGreater(len(np.unique(sheet)), 50)

  def test_images_are_named_like_their_photos(self):
    self.write('a.png', 'b/a.png', 'b/a.jpg.png', 'B/A.png', 'train.png')
    self.prepare()
    names = [n for n in self.found() if '/' in n]
    self.assertLen({n.casefold() for n in names}, 5)
    bare = {n.partition('/')[2] for n in names}
    self.assertContainsSubset({'a.png', 'b/a.jpg.png', 'train.png'}, bare)

  def test_the_originals_stay_as_they_are(self):
    self.write(*NAMES[:3])
    before = {
      p: (p.read_bytes(), p.stat().st_mtime_ns) for p in self.photos.iterdir()
    }
    self.prepare()
    after = {
      p: (p.read_bytes(), p.stat().st_mtime_ns) for p in self.photos.iterdir()
    }
    self.assertEqual(before, after)

  def test_bytes_do_not_depend_on_threads(self):
    self.write(*NAMES)
    self.prepare()
    first = self.content()
    shutil.rmtree(self.output)
    job.run(self.plan(), workers=1)
    self.assertEqual(self.content(), first)

  def test_near_duplicates_are_left_out(self):
    self.write(*NAMES[:10])
    copy = prepare_case.photo(3, size=(120, 140))
    image_io.write_png(self.photos / 'zz.png', copy)
    choice = self.prepare()
    [left_out] = choice.rejections
    self.assertEqual(left_out[:2], ('003.png', 'near_duplicate'))
    # It was cut from more pixels.
    self.assertEqual(left_out.repeats, 'zz.png')

  def test_a_split_of_the_input_is_kept(self):
    self.write(*(f'train/{name}' for name in NAMES[:6]))
    self.write(*(f'test/{name}' for name in NAMES[6:10]), first=6)
    shutil.copy(self.photos / 'test/007.png', self.photos / 'train/copy.png')
    choice = self.prepare(keep_duplicates=True)
    self.assertEqual(
      [n for n in self.found() if n.startswith('t')],
      [
        *(f'test/{name}' for name in NAMES[6:10]),
        *(f'train/{name}' for name in NAMES[:6]),
      ],
    )
    [left_out] = choice.rejections
    self.assertEqual(left_out.file, 'train/copy.png')

  def test_no_near_duplicate_crosses_the_split(self):
    self.write(*NAMES)
    for number, name in enumerate(NAMES):
      copy = prepare_case.photo(number, size=(90, 105))
      image_io.write_png(self.photos / f'copy_of_{name}', copy)
    choice = self.prepare(keep_duplicates=True)
    self.assertLen(choice.images, 80)
    prints = [image.fingerprint for image in choice.images]
    for group in near_duplicates.groups(
      prints, self.options.duplicate_distance
    ):
      self.assertLen({choice.splits[i] for i in group}, 1)
    self.assertGreater(choice.splits.count('test'), 1)

  def test_a_split_without_images_is_no_folder(self):
    self.write('a.png')
    choice = self.prepare()
    [split] = choice.splits
    self.assertEqual(
      [p.name for p in self.output.iterdir() if p.is_dir()], [split]
    )
    said = ' '.join(report.lines(1, choice))
    self.assertIn('nothing', said)
    opened = registry.parse(f'folder:{self.output}').originals()
    self.assertLen(opened.names, 1)
    self.assertEqual(
      report.last_line(self.plan()),
      f'See sheet.png and rejected.csv in {self.output}; train on '
      f'folder:{self.output}',
    )

  def test_a_photo_beside_a_folder_of_its_name(self):
    self.write('train/x.jpg', 'train/x.png/a.png', 'test/b.png')
    self.prepare()
    self.assertContainsSubset(
      {'train/x.jpg.png', 'train/x.png/a.png'}, {*self.found()}
    )

  def test_a_prepared_dataset_is_prepared_again_with_its_split(self):
    self.write(*NAMES[:20])
    self.prepare()
    first = {n for n in self.found() if n.startswith('t')}
    self.photos, self.output = self.output, self.root / 'again'
    self.prepare(smallest_side=8)
    self.assertEqual({n for n in self.found() if n.startswith('t')}, first)

  def test_shards_may_be_prepared_elsewhere(self):
    self.write(*NAMES[:20])
    self.prepare()
    expected = self.content()
    shutil.rmtree(self.output)

    def prepare_shards(planned):
      parts = shards.split(planned.opened.names)
      for number, names in reversed([*enumerate(parts)]):
        shards.prepare_shard(planned.spec, number, names)

    with mock.patch.object(shards, 'PHOTOS', 8):
      job.run(self.plan(), prepare_shards=prepare_shards)
    self.assertEqual(self.content(), expected)

  def test_a_dry_run_writes_nothing(self):
    self.write(*NAMES[:5])
    (self.photos / 'broken.jpg').write_bytes(b'no image')
    photos, choice = job.dry_run(str(self.photos), self.options)
    self.assertEqual(photos, 6)
    self.assertLen(choice.images, 5)
    self.assertEqual(choice.rejections[0].file, 'broken.jpg')
    self.assertEqual(os.listdir(self.root), ['photos'])

  def test_a_dry_run_takes_no_prepared_images_for_photos(self):
    self.output = self.photos / 'prepared'
    self.write(*NAMES[:5])
    self.prepare()
    photos, _ = job.dry_run(str(self.photos), self.options, self.output)
    self.assertEqual(photos, 5)
    with self.assertRaisesRegex(FileNotFoundError, 'missing.csv'):
      job.dry_run(str(self.photos), self.options, labels='missing.csv')


if __name__ == '__main__':
  absltest.main()

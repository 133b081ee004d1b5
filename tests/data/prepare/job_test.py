"""A whole preparation: outputs, resumes, refusals, and odd inputs."""

import json
import os
import pathlib
import shutil
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import files, image_arrays, image_io
from tf_twingan.data.prepare import (
  dataset_record,
  embedding,
  finish,
  job,
  near_duplicates,
  rejections,
  report,
  shards,
  tfrecord_files,
  tfrecord_output,
)
from tf_twingan.data.sources import registry

NAMES = [f'{number:03}.png' for number in range(40)]


class JobTest(prepare_case.PrepareCase):
  def assert_refused(self, pattern, error=ValueError, **options):
    with self.assertRaisesRegex(error, pattern) as caught:
      self.prepare(**options)
    self.assertNotIn('\n', str(caught.exception))

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

  def test_a_stopped_job_goes_on_without_doing_shards_again(self):
    self.write(*NAMES)
    with mock.patch.object(shards, 'PHOTOS', 8):
      self.prepare()
      expected = self.content()
      shutil.rmtree(self.output)
      write, written = shards.write, []

      def stopped(path, results):
        if len(written) == 3:
          raise KeyboardInterrupt
        write(path, results)
        written.append(path)

      with mock.patch.object(shards, 'write', stopped):
        self.assert_refused(
          '24 of 40 photos are prepared and stay; the same command goes on',
          KeyboardInterrupt,
        )
      self.assertEqual(self.found()[-1][:12], '.unfinished/')
      self.assertNotIn('dataset.json', self.found())
      # A shard of which one byte was flipped is done again, others are not.
      damaged = written[1].read_bytes()
      middle = len(damaged) // 2
      flipped = bytes([damaged[middle] ^ 1])
      written[1].write_bytes(damaged[:middle] + flipped + damaged[middle + 1 :])
      stamps = [path.stat().st_mtime_ns for path in written]
      redone, after = [], []

      def counted(path, results):
        redone.append(int(path.stem.rpartition('-')[2]))
        write(path, results)
        after[:] = [path.stat().st_mtime_ns for path in written]

      with mock.patch.object(shards, 'write', counted):
        self.prepare()
      self.assertEqual(redone, [1, 3, 4])
      self.assertEqual(
        [old == new for old, new in zip(stamps, after, strict=True)],
        [True, False, True],
      )
    self.assertEqual(self.content(), expected)

  def stop(self):
    with mock.patch.object(shards, 'write', side_effect=KeyboardInterrupt):
      with self.assertRaises(KeyboardInterrupt):
        self.prepare()

  def test_another_option_is_refused_and_named(self):
    self.write(*NAMES[:3])
    self.stop()
    self.assert_refused('unfinished.*with --margin=0.3; ', margin=0.5)
    self.assert_refused('unfinished.*with --resolution=16; ', resolution=32)

  def test_other_photos_are_refused_and_counted(self):
    self.write(*NAMES[:3])
    self.stop()
    self.write('new.png', first=3)
    self.assert_refused(r'unfinished.*other photos, 3 of them \(4 now\)')

  def test_photos_that_were_replaced_are_refused(self):
    self.write(*NAMES[:3])
    self.stop()
    self.write(NAMES[1], first=7)
    self.assert_refused('unfinished.*photos that were changed or replaced')

  def test_other_packages_are_refused_and_named(self):
    self.write(*NAMES[:3])
    versions = dataset_record.package_versions()
    with mock.patch.object(
      dataset_record,
      'package_versions',
      return_value={**versions, 'pillow': '1.0', 'animeface': '0.1'},
    ):
      self.stop()
    here = versions.get('animeface', 'missing')
    self.assert_refused(rf'unfinished.*with animeface 0.1 \(now {here}\); give')
    with mock.patch.object(
      dataset_record,
      'package_versions',
      return_value={**versions, 'pillow': '1.0', 'animeface': '0.1'},
    ):
      self.prepare()

  def test_a_record_of_before_goes_on(self):
    self.write(*NAMES[:3])
    self.stop()
    path = self.output / '.unfinished/job.json'
    record = json.loads(path.read_text())
    del record['files_sha256'], record['packages']
    path.write_text(json.dumps(record))
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))

  def test_a_finished_dataset_is_checked(self):
    self.write(*NAMES[:4])
    self.assertFalse(job.is_finished(self.plan()))
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))
    with self.assertRaisesRegex(ValueError, 'prepared with --margin=0.3'):
      job.is_finished(self.plan(margin=0.5))
    name = next(n for n in self.found() if n.startswith('train/'))
    path = self.output / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with self.assertRaisesRegex(ValueError, f'1 files.*damaged.*{name}'):
      job.is_finished(self.plan())
    self.write('new.png', first=4)
    with self.assertRaisesRegex(ValueError, 'prepared with other photos'):
      job.is_finished(self.plan())

  def test_a_finished_dataset_of_another_input_is_told_apart(self):
    self.write(*NAMES[:4])
    self.prepare()
    shutil.copytree(self.photos, self.root / 'others')
    self.photos = self.root / 'others'
    with self.assertRaisesRegex(
      ValueError, 'with --input=.*photos, which was another one; choose'
    ):
      job.is_finished(self.plan())

  def test_labels_and_vectors_that_are_asked_for_later_are_told(self):
    self.write(*NAMES[:4])
    self.prepare()
    embedder = mock.Mock(spec=embedding.Embedder)
    embedder.name = 'net.keras'
    labels = self.root / 'labels.csv'
    labels.write_text('file,hair\n000.png,red\n')
    for changes, said in (
      ({'embedder': embedder}, 'prepared with no --embed; choose another'),
      ({'labels': labels}, 'prepared with other labels, or none; choose'),
    ):
      with self.assertRaisesRegex(ValueError, said):
        job.is_finished(self.plan(**changes))
    vectors = np.ones([4, 2], np.float32)
    np.savez(self.photos / 'vectors.npz', names=NAMES[:4], vectors=vectors)
    with self.assertRaisesRegex(ValueError, 'with other vectors, or none'):
      job.is_finished(self.plan())

  def test_a_finished_dataset_of_before_is_finished(self):
    self.write(*NAMES[:4])
    self.prepare()
    path = self.output / 'dataset.json'
    record = json.loads(path.read_text())
    for name in ('dataset_sha256', 'labels_sha256', 'vectors_sha256'):
      del record[name]
    path.write_text(json.dumps(record, indent=1))
    self.assertTrue(job.is_finished(self.plan()))

  def test_two_programs_do_not_prepare_at_once(self):
    self.write(*NAMES[:2])
    planned = self.plan()
    planned.unfinished.mkdir(parents=True)
    with files.lock(planned.unfinished / 'lock'):
      self.assert_refused('another program prepares images in', OSError)

  def test_what_is_left_of_a_finished_job_is_removed(self):
    self.write(*NAMES[:4])
    # As if the program was killed right after the record was written.
    with (
      mock.patch.object(shutil, 'rmtree'),
      mock.patch.object(pathlib.Path, 'unlink'),
    ):
      self.prepare()
    left = self.output / '.unfinished'
    self.assertTrue((left / 'shard-000000.zip').exists())
    with files.lock(left / 'lock'):
      self.assertTrue(job.is_finished(self.plan()))
      self.assertTrue((left / 'shard-000000.zip').exists())
    self.assertTrue(job.is_finished(self.plan()))
    self.assertFalse(left.exists())

  def test_what_another_program_finished_meanwhile_stays(self):
    self.write(*NAMES[:4])
    planned = self.plan()
    self.prepare()
    before = self.content()
    with mock.patch.object(shards, 'write', side_effect=AssertionError):
      self.assertIsNone(job.run(planned))
    self.assertEqual(self.content(), before)
    self.options = self.options.model_copy(update={'margin': 0.5})
    planned = planned._replace(options=self.options)
    with self.assertRaisesRegex(ValueError, 'prepared with --margin=0.3'):
      job.run(planned)
    self.assertEqual({*self.content()} - {'.unfinished/lock'}, {*before})

  def test_the_shards_are_removed_while_the_lock_is_held(self):
    self.write(*NAMES[:4])
    rmtree, seen = shutil.rmtree, []

    def removed(path, **options):
      if path == self.output / '.unfinished':
        seen.extend(os.listdir(path))
      rmtree(path, **options)

    with mock.patch.object(shutil, 'rmtree', removed):
      self.prepare()
    self.assertEqual(seen, ['lock'])
    self.assertFalse((self.output / '.unfinished').exists())

  def test_a_full_disk_is_one_line_and_the_job_goes_on(self):
    self.write(*NAMES[:3])
    full = OSError(28, 'No space left on device')
    with mock.patch.object(shards, 'write', side_effect=full):
      self.assert_refused(
        'No space left on device. 0 of 3 photos .* same command', OSError
      )
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))

  def test_a_file_that_cannot_be_written_is_named(self):
    self.write(*NAMES[:3])
    exists = FileExistsError(17, 'File exists', str(self.output / 'x.png'))
    with mock.patch.object(finish, 'finish', side_effect=exists):
      self.assert_refused(
        'prepared/x.png: File exists. 3 of 3 photos are prepared', OSError
      )

  def test_a_photo_beside_a_folder_of_its_name(self):
    self.write('train/x.jpg', 'train/x.png/a.png', 'test/b.png')
    self.prepare()
    self.assertContainsSubset(
      {'train/x.jpg.png', 'train/x.png/a.png'}, {*self.found()}
    )

  def test_files_of_others_are_not_touched(self):
    self.write(*NAMES[:2])
    self.output.mkdir()
    (self.output / 'thesis.txt').write_text('mine')
    self.assert_refused('holds thesis.txt, which is no prepared dataset')
    self.assertEqual(self.found(), ['thesis.txt'])
    (self.output / 'thesis.txt').unlink()
    (self.output / 'train').mkdir()
    self.assert_refused('holds train, which')

  def test_an_output_inside_of_the_input_is_no_input(self):
    self.output = self.photos / 'prepared'
    self.write(*NAMES[:4])
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))
    self.assertEqual(dataset_record.read(self.output).photos, 4)

  def test_the_folder_of_the_photos_is_no_output(self):
    self.write(*NAMES[:2])
    self.output = self.photos
    self.assert_refused('holds the photos themselves')
    self.output = self.root
    self.assert_refused('holds the photos themselves')

  def test_an_output_that_is_an_address(self):
    self.write(*NAMES[:2])
    for address in ('gs://bucket/prepared', 'hdfs://node:9000/prepared'):
      self.output = address
      self.assert_refused(f'{address} is an address, not a folder; prepare int')

  def test_an_output_that_cannot_be_written(self):
    self.write(*NAMES[:2])
    self.output.write_text('a file')
    self.assert_refused('no folder', OSError)
    self.output.unlink()
    self.output.mkdir(mode=0o500)
    if os.geteuid():
      self.assert_refused('nothing can be written there', OSError)

  def test_an_input_without_photos(self):
    self.photos.mkdir()
    self.assert_refused('no images')
    (self.photos / 'broken.jpg').write_bytes(b'no image')
    self.assert_refused(r'none of 1 photos gives an image \(1 unreadable\)')
    shutil.rmtree(self.photos)
    self.assert_refused('no such folder', FileNotFoundError)

  def test_odd_files_and_names(self):
    self.write('ok.png')
    long = 'é' * 125 + '.png'  # 254 bytes.
    image_io.write_png(self.root / 'x.png', prepare_case.photo(7))
    shutil.copy(self.root / 'x.png', self.photos / long)
    odd = [b'not\xffutf8.png', 'con:a*\n‮.png'.encode(), b'a?b.png']
    for number, name in enumerate(odd, 10):
      image_io.write_png(self.root / 'x.png', prepare_case.photo(number))
      shutil.copy(
        self.root / 'x.png', os.path.join(os.fsencode(self.photos), name)
      )
    os.mkfifo(self.photos / 'fifo.png')
    os.symlink('nothing', self.photos / 'dangling.png')
    os.symlink('loop.png', self.photos / 'loop.png')
    os.symlink('.', self.photos / 'folder_loop')
    self.prepare()
    record = dataset_record.read(self.output)
    self.assertEqual(sum(record.images.values()), 5)
    self.assertEqual(record.rejected, {'unreadable': 3})
    self.assertEmpty(dataset_record.verify(self.output))
    for name in self.found():
      self.assertTrue(name.isprintable())
      self.assertLess(len(os.fsencode(name.rpartition('/')[2])), 200)
    self.assertIn(b'not\xffutf8.png', self.content()['origins.csv'])

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

  def test_tfrecord_files(self):
    self.write(*NAMES[:20])
    np.savez(
      self.photos / 'vectors.npz',
      names=NAMES[:20],
      vectors=np.arange(1, 41, dtype=np.float32).reshape(20, 2),
    )
    with mock.patch.object(tfrecord_output, '_IMAGES', 8):
      choice = job.run(self.plan(format='tfrecord'), workers=2)
    count = choice.splits.count('train')
    self.assertGreater(count, 16)
    found = [n for n in self.found() if n.endswith('.tfrecord')]
    self.assertEqual(found[0], 'test-00000-of-00001.tfrecord')
    self.assertEqual(found[-1], 'train-00002-of-00003.tfrecord')
    records = [
      record
      for name in found
      for _, record in tfrecord_files.iterate(self.output / name)
    ]
    self.assertLen(records, 20)
    self.assertLen({record.name for record in records}, 20)
    for record in records:
      number = int(record.name.split('/')[1].removesuffix('.png'))
      self.assertEqual(record.name.split('/')[0], record.split)
      np.testing.assert_array_equal(
        record.vector, [2 * number + 1, 2 * number + 2]
      )
      expected = image_arrays.square(prepare_case.photo(number), 16)
      np.testing.assert_array_equal(image_io.read(record.image), expected)
    self.assertEmpty(dataset_record.verify(self.output))
    self.assertTrue(job.is_finished(self.plan(format='tfrecord')))
    with self.assertRaisesRegex(ValueError, 'with --format=tfrecord'):
      job.is_finished(self.plan())
    self.assertEndsWith(
      report.last_line(self.plan(format='tfrecord')),
      f'train on tfrecord:{self.output}',
    )
    with self.assertRaisesRegex(
      ValueError, f'are in TFRecord files; write tfrecord:{self.output}$'
    ):
      registry.parse(f'folder:{self.output}').originals()
    self.assertLen(
      registry.parse(f'tfrecord:{self.output}').originals().names, 20
    )

  def test_vectors_of_a_folder_travel_along(self):
    self.write(*NAMES[:12])
    vectors = np.arange(1, 25, dtype=np.float32).reshape(12, 2)
    np.savez(self.photos / 'v.npz', names=NAMES[:12], vectors=vectors)
    (self.photos / '003.png').write_bytes(b'no image')
    planned = job.plan(
      f'folder:{self.photos}?vectors=v.npz', self.options, self.output
    )
    job.run(planned)
    with mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.root / 'c')):
      loaded = registry.load(f'folder:{self.output}?vectors=vectors.npz', 16)
    numbers = [int(name.removesuffix('.png')) for name in loaded.names]
    self.assertNotIn(3, numbers)
    np.testing.assert_array_equal(loaded.vectors, vectors[numbers])

  def test_labels_travel_along(self):
    self.write(*NAMES[:12])
    (self.photos / '002.png').write_bytes(b'no image')
    rows = [f'{name},{number % 3}' for number, name in enumerate(NAMES[:12])]
    labels = self.photos / 'attributes.csv'
    labels.write_text('\n'.join(['file,rest', *rows]))
    self.prepare()
    with mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.root / 'c')):
      loaded = registry.load(f'folder:{self.output}', 16)
    numbers = [int(name.removesuffix('.png')) for name in loaded.names]
    expected = [str(number % 3) for number in numbers]
    self.assertEqual(list(loaded.attributes['rest']), expected)
    # A file of elsewhere goes before that of the input.
    other = self.root / 'labels.csv'
    other.write_text('file,hair\n000.png,red\n')
    shutil.rmtree(self.output)
    job.run(self.plan(labels=other, format='tfrecord'))
    hair = {
      record.name.rpartition('/')[2]: record.attributes
      for name in self.found()
      if name.endswith('.tfrecord')
      for _, record in tfrecord_files.iterate(self.output / name)
    }
    self.assertLen(hair, 11)
    self.assertEqual(hair['000.png'], {'hair': 'red'})
    self.assertEqual(hair['001.png'], {'hair': ''})

  def test_damaged_labels_are_said_before_any_work(self):
    self.write(*NAMES[:2])
    (self.photos / 'attributes.csv').write_text('name;hair')
    with self.assertRaisesRegex(ValueError, 'attributes.csv begins with'):
      self.plan()
    self.assertFalse(self.output.exists())

  def test_vectors_are_computed(self):
    self.write(*NAMES[:12])
    embedder = mock.Mock(spec=embedding.Embedder)
    embedder.name = 'net.keras'
    embedder.embed = lambda pngs: np.stack(
      [np.array([image_io.read(png).mean(), 1]) for png in pngs]
    )
    job.run(self.plan(embedder=embedder))
    self.assertEqual(dataset_record.read(self.output).embedding, 'net.keras')
    with np.load(self.output / 'vectors.npz') as file:
      self.assertLen(file['names'], 12)
      for name, vector in zip(file['names'], file['vectors']):
        expected = image_io.read(self.output / name).mean()
        self.assertAlmostEqual(float(vector[0]), expected, places=3)

  def test_a_crop_of_the_input_is_refused(self):
    self.write(*NAMES[:2])
    with self.assertRaisesRegex(ValueError, 'leave crop= and fit= out'):
      job.plan(f'folder:{self.photos}?crop=0.5', self.options, self.output)

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


if __name__ == '__main__':
  absltest.main()

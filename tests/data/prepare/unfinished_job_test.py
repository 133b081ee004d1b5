"""A preparation that was stopped goes on, if it is asked for the same."""

import json
import shutil
from unittest import mock

from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import files
from tf_twingan.data.prepare import dataset_record, finish, job, shards

NAMES = prepare_case.NAMES


class UnfinishedJobTest(prepare_case.PrepareCase):
  def stop(self):
    with mock.patch.object(shards, 'write', side_effect=KeyboardInterrupt):
      with self.assertRaises(KeyboardInterrupt):
        self.prepare()

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

  def test_two_programs_do_not_prepare_at_once(self):
    self.write(*NAMES[:2])
    planned = self.plan()
    planned.unfinished.mkdir(parents=True)
    with files.lock(planned.unfinished / 'lock'):
      self.assert_refused('another program prepares images in', OSError)

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


if __name__ == '__main__':
  absltest.main()

"""Shards through Apache Beam: the same bytes, resumed, whoever fails."""

import contextlib
import os
import shutil
import sys
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest, parameterized

from tests.data.prepare import beam_workers, prepare_case
from tf_twingan import extras, image_io
from tf_twingan.data.prepare import beam_job, job, shards

NAMES = [f'{number:03}.png' for number in range(39)]
TWO_PROCESSES = ('direct_num_workers=2', 'direct_running_mode=multi_processing')


class BeamJobTest(prepare_case.PrepareCase):
  def setUp(self):
    super().setUp()
    self.enter_context(mock.patch.object(shards, 'PHOTOS', 8))

  def prepare_here(self):
    """What the plain loop makes of the photos."""
    self.prepare()
    expected = self.content()
    shutil.rmtree(self.output)
    return expected

  def prepare_through(self, *options, runner='FnApiRunner', work=None):
    with contextlib.ExitStack() as patched:
      if work is not None:
        patched.enter_context(
          mock.patch.object(beam_job, '_prepare_shard', work)
        )
      return job.run(
        self.plan(), prepare_shards=beam_job.through(runner, options)
      )

  def assert_fails(self, pattern, work, *options):
    with self.assertRaisesRegex(OSError, pattern) as caught:
      self.prepare_through(*options, work=work)
    self.assertNotIn('\n', str(caught.exception))

  def test_it_writes_the_same_bytes(self):
    self.write(*NAMES)
    os.rename(
      self.photos / NAMES[3], os.fsencode(self.photos) + b'/not\xffutf8.png'
    )
    expected = self.prepare_here()
    self.prepare_through()
    self.assertEqual(self.content(), expected)
    self.assertLen([n for n in expected if n.startswith('t')], 39)

  def test_a_failed_job_goes_on_without_doing_shards_again(self):
    self.write(*NAMES)
    expected = self.prepare_here()
    self.assert_fails(
      'FnApiRunner failed: .*No space left on device.* 32 of 39 photos are '
      'prepared and stay',
      beam_workers.fail_at_the_end,
    )
    write, written = shards.write, []

    def counted(path, results):
      written.append(path.name)
      write(path, results)

    with mock.patch.object(shards, 'write', counted):
      self.prepare_through()
    self.assertEqual(written, ['shard-000004.zip'])
    self.assertEqual(self.content(), expected)

  def test_the_plain_loop_goes_on_with_it(self):
    self.write(*NAMES)
    expected = self.prepare_here()
    self.assert_fails('No space left', beam_workers.fail_at_the_end)
    with mock.patch.object(shards, 'write', wraps=shards.write) as write:
      self.prepare()
    self.assertEqual(write.call_count, 1)
    self.assertEqual(self.content(), expected)

  def test_shards_that_went_elsewhere_are_missed(self):
    self.write(*NAMES[:9])
    self.assert_fails(
      'FnApiRunner ended, but 2 of 2 shards are not here: all workers need',
      beam_workers.do_nothing,
    )

  def test_a_worker_with_other_packages_is_refused(self):
    self.write(*NAMES[:2])
    self.assert_fails(
      f'a worker has numpy {np.__version__}, the computer that started it 1.0',
      beam_workers.have_another_numpy,
    )

  def test_a_worker_without_the_folder(self):
    self.write(*NAMES[:2])
    planned = self.plan()
    with self.assertRaisesRegex(FileNotFoundError, 'names.jsonl'):
      beam_job._prepare_shard(
        planned.spec, beam_job.dataset_record.package_versions(), (0, 0, 9)
      )

  @parameterized.parameters(
    ('FnApirunner', (), "is no runner of .* did you mean 'FnApiRunner'"),
    ('Slurm', (), 'is no runner of Apache Beam; use FnApiRunner'),
    ('FnApiRunner', ['direct_num_worker=2'], "mean 'direct_num_workers'"),
    ('DirectRunner', ['--direct_running_mode=x'], '--beam_option: argument '),
  )
  def test_refused(self, runner, options, reason):
    with self.assertRaisesRegex(ValueError, reason) as caught:
      beam_job.through(runner, options)
    self.assertNotIn('\n', str(caught.exception))

  def test_options_of_clusters_are_passed_on(self):
    # Some are known to the other end alone.
    beam_job.through('FlinkRunner', ['flink_master=here:8081', 'new_one=1'])

  def test_without_beam(self):
    with mock.patch.dict(
      sys.modules,
      {n: None for n in sys.modules if n.startswith('apache_beam')}
      | {'apache_beam': None},
    ):
      with self.assertRaisesRegex(
        extras.MissingPackage, r"pip install 'tf_twingan\[beam\]'"
      ):
        beam_job.through('FnApiRunner')

  def test_two_processes(self):
    self.write(*NAMES)
    expected = self.prepare_here()
    self.prepare_through(*TWO_PROCESSES, work=beam_workers.note_who_works)
    self.assertEqual(self.content(), expected)
    workers = {p.name for p in self.root.glob('worker_*')}
    self.assertLen(workers - {f'worker_{os.getpid()}'}, 2)

  @pytest.mark.slow
  def test_a_job_server(self):
    # As clusters are given jobs, but in this process.
    self.write(*NAMES)
    expected = self.prepare_here()
    self.prepare_through(
      'job_endpoint=embed', 'environment_type=LOOPBACK', runner='PortableRunner'
    )
    self.assertEqual(self.content(), expected)

  def test_a_worker_that_dies(self):
    self.write(*NAMES)
    self.check_a_worker_that_dies(39)

  def check_a_worker_that_dies(self, count):
    expected = self.prepare_here()
    self.assert_fails(
      rf'FnApiRunner failed: a worker ended.* of {count:,} photos are '
      'prepared and stay',
      beam_workers.die_once,
      *TWO_PROCESSES,
    )
    unfinished = self.output / '.unfinished'
    before = {p: p.stat().st_mtime_ns for p in unfinished.glob('*.zip')}
    self.assertNotEmpty(before)
    # The shards stay.
    with mock.patch.object(job, '_empty'), mock.patch.object(job, 'shutil'):
      self.prepare_through(*TWO_PROCESSES, work=beam_workers.die_once)
    self.assertEqual({p: p.stat().st_mtime_ns for p in before}, before)
    shutil.rmtree(unfinished)
    self.assertEqual(self.content(), expected)

  @pytest.mark.slow
  def test_ten_thousand_photos_and_a_worker_that_dies(self):
    random = np.random.default_rng(0)
    for number in range(10_000):
      photo = random.integers(0, 256, [48, 48, 3], np.uint8)
      image_io.write_png(self.photos / f'{number:05}.png', photo)
    with mock.patch.object(shards, 'PHOTOS', 64):
      self.check_a_worker_that_dies(10_000)


if __name__ == '__main__':
  absltest.main()

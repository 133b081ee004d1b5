"""Distribution strategies, CPU threads, and emulated precisions."""

import contextlib
import io
import json
import os
import pathlib
import signal
import socket
import tempfile
from unittest import mock

import pytest
import tensorflow as tf
from absl.testing import absltest, parameterized

import tf_twingan
from tests import training_process
from tf_twingan.training import growth_schedule, setup, strategies

# A step of several devices takes long to trace.
AT_4_PX = 'Growth.final_resolution=4'


def start_workers(run, *params):
  """Two processes that train one run together, on this machine."""
  ports = []
  sockets = [socket.socket() for _ in range(2)]
  for each in sockets:
    each.bind(('localhost', 0))
    ports.append(each.getsockname()[1])
  for each in sockets:
    each.close()
  cluster = {'worker': [f'localhost:{port}' for port in ports]}
  return [
    training_process.start(
      run,
      "train.strategy='multi_worker'",
      AT_4_PX,
      *params,
      environment={
        'TF_CONFIG': json.dumps(
          {'cluster': cluster, 'task': {'type': 'worker', 'index': index}}
        )
      },
    )
    for index in range(2)
  ]


def ends(processes):
  """Exit code and output of each."""
  try:
    outputs = [
      p.communicate(timeout=training_process.PATIENCE)[0] for p in processes
    ]
  finally:
    for process in processes:
      process.kill()
  return [p.returncode for p in processes], outputs


class DistributionTest(parameterized.TestCase):
  def assert_complete(self, run, images_seen):
    rows = (run / 'metrics.jsonl').read_text().splitlines()
    seen = [json.loads(row)['images_seen'] for row in rows]
    self.assertEqual(seen, sorted(set(seen)))  # One process wrote them.
    self.assertEqual(tf_twingan.Translator(str(run)).images_seen, images_seen)
    self.assertNotEmpty(os.listdir(run / 'samples'))

  @pytest.mark.slow  # Two replicas equal one, says `trainer_test`.
  def test_mirrored_trains_to_the_end(self):
    run = training_process.new_run()
    code, output = training_process.train(
      run,
      "train.strategy='mirrored'",
      AT_4_PX,
      prologue=training_process.ON_TWO_CPUS,
    )
    self.assertEqual(code, 0, output)
    self.assert_complete(run, 32)

  def test_a_batch_that_two_devices_cannot_share_is_refused(self):
    growth = growth_schedule.Growth(final_resolution=8, batch_size={4: 8, 8: 7})
    setup.check_batch_sizes(growth, 1)
    with self.assertRaisesRegex(
      ValueError, 'is 7 at 8 px; make it a multiple of the 2 devices'
    ):
      setup.check_batch_sizes(growth, 2)

  @pytest.mark.slow  # Workers that stop together are in `loop_test`, too.
  def test_two_workers_stop_together_and_continue_to_the_end(self):
    run = training_process.new_run()
    workers = start_workers(run, 'Growth.stable_images=10_000')
    for worker in workers:
      self.addCleanup(worker.kill)
    training_process.wait_until(workers[0], (run / 'metrics.jsonl').exists)
    workers[1].send_signal(signal.SIGTERM)  # The one that writes nothing.
    codes, outputs = ends(workers)
    self.assertEqual(
      codes, [128 + signal.SIGINT, 128 + signal.SIGTERM], outputs
    )
    self.assertIn('everything is saved', outputs[0])
    self.assertIn('another worker saves', outputs[1])
    seen = tf_twingan.Translator(str(run)).images_seen
    codes, outputs = ends(
      start_workers(run, f'Growth.stable_images={seen + 64}')
    )
    self.assertEqual(codes, [0, 0], outputs)
    self.assertIn(f'{seen:,} images seen', outputs[0])
    self.assert_complete(run, seen + 64)

  @parameterized.parameters(
    ('float32', 'avx2', False),
    ('bfloat16', 'avx2 avx512f', True),
    ('bfloat16', 'avx2 avx512_bf16', False),
    ('float16', 'avx512_bf16', True),
  )
  def test_emulated_precision(self, precision, flags, expected):
    info = pathlib.Path(tempfile.mkdtemp(), 'cpuinfo')
    info.write_text(f'flags\t: fpu {flags} sse\n')
    with mock.patch.object(tf.config, 'list_logical_devices', return_value=[]):
      self.assertEqual(strategies.emulates(precision, info), expected)

  def test_an_unknown_cpu_is_not_blamed(self):
    self.assertFalse(strategies.emulates('bfloat16', pathlib.Path('/none')))
    arm = pathlib.Path(tempfile.mkdtemp(), 'cpuinfo')
    arm.write_text('Features\t: fp asimd bf16\n')
    self.assertFalse(strategies.emulates('bfloat16', arm))

  @parameterized.parameters(
    ({}, False, [2, len(os.sched_getaffinity(0))]),
    ({}, True, [2, max(1, len(os.sched_getaffinity(0)) // 2)]),
    ({'TF_NUM_INTEROP_THREADS': '3'}, True, []),
  )
  def test_cores_are_shared_unless_the_user_chose(
    self, environment, halves, expected
  ):
    # Threads can be chosen once a process only, so TensorFlow is not asked.
    chosen = []
    with (
      mock.patch.dict(os.environ, environment),
      mock.patch.object(tf.config, 'list_physical_devices', return_value=[]),
      mock.patch.multiple(
        tf.config.threading,
        set_inter_op_parallelism_threads=chosen.append,
        set_intra_op_parallelism_threads=chosen.append,
      ),
    ):
      for name in ('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'):
        if name not in environment:
          os.environ.pop(name, None)
      strategies.share_cores(halves=halves)
    self.assertEqual(chosen, expected)

  def test_threads_stay_where_tensorflow_has_begun_to_work(self):
    tf.constant(1.0)
    threading = tf.config.threading
    before = threading.get_intra_op_parallelism_threads()
    output = io.StringIO()
    with (
      contextlib.redirect_stdout(output),
      mock.patch.object(os, 'sched_getaffinity', return_value=range(64)),
      mock.patch.dict(os.environ),
    ):
      for name in ('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'):
        os.environ.pop(name, None)
      strategies.share_cores(halves=True)
    self.assertEqual(threading.get_intra_op_parallelism_threads(), before)
    self.assertIn('each operation would have 32 of them', output.getvalue())


if __name__ == '__main__':
  absltest.main()

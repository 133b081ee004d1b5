"""A run from start to end: what it leaves, stopping, resuming, breaking.

Programs run as a user would start them; the networks are those of tiny.gin.
"""

import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl.testing import absltest

from tf_twingan import checkpoints
from tf_twingan import images as images_lib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOTAL = 96  # Images in tiny.gin: 4 px to 32, 8 px fades in to 64 and holds.


def command(run_dir, *params):
  return [
    sys.executable,
    '-m',
    'tf_twingan.train',
    '--gin_file=tiny.gin',
    f'--run_dir={run_dir}',
    *(f'--gin_param={p}' for p in params),
  ]


def start(run_dir, *params):
  return subprocess.Popen(
    command(run_dir, *params),
    cwd=ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
  )


def train(run_dir, *params):
  done = subprocess.run(
    command(run_dir, *params),
    cwd=ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    check=False,
  )
  return done.returncode, done.stdout


def new_run():
  return pathlib.Path(tempfile.mkdtemp(), 'run')


@functools.cache
def whole_run():
  """An undisturbed run; several tests look at it."""
  run = new_run()
  code, output = train(run)
  assert code == 0, output
  return run, output


def newest(run):
  return checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()[0]


def tensors(run):
  reader = tf.train.load_checkpoint(newest(run))
  return {
    name: reader.get_tensor(name)
    for name in reader.get_variable_to_shape_map()
    if name != '_CHECKPOINTABLE_OBJECT_GRAPH'
  }


class LoopTest(absltest.TestCase):
  def assert_same_bits(self, run):
    expected, actual = tensors(whole_run()[0]), tensors(run)
    self.assertEqual(set(expected), set(actual))
    self.assertGreater(len(expected), 100)
    for name, value in expected.items():
      np.testing.assert_array_equal(value, actual[name], name)

  def test_a_run_directory_is_complete(self):
    run, output = whole_run()
    self.assertContainsSubset(
      [
        'checkpoints',
        'metrics.jsonl',
        'model.json',
        'operative_config.gin',
        'samples',
        'summaries',
      ],
      os.listdir(run),
    )
    self.assertIn(f'The run is in {run}', output)
    self.assertIn('python -m tf_twingan.translate', output)
    rows = [
      json.loads(r) for r in (run / 'metrics.jsonl').read_text().splitlines()
    ]
    self.assertEqual(rows[-1]['images_seen'], TOTAL)
    self.assertEqual(rows[-1]['resolution'], 8)
    self.assertContainsSubset(
      ['reconstruction', 'content', 'cycle', 'alpha', 'images_per_second'],
      rows[0],
    )
    sheet = images_lib.read(sorted((run / 'samples').glob('*.png'))[-1])
    self.assertGreater(sheet.shape[1], 900)  # Ten columns.
    self.assertIn('Growth.', (run / 'operative_config.gin').read_text())

  def test_stopping_in_a_fade_and_resuming_gives_the_same_bits(self):
    run = new_run()
    code, output = train(run, 'train.stop_after_images=40')
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('Stopped at 40 of 96 images; everything is saved', output)
    self.assertEndsWith(newest(run), '000000040')
    code, output = train(run)
    self.assertEqual(code, 0, output)
    self.assertIn('40 images seen', output)
    self.assert_same_bits(run)

  def test_a_kill_loses_nothing_but_time(self):
    run = new_run()
    often = 'train.checkpoint_minutes=0.0'
    process = start(run, often)
    folder = run / 'checkpoints'
    while not (folder / '000000048.index').exists():
      self.assertIsNone(process.poll(), 'ended before it could be killed')
      time.sleep(0.01)
    process.kill()
    process.communicate()
    code, output = train(run, often)
    self.assertEqual(code, 0, output)
    self.assertIn('Continuing from', output)
    self.assert_same_bits(run)

  def test_sigterm_saves_and_a_damaged_newest_checkpoint_is_passed_over(self):
    run = new_run()
    process = start(run, 'Growth.stable_images=100_000')
    while not (run / 'metrics.jsonl').exists():
      self.assertIsNone(process.poll(), 'ended before it could be stopped')
      time.sleep(0.1)
    process.terminate()
    output, _ = process.communicate()
    self.assertEqual(process.returncode, 128 + signal.SIGTERM, output)
    self.assertIn('everything is saved', output)
    first = newest(run)
    more = int(os.path.basename(first)) + 8
    params = ['Growth.stable_images=100_000', f'train.stop_after_images={more}']
    train(run, *params)
    self.assertNotEqual(newest(run), first)
    with open(newest(run) + '.data-00000-of-00001', 'r+b') as file:
      file.truncate(1000)
    code, output = train(run, *params)
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('is damaged', output)
    self.assertIn(f'Continuing from {first}', output)

  def test_nan_stops_the_run_and_keeps_the_good_checkpoint(self):
    run = new_run()
    train(run, 'train.stop_after_images=8')
    good = newest(run)
    # A rate of 1e30 overflows float32 in the second step.
    code, output = train(run, 'Trainer.learning_rate=1e30')
    self.assertEqual(code, 1, output)
    self.assertRegex(
      output, r"Error: The (loss '\w+(/\w+)?' is (nan|inf) at step \d+|weights)"
    )
    self.assertEqual(newest(run), good)

  def test_another_architecture_is_refused(self):
    run, _ = whole_run()
    code, output = train(run, 'TwinGAN.channels_max=4')
    self.assertEqual(code, 1)
    self.assertIn('channels_max is 8 there and 4 here', output)
    self.assertNotIn('Traceback', output)

  def test_another_discriminator_is_refused(self):
    run, _ = whole_run()
    code, output = train(run, 'Discriminator.channels_max=4')
    self.assertEqual(code, 1)
    self.assertRegex(output, 'does not match this model: .*judge|kernel')

  def test_user_errors_are_one_line(self):
    for params, message in (
      (["phto='folder:/x'"], "did you mean 'photo'"),
      (["photo='folder:/does/not/exist'"], '/does/not/exist'),
      (['Growth.final_resolution=24'], '24 is not a power of two'),
      (["train.strategy='tpu'"], "Unknown strategy 'tpu'; choose one of"),
    ):
      code, output = train(new_run(), *params)
      self.assertEqual(code, 1, output)
      last = output.strip().splitlines()[-1]
      self.assertStartsWith(last, 'Error: ')
      self.assertIn(message, last)
      self.assertNotIn('Traceback', output)


if __name__ == '__main__':
  absltest.main()

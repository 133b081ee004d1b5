"""Run does what the programs do: the same bits, numbers and sentences."""

import contextlib
import io
import json
import logging
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
from unittest import mock

import numpy as np
import pytest
from absl import logging as absl_logging
from absl.testing import absltest, parameterized

import tf_twingan
from tests import shared_artifacts, source_tree
from tests.programs import in_process
from tf_twingan import gin_training, home_folder, image_io
from tf_twingan.evaluation import command
from tf_twingan.training import loop

# Trains twice, in a thread with other values and then as the program does, at
# the first resolution. Writes what both reported.
TRAIN_TWICE = """
import json, os, sys, threading
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
from absl import flags
import tf_twingan

runs = [tf_twingan.Run(sys.argv[1] + name) for name in ('/thread', '/main')]
reports = [[], []]
thread = threading.Thread(
  target=runs[0].train,
  args=['tiny.gin'],
  kwargs=dict(
    params={'Growth.final_resolution': 4, 'train.seed': 5},
    on_progress=reports[0].append,
  ),
)
thread.start()
thread.join()
try:
  runs[1].train(
    'tiny.gin', {'train.stop_after_images': 32}, on_progress=reports[1].append
  )
except KeyboardInterrupt:
  pass
assert not flags.FLAGS.is_parsed()
with open(sys.argv[1] + '/reports.json', 'w') as file:
  json.dump([[r._asdict() for r in told] for told in reports], file)
"""


def rows(run):
  """What was logged up to 32 images, but for what the clock says."""
  found = []
  for line in (run / 'metrics.jsonl').read_text().splitlines():
    row = json.loads(line)
    if row['images_seen'] <= 32:
      del row['time']
      found.append({k: v for k, v in row.items() if 'per_second' not in k})
  return found


def stopped(signum):
  """Replaces a training by one that was stopped."""
  return mock.patch.object(
    gin_training, 'train', side_effect=loop.Stopped(signum, 'Stopped at 8.')
  )


class TrainTest(parameterized.TestCase):
  def test_it_trains_to_the_same_bits_as_the_program_after_a_thread(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    subprocess.run(
      [sys.executable, '-c', TRAIN_TWICE, folder],
      cwd=source_tree.ROOT,
      check=True,
    )
    expected = rows(shared_artifacts.finished_run())
    # Losses, and scores of the images.
    self.assertGreater(len({name for row in expected for name in row}), 10)
    self.assertEqual(rows(folder / 'main'), expected)
    in_thread, in_main = json.loads((folder / 'reports.json').read_text())
    self.assertEqual({r['resolution'] for r in in_thread}, {4})
    for reports, total in ((in_thread, 32), (in_main, 96)):
      seen = [r['images_seen'] for r in reports]
      self.assertEqual(seen, sorted(set(seen)))
      self.assertEqual((seen[-1], reports[-1]['total']), (32, total))
    operative, whole = (
      (run / 'operative_config.gin').read_text()
      for run in (folder / 'main', shared_artifacts.finished_run())
    )
    stop = 'train.stop_after_images = '
    self.assertEqual(operative.replace(f'{stop}32', f'{stop}None'), whole)

  def test_values_are_handed_on_as_flags_are(self):
    with mock.patch.object(gin_training, 'train') as train:
      tf_twingan.Run('runs/a').train(
        pathlib.Path('a.gin'),
        {'photo': 'folder:/x', 'Growth.stable_images': {8: 1}},
        on_progress=mock.sentinel.on_progress,
      )
    train.assert_called_once_with(
      'runs/a',
      'a.gin',
      ["photo='folder:/x'", 'Growth.stable_images={8: 1}'],
      on_progress=mock.sentinel.on_progress,
    )

  def test_the_home_folder_is_known(self):
    self.assertEqual(
      tf_twingan.Run(pathlib.Path('~/a')).run_dir, home_folder.expand('~/a')
    )

  def test_random_numbers_of_the_program_go_on(self):
    def train(*args, **kwargs):
      random.seed(0)
      np.random.seed(0)

    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    with mock.patch.object(gin_training, 'train', train):
      tf_twingan.Run('a').train('tiny.gin')
    self.assertEqual((random.random(), np.random.rand()), expected)

  def test_logging_is_left_to_the_calling_program(self):
    def log(*args, **kwargs):
      absl_logging.info('By which TensorFlow Datasets logs.')
      logging.info('As gin logs.')

    run = tf_twingan.Run('a')
    with (
      mock.patch.object(logging.getLogger(), 'handlers', []) as handlers,
      mock.patch.object(gin_training, 'train', log),
      mock.patch.object(command, 'run', log),
    ):
      run.train('tiny.gin')
      self.assertEmpty(handlers)
      run.evaluate()
      self.assertEmpty(handlers)

  def test_what_an_output_cannot_encode_is_escaped(self):
    code = """
import sys
import export, tf_twingan
from unittest import mock
from tf_twingan import gin_training
from tf_twingan.evaluation import command
from tf_twingan.training import console

def say(*args, **kwargs):
  console.say('\u65e5')
  print('\u2265')

run = tf_twingan.Run('a')
for encoding, errors in ('cp1252', 'strict'), ('ascii', 'surrogateescape'):
  sys.stdout.reconfigure(encoding=encoding, errors=errors)
  with mock.patch.object(gin_training, 'train', say):
    run.train('tiny.gin')
  with mock.patch.object(command, 'run', say):
    run.evaluate()
  assert sys.stdout.errors == errors
"""
    done = subprocess.run(
      [sys.executable, '-c', code],
      cwd=source_tree.ROOT,
      capture_output=True,
      check=True,
      text=True,
    )
    self.assertEqual(done.stdout, '\\u65e5\n\\u2265\n' * 4)

  def test_an_interrupt_is_raised_once_all_is_saved(self):
    with stopped(signal.SIGINT):
      with self.assertRaisesRegex(KeyboardInterrupt, 'Stopped at 8'):
        tf_twingan.Run('runs/a').train('tiny.gin')

  def test_a_stop_that_was_asked_for_is_no_error(self):
    output = io.StringIO()
    with stopped(None), contextlib.redirect_stdout(output):
      tf_twingan.Run('runs/a').train('tiny.gin')
    self.assertEqual(output.getvalue(), 'Stopped at 8.\n')

  def test_another_signal_goes_on_to_whom_it_was_for(self):
    received = []
    previous = signal.signal(
      signal.SIGTERM, lambda signum, _: received.append(signum)
    )
    self.addCleanup(signal.signal, signal.SIGTERM, previous)
    with stopped(signal.SIGTERM):
      tf_twingan.Run('runs/a').train('tiny.gin')
    self.assertEqual(received, [signal.SIGTERM])

  @parameterized.parameters(
    ({'phto': 'folder:/x'},),
    ({'Growth.batch_size': '8'},),
    ({'photo': 'folder:/no/such'},),
    ({'Growth.final_resolution': 24},),
    ({'train.strategy': 'tpu'},),
    ({'photo': object()},),
  )
  def test_an_error_has_the_sentence_of_the_program(self, params):
    run = pathlib.Path(tempfile.mkdtemp(), 'run')
    with self.assertRaises((ValueError, FileNotFoundError)) as caught:
      tf_twingan.Run(run).train('tiny.gin', params)
    code, output = in_process.run(
      'train',
      '--gin_file=tiny.gin',
      f'--run_dir={run}',
      *(f'--gin_param={name}={value!r}' for name, value in params.items()),
    )
    self.assertEqual(code, 1, output)
    self.assertEqual(
      output.splitlines()[-1].split(' at 0x')[0],
      f'Error: {caught.exception}'.split(' at 0x')[0],
    )

  def test_a_missing_gin_file_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, "no gin file 'anme.gin'"):
      tf_twingan.Run('runs/a').train('anme.gin')


class SamplesTest(absltest.TestCase):
  def test_the_newest_grid_is_shown(self):
    run = pathlib.Path(tempfile.mkdtemp())
    for value, name in enumerate(
      ('000999.0', '1000000.0', '999999.0', '100000.5'), start=1
    ):
      image_io.write_png(
        run / 'samples' / f'{name}.png', np.full([4, 6, 3], value, np.uint8)
      )
    (run / 'samples' / 'thumbnail.png').write_bytes(b'')
    image = tf_twingan.Run(run).samples()
    self.assertEqual(image.size, (6, 4))
    self.assertEqual(image.getpixel((0, 0)), (2, 2, 2))
    self.assertStartsWith(image._repr_png_(), b'\x89PNG')  # For notebooks.

  def test_a_run_without_any_says_when_there_are(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no sample grid in .*one e'):
      tf_twingan.Run(tempfile.mkdtemp()).samples()

  def test_a_training_leaves_one(self):
    image = tf_twingan.Run(shared_artifacts.finished_run()).samples()
    self.assertGreater(image.width, 900)  # Ten columns.


class ModelsTest(absltest.TestCase):
  def test_the_models_of_a_run(self):
    run = tf_twingan.Run(shared_artifacts.finished_run())
    self.assertEqual(run.translator().images_seen, 96)
    best = run.translator(best=True)
    self.assertEqual(best.origin, str(pathlib.Path(run.run_dir, 'best')))
    sampler = tf_twingan.Run(shared_artifacts.run_of_noise()).sampler()
    self.assertLen(sampler.generate(sampler.noise(2), 'photo'), 2)

  def test_a_run_without_checkpoints_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, '/no/such'):
      tf_twingan.Run('/no/such').translator()


class EvaluateTest(absltest.TestCase):
  def test_too_few_images_are_refused_before_any_work(self):
    for count in (-1, 0, 9):
      with self.assertRaisesRegex(ValueError, f'--count is {count}; give 10'):
        tf_twingan.Run('runs/a').evaluate(count=count)

  def setUp(self):
    super().setUp()
    self.enter_context(in_process.few_steps())

  def test_values_are_handed_on_as_flags_are(self):
    run = tf_twingan.Run(shared_artifacts.run())
    with self.assertRaisesRegex(ValueError, 'give DOMAIN=DATASET of two'):
      run.evaluate(tempfile.mkdtemp(), datasets={'photo': 'folder:/x'})
    with self.assertRaisesRegex(FileNotFoundError, '/best'):
      run.evaluate(tempfile.mkdtemp(), best=True)
    with self.assertRaisesRegex(ValueError, 'two columns'):
      run.evaluate(tempfile.mkdtemp(), against=['shuffled'])

  @pytest.mark.slow
  def test_the_numbers_are_those_of_the_program(self):
    run = shared_artifacts.copy_of(shared_artifacts.finished_run())
    with contextlib.redirect_stdout(io.StringIO()) as printed:
      found = tf_twingan.Run(run).evaluate(count=12)
    self.assertIn('photo to anime', printed.getvalue())
    written = json.loads((run / 'evaluation' / 'evaluation.json').read_text())
    self.assertEqual(found, written)
    output = pathlib.Path(tempfile.mkdtemp())
    code, text = in_process.run(
      'evaluate', f'--run_dir={run}', f'--output={output}', '--count=12'
    )
    self.assertEqual(code, 0, text)
    self.assertEqual(
      found, json.loads((output / 'evaluation.json').read_text())
    )


if __name__ == '__main__':
  absltest.main()

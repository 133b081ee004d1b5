"""What is refused before any image is read, and what is said of images."""

import contextlib
import io
import os
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tests import shared_artifacts
from tf_twingan import forks, image_io
from tf_twingan.data import batch_stream
from tf_twingan.data.sources import base, registry
from tf_twingan.runs import training_lock
from tf_twingan.training import growth_schedule, setup

DOMAINS = (('photo', 'avatars:toon-head'), ('anime', 'avatars:lorelei'))


class SetupTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = pathlib.Path(tempfile.mkdtemp(), 'run')
    self.enter_context(
      mock.patch.object(
        registry, 'load', side_effect=AssertionError('images were read')
      )
    )

  def train(self, run_dir=None, domains=DOMAINS, **options):
    setup.train(
      str(run_dir or self.run_dir),
      domains=domains,
      growth=growth_schedule.Growth(final_resolution=4),
      trainer=mock.Mock(side_effect=AssertionError('a trainer was built')),
      **options,
    )

  @parameterized.parameters(
    ("'my photos' is no name", [('my photos', 'avatars:lorelei'), DOMAINS[0]]),
    ("two domains of the name 'photo'", [DOMAINS[0], DOMAINS[0]]),
    ('write .NAME, DATASET. for each', ['photo', 'anime']),
    ('write .NAME, DATASET. for each', [('photo', None)]),
    ('has no known scheme', [DOMAINS[0], ('anime', 'folde:/x')]),
  )
  def test_wrong_domains(self, message, domains):
    with self.assertRaisesRegex(ValueError, message):
      self.train(domains=domains)
    self.assertFalse(self.run_dir.exists())

  def test_wrong_values(self):
    with self.assertRaisesRegex(ValueError, 'train.checkpoints_kept is 0'):
      self.train(checkpoints_kept=0)
    for seed in (-1, 2**32):
      with self.assertRaisesRegex(
        ValueError, f'train.seed is {seed}; give .* from 0 to 4294967295'
      ):
        self.train(seed=seed)
    with self.assertRaisesRegex(ValueError, "Unknown strategy 'tpu'"):
      self.train(strategy='tpu')

  @mock.patch.object(forks, '_ran_before_fork', True)
  def test_a_fork_of_a_process_that_used_tensorflow(self):
    with self.assertRaisesRegex(forks.Forked, 'ran before this process was'):
      self.train()
    self.assertFalse(self.run_dir.exists())

  def test_a_run_that_another_program_trains(self):
    with training_lock.hold(str(self.run_dir)):
      with self.assertRaisesRegex(
        OSError, f'Another program trains in .*process {os.getpid()}'
      ):
        self.train()

  def test_a_model_that_cannot_be_trained_further(self):
    with self.assertRaisesRegex(ValueError, "can't be trained further"):
      self.train(shared_artifacts.run())

  def test_a_directory_that_cannot_be_written(self):
    self.run_dir.write_text('')
    with self.assertRaisesRegex(NotADirectoryError, 'no folder'):
      self.train()

  def test_weights_of_images_reach_the_batches(self):
    rows = np.zeros([4, 4, 4, 3], np.uint8)
    loaded = base.ImageSet(rows, sampling=np.array([1, 2, 3, 4.0]))
    domains = [('photo', 'avatars:toon-head?balance=eyes'), DOMAINS[1]]
    trainer = mock.MagicMock()
    trainer.return_value.objective.needs_pairs = False
    with (
      mock.patch.object(
        registry,
        'load',
        lambda text, *args, **kwargs: (
          loaded if 'balance' in text else base.ImageSet(rows)
        ),
      ),
      mock.patch.object(
        batch_stream, 'Batches', side_effect=KeyboardInterrupt
      ) as batches,
      self.assertRaises(KeyboardInterrupt),
    ):
      setup.train(
        str(self.run_dir),
        domains=domains,
        growth=growth_schedule.Growth(final_resolution=4),
        trainer=trainer,
        best_by='recall',
      )
    self.assertEqual(
      batches.call_args.kwargs['sampling'], {'photo': loaded.sampling}
    )

  def test_a_start_that_was_interrupted_leaves_nothing(self):
    with mock.patch.object(registry, 'load', side_effect=KeyboardInterrupt):
      with self.assertRaises(KeyboardInterrupt):
        self.train()
    self.assertFalse(self.run_dir.exists())


class WarningTest(absltest.TestCase):
  """What is said of the images before the trainer is built."""

  def train(self, domains, **options):
    stderr = io.StringIO()
    with (
      contextlib.redirect_stderr(stderr),
      self.assertRaisesRegex(AssertionError, 'a trainer was built'),
    ):
      setup.train(
        str(pathlib.Path(tempfile.mkdtemp(), 'run')),
        domains=domains,
        growth=growth_schedule.Growth(final_resolution=4),
        trainer=mock.Mock(side_effect=AssertionError('a trainer was built')),
        **options,
      )
    return stderr.getvalue()

  def test_images_that_an_audit_finds_fault_with_are_said_in_a_line(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    for number in range(8):
      image_io.write_png(
        folder / f'{number}.png', np.full([8, 8, 3], 9 * number, np.uint8)
      )
    said = self.train([('photo', f'folder:{folder}'), DOMAINS[1]])
    (line,) = [n for n in said.splitlines() if n.startswith('Warning: ')]
    self.assertIn('photo', line)
    self.assertIn(f'tf_twingan.audit photo=folder:{folder} anime=', line)

  def test_nothing_is_said_of_avatars(self):
    domains = [(domain, f'{name}?limit=16') for domain, name in DOMAINS]
    self.assertNotIn('Warning', self.train(domains))


if __name__ == '__main__':
  absltest.main()

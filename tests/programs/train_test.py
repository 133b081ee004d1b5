"""Real trainings in real processes: files, killing, Ctrl-C, resuming, errors.

The networks are those of tiny.gin. The loop's own promises are tested with a
fake trainer in `tests/training/loop_test.py`, in a second each; what is slow
here does the same with everything in place.
"""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from absl.testing import absltest

import tf_twingan
from tests import shared_artifacts, training_process
from tests.programs import in_process
from tf_twingan import image_io
from tf_twingan.runs import checkpoint_values, checkpoints

# 4 px to image 32, 8 px fades in to 64 and holds to 96; batches of 8.
TOTAL = 96
# The learning rates fall from image 32 on.
DECAYING = 'Growth.decay_images=64'
# All that a run may have to keep, for 12 batches at 8 px alone: compiling so
# much for two stages takes twice as long.
EVERY_PART = (
  'Growth.start_resolution=8',
  'Growth.stable_images=96',
  "photo='avatars:toon-head?limit=16&vectors=factors'",
  'TwinGAN.residual=True',
  'TwinGAN.attention_resolution=8',
  'TwinGAN.to_rgb_size=3',
  'TwinGAN.spectral_norm=True',
  'TwinGAN.style_size=4',
  'TwinGAN.renorm_ramp_steps=22',
  'Discriminator.attention_resolution=4',
  'Discriminator.spectral_norm=True',
  'Trainer.shared_discriminator=True',
  'Objective.identity_weight=1.0',
  'Objective.identity_from=4',
  'Objective.augmentation=@Augmentation()',
  'Augmentation.probability=0.5',
  'Augmentation.target=0.9',
  'Augmentation.adjust_images=200',
)
# Most of a run's time goes into tracing each stage: one is enough where it does
# not matter what is trained.
AT_4_PX = 'Growth.final_resolution=4'


def whole_run():
  """An undisturbed run, and what its training printed."""
  run = shared_artifacts.finished_run()
  return run, shared_artifacts.output_of_finished_run()


def decaying_run():
  """The same, whose learning rates fall."""
  return shared_artifacts.finished_run(DECAYING)


def newest(run):
  return checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()[0]


def rows(run):
  text = (run / 'metrics.jsonl').read_text()
  return [json.loads(line) for line in text.splitlines()]


class TrainTest(absltest.TestCase):
  def assert_same_bits(self, run, whole):
    expected, actual = (
      checkpoint_values.tensors(newest(r)) for r in (whole, run)
    )
    self.assertEqual(set(expected), set(actual))
    self.assertGreater(len(expected), 100)
    for name, value in expected.items():
      np.testing.assert_array_equal(value, actual[name], name)

  @pytest.mark.slow
  def test_a_run_directory_is_complete(self):
    run, output = whole_run()
    self.assertContainsSubset(
      [
        'best',
        'checkpoints',
        'metrics.jsonl',
        'model.json',
        'operative_config.gin',
        'samples',
        'summaries',
      ],
      os.listdir(run),
    )
    self.assertRegex(output, r'The run is in .*run\. Next:')
    self.assertIn('python -m tf_twingan.translate', output)
    found = rows(run)
    self.assertEqual(found[-1]['images_seen'], TOTAL)
    self.assertEqual(found[-1]['resolution'], 8)
    self.assertContainsSubset(
      ['reconstruction', 'content', 'cycle', 'alpha', 'images_per_second'],
      found[0],
    )
    self.assertEqual(
      [r['images_seen'] for r in found if 'score/recall' in r],
      # Every 24 images, and where a resolution ends.
      [24, 32, 48, 72, 96],
    )
    self.assertContainsSubset(
      ['score/recall/anime', 'score/reconstruction/photo'], found[-1]
    )
    self.assertNotIn('score/swd', found[-1])  # Not at 8 px.
    grid = image_io.read(sorted((run / 'samples').glob('*.png'))[-1])
    self.assertGreater(grid.shape[1], 900)  # Ten columns.
    # What it used is a gin file that says the same again.
    again = training_process.new_run()
    code, _ = training_process.train(
      again,
      'train.stop_after_images=8',
      gin_file=run / 'operative_config.gin',
    )
    self.assertEqual(code, 128 + signal.SIGINT)
    self.assertEqual(
      (again / 'model.json').read_text(), (run / 'model.json').read_text()
    )

  @pytest.mark.slow
  def test_a_run_can_be_translated_with(self):
    translator = tf_twingan.Translator(str(whole_run()[0]))
    self.assertEqual(translator.resolution, 8)
    self.assertEqual(translator.images_seen, TOTAL)
    noise = np.random.default_rng(0).integers(0, 256, [2, 8, 8, 3], np.uint8)
    translations = translator.translate(noise, to='anime')
    self.assertEqual(translations.shape, (2, 8, 8, 3))
    self.assertGreater(np.std(translations), 5)

  @pytest.mark.slow
  def test_the_best_is_kept_beside_the_newest(self):
    run = whole_run()[0]
    best = min(
      (r for r in rows(run) if 'score/recall' in r and r['resolution'] == 8),
      key=lambda r: r['score/reconstruction'],
    )
    kept = json.loads((run / 'best' / 'score.json').read_text())
    self.assertEqual(kept['images_seen'], best['images_seen'])
    self.assertEqual(kept['value'], best['score/reconstruction'])
    translator = tf_twingan.Translator(str(run / 'best'))
    self.assertEqual(translator.images_seen, best['images_seen'])
    self.assertEqual(tf_twingan.Translator(str(run)).images_seen, TOTAL)

  @pytest.mark.slow
  def test_the_learning_rate_falls_to_the_last_batch(self):
    # The last batch begins at image 88, 8 of 64 before the end.
    tensors = checkpoint_values.tensors(newest(decaying_run()))
    rates = [
      value for name, value in tensors.items() if 'learning_rate' in name
    ]
    self.assertLen(rates, 2)
    np.testing.assert_allclose(rates, 1e-4 * 8 / 64, rtol=1e-6)

  @pytest.mark.slow
  def test_a_kill_loses_nothing_but_time(self):
    run = training_process.new_run()
    process = training_process.start(
      run, DECAYING, 'train.checkpoint_minutes=0.0'
    )
    self.addCleanup(process.kill)
    # In the fade-in; what follows must not depend on how often it was saved.
    training_process.wait_until(
      process,
      lambda: any(
        int(path.stem) >= 48 for path in run.glob('checkpoints/*.index')
      ),
    )
    process.kill()
    process.communicate(timeout=training_process.PATIENCE)
    code, output = training_process.train(run, DECAYING)
    self.assertEqual(code, 0, output)
    self.assertIn('Continuing from', output)
    self.assert_same_bits(run, decaying_run())
    seen = [row['images_seen'] for row in rows(run)]
    self.assertEqual(seen, sorted(set(seen)))

  def stopped_by(self, signum):
    """A run that would take long, stopped by a signal."""
    run = training_process.new_run()
    process = training_process.start(
      run, AT_4_PX, 'Growth.stable_images=100_000'
    )
    self.addCleanup(process.kill)
    training_process.wait_until(process, (run / 'metrics.jsonl').exists)
    process.send_signal(signum)
    output, _ = process.communicate(timeout=training_process.PATIENCE)
    self.assertEqual(process.returncode, 128 + signum, output)
    self.assertIn('everything is saved', output)
    self.assertNotIn('Traceback', output)
    return run, newest(run)

  @pytest.mark.slow
  def test_a_second_training_is_refused_and_translating_is_not(self):
    run = training_process.new_run()
    params = [AT_4_PX, 'Growth.stable_images=100_000']
    process = training_process.start(
      run, *params, 'train.checkpoint_minutes=0.0'
    )
    self.addCleanup(process.kill)
    training_process.wait_until(
      process, lambda: any(run.glob('checkpoints/*.index'))
    )
    code, output = training_process.train(run, *params)
    self.assertEqual(code, 1, output)
    self.assertIn(
      f'Another program trains in {run} (process {process.pid})', output
    )
    self.assertEqual(tf_twingan.Translator(str(run)).resolution, 4)
    # Whoever is killed gives way.
    process.kill()
    process.communicate(timeout=training_process.PATIENCE)
    code, output = training_process.train(
      run, *params, 'train.stop_after_images=8'
    )
    self.assertEqual(code, 128 + signal.SIGINT, output)
    seen = [row['images_seen'] for row in rows(run)]
    self.assertEqual(seen, sorted(set(seen)))

  @pytest.mark.slow
  def test_a_finished_run_trains_on_at_its_last_stage(self):
    run = shared_artifacts.copy_of(whole_run()[0])
    code, output = training_process.train(run, 'Growth.stable_images=128')
    self.assertEqual(code, 1, output)
    self.assertIn('it would go back to 4 px', output)
    self.assertIn('--gin_param=Growth.extra_images=192', output)
    self.assertEqual(int(os.path.basename(newest(run))), TOTAL)
    code, output = training_process.train(run, 'Growth.extra_images=16')
    self.assertEqual(code, 0, output)
    store = checkpoints.Checkpoints(str(run / 'checkpoints'))
    self.assertEqual(
      [int(os.path.basename(p)) for p in store.prefixes()], [TOTAL + 16, TOTAL]
    )
    self.assertEqual(
      [(r['images_seen'], r['resolution']) for r in rows(run)][-2:],
      [(TOTAL, 8), (TOTAL + 16, 8)],
    )

  @pytest.mark.slow
  def test_a_closed_terminal_saves(self):
    run = training_process.new_run()
    terminal, ours = pty.openpty()
    process = subprocess.Popen(
      [
        *(sys.executable, '-m', 'tf_twingan.train', '--gin_file=tiny.gin'),
        *(f'--run_dir={run}', f'--gin_param={AT_4_PX}'),
        '--gin_param=Growth.stable_images=100_000',
      ],
      cwd=training_process.ROOT,
      stdin=ours,
      stdout=ours,
      stderr=ours,
      start_new_session=True,
    )
    self.addCleanup(process.kill)
    os.close(ours)
    training_process.wait_until(process, (run / 'metrics.jsonl').exists)
    os.close(terminal)
    # As the shell does then.
    process.send_signal(signal.SIGHUP)
    code = process.wait(timeout=training_process.PATIENCE)
    self.assertEqual(code, 128 + signal.SIGHUP)
    self.assertEqual(
      rows(run)[-1]['images_seen'], int(os.path.basename(newest(run)))
    )

  @pytest.mark.slow
  def test_ctrl_c_saves(self):
    run, prefix = self.stopped_by(signal.SIGINT)
    self.assertEqual(
      rows(run)[-1]['images_seen'], int(os.path.basename(prefix))
    )

  def test_errors_are_one_line(self):
    cases = {
      "did you mean 'photo'": ["phto='folder:/x'"],
      '/does/not/exist': ["photo='folder:/does/not/exist'"],
      '24 is not a power of two': ['Growth.final_resolution=24'],
      'train.sample_images is 0; at least 1': ['train.sample_images=0'],
      'at 8 px, choose one of recall, reconstr': ["train.best_by='swd'"],
      "Unknown strategy 'tpu'; choose one of": ["train.strategy='tpu'"],
      "did you mean 'avatar_twins'": ["train.init_from='pretrained:avatar'"],
      'trained up to 32 px: .* Add --gin_param="Growth.start_resolution=8"': [
        "train.init_from='pretrained:avatar_twins'"
      ],
      r'does not fit: \d+% of the weights .* channels_max is 64 there and 8': [
        "train.init_from='pretrained:avatar_twins'",
        'Growth.start_resolution=8',
      ],
      "'my photos' is no name for a domain: .* 'my_photos'": [
        "train.domains=[('my photos', %photo), ('anime', %anime)]"
      ],
      'Trainer.model is CycleGAN, but': ['Trainer.model=@CycleGAN'],
      'which Objective cannot train; set Trainer.discriminator to @Disc': [
        'Trainer.discriminator=@PatchDiscriminator',
        'PatchDiscriminator.field=16',
      ],
    }
    for message, params in cases.items():
      run = training_process.new_run()
      code, output = in_process.run(
        'train',
        '--gin_file=tiny.gin',
        f'--run_dir={run}',
        *(f'--gin_param={param}' for param in params),
      )
      self.assertFalse(run.exists(), message)
      self.assertEqual(code, 1, output)
      last = output.strip().splitlines()[-1]
      self.assertStartsWith(last, 'Error: ')
      self.assertRegex(last, message)
      self.assertNotIn('Traceback', output)

  @pytest.mark.slow
  def test_a_start_from_another_run_ends_in_the_same_bits(self):
    origin = whole_run()[0]
    params = (
      f"train.init_from='{origin}'",
      "train.init_domains={'cat': 'anime'}",
      "train.domains=[('photo', %photo), ('cat', %anime)]",
      # From 8 px, where the other one ended, to 16 px.
      'Growth.start_resolution=8',
      'Growth.final_resolution=16',
      'Growth.stable_images=16',
      'Growth.fade_images=16',
    )
    whole, run = training_process.new_run(), training_process.new_run()
    for directory, code, more in (
      (whole, 0, ()),
      (run, 128 + signal.SIGINT, ('train.stop_after_images=8',)),
      (run, 0, ()),
    ):
      found, output = training_process.train(directory, *params, *more)
      self.assertEqual(found, code, output)
      if more:
        self.assertIn(f'Starting from {origin} (96 images seen', output)
        self.assertIn('keep their initial values', output)  # Of 16 px.
    self.assertIn(f'is started already from {origin} at 96 images', output)
    self.assert_same_bits(run, whole)
    record = json.loads((run / 'init_from.json').read_text())
    self.assertEqual(record['domains'], {'photo': 'photo', 'cat': 'anime'})
    first = run / 'checkpoints' / '000000000.index'
    self.assertTrue(first.exists())

  # Below: everything in place; quicker relatives are in `loop_test.py`.

  @pytest.mark.slow
  def test_folders_of_different_sizes_with_a_broken_image(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    for domain, count in (('photo', 12), ('anime', 7)):
      for index in range(count):
        image_io.write_png(
          folder / domain / f'{index}.png',
          np.full([20, 30, 3], 10 * index, np.uint8),
        )
    (folder / 'photo' / 'broken.jpg').write_bytes(b'no image')
    code, output = training_process.train(
      training_process.new_run(),
      f"photo='folder:{folder}/photo'",
      f"anime='folder:{folder}/anime'",
      AT_4_PX,
      'train.stop_after_images=8',
    )
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('broken.jpg', output)

  @pytest.mark.slow
  def test_stopping_in_a_fade_and_resuming_gives_the_same_bits(self):
    run = training_process.new_run()
    code, output = training_process.train(
      run, DECAYING, 'train.stop_after_images=40'
    )
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('Stopped at 40 of 96 images; everything is saved', output)
    self.assertEndsWith(newest(run), '000000040')
    code, output = training_process.train(run, DECAYING)
    self.assertEqual(code, 0, output)
    self.assertIn('40 images seen', output)
    self.assert_same_bits(run, decaying_run())
    self.assertEqual(
      (run / 'best' / 'score.json').read_text(),
      (decaying_run() / 'best' / 'score.json').read_text(),
    )

  @pytest.mark.slow
  def test_every_part_resumes_in_the_same_bits(self):
    whole, run = training_process.new_run(), training_process.new_run()
    for directory, code, more in (
      (whole, 0, ()),
      (run, 128 + signal.SIGINT, ('train.stop_after_images=40',)),
      (run, 0, ()),
    ):
      found, output = training_process.train(directory, *EVERY_PART, *more)
      self.assertEqual(found, code, output)
    self.assert_same_bits(run, whole)
    tensors = checkpoint_values.tensors(newest(run))
    # The last batch is the twelfth: 11 / 22.
    ramps = {
      name.split('/')[0]: float(value)
      for name, value in tensors.items()
      if 'renorm_ramp' in name
    }
    self.assertEqual(ramps, {'model': 0.5, 'average': 0.5})
    self.assertIn(
      'discriminators/projection/kernel/.ATTRIBUTES/VARIABLE_VALUE', tensors
    )
    (kernel,) = (
      v for n, v in tensors.items() if n.startswith('identity/photo/kernel')
    )
    self.assertEqual(kernel.shape, (16 * 8, 29))
    # Signs are counted over four batches of 8 (the stop came after five), then
    # each probability goes 32 images of 200 up or down, three times.
    (chances,) = (v for n, v in tensors.items() if '_probabilities' in n)
    np.testing.assert_allclose(
      np.sort(np.abs(chances - 0.5))[:2] % 0.32, 0.16, rtol=1e-4
    )
    row = rows(run)[-1]
    self.assertBetween(row['identity/photo'], 0.0, 1.5)
    self.assertIn('identity_translated/photo', row)
    self.assertBetween(row['overfitting/photo'], -1.0, 1.0)

  @pytest.mark.slow
  def test_sigterm_saves_and_a_damaged_newest_checkpoint_is_passed_over(self):
    run, first = self.stopped_by(signal.SIGTERM)
    more = int(os.path.basename(first)) + 8
    params = [
      AT_4_PX,
      'Growth.stable_images=100_000',
      f'train.stop_after_images={more}',
    ]
    training_process.train(run, *params)
    self.assertNotEqual(newest(run), first)
    with open(newest(run) + '.data-00000-of-00001', 'r+b') as file:
      file.truncate(1000)
    code, output = training_process.train(run, *params)
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('is damaged', output)
    self.assertIn(f'Continuing from {first}', output)

  @pytest.mark.slow
  def test_nan_stops_the_run_and_keeps_the_good_checkpoint(self):
    run = training_process.new_run()
    training_process.train(run, AT_4_PX, 'train.stop_after_images=8')
    good = newest(run)
    # A rate of 1e30 overflows float32 in the second step.
    code, output = training_process.train(
      run, AT_4_PX, 'Trainer.learning_rate=1e30'
    )
    self.assertEqual(code, 1, output)
    self.assertRegex(
      output,
      r"Error: The (loss '\w+(/\w+)?' is (nan|-?inf|-?\d\S+) at step|weights)",
    )
    self.assertEqual(newest(run), good)

  @pytest.mark.slow
  def test_a_full_disk_stops_the_run_and_keeps_the_good_checkpoint(self):
    run = training_process.new_run()
    training_process.train(run, AT_4_PX, 'train.stop_after_images=8')
    good = newest(run)
    largest = max(p.stat().st_size for p in (run / 'checkpoints').iterdir())
    more = [AT_4_PX, 'train.stop_after_images=16']
    # No file may grow beyond this: the checkpoint does not fit.
    room = largest // 2
    code, output = training_process.train(
      run,
      *more,
      prologue=f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
""",
    )
    self.assertEqual(code, 1, output)
    last = output.strip().splitlines()[-1]
    self.assertStartsWith(last, 'Error: ')
    self.assertIn('checkpoints', last)
    self.assertNotIn('Traceback', output)
    self.assertEqual(newest(run), good)
    code, output = training_process.train(run, *more)
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn(f'Continuing from {good}', output)

  @pytest.mark.slow
  def test_another_architecture_is_refused(self):
    run, _ = whole_run()
    code, output = training_process.train(run, 'TwinGAN.channels_max=4')
    self.assertEqual(code, 1)
    self.assertIn('channels_max is 8 there and 4 here', output)
    self.assertNotIn('Traceback', output)

  @pytest.mark.slow
  def test_another_discriminator_is_refused(self):
    run, _ = whole_run()
    code, output = training_process.train(run, 'Discriminator.channels_max=4')
    self.assertEqual(code, 1)
    self.assertRegex(
      output, r'does not match this model: .*(discriminator|kernel)'
    )


if __name__ == '__main__':
  absltest.main()

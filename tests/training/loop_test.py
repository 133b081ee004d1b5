"""The training loop with a fake trainer: files, stopping, resuming, breaking.

`tests/programs/train_test.py` has real networks and real processes.
"""

import contextlib
import functools
import io
import json
import os
import pathlib
import shutil
import signal
import tempfile
from concurrent import futures
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import absltest, parameterized

from tf_twingan import framing, image_io
from tf_twingan.data import batch_stream
from tf_twingan.models import configs, registry
from tf_twingan.runs import (
  checkpoint_values,
  checkpoints,
  config_changes,
  loading,
  recorded_framing,
  weight_files,
)
from tf_twingan.training import (
  growth_schedule,
  loop,
  setup,
  strategies,
  summaries,
  validation_scores,
)

DOMAINS = ('photo', 'anime')
# 4 px to image 32, 8 px fades in to 64 and holds to 96; batches of 8.
TOTAL = 96


def images(seed, count=16):
  return np.random.default_rng(seed).integers(
    0, 256, [count, 8, 8, 3], dtype=np.uint8
  )


TRAINING = {d: images(i) for i, d in enumerate(DOMAINS)}
HELD_OUT = {d: images(9, count=4) for d in DOMAINS}


class Model:
  """Makes images darker, by as much as its weight says."""

  domains = DOMAINS
  translates = True
  config = configs.ModelConfig()

  def __init__(self):
    self.weight = tf.Variable(0.0)

  def get_config(self):
    return {'domains': list(self.domains)}

  def supports(self, source, target):
    del source, target
    return True

  def translate(self, images, source, target, *, resolution, alpha):
    del source, target, alpha
    assert images.shape[1] == resolution
    return tf.convert_to_tensor(images) - self.weight


class Trainer:
  """Its weight becomes the mean of its start and of all batches.

  It notes what it is asked.
  """

  strategy = tf.distribute.get_strategy()

  def __init__(self, at_step=None):
    """Calls `at_step(step)` in each step; what it returns is the loss."""
    self.model = self.ema_model = Model()
    # The EMA model, too, as a checkpoint has it; its weight is the same one.
    self.state = {'weight': self.model.weight, 'average': tf.Module()}
    self.at_step = at_step or (lambda step: None)
    self.events = []
    self.rates = []
    self.generator_rates = []

  def start_stage(self):
    self.events.append('stage')

  def apply_settings(self):
    self.events.append('settings')

  def ema_decay(self, images_in_stage, batch_size):
    return 0.5

  def step(
    self,
    batch,
    *,
    step,
    resolution,
    alpha,
    ema_decay,
    rate,
    generator_rate,
    stage_step,
  ):
    assert batch['photo'].shape[1] == resolution
    mean = tf.reduce_mean(tf.cast(batch['photo'], tf.float32)) / 255
    weight = self.model.weight
    weight.assign(weight + (mean * (1 + alpha) - weight) * rate / (step + 2))
    loss = self.at_step(step)
    self.events.append('step')
    self.rates.append(rate)
    self.generator_rates.append(generator_rate)
    return {'loss': mean if loss is None else tf.constant(loss)}

  def estimate_statistics(self, batches, *, resolution, alpha):
    self.events.append(f'statistics of {len(list(batches))}')

  def check_finite(self):
    self.events.append('check')
    if not np.isfinite(self.model.weight.numpy()):
      raise FloatingPointError('The weights hold NaN.')


class Start:
  """Weights to start from; `warm_start_test` has real ones."""

  def __init__(self, weight):
    self.weight = weight

  def apply(self, trainer, position, framings):
    del framings
    trainer.model.weight.assign(self.weight)
    position.resolution.assign(4)
    return dict(
      origin='runs/a',
      origin_domains=list(DOMAINS),
      domains={d: d for d in DOMAINS},
      images_seen=800,
      resolution=4,
      warnings=[],
      taken={'model': 1},
      of={'model': 1},
      left={},
    )


def train(
  run,
  trainer=None,
  *,
  growth=None,
  start=None,
  training=TRAINING,
  held_out=HELD_OUT,
  on_progress=None,
  **options,
):
  """Trains in a run directory; returns the trainer."""
  trainer = trainer or Trainer()
  scorer = validation_scores.ValidationScorer(
    held_out, training, has_ground_truth=True
  )
  setup.prepare_loop(
    str(run),
    growth
    or growth_schedule.Growth(
      final_resolution=8,
      fade_images=32,
      stable_images=32,
      batch_size=8,
      decay_images=64,
    ),
    trainer,
    batches=batch_stream.Batches(training),
    scorer=scorer,
    grid_images=HELD_OUT,
    has_ground_truth=True,
    start=start,
    on_progress=on_progress,
    framings={'photo': framing.Framing(0.7)},
    options=setup.LoopOptions(
      **{
        'log_steps': 2,
        'sample_images': 64,
        'score_images': 24,
        'best_by': 'reconstruction',
        'checkpoint_minutes': 5.0,
        'checkpoints_kept': 3,
        'statistics_batches': 2,
        **options,
      }
    ),
  ).run()
  return trainer


def store(run):
  return checkpoints.Checkpoints(str(run / 'checkpoints'))


def saved(run):
  """Images seen at each checkpoint, the newest first."""
  return [int(os.path.basename(p)) for p in store(run).prefixes()]


def rows(run):
  text = (run / 'metrics.jsonl').read_text()
  return [json.loads(line) for line in text.splitlines()]


def interrupted_at(step, signum=signal.SIGINT, times=1):
  def at_step(now):
    if now == step:
      for _ in range(times):
        signal.raise_signal(signum)

  return Trainer(at_step)


class LoopTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run = pathlib.Path(tempfile.mkdtemp(), 'run')
    self.enter_context(mock.patch.dict(registry.ARCHITECTURES, {'fake': Model}))
    # The model is no network whose weights have names.
    self.enter_context(mock.patch.object(weight_files, 'write'))

  def assertIncreasing(self, numbers):
    self.assertEqual(numbers, sorted(set(numbers)))

  def assert_same_end(self, run, other):
    first, second = (
      checkpoint_values.tensors(store(r).prefixes()[0]) for r in (run, other)
    )
    self.assertEqual(set(first), set(second))
    for name, value in first.items():
      np.testing.assert_array_equal(value, second[name], name)

  def test_a_run_directory_is_complete(self):
    trainer = train(self.run)
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
      os.listdir(self.run),
    )
    self.assertEqual(
      recorded_framing.read(self.run, ('photo', 'anime')),
      {'photo': framing.Framing(0.7), 'anime': framing.Framing()},
    )
    self.assertEqual(saved(self.run), [TOTAL])
    found = rows(self.run)
    self.assertEqual(found[-1]['images_seen'], TOTAL)
    self.assertEqual(found[-1]['resolution'], 8)
    self.assertContainsSubset(
      ['loss', 'alpha', 'images_per_second', 'time'], found[0]
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
    self.assertEqual(
      sorted(os.listdir(self.run / 'samples')),
      ['000000.1.png'],  # Image 64 and the end, in thousands.
    )
    grid = image_io.read(next((self.run / 'samples').iterdir()))
    self.assertGreater(grid.shape[1], 900)  # Ten columns.
    self.assertEqual(trainer.events.count('stage'), 2)
    # The rate falls from image 32 on; the last batch begins at image 88.
    self.assertEqual(trainer.rates[:5], [1.0] * 5)
    self.assertAlmostEqual(trainer.rates[-1], 8 / 64)

  def test_losses_are_logged_as_means_since_the_last_row(self):
    train(self.run, Trainer(lambda step: float(step)), log_steps=4)
    found = {r['images_seen']: r['loss'] for r in rows(self.run)}
    # Scored, and so read, at 24: steps 0, 1, 2. Then step 3, where 4 px end.
    self.assertEqual(found[24], 1.0)
    self.assertEqual(found[32], 3.0)
    self.assertEqual(found[48], 4.5)

  def test_what_is_done_after_a_step_comes_in_order(self):
    # Everything is due at the end: losses are read, and statistics estimated,
    # before anything uses the EMA model; weights are checked before they are
    # saved.
    trainer = Trainer()
    score = validation_scores.ValidationScorer.score

    def scored(scorer, model, **stage):
      trainer.events.append('score')
      return score(scorer, model, **stage)

    save = checkpoints.Checkpoints.save

    def save_it(self, *args):
      trainer.events.append('save')
      return save(self, *args)

    with (
      mock.patch.object(validation_scores.ValidationScorer, 'score', scored),
      mock.patch.object(checkpoints.Checkpoints, 'save', save_it),
    ):
      train(self.run, trainer)
    last = len(trainer.events) - trainer.events[::-1].index('step')
    events = trainer.events[last:]
    self.assertEqual(events[:2], ['statistics of 2', 'score'])
    self.assertEqual(events[-2:], ['check', 'save'])
    # Nothing between two scorings, but the losses.
    self.assertEqual(trainer.events[:4], ['stage', 'step', 'step', 'step'])

  def test_the_best_is_kept_beside_the_newest(self):
    train(self.run)
    best = min(
      (r for r in rows(self.run) if 'score/recall' in r and r['alpha'] == 1),
      key=lambda r: (-r['resolution'], r['score/reconstruction']),
    )
    found = [
      r
      for r in rows(self.run)
      if 'score/recall' in r and r['resolution'] == best['resolution']
    ]
    best = min(found, key=lambda r: r['score/reconstruction'])
    kept = json.loads((self.run / 'best' / 'score.json').read_text())
    self.assertEqual(kept['images_seen'], best['images_seen'])
    self.assertEqual(kept['value'], best['score/reconstruction'])
    self.assertEqual(saved(self.run / 'best'), [best['images_seen']])
    self.assertEqual(saved(self.run), [TOTAL])

  def train_on(self, loaded, **changes):
    """Trains a finished run on; the best so far then loads as given.

    Args:
      loaded: the weight of the best checkpoint so far, or why it has none.
      **changes: what is changed.

    Returns:
      What was loaded, and what was printed.
    """

    def load(run_dir):
      if isinstance(loaded, Exception):
        raise loaded
      model = Model()
      model.weight.assign(loaded)
      seen = saved(pathlib.Path(run_dir))[0]
      return loading.LoadedModel(model, 8, 1.0, seen)

    output = io.StringIO()
    with (
      mock.patch.object(loading, 'load', side_effect=load) as loads,
      contextlib.redirect_stdout(output),
    ):
      train(
        self.run,
        growth=growth_schedule.Growth(
          final_resolution=8,
          fade_images=32,
          stable_images=32,
          batch_size=8,
          extra_images=48,
        ),
        **changes,
      )
    return [c.args[0] for c in loads.call_args_list], output.getvalue()

  def test_the_best_is_scored_anew_where_its_score_does_not_compare(self):
    # Its score says nothing of these images: whatever it was, they decide.
    other = dict(held_out={d: images(5, count=4) for d in DOMAINS})
    train(self.run)
    folder = self.run / 'best'
    first = json.loads((folder / 'score.json').read_text())
    before = shutil.copytree(self.run, self.run.parent / 'before')
    for loaded, changes, kept in [
      (0.0, other, True),
      (1.9, other, False),
      (0.0, dict(best_by='recall'), True),
      (1.9, dict(best_by='recall'), False),
      (ValueError('It is damaged.'), other, False),
    ]:
      with self.subTest(loaded=loaded, changes=[*changes]):
        shutil.rmtree(self.run)
        shutil.copytree(before, self.run)
        loads, output = self.train_on(loaded, **changes)
        score = json.loads((folder / 'score.json').read_text())
        self.assertEqual(saved(folder), [score['images_seen']])
        self.assertEqual(score['images_seen'] == first['images_seen'], kept)
        if kept:
          # Once: the next score compares with it.
          self.assertEqual(loads, [str(folder)])
          self.assertIn('The best checkpoint so far was scored anew by', output)
          self.assertNotEqual(score['value'], first['value'])
        elif isinstance(loaded, Exception):
          self.assertIn('the next one replaces it: It is damaged.', output)

  def test_a_best_that_compares_is_not_scored_anew(self):
    train(self.run)
    loads, output = self.train_on(0.0)
    self.assertEmpty(loads)
    self.assertNotIn('scored anew', output)

  def test_stopping_in_a_fade_and_resuming_ends_in_the_same_bits(self):
    whole = self.run.parent / 'whole'
    train(whole)
    with self.assertRaisesRegex(
      loop.Stopped, 'Stopped at 40 of 96 images; everything is saved'
    ) as caught:
      train(self.run, stop_after_images=40)
    self.assertIsNone(caught.exception.signum)
    self.assertEqual(saved(self.run), [40])
    trainer = train(self.run)
    # It went on where it stopped, in the same stage.
    self.assertEqual(trainer.events.count('stage'), 0)
    self.assertEqual(trainer.events.count('step'), (TOTAL - 40) // 8)
    self.assertEqual(trainer.events[0], 'settings')
    self.assert_same_end(self.run, whole)
    self.assertEqual(
      (self.run / 'best' / 'score.json').read_text(),
      (whole / 'best' / 'score.json').read_text(),
    )

  def test_a_run_directory_named_like_a_pattern(self):
    whole = self.run.parent / 'whole'
    train(whole)
    run = self.run.parent / 'exp[1] *?'
    for more in (dict(stop_after_images=40), {}):
      with contextlib.suppress(loop.Stopped):
        trainer = train(run, **more)
    self.assertEqual(trainer.events.count('step'), (TOTAL - 40) // 8)
    self.assert_same_end(run, whole)

  def test_a_kill_loses_nothing_but_time(self):
    whole = self.run.parent / 'whole'
    train(whole)

    class Killed(BaseException):
      pass

    def at_step(step):
      if step == 7:
        raise Killed

    with self.assertRaises(Killed):
      # Saved at every step up to image 56.
      train(self.run, Trainer(at_step), checkpoint_minutes=-1.0)
    self.assertEqual(saved(self.run), [56, 48, 40])
    # The newest was not finished: rows of after it are done again.
    for path in (self.run / 'checkpoints').glob('000000056*'):
      path.unlink()
    with open(self.run / 'metrics.jsonl', 'a', encoding='utf-8') as file:
      file.write('{"images_seen": 5')
    train(self.run)
    self.assert_same_end(self.run, whole)
    seen = [r['images_seen'] for r in rows(self.run)]
    self.assertEqual(seen, sorted(set(seen)))

  def test_a_finished_run_trains_on_at_its_last_stage(self):
    schedule = functools.partial(
      growth_schedule.Growth,
      final_resolution=8,
      fade_images=32,
      stable_images=32,
      batch_size=8,
    )
    whole = self.run.parent / 'whole'
    train(whole, growth=schedule(extra_images=40))
    train(self.run, growth=schedule())
    before = sorted(self.run.rglob('*'))
    with self.assertRaisesRegex(
      ValueError,
      'seen 96 images of each domain and is at 8 px, .* back to 4 px. .*'
      '--gin_param=Growth.extra_images=192',
    ):
      train(self.run, growth=schedule(stable_images=128))
    self.assertEqual(sorted(self.run.rglob('*')), before)
    # At every step there is a checkpoint of the last stage.
    kept = []
    trainer = Trainer(lambda step: kept.append(saved(self.run)) and None)
    train(
      self.run,
      trainer,
      growth=schedule(extra_images=40),
      checkpoint_minutes=-1.0,
    )
    self.assertEqual(kept[:3], [[96], [104, 96], [112, 104, 96]])
    self.assertNotIn('stage', trainer.events)
    self.assertEqual(saved(self.run), [136, 128, 120])
    self.assertEqual(
      {r['resolution'] for r in rows(self.run) if r['images_seen'] > 64}, {8}
    )
    self.assert_same_end(self.run, whole)

  def test_a_run_that_goes_on_says_how(self):
    growth = growth_schedule.Growth(
      final_resolution=4, stable_images=8, extra_images=8, batch_size=8
    )
    train(self.run, growth=growth)
    changes = ["photo was 'folder:/mine' and is 'avatars:lorelei'"]
    with (
      mock.patch.object(config_changes, 'describe', return_value=changes),
      contextlib.redirect_stdout(io.StringIO()) as printed,
    ):
      train(self.run, growth=growth)
    self.assertIn(f'Warning: {changes[0]}. If that is', printed.getvalue())
    self.assertIn(
      'The run has seen 16 images, all of its schedule. To train on for N '
      'more, add N to --gin_param=Growth.extra_images=8.\n',
      printed.getvalue(),
    )

  def test_a_run_that_goes_on_keeps_its_configuration_until_it_saves(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=16)
    files = [
      self.run / name
      for name in (
        'operative_config.gin',
        'model.json',
        'framing.json',
        'image_counts.json',
      )
    ]
    new = [path.read_text() for path in files]
    old = ["photo = 'folder:/mine'\n", new[1] + '\n', '{}', '{}']
    for path, text in zip(files, old):
      path.write_text(text)
    with self.assertRaises(KeyboardInterrupt):
      train(self.run, interrupted_at(3, times=2), checkpoint_minutes=1e9)
    self.assertEqual([path.read_text() for path in files], old)
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=24)
    self.assertEqual([path.read_text() for path in files], new)

  def test_images_that_came_or_went_between_two_parts_are_said(self):
    fewer = {**TRAINING, 'anime': TRAINING['anime'][:-3]}
    changed = 'The images to train on have changed: anime had '
    for seen, training, said in (
      (16, TRAINING, None),
      (24, TRAINING, None),
      (32, fewer, f'{changed}16 and has 13.\n'),
      (40, TRAINING, f'{changed}13 and has 16.\n'),
    ):
      with (
        contextlib.redirect_stdout(io.StringIO()) as printed,
        self.assertRaises(loop.Stopped),
      ):
        train(self.run, training=training, stop_after_images=seen)
      if said is None:
        self.assertNotIn('have changed', printed.getvalue())
      else:
        self.assertIn(said, printed.getvalue())

  def test_a_finished_run_keeps_its_configuration(self):
    train(self.run)
    config = self.run / 'operative_config.gin'
    config.write_text("photo = 'folder:/mine'\n")
    train(self.run)
    self.assertEqual(config.read_text(), "photo = 'folder:/mine'\n")

  def test_a_corrected_start_is_not_blocked_by_one_that_failed(self):
    for text in ('{"domains": ["my photos", "b"]}', '', '[]'):
      self.run.mkdir()
      (self.run / 'model.json').write_text(text)
      with self.assertRaises(loop.Stopped):
        train(self.run, stop_after_images=8, checkpoint_minutes=1e9)
      model = json.loads((self.run / 'model.json').read_text())
      self.assertEqual(model['domains'], list(DOMAINS))
      shutil.rmtree(self.run)

  def test_a_kill_before_the_first_checkpoint_leaves_nothing_behind(self):
    class Killed(BaseException):
      pass

    def at_step(step):
      if step == 5:
        raise Killed

    with self.assertRaises(Killed):
      train(self.run, Trainer(at_step), sample_images=8, score_images=1_000_000)
    self.assertNotEmpty(rows(self.run))
    self.assertNotEmpty(os.listdir(self.run / 'samples'))
    (self.run / 'samples' / 'mine.png').touch()
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=16)
    self.assertEqual([r['images_seen'] for r in rows(self.run)], [16])
    self.assertEqual(os.listdir(self.run / 'samples'), ['mine.png'])

  def test_grids_of_after_the_checkpoint_are_removed(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=8)
    for name in ('000000.0.png', '000000.1.png', '000123.4.png'):
      (self.run / 'samples').mkdir(exist_ok=True)
      (self.run / 'samples' / name).touch()
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=16)
    self.assertEqual(os.listdir(self.run / 'samples'), ['000000.0.png'])

  @parameterized.parameters('metrics.jsonl', 'samples', 'summaries', '')
  def test_what_cannot_be_written_does_not_end_a_training(self, name):
    def at_step(step):
      if step != 3:
        return
      path = self.run / name
      path.rename(self.run.parent / 'moved')
      if name == 'metrics.jsonl':
        path.mkdir()
      elif name:
        path.touch()

    train(self.run, Trainer(at_step), sample_images=8)
    self.assertEqual(saved(self.run), [TOTAL])
    self.assertLen(saved(self.run / 'best'), 1)

  def test_what_cannot_be_written_is_said_once(self):
    output = io.StringIO()
    with (
      contextlib.redirect_stdout(output),
      mock.patch.object(
        summaries.metrics_file, 'append', side_effect=OSError('No space left')
      ),
    ):
      train(self.run)
    self.assertEqual(
      output.getvalue().count('metrics.jsonl of'), 1, output.getvalue()
    )
    self.assertIn(
      f"Warning: metrics.jsonl of {self.run} can't be written (No space left)",
      output.getvalue(),
    )

  def test_a_best_checkpoint_that_cannot_be_written_ends_nothing(self):
    output = io.StringIO()
    with (
      contextlib.redirect_stdout(output),
      mock.patch.object(
        checkpoints.Checkpoints, 'save_alone', side_effect=OSError('No space')
      ),
    ):
      train(self.run)
    self.assertEqual(saved(self.run), [TOTAL])
    self.assertIn("one can't be written: No space", output.getvalue())

  def test_a_training_in_another_thread_leaves_signals_alone(self):
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGHUP)]
    found = []
    trainer = Trainer(
      lambda step: found.append(
        [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGHUP)]
      )
    )
    with futures.ThreadPoolExecutor() as pool:
      pool.submit(train, self.run, trainer).result()
    self.assertEqual(found, [handlers] * (TOTAL // 8))
    self.assertEqual(saved(self.run), [TOTAL])

  def test_a_hangup_never_keeps_the_save_from_happening(self):
    # A shell and the kernel may both send it, and a logout SIGTERM with it.
    def at_step(step):
      if step == 2:
        for signum in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
          signal.raise_signal(signum)

    with self.assertRaises(loop.Stopped) as caught:
      train(self.run, Trainer(at_step))
    self.assertEqual(caught.exception.signum, signal.SIGTERM)
    self.assertEqual(saved(self.run), [24])

  def test_nohup_trains_on(self):
    handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    self.addCleanup(signal.signal, signal.SIGHUP, handler)
    train(self.run, interrupted_at(2, signal.SIGHUP))
    self.assertEqual(saved(self.run), [TOTAL])
    self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)

  @parameterized.parameters(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
  def test_a_signal_stops_and_saves(self, signum):
    handler = signal.getsignal(signum)
    if handler == signal.SIG_IGN:  # As where nohup runs the tests.
      handler = signal.SIG_DFL
      signal.signal(signum, handler)
      self.addCleanup(signal.signal, signum, signal.SIG_IGN)
    with self.assertRaisesRegex(loop.Stopped, 'everything is') as caught:
      train(self.run, interrupted_at(2, signum))
    self.assertEqual(caught.exception.signum, signum)
    self.assertEqual(saved(self.run), [24])
    self.assertEqual(rows(self.run)[-1]['images_seen'], 24)
    self.assertEqual(signal.getsignal(signum), handler)

  def test_progress_is_told_whenever_losses_are_read(self):
    reports = []
    train(self.run, on_progress=reports.append)
    logged = rows(self.run)
    self.assertEqual(
      [r.images_seen for r in reports], [r['images_seen'] for r in logged]
    )
    self.assertIncreasing([r.images_seen for r in reports])
    self.assertEqual(reports[-1].images_seen, TOTAL)
    for report, row in zip(reports, logged, strict=True):
      self.assertEqual(report.total, TOTAL)
      self.assertEqual(report.resolution, row['resolution'])
      self.assertEqual(report.alpha, row['alpha'])
      self.assertNotEmpty(report.losses)
      for name, value in report.losses.items():
        self.assertEqual(value, row[name])
      self.assertEqual(
        {f'score/{name}' for name in report.scores},
        {name for name in row if name.startswith('score/')},
      )
    self.assertEqual([bool(r.scores) for r in reports].count(True), 5)

  def test_progress_is_never_told_twice_of_the_same_images(self):
    seen = []
    for _ in range(2):
      with contextlib.suppress(loop.Stopped):
        train(
          self.run,
          on_progress=lambda p: seen.append(p.images_seen),
          stop_after_images=24 if not seen else None,
        )
    self.assertIncreasing(seen)

  def test_true_stops_and_saves(self):
    with self.assertRaisesRegex(loop.Stopped, 'everything is saved') as caught:
      train(self.run, on_progress=lambda p: np.equal(p.images_seen, 16))
    self.assertIsNone(caught.exception.signum)
    self.assertEqual(saved(self.run), [24])
    # What is merely true is no answer.
    train(self.run, on_progress=lambda p: 'told')
    self.assertEqual(saved(self.run)[0], TOTAL)

  @parameterized.product(
    error=[KeyboardInterrupt, ZeroDivisionError], images=[16, TOTAL]
  )
  def test_what_is_raised_on_progress_comes_after_the_save(self, error, images):
    told = []

    def on_progress(progress):
      told.append(progress.images_seen)
      if progress.images_seen == images:
        raise error('mine')

    with self.assertRaisesRegex(error, 'mine'):
      train(self.run, on_progress=on_progress)
    self.assertEqual(saved(self.run), [min(images + 8, TOTAL)])
    self.assertEqual(told[-1], images)

  def test_a_second_signal_does_not_wait_for_the_save(self):
    with self.assertRaises(KeyboardInterrupt):
      train(self.run, interrupted_at(2, times=2))
    self.assertEqual(saved(self.run), [])

  def test_a_damaged_newest_checkpoint_is_passed_over(self):
    for count in (16, 24):
      with self.assertRaises(loop.Stopped):
        train(self.run, stop_after_images=count)
    with open(
      self.run / 'checkpoints' / '000000024.data-00000-of-00001', 'r+b'
    ) as file:
      file.truncate(10)
    with self.assertLogs(level='WARNING') as logs:
      trainer = train(self.run)
    self.assertIn('is damaged', logs.output[0])
    self.assertEqual(trainer.events.count('step'), (TOTAL - 16) // 8)

  def test_nan_stops_the_run_and_keeps_the_good_checkpoint(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=8)
    broken = Trainer(lambda step: np.nan if step == 5 else None)
    with self.assertRaisesRegex(
      FloatingPointError,
      "The loss 'loss' is nan at step 5. Lower Trainer.learning_rate or",
    ):
      train(self.run, broken, checkpoint_minutes=-1.0)
    # Everything up to the step before is good; nothing was written after it.
    self.assertEqual(saved(self.run), [40, 32, 24])
    self.assertEqual(rows(self.run)[-1]['images_seen'], 40)
    self.assertEqual(broken.events[-1], 'step')

  def test_weights_that_are_not_finite_are_not_saved(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=8)
    trainer = Trainer()
    trainer.at_step = lambda step: trainer.model.weight.assign(np.inf) and None
    with self.assertRaisesRegex(FloatingPointError, 'weights hold NaN'):
      train(self.run, trainer, stop_after_images=16)
    self.assertEqual(saved(self.run), [8])

  def test_a_divergence_that_stays_finite_is_not_saved(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=8)
    trainer = Trainer()
    trainer.at_step = lambda step: trainer.model.weight.assign(2e13) and None
    with self.assertRaisesRegex(
      FloatingPointError,
      'diverged: at 16 images.* has 2e.13 in weight,.*Lower Trainer.learning',
    ):
      train(self.run, trainer, stop_after_images=16)
    with self.assertRaisesRegex(FloatingPointError, "'loss' is 2e.13 at step"):
      train(self.run, Trainer(lambda step: 2e13))
    self.assertEqual(saved(self.run), [8])
    self.assertFalse((self.run / 'best').exists())

  def test_weights_that_diverged_in_a_checkpoint_are_passed_over(self):
    for count in (16, 24):
      with self.assertRaises(loop.Stopped):
        train(self.run, stop_after_images=count)
    # As a version wrote it that did not look at its values.
    prefix = store(self.run).prefixes()[0]
    checkpoint = tf.train.Checkpoint(weight=tf.Variable(np.nan))
    checkpoint.write(prefix)
    with self.assertLogs(level='WARNING') as logs:
      trainer = train(self.run, checkpoint_minutes=-1.0)
    self.assertIn('000000024 has NaN in weight', logs.output[0])
    self.assertEqual(trainer.events.count('step'), (TOTAL - 16) // 8)
    self.assertEqual(saved(self.run), [TOTAL, TOTAL - 8, TOTAL - 16])

  def test_a_run_without_its_checkpoints_is_refused(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=24)
    before = (self.run / 'metrics.jsonl').read_text()
    shutil.rmtree(self.run / 'checkpoints')
    with self.assertRaisesRegex(ValueError, 'its checkpoints are gone.*best'):
      train(self.run)
    self.assertEqual((self.run / 'metrics.jsonl').read_text(), before)
    # What the sentence says.
    shutil.copytree(self.run / 'best' / 'checkpoints', self.run / 'checkpoints')
    self.assertEqual(train(self.run).events.count('step'), (TOTAL - 24) // 8)

  def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(self):
    broken = Trainer(lambda step: np.nan if step == 5 else None)
    with self.assertRaises(FloatingPointError):
      train(self.run, broken)
    self.assertNotEmpty(rows(self.run))
    with self.assertLogs(level='WARNING') as logs:
      trainer = train(self.run)
    self.assertIn('before its first checkpoint; starting', logs.output[0])
    self.assertEqual(trainer.events.count('step'), TOTAL // 8)

  def test_a_full_disk_stops_the_run_and_keeps_the_good_checkpoint(self):
    with self.assertRaises(loop.Stopped):
      train(self.run, stop_after_images=8)

    def full(self, prefix, *args, **kwargs):
      raise tf.errors.ResourceExhaustedError(None, None, 'No space left')

    with mock.patch.object(tf.train.Checkpoint, 'write', full):
      with self.assertRaisesRegex(OSError, 'checkpoint.*Free some disk space'):
        train(self.run, stop_after_images=16)
    self.assertEqual(saved(self.run), [8])
    with self.assertRaises(loop.Stopped):
      trainer = Trainer()
      train(self.run, trainer, stop_after_images=16)
    self.assertEqual(trainer.events.count('step'), 1)

  def test_a_start_from_other_weights_is_saved_before_the_first_step(self):
    class Killed(BaseException):
      pass

    def at_step(step):
      raise Killed

    whole = self.run.parent / 'whole'
    train(whole, start=Start(5.0))
    self.assertEqual(saved(whole), [TOTAL, 0])
    record = json.loads((whole / 'init_from.json').read_text())
    self.assertEqual(record['origin'], 'runs/a')
    with self.assertRaises(Killed):
      train(self.run, Trainer(at_step), start=Start(5.0))
    self.assertEqual(saved(self.run), [0])
    values = checkpoint_values.tensors(store(self.run).prefixes()[0])
    suffix = '/.ATTRIBUTES/VARIABLE_VALUE'
    self.assertEqual(values[f'weight{suffix}'], 5.0)
    self.assertEqual(values[f'resolution{suffix}'], 4)
    # Started again it depends on the other run no more, whatever that holds.
    with self.assertRaises(loop.Stopped):
      train(self.run, start=Start(7.0), stop_after_images=40)
    train(self.run)
    self.assert_same_end(self.run, whole)
    # It is another training than one that starts from nothing.
    other = self.run.parent / 'other'
    train(other)
    with self.assertRaises(AssertionError):
      self.assert_same_end(other, whole)

  def test_discriminators_are_trained_alone_at_first(self):
    growth = growth_schedule.Growth(
      start_resolution=8,
      final_resolution=8,
      stable_images=48,
      batch_size=8,
      discriminator_only_images=20,
      decay_images=16,
    )
    trainer = train(self.run, growth=growth)
    self.assertEqual(trainer.generator_rates, [0.0, 0.0, 0.0, 1.0, 1.0, 0.5])
    self.assertEqual(trainer.rates, [1.0, 1.0, 1.0, 1.0, 1.0, 0.5])

  def test_a_run_of_another_architecture_is_refused(self):
    train(self.run)
    trainer = Trainer()
    trainer.model.get_config = lambda: {'domains': ['cat', 'dog']}
    with self.assertRaisesRegex(
      ValueError, r"domains is \['photo', 'anime'\] there and \['cat', 'dog'\]"
    ):
      train(self.run, trainer)
    other = Trainer()
    other.state['more'] = tf.Variable(0.0)
    with self.assertRaisesRegex(ValueError, 'does not match this model'):
      train(self.run, other)

  def test_a_worker_that_is_not_the_chief_writes_nothing(self):
    with mock.patch.object(strategies, 'is_chief', return_value=False):
      with self.assertRaisesRegex(loop.Stopped, 'another worker saves'):
        trainer = Trainer()
        train(self.run, trainer, stop_after_images=72)
      self.assertFalse(self.run.exists())
      self.assertEqual(set(trainer.events), {'stage', 'step'})
      # It finds what is broken, too.
      with self.assertRaisesRegex(FloatingPointError, 'nan at step 3'):
        train(self.run, Trainer(lambda step: np.nan if step == 3 else None))

  def test_workers_stop_together(self):
    asked = []

    def any_worker(strategy, flag):
      del strategy
      asked.append(flag)
      return len(asked) == 3  # Another worker got a signal.

    with (
      mock.patch.object(strategies, 'is_multi_worker', return_value=True),
      mock.patch.object(strategies, 'is_chief', return_value=True),
      mock.patch.object(strategies, 'any_worker', any_worker),
    ):
      with self.assertRaisesRegex(loop.Stopped, 'Stopped at 48') as caught:
        train(self.run)
    self.assertIsNone(caught.exception.signum)
    self.assertEqual(asked, [False] * 3)  # After every second step.
    self.assertEqual(saved(self.run), [48])


if __name__ == '__main__':
  absltest.main()

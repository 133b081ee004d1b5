"""The training loop: stage after stage, until done, stopped or broken.

The loop reads losses from the device once in a while, not every step; what it
finds there names the exact step of a NaN. Nothing is saved before the losses
since the last look and all weights were found finite.
"""

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
import tqdm

import gin
from tf_twingan import checkpoints, configs
from tf_twingan import images as images_lib
from tf_twingan.data import pipeline, sources
from tf_twingan.models import architectures
from tf_twingan.training import (  # noqa: F401 (objectives, for gin)
  cycle_objective,
  distillation_objective,
  distribution,
  objective,
  paired_objective,
  summaries,
)
from tf_twingan.training import growth as growth_lib
from tf_twingan.training import trainer as trainer_lib

_STATISTICS_ORDER = 1  # Other batches than those of training, order 0.


class Stopped(Exception):
  """A signal asked to stop; everything up to now is saved.

  Attributes:
    signum: the signal's number.
  """

  def __init__(self, signum: int, message: str):
    super().__init__(message)
    self.signum = signum


@dataclasses.dataclass
class Progress:
  """Where a run stands; part of every checkpoint.

  Attributes:
    images_seen: of each domain.
    step: steps done.
    resolution: of the last step, px; 0 before the first.
    alpha: how far that resolution was faded in.
  """

  images_seen: tf.Variable
  step: tf.Variable
  resolution: tf.Variable
  alpha: tf.Variable

  @classmethod
  def start(cls) -> 'Progress':
    """Nothing done yet."""
    images_seen, step, resolution = (
      tf.Variable(0, dtype=tf.int64, trainable=False) for _ in range(3)
    )
    return cls(images_seen, step, resolution, tf.Variable(1.0, trainable=False))

  def advance(self, phase: growth_lib.Phase, alpha: float) -> None:
    """Counts one step."""
    self.images_seen.assign_add(phase.batch_size)
    self.step.assign_add(1)
    self.resolution.assign(phase.resolution)
    self.alpha.assign(alpha)

  def state(self) -> dict[str, tf.Variable]:
    """The variables by name, for a checkpoint."""
    return dict(vars(self))


@gin.configurable
def train(
  run_dir: str,
  *,
  domains: Sequence[tuple[str, str]],
  growth: growth_lib.Growth,
  trainer: Callable[..., trainer_lib.Trainer],
  strategy: str = 'default',
  seed: int = 0,
  deterministic: bool = True,
  mirror: bool = True,
  log_steps: int = 20,
  sample_images: int = 10_000,
  sample_rows: int = 6,
  checkpoint_minutes: float = 5.0,
  checkpoints_kept: int = 3,
  statistics_batches: int = 32,
  stop_after_images: int | None = None,
) -> None:
  """Trains a run to the end of its schedule, or continues it.

  Args:
    run_dir: the run directory; one that holds a run is continued.
    domains: (name, source) of each, in the model's order; see
      `data.sources`. A list, because gin would write a dict down sorted.
    growth: the schedule.
    trainer: makes a Trainer from (domains, max_resolution, strategy=, seed=).
    strategy: see `distribution.make`.
    seed: of weights, batches, mirroring and noise.
    deterministic: make every operation give the same bits again.
    mirror: flip half of the training pictures left to right.
    log_steps: steps between two looks at the losses; several workers also
      agree that often whether to stop.
    sample_images: images between two sample grids.
    sample_rows: pictures of each domain in a grid.
    checkpoint_minutes: time between two checkpoints.
    checkpoints_kept: the newest ones.
    statistics_batches: batches that estimate the moving statistics of the
      averaged model before it is saved or drawn with.
    stop_after_images: stop, as if interrupted, once this many were seen.

  Raises:
    Stopped: after a signal or `stop_after_images`; all is saved.
    FloatingPointError: a loss, a weight or an optimizer's average became NaN
      or Inf; the checkpoints are good ones.
  """
  for name, value in (
    ('log_steps', log_steps),
    ('sample_images', sample_images),
    ('sample_rows', sample_rows),
    ('statistics_batches', statistics_batches),
  ):
    if value < 1:
      raise ValueError(f'train.{name} is {value}; at least 1.')
  # First of all: several workers must find each other before anything runs.
  devices = distribution.make(strategy)
  pictures, held_out = {}, {}
  for name, source in domains:
    pictures[name] = sources.load(source, growth.final_resolution).images
    held_out[name] = sources.load(
      source, growth.final_resolution, split='test'
    ).images[:sample_rows]
    tqdm.tqdm.write(f'{name}: {len(pictures[name]):,} pictures from {source}')
  _check_batches(growth, devices.num_replicas_in_sync)
  # Not before the pictures are there: two processes that draw them at once
  # must not choose the same "random" temporary folder.
  keras.utils.set_random_seed(seed)
  if deterministic:
    tf.config.experimental.enable_op_determinism()
  trainer = trainer(
    [name for name, _ in domains],
    growth.final_resolution,
    strategy=devices,
    seed=seed,
  )
  if trainer.objective.needs_pairs:
    sources.check_pairs(
      dict(domains), {name: len(p) for name, p in pictures.items()}
    )
  precision = trainer.model.get_config()['precision']
  if distribution.emulates(precision):
    tqdm.tqdm.write(
      f'Warning: this CPU emulates {precision}, many times slower than '
      f'float32; set {type(trainer.model).__name__}.precision to float32.'
    )
  if distribution.is_chief(devices):
    os.makedirs(run_dir, exist_ok=True)
    configs.write_model(run_dir, architectures.describe(trainer.model))
  run = _Run(
    run_dir,
    growth,
    trainer,
    batches=pipeline.Batches(
      pictures,
      seed=seed,
      mirror=mirror,
      paired=trainer.objective.needs_pairs,
    ),
    statistics_batches=statistics_batches,
    held_out=held_out,
    answers=all(source.startswith('avatars:') for _, source in domains),
    store=checkpoints.Checkpoints(
      os.path.join(run_dir, 'checkpoints'), checkpoints_kept
    ),
  )
  run.restore()
  if distribution.is_chief(devices):
    configs.write_operative(run_dir)
  run.train(
    log_steps=log_steps,
    sample_images=sample_images,
    checkpoint_seconds=60 * checkpoint_minutes,
    stop_after_images=stop_after_images,
  )


def _check_batches(growth, replicas):
  for phase in growth.phases:
    if phase.batch_size % replicas:
      raise ValueError(
        f'Growth.batch_size is {phase.batch_size} at {phase.resolution} px; '
        f'make it a multiple of the {replicas} devices.'
      )


class _Run:
  """A run in progress."""

  def __init__(
    self,
    run_dir,
    growth,
    trainer,
    *,
    batches,
    statistics_batches,
    held_out,
    answers,
    store,
  ):
    self._growth = growth
    self._trainer = trainer
    self._batches = batches
    self._statistics_batches = statistics_batches
    self._held_out = held_out
    self._answers = answers
    self._store = store
    self._progress = Progress.start()
    # All workers compute the same; one of them writes it down.
    self._writes = distribution.is_chief(trainer.strategy)
    self._summaries = summaries.Summaries(run_dir) if self._writes else None
    self._pending: list[tuple[int, dict[str, tf.Tensor]]] = []
    self._signal: int | None = None
    self._saved_at = time.monotonic()

  def restore(self):
    prefix = self._store.restore(self._state())
    if prefix:
      self._trainer.apply_settings()
      if self._writes:
        self._summaries.rewind(self._seen)
      tqdm.tqdm.write(f'Continuing from {prefix}: {self._seen:,} images seen.')

  def _state(self):
    return dict(self._trainer.state, **self._progress.state())

  def train(
    self, *, log_steps, sample_images, checkpoint_seconds, stop_after_images
  ):
    previous = {
      number: signal.signal(number, self._on_signal)
      for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
      while self._seen < self._growth.total_images:
        self._train_phase(
          self._growth.at(self._seen),
          log_steps=log_steps,
          sample_images=sample_images,
          checkpoint_seconds=checkpoint_seconds,
          stop_after_images=stop_after_images,
        )
    finally:
      for number, handler in previous.items():
        signal.signal(number, handler)

  @property
  def _seen(self):
    return int(self._progress.images_seen.numpy())

  def _on_signal(self, signum, frame):
    del frame
    if self._signal is not None:
      raise KeyboardInterrupt  # Asked twice: do not wait for the save.
    self._signal = signum

  def _asked_to_stop(self, step, every):
    """Whether a signal came; workers stop together, every so many steps."""
    devices = self._trainer.strategy
    if not distribution.is_multi_worker(devices):
      return self._signal is not None
    return step % every == 0 and distribution.any_worker(
      devices, self._signal is not None
    )

  def _train_phase(
    self,
    phase,
    *,
    log_steps,
    sample_images,
    checkpoint_seconds,
    stop_after_images,
  ):
    if self._progress.resolution.numpy() != phase.resolution:
      self._trainer.start_stage()
    seen, step = self._seen, int(self._progress.step.numpy())
    stream = iter(
      self._trainer.strategy.experimental_distribute_dataset(
        self._batches.stream(
          seen, resolution=phase.resolution, batch_size=phase.batch_size
        )
      )
    )
    bar = tqdm.tqdm(
      total=phase.end - phase.start,
      initial=seen - phase.start,
      desc=f'{phase.resolution} px, '
      f'{"fading in" if phase.fading else "stable"}',
      unit=' images',
      dynamic_ncols=True,
      mininterval=1.0,
      disable=not self._writes,
    )
    with bar:
      while seen < phase.end:
        alpha = phase.alpha(seen)
        terms = self._trainer.step(
          next(stream),
          step=step,
          resolution=phase.resolution,
          alpha=alpha,
          average_decay=self._trainer.average_decay(
            seen - phase.stage_start, phase.batch_size
          ),
          rate=self._growth.rate(seen),
        )
        self._progress.advance(phase, alpha)
        self._pending.append((step, terms))
        before, seen, step = seen, seen + phase.batch_size, step + 1
        bar.update(phase.batch_size)
        done = seen >= self._growth.total_images
        stop = self._asked_to_stop(step, log_steps) or (
          stop_after_images is not None and seen >= stop_after_images
        )
        sample = before // sample_images != seen // sample_images or done
        late = time.monotonic() - self._saved_at > checkpoint_seconds
        save = late or stop or done
        if not self._writes:
          sample = save = False
        if len(self._pending) >= log_steps or save or stop or done:
          self._look(bar, alpha, phase)
        if sample or save:
          self._estimate_statistics(phase, alpha)
        if sample:
          self._draw(phase, alpha)
        if save:
          self._save()
        if stop:
          saved = 'everything is saved'
          if not self._writes:
            saved = 'another worker saves'
          raise Stopped(
            self._signal or signal.SIGINT,
            f'Stopped at {seen:,} of {self._growth.total_images:,} images; '
            f'{saved}. Run the same command to continue.',
          )

  def _look(self, bar, alpha, phase):
    """Reads the losses since the last look, and checks them."""
    rows = [
      (step, {n: float(v) for n, v in terms.items()})
      for step, terms in self._pending
    ]
    self._pending.clear()
    for step, terms in rows:
      for name, value in terms.items():
        if not np.isfinite(value):
          raise FloatingPointError(
            f'The loss {name!r} is {value} at step {step}. Lower '
            'Trainer.learning_rate or set the precision to float32 and '
            'run the same command: it continues from the last good '
            'checkpoint.'
          )
    if not self._writes:
      return
    values = {n: float(np.mean([t[n] for _, t in rows])) for n in rows[0][1]}
    short = {
      n: f'{v:.3g}' for n, v in values.items() if not n.startswith('penalty')
    }
    bar.set_postfix(short, refresh=False)
    rate = bar.format_dict['rate'] or (
      (bar.n - bar.initial) / max(bar.format_dict['elapsed'], 1e-9)
    )
    self._summaries.scalars(
      self._seen,
      {
        **values,
        'resolution': phase.resolution,
        'alpha': alpha,
        'images_per_second': rate,
      },
    )

  def _estimate_statistics(self, phase, alpha):
    self._trainer.estimate_statistics(
      (
        self._batches.at(
          i * phase.batch_size,
          resolution=phase.resolution,
          batch_size=phase.batch_size,
          order=_STATISTICS_ORDER,
        )
        for i in range(self._statistics_batches)
      ),
      resolution=phase.resolution,
      alpha=alpha,
    )

  def _draw(self, phase, alpha):
    held_out = {
      d: images_lib.downsample(p, phase.resolution)
      for d, p in self._held_out.items()
    }
    self._summaries.sample_grid(
      self._seen,
      summaries.draw_sheet(
        self._trainer.average,
        held_out,
        resolution=phase.resolution,
        alpha=alpha,
        answers=self._answers,
        title=f'{self._seen:,} images of each domain, {phase.resolution} px',
      ),
    )

  def _save(self):
    self._trainer.check_finite()
    self._store.save(self._seen, self._state())
    self._saved_at = time.monotonic()

"""A run in progress: stage after stage, until done, stopped or broken.

It reads losses from the device once in a while, not every step; what it finds
there names the exact step of a NaN. Nothing is saved before the losses since
the last look and all weights were found finite.
"""

import dataclasses
import signal
import time
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tqdm

from tf_twingan import image_arrays
from tf_twingan.data import batch_stream
from tf_twingan.models import registry
from tf_twingan.runs import best, checkpoints
from tf_twingan.training import (
  growth_schedule,
  progress,
  strategies,
  summaries,
  validation_scores,
)
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


@dataclasses.dataclass(frozen=True)
class Intervals:
  """How often what is done beside the steps; see `loop.train`."""

  log_steps: int
  sample_images: int
  score_images: int
  checkpoint_seconds: float
  stop_after_images: int | None


@dataclasses.dataclass(frozen=True)
class _Due:
  """What is to be done after a step."""

  look: bool
  sample: bool
  score: bool
  save: bool
  stop: bool


class TrainingLoop:
  """A run in progress."""

  def __init__(
    self,
    run_dir: str,
    growth: growth_schedule.Growth,
    trainer: trainer_lib.Trainer,
    *,
    batches: batch_stream.Batches,
    statistics_batches: int,
    shown: Mapping[str, np.ndarray],
    answers: bool,
    scorer: validation_scores.ValidationScorer,
    best_by: str,
    store: checkpoints.Checkpoints,
  ):
    """Takes what it works with; see `loop.train`.

    Args:
      run_dir: the run directory.
      growth: the schedule.
      trainer: what is trained.
      batches: of training images.
      statistics_batches: as for `loop.train`.
      shown: {domain: uint8 [n, resolution, resolution, 3]}, for the grids.
      answers: row i of every domain shows the same character.
      scorer: scores the averaged model.
      best_by: as for `loop.train`.
      store: of the newest checkpoints.
    """
    self._growth = growth
    self._trainer = trainer
    self._batches = batches
    self._statistics_batches = statistics_batches
    self._shown = shown
    self._answers = answers
    self._scorer = scorer
    self._best_by = best_by
    self._store = store
    self._progress = progress.Progress.start()
    # All workers compute the same; one of them writes it down.
    self._writes = strategies.is_chief(trainer.strategy)
    if self._writes:
      self._summaries = summaries.Summaries(run_dir)
      self._best = best.Best(
        run_dir, by=best_by, more_is_better=validation_scores.BETTER[best_by]
      )
    self._pending: list[tuple[int, dict[str, tf.Tensor]]] = []
    self._signal: int | None = None
    self._saved_at = time.monotonic()

  def restore(self) -> None:
    """Goes back to the newest checkpoint, if there is one."""
    prefix = self._store.restore(self._state())
    if prefix:
      self._trainer.apply_settings()
      if self._writes:
        self._summaries.rewind(self._seen)
      tqdm.tqdm.write(f'Continuing from {prefix}: {self._seen:,} images seen.')

  def train(self, pace: Intervals) -> None:
    """Trains to the end of the schedule; raises as `loop.train` does."""
    previous = {
      number: signal.signal(number, self._on_signal)
      for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
      while self._seen < self._growth.total_images:
        self._train_phase(self._growth.at(self._seen), pace)
    finally:
      for number, handler in previous.items():
        signal.signal(number, handler)

  @property
  def _seen(self):
    return int(self._progress.images_seen.numpy())

  def _state(self):
    return dict(self._trainer.state, **self._progress.state())

  def _on_signal(self, signum, frame):
    del frame
    if self._signal is not None:
      raise KeyboardInterrupt  # Asked twice: do not wait for the save.
    self._signal = signum

  def _asked_to_stop(self, step, every):
    """Whether a signal came; workers stop together, every so many steps."""
    devices = self._trainer.strategy
    if not strategies.is_multi_worker(devices):
      return self._signal is not None
    return step % every == 0 and strategies.any_worker(
      devices, self._signal is not None
    )

  def _train_phase(self, phase, pace):
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
          ema_decay=self._trainer.ema_decay(
            seen - phase.stage_start, phase.batch_size
          ),
          rate=self._growth.rate(seen),
          stage_step=(seen - phase.stage_start) // phase.batch_size,
        )
        self._progress.advance(phase, alpha)
        self._pending.append((step, terms))
        before, seen, step = seen, seen + phase.batch_size, step + 1
        bar.update(phase.batch_size)
        due = self._due(before, seen, step, phase, pace)
        self._do(due, bar, phase, alpha)
        if due.stop:
          saved = 'everything is saved'
          if not self._writes:
            saved = 'another worker saves'
          raise Stopped(
            self._signal or signal.SIGINT,
            f'Stopped at {seen:,} of {self._growth.total_images:,} images; '
            f'{saved}. Run the same command to continue.',
          )

  def _due(self, before, seen, step, phase, pace):
    done = seen >= self._growth.total_images
    stop = self._asked_to_stop(step, pace.log_steps) or (
      pace.stop_after_images is not None and seen >= pace.stop_after_images
    )
    grown = done or self._growth.at(seen).resolution != phase.resolution

    def passed(every):
      return before // every != seen // every

    late = time.monotonic() - self._saved_at > pace.checkpoint_seconds
    score = self._writes and (passed(pace.score_images) or grown)
    save = self._writes and (late or stop or done)
    full = len(self._pending) >= pace.log_steps
    return _Due(
      look=full or score or save or stop or done,
      sample=self._writes and (passed(pace.sample_images) or done),
      score=score,
      save=save,
      stop=stop,
    )

  def _do(self, due, bar, phase, alpha):
    values = self._losses() if due.look else {}
    if due.sample or due.score or due.save:
      self._estimate_statistics(phase, alpha)
    if due.score:
      stage = dict(resolution=phase.resolution, alpha=alpha)
      values |= self._scorer.score(self._trainer.ema_model, **stage)
    if due.look and self._writes:
      self._report(values, bar, phase, alpha)
    if due.score:
      self._keep_if_best(values, phase)
    if due.sample:
      self._draw(phase, alpha)
    if due.save:
      self._trainer.check_finite()
      self._store.save(self._seen, self._state())
      self._saved_at = time.monotonic()

  def _losses(self):
    """Reads the losses since the last look, checks them, and averages them."""
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
    return {n: float(np.mean([t[n] for _, t in rows])) for n in rows[0][1]}

  def _report(self, values, bar, phase, alpha):
    bar.set_postfix(
      {
        name: f'{value:.3g}'
        for name, value in values.items()
        if not name.startswith(('penalty', 'score'))
      },
      refresh=False,
    )
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

  def _keep_if_best(self, values, phase):
    value = values.get(validation_scores.key(self._best_by))
    # A score may not exist yet at a coarse resolution.
    if value is None or not self._best.is_beaten(value, phase.resolution):
      return
    self._trainer.check_finite()
    self._best.keep(
      self._seen,
      self._state(),
      registry.describe(self._trainer.model),
      value=value,
      resolution=phase.resolution,
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
    stage = dict(
      resolution=phase.resolution,
      alpha=alpha,
      title=f'{self._seen:,} images of each domain, {phase.resolution} px',
    )
    model = self._trainer.ema_model
    if model.translates:
      shown = {
        d: image_arrays.downsample(p, phase.resolution)
        for d, p in self._shown.items()
      }
      sheet = summaries.draw_sheet(model, shown, answers=self._answers, **stage)
    else:
      rows = max(len(p) for p in self._shown.values())
      sheet = summaries.draw_samples(model, rows, **stage)
    self._summaries.sample_grid(self._seen, sheet)

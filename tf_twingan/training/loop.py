"""The training loop: steps, progress bar, signals, and actions after steps."""

import functools
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

from tf_twingan.data import batch_stream
from tf_twingan.training import (
  console,
  growth_schedule,
  progress,
  strategies,
)
from tf_twingan.training.actions import Action, ReadLosses, StepInfo
from tf_twingan.training.progress_reports import ReportProgress


class Stopped(Exception):
  """A training was asked to stop; everything up to now is saved.

  Attributes:
    signum: number of the signal that asked; None if none did in this process.
  """

  def __init__(self, signum: int | None, message: str):
    super().__init__(message)
    self.signum = signum


class TrainingLoop:
  """Trains stage after stage, until it is done, stopped or broken."""

  def __init__(
    self,
    growth: growth_schedule.Growth,
    trainer: Any,
    batches: batch_stream.Batches,
    *,
    position: progress.Progress,
    losses: ReadLosses,
    actions: Sequence[Action],
    agree_steps: int,
    stop_after_images: int | None = None,
    reports: ReportProgress | None = None,
  ):
    """Stores its arguments.

    Args:
      growth: the growth schedule.
      trainer: the Trainer.
      batches: batches of training images.
      position: where to start; moves with every step.
      losses: is given the losses of every step.
      actions: what is done after steps, in this order.
      agree_steps: steps between two times that workers agree whether to stop.
      stop_after_images: stop, as if interrupted, once this many were seen.
      reports: one of the actions, which may ask to stop.
    """
    self._growth = growth
    self._trainer = trainer
    self._batches = batches
    self._position = position
    self._losses = losses
    self._actions = actions
    self._agree_steps = agree_steps
    self._stop_after_images = stop_after_images
    self._reports = reports
    self._is_chief = strategies.is_chief(trainer.strategy)

  @property
  def images_seen(self) -> int:
    """Images of each domain seen."""
    return self._position.seen

  def run(self) -> None:
    """Trains to the end of the schedule.

    Raises:
      Stopped: after a signal, `stop_after_images`, or where a report asked; all
        is saved. Where the function that reports go to raised an exception,
        that is raised instead.
      FloatingPointError: a loss, a weight or an optimizer's average became NaN
        or Inf; the checkpoints are good ones.
      OSError: something could not be written.
    """
    growth, position = self._growth, self._position
    seen, step = self.images_seen, int(position.step.numpy())
    with _StopSignal() as stop_signal:
      while seen < growth.total_images:
        phase = growth.at(seen)
        if position.resolution.numpy() != phase.resolution:
          self._trainer.start_stage()
        stream = self._stream(phase, seen)
        with self._progress_bar(phase, seen) as bar:
          while seen < phase.end:
            alpha = phase.alpha(seen)
            losses = self._trainer.step(
              next(stream),
              step=step,
              resolution=phase.resolution,
              alpha=alpha,
              ema_decay=self._trainer.ema_decay(
                seen - phase.stage_start, phase.batch_size
              ),
              rate=growth.rate(seen),
              generator_rate=growth.generator_rate(seen),
              stage_step=(seen - phase.stage_start) // phase.batch_size,
            )
            self._losses.add(step, losses)
            position.advance(phase, alpha)
            before, seen, step = seen, seen + phase.batch_size, step + 1
            bar.update(phase.batch_size)

            is_end = seen >= growth.total_images
            info = StepInfo(
              images_before=before,
              images_seen=seen,
              phase=phase,
              alpha=alpha,
              ends_stage=(
                is_end or growth.at(seen).resolution != phase.resolution
              ),
              ends_training=is_end,
              stops=self._stops(stop_signal, seen, step),
              time=time.monotonic(),
              speed=functools.partial(_speed, bar),
            )
            for action in [a for a in self._actions if a.is_due(info)]:
              action.run(info)
            _show_losses(bar, info.metrics)
            if self._reports and (info.stops or info.ends_training):
              self._reports.raise_error()
            if info.stops:
              raise Stopped(stop_signal.number, self._farewell(seen))

  def _stream(self, phase, seen):
    return iter(
      self._trainer.strategy.experimental_distribute_dataset(
        self._batches.stream(
          seen, resolution=phase.resolution, batch_size=phase.batch_size
        )
      )
    )

  def _progress_bar(self, phase, seen):
    return console.progress_bar(
      total=phase.end - phase.start,
      initial=seen - phase.start,
      desc=f'{phase.resolution} px, '
      f'{"fading in" if phase.fading else "stable"}',
      unit=' images',
      dynamic_ncols=True,
      mininterval=1.0,
      disable=not self._is_chief,
    )

  def _stops(self, stop_signal, seen, step):
    """Whether to stop here; workers stop together, every so many steps."""
    if self._stop_after_images is not None and seen >= self._stop_after_images:
      return True
    is_asked = stop_signal.number is not None
    if self._reports:
      is_asked = is_asked or self._reports.asks_to_stop
    strategy = self._trainer.strategy
    if not strategies.is_multi_worker(strategy):
      return is_asked
    return step % self._agree_steps == 0 and strategies.any_worker(
      strategy, is_asked
    )

  def _farewell(self, seen):
    saved = 'everything is saved' if self._is_chief else 'another worker saves'
    return (
      f'Stopped at {seen:,} of {self._growth.total_images:,} images; {saved}. '
      'Run the same command to continue.'
    )


# A closed terminal must not lose a training; Windows has no such signal.
_HANGUP = getattr(signal, 'SIGHUP', None)


class _StopSignal:
  """Notes Ctrl-C, SIGTERM or SIGHUP while it is open, for the loop to stop.

  Python handles signals in the main thread alone; in another one nothing is
  noted.

  Attributes:
    number: the number of the signal that came; None if none did.
  """

  def __init__(self):
    self.number: int | None = None
    self._previous: dict[int, Any] = {}

  def __enter__(self) -> '_StopSignal':
    if threading.current_thread() is not threading.main_thread():
      return self
    numbers = [signal.SIGINT, signal.SIGTERM]
    # `nohup` wants it ignored.
    if _HANGUP and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
      numbers.append(_HANGUP)
    self._previous = {n: signal.signal(n, self._on_signal) for n in numbers}
    return self

  def __exit__(self, *exception) -> None:
    for number, handler in self._previous.items():
      # None: it was not set from Python, and so cannot be set again.
      signal.signal(number, signal.SIG_DFL if handler is None else handler)

  def _on_signal(self, number, frame):
    del frame
    if number == _HANGUP:  # Comes more than once, or with SIGTERM.
      self.number = self.number or number
      return
    if self.number not in (None, _HANGUP):
      raise KeyboardInterrupt  # Asked twice: do not wait for the save.
    self.number = number


def _speed(bar):
  """Images per second, since the bar began."""
  if bar.disable:
    return 0.0
  values = bar.format_dict
  return values['rate'] or (
    (bar.n - bar.initial) / max(values['elapsed'], 1e-9)
  )


def _show_losses(bar, metrics):
  if metrics:
    bar.set_postfix(
      {
        name: f'{value:.3g}'
        for name, value in metrics.items()
        if not name.startswith(('penalty', 'score'))
      },
      refresh=False,
    )

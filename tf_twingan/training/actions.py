"""What is done between steps: log, score, keep best, sample grid, checkpoint.

An action says after each step whether it is due, and then acts. The loop asks
all of them first and runs those that are due in the order of
`setup.prepare_loop`: nothing is saved before the losses since the last reading
were found finite.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tf_twingan import errors, image_arrays
from tf_twingan.data import batch_stream
from tf_twingan.models import registry
from tf_twingan.runs import best, checkpoints, divergence, loading
from tf_twingan.training import (
  console,
  growth_schedule,
  sample_grids,
  summaries,
  validation_scores,
)

_STATISTICS_ORDER = 1  # Other batches than those of training, order 0.


@dataclasses.dataclass(frozen=True)
class StepInfo:
  """Where a training stands after a step.

  Attributes:
    images_before: images of each domain seen before the step.
    images_seen: images of each domain seen after it.
    phase: the phase of the growth schedule that the step belongs to.
    alpha: how far its resolution was faded in.
    ends_stage: whether it was the last step at this resolution.
    ends_training: whether it was the last step of all.
    stops: whether training stops here, to be continued later.
    time: seconds, of a monotonic clock.
    speed: returns images per second.
    metrics: losses and scores by name, as actions find them.
  """

  images_before: int
  images_seen: int
  phase: growth_schedule.Phase
  alpha: float
  ends_stage: bool
  ends_training: bool
  stops: bool
  time: float
  speed: Callable[[], float]
  metrics: dict[str, float] = dataclasses.field(default_factory=dict)

  @property
  def stage(self) -> dict[str, Any]:
    """Resolution and alpha, as models take them."""
    return dict(resolution=self.phase.resolution, alpha=self.alpha)

  def passed_multiple_of(self, images: int) -> bool:
    """Whether the step went past a multiple of this number of images."""
    return self.images_before // images != self.images_seen // images


class Action(Protocol):
  """Something that is done after some steps."""

  def is_due(self, info: StepInfo) -> bool:
    """Whether to act after this step; changes nothing."""

  def run(self, info: StepInfo) -> None:
    """Acts."""


class ReadLosses:
  """Reads losses from the device once in a while; stops if they diverged.

  Not after every step, because the device would have to wait for it. Adds the
  means since the last reading to the metrics.
  """

  def __init__(self, steps: int, needed_by: Sequence[Action] = ()):
    """Stores its arguments.

    Args:
      steps: steps between two readings.
      needed_by: actions that come only after losses were found finite.
    """
    self._steps = steps
    self._needed_by = needed_by
    self._unread: list[tuple[int, Mapping[str, tf.Tensor]]] = []

  def add(self, step: int, losses: Mapping[str, tf.Tensor]) -> None:
    """Keeps the losses of a step, on the device.

    Args:
      step: number of the step.
      losses: {name: float32 scalar}.
    """
    self._unread.append((step, losses))

  def is_due(self, info: StepInfo) -> bool:
    """Every so many steps, at an end, and where another action needs it."""
    return (
      len(self._unread) >= self._steps
      or info.stops
      or info.ends_training
      or any(action.is_due(info) for action in self._needed_by)
    )

  def run(self, info: StepInfo) -> None:
    """Adds the mean losses to the metrics.

    Raises:
      FloatingPointError: a loss is NaN, Inf or too large to come from a
        healthy training; names the loss and the step.
    """
    rows = [
      (step, {name: float(value) for name, value in losses.items()})
      for step, losses in self._unread
    ]
    self._unread.clear()
    for step, losses in rows:
      for name, value in losses.items():
        if not abs(value) <= divergence.LOSS_LIMIT:
          raise FloatingPointError(
            f'The loss {name!r} is {value:.3g} at step {step}. '
            f'{divergence.REMEDY}'
          )
    for name in rows[0][1]:
      info.metrics[name] = float(np.mean([losses[name] for _, losses in rows]))


class EstimateStatistics:
  """Estimates the EMA model's batch norm statistics before it is used."""

  def __init__(
    self,
    trainer: Any,
    batches: batch_stream.Batches,
    count: int,
    needed_by: Sequence[Action],
  ):
    """Stores its arguments.

    Args:
      trainer: the Trainer.
      batches: batches of training images.
      count: number of batches to estimate from.
      needed_by: actions that use the EMA model.
    """
    self._trainer = trainer
    self._batches = batches
    self._count = count
    self._needed_by = needed_by

  def is_due(self, info: StepInfo) -> bool:
    """Where another action needs it."""
    return any(action.is_due(info) for action in self._needed_by)

  def run(self, info: StepInfo) -> None:
    """Estimates them from the same batches each time."""
    self._trainer.estimate_statistics(self._some_batches(info), **info.stage)

  def _some_batches(self, info) -> Iterable[batch_stream.Batch]:
    size = info.phase.batch_size
    return (
      self._batches.at(
        index * size,
        resolution=info.phase.resolution,
        batch_size=size,
        order=_STATISTICS_ORDER,
      )
      for index in range(self._count)
    )


class Score:
  """Scores the EMA model on held-out images; adds scores to the metrics."""

  def __init__(
    self,
    trainer: Any,
    scorer: validation_scores.ValidationScorer,
    images: int,
  ):
    """Stores its arguments.

    Args:
      trainer: the Trainer.
      scorer: computes the scores.
      images: images between two scorings.
    """
    self._trainer = trainer
    self._scorer = scorer
    self._images = images

  def is_due(self, info: StepInfo) -> bool:
    """Every so many images, and at the end of each resolution."""
    return info.passed_multiple_of(self._images) or info.ends_stage

  def run(self, info: StepInfo) -> None:
    """Adds the scores to the metrics."""
    info.metrics.update(
      self._scorer.score(self._trainer.ema_model, **info.stage)
    )

  def of_run(self, run_dir: str) -> dict[str, float]:
    """Scores the newest checkpoint of a run on the same images.

    Args:
      run_dir: the run directory.

    Raises:
      OSError, ValueError: see `loading.load`.
    """
    loaded = loading.load(run_dir)
    return self._scorer.score(
      loaded.model, resolution=loaded.resolution, alpha=loaded.alpha
    )


class Log:
  """Writes the metrics to `metrics.jsonl` and TensorBoard's `summaries/`."""

  def __init__(self, writer: summaries.Summaries, losses: ReadLosses):
    """Stores its arguments.

    Args:
      writer: writes the files.
      losses: logged whenever these are read.
    """
    self._writer = writer
    self._losses = losses

  def is_due(self, info: StepInfo) -> bool:
    """Whenever losses are read."""
    return self._losses.is_due(info)

  def run(self, info: StepInfo) -> None:
    """Writes one row of metrics."""
    self._writer.scalars(
      info.images_seen,
      {
        **info.metrics,
        **info.stage,
        'images_per_second': info.speed(),
      },
    )


class KeepBest:
  """Keeps the checkpoint with the best score in `best/`."""

  def __init__(
    self,
    trainer: Any,
    store: best.Best,
    state: Mapping[str, Any],
    score: Score,
    best_by: str,
  ):
    """Stores its arguments.

    Args:
      trainer: the Trainer.
      store: the best checkpoint so far.
      state: trackable objects by name, for the checkpoint.
      score: the action whose scores are compared.
      best_by: name of the score to compare by.
    """
    self._trainer = trainer
    self._store = store
    self._state = state
    self._score = score
    self._best_by = best_by
    self._name = validation_scores.metric_name(best_by)

  def is_due(self, info: StepInfo) -> bool:
    """Whenever the model is scored."""
    return self._score.is_due(info)

  def run(self, info: StepInfo) -> None:
    """Replaces the best checkpoint if the score is better.

    If it could not be written, the one before stays and the training goes on.

    Raises:
      FloatingPointError: a weight is NaN, Inf or too large.
    """
    value = info.metrics.get(self._name)
    resolution = info.phase.resolution
    # A score may not exist yet at a coarse resolution.
    if value is None:
      return
    if self._store.lacks_score(resolution):
      self._score_anew()
    if not self._store.is_beaten(value, resolution):
      return
    self._trainer.check_finite()
    try:
      self._store.keep(
        info.images_seen,
        self._state,
        registry.describe(self._trainer.model),
        value=value,
        resolution=resolution,
      )
    except OSError as error:
      console.say(
        'Warning: the best checkpoint stays the one before, as the new one '
        f"can't be written: {errors.first_line(error)}"
      )

  def _score_anew(self):
    """Scores the best checkpoint so far as the training is scored now.

    It was chosen by another score, or on other images.
    """
    try:
      value = self._score.of_run(self._store.folder)[self._name]
      if math.isfinite(value):
        self._store.set_score(value)
        console.say(
          f'The best checkpoint so far was scored anew by {self._best_by}, as '
          f'its score was another one or of other images: {value:.4g}.'
        )
    except (OSError, ValueError) as error:
      console.say(
        'Warning: the best checkpoint so far cannot be scored anew, and the '
        f'next one replaces it: {errors.first_line(error)}'
      )


class SampleGrid:
  """Writes a grid of held-out images and their translations to `samples/`.

  Of a model that generates from noise, images of the same noise each time.
  """

  def __init__(
    self,
    trainer: Any,
    writer: summaries.Summaries,
    held_out: Mapping[str, np.ndarray],
    *,
    has_ground_truth: bool,
    images: int,
  ):
    """Stores its arguments.

    Args:
      trainer: the Trainer.
      writer: writes the files.
      held_out: {domain: uint8 [n, resolution, resolution, 3]}.
      has_ground_truth: row i of every domain shows the same character.
      images: images between two grids.
    """
    self._trainer = trainer
    self._writer = writer
    self._held_out = held_out
    self._has_ground_truth = has_ground_truth
    self._images = images

  def is_due(self, info: StepInfo) -> bool:
    """Every so many images, and at the end of training."""
    return info.passed_multiple_of(self._images) or info.ends_training

  def run(self, info: StepInfo) -> None:
    """Writes one grid."""
    resolution = info.phase.resolution
    title = f'{info.images_seen:,} images of each domain, {resolution} px'
    model = self._trainer.ema_model
    if model.translates:
      grid = sample_grids.translations(
        model,
        {
          d: image_arrays.downsample(images, resolution)
          for d, images in self._held_out.items()
        },
        has_ground_truth=self._has_ground_truth,
        title=title,
        **info.stage,
      )
    else:
      rows = max(len(images) for images in self._held_out.values())
      grid = sample_grids.from_noise(model, rows, title=title, **info.stage)
    self._writer.sample_grid(info.images_seen, grid)


class SaveCheckpoint:
  """Saves everything every few minutes, and whenever training ends or stops."""

  def __init__(
    self,
    trainer: Any,
    store: checkpoints.Checkpoints,
    state: Mapping[str, Any],
    *,
    seconds: float,
    now: float,
  ):
    """Stores its arguments.

    Args:
      trainer: the Trainer.
      store: the newest checkpoints.
      state: trackable objects by name, for the checkpoint.
      seconds: time between two checkpoints.
      now: seconds, of the clock of `StepInfo.time`.
    """
    self._trainer = trainer
    self._store = store
    self._state = state
    self._seconds = seconds
    self._saved_at = now

  def is_due(self, info: StepInfo) -> bool:
    """After some time, and whenever training ends or stops."""
    is_late = info.time - self._saved_at > self._seconds
    return is_late or info.stops or info.ends_training

  def run(self, info: StepInfo) -> None:
    """Saves a checkpoint.

    Raises:
      FloatingPointError: a weight is NaN, Inf or too large.
      OSError: the checkpoint could not be written.
    """
    self._trainer.check_finite()
    self._store.save(info.images_seen, self._state)
    self._saved_at = info.time


class WriteConfig:
  """Writes a run's configuration, once and after the first checkpoint.

  A run that goes on with other values than before, and ends before that, keeps
  those that its checkpoints were trained with.
  """

  def __init__(self, write: Callable[[], None], save: SaveCheckpoint):
    """Stores its arguments.

    Args:
      write: writes the configuration.
      save: writes the checkpoints.
    """
    self._write = write
    self._save = save
    self._is_written = False

  def is_due(self, info: StepInfo) -> bool:
    """With the first checkpoint."""
    return not self._is_written and self._save.is_due(info)

  def run(self, info: StepInfo) -> None:
    """Writes it.

    Raises:
      OSError: it could not be written.
    """
    del info
    self._write()
    self._is_written = True

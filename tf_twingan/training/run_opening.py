"""Opens a run directory to train in: locks, restores, begins and records it."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tf_twingan import framing
from tf_twingan.models import registry
from tf_twingan.runs import (
  best,
  checkpoints,
  config_changes,
  config_files,
  fresh_start,
  image_counts,
  recorded_framing,
  trainable,
  training_lock,
)
from tf_twingan.training import (
  console,
  growth_schedule,
  progress,
  strategies,
  validation_scores,
  warm_start,
)


@dataclasses.dataclass(frozen=True)
class OpenRun:
  """A run directory, and how far its training has come.

  Attributes:
    position: where the training goes on.
    state: trackable objects by name, all that a checkpoint holds.
    newest: its newest checkpoints.
    best: its best checkpoint.
  """

  position: progress.Progress
  state: dict[str, Any]
  newest: checkpoints.Checkpoints
  best: best.Best


@contextlib.contextmanager
def reserved(run_dir: str, devices: tf.distribute.Strategy) -> Iterator[None]:
  """Checks and locks the run directory if this process writes it.

  Args:
    run_dir: the run directory.
    devices: the strategy; of several workers, its chief writes.

  Raises:
    OSError, ValueError: see `trainable.check` and `training_lock.hold`.
  """
  if not strategies.is_chief(devices):
    yield
    return
  trainable.check(run_dir)
  with training_lock.hold(run_dir):
    yield


def open_run(
  run_dir: str,
  growth: growth_schedule.Growth,
  trainer: Any,
  *,
  framings: Mapping[str, framing.Framing],
  counts: Mapping[str, int],
  checkpoints_kept: int,
  best_by: str,
  scored_images: str,
  start: warm_start.WarmStart | None = None,
) -> OpenRun:
  """Restores the newest checkpoint, or begins a run.

  A run that goes on keeps its configuration until `write_config` is called.

  Args:
    run_dir: the run directory.
    growth: the growth schedule.
    trainer: the Trainer; is restored.
    framings: {domain: how its images were made square}, for the record.
    counts: {domain: number of images to train on}, likewise.
    checkpoints_kept: number of newest checkpoints that are kept.
    best_by: the score that the best checkpoint is chosen by.
    scored_images: fingerprint of the images that it is scored on.
    start: weights that a run without a checkpoint starts from.

  Raises:
    ValueError: the run directory holds a run of other networks, or one whose
      checkpoints cannot be used or are gone; or `growth` would lead it back to
      an earlier stage.
    OSError: it could not be written.
  """
  position = progress.Progress.start()
  run = OpenRun(
    position,
    dict(trainer.state, **position.state()),
    checkpoints.Checkpoints(
      os.path.join(run_dir, 'checkpoints'), checkpoints_kept
    ),
    best.Best(
      run_dir,
      by=best_by,
      more_is_better=validation_scores.HIGHER_IS_BETTER[best_by],
      framings=framings,
      images=scored_images,
    ),
  )
  # A start that failed may have been corrected: nothing binds it yet.
  if run.newest.prefixes() or run.best.is_there:
    config_files.check_model(
      run_dir,
      registry.describe(trainer.model),
      registry.defaults(trainer.model),
    )
  prefix = run.newest.restore(run.state)
  seen = position.seen
  growth.check_goes_on(
    seen, int(position.resolution.numpy()), float(position.alpha.numpy())
  )
  record = None
  if prefix:
    trainer.apply_settings()
    console.say(f'Continuing from {prefix}: {seen:,} images seen.')
    if changes := config_changes.describe(run_dir):
      console.say(
        f'Warning: {"; ".join(changes)}. If that is not meant, press Ctrl-C '
        'twice before the first step ends, which leaves the run as it is, and '
        'repeat the flags of its first command.'
      )
    if changes := image_counts.describe_changes(run_dir, counts):
      console.say(f'The images to train on have changed: {"; ".join(changes)}.')
  elif start is not None:
    record = start.apply(trainer, position, framings)
    trainer.apply_settings()
  if seen >= growth.total_images:
    console.say(
      f'The run has seen {seen:,} images, all of its schedule. To train on for '
      'N more, add N to '
      f'--gin_param=Growth.extra_images={growth.extra_images_for(seen)}.'
    )
  if strategies.is_chief(trainer.strategy):
    trainable.check_room(run_dir, run.state)
    if not prefix:
      fresh_start.begin(run_dir, run.newest)
      write_config(run_dir, trainer, framings, counts)
    if record is not None:
      console.say('\n'.join(warm_start.summary(record, run_dir)))
      warm_start.write_record(run_dir, record)
      run.newest.save(0, run.state)
  return run


def write_config(
  run_dir: str,
  trainer: Any,
  framings: Mapping[str, framing.Framing],
  counts: Mapping[str, int],
) -> None:
  """Writes how a run is trained: its model, gin values and images.

  Args:
    run_dir: the run directory.
    trainer: the Trainer.
    framings: {domain: how its images were made square}.
    counts: {domain: number of images to train on}.

  Raises:
    OSError: it could not be written.
  """
  config_files.write_model(run_dir, registry.describe(trainer.model))
  config_files.write_operative(run_dir)
  recorded_framing.write(run_dir, framings)
  image_counts.write(run_dir, counts)

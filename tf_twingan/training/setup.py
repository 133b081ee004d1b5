"""Builds data, model and trainer of a run, then runs the training loop."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import forks, framing
from tf_twingan.data import batch_stream
from tf_twingan.data.audit import training_check
from tf_twingan.data.sources import registry
from tf_twingan.runs import environment, recorded_framing
from tf_twingan.training import (
  actions,
  console,
  domain_images,
  growth_schedule,
  loop,
  progress_reports,
  run_opening,
  strategies,
  summaries,
  validation_scores,
  warm_start,
)
from tf_twingan.training.trainer import Trainer

_LARGEST_SEED = 2**32 - 1  # Of NumPy's, which Keras sets.


def train(
  run_dir: str,
  *,
  domains: Sequence[tuple[str, str]],
  growth: growth_schedule.Growth,
  trainer: Callable[..., Trainer],
  strategy: str = 'default',
  seed: int = 0,
  deterministic: bool = True,
  mirror: bool = True,
  log_steps: int = 20,
  sample_images: int = 10_000,
  sample_rows: int = 6,
  score_images: int = 10_000,
  score_pictures: int = 100,
  best_by: str = 'swd',
  checkpoint_minutes: float = 5.0,
  checkpoints_kept: int = 3,
  statistics_batches: int = 32,
  stop_after_images: int | None = None,
  init_from: str | None = None,
  init_domains: Mapping[str, str] | None = None,
  retrain_coarser: bool = False,
  on_progress: progress_reports.OnProgress | None = None,
) -> None:
  """Trains a run to the end of its schedule, or continues it.

  Args:
    run_dir: the run directory; one that holds a run is continued.
    domains: (name, dataset) of each, in the model's order; see `data.sources`.
      A list, because gin would write a dict down sorted.
    growth: the growth schedule.
    trainer: makes a Trainer from (domains, max_resolution, strategy=, seed=,
      vector_sizes=).
    strategy: name of the distribution strategy, see `strategies.make`.
    seed: seed of weights, batches, mirroring and noise, from 0 to 2**32 - 1.
    deterministic: make every operation give the same bits again, on the same
      machine with the same number of threads; see `runs.environment`.
    mirror: flip half of the training images left to right.
    log_steps: steps between two readings of the losses; several workers also
      agree that often whether to stop.
    sample_images: images between two sample grids.
    sample_rows: images of each domain in a grid; of noise, rows of them.
    score_images: images between two scorings, see `validation_scores`; each
      resolution is scored at its end, too.
    score_pictures: held-out images of each domain to score by.
    best_by: the score whose best checkpoint is kept in `best/`: 'recall',
      'swd' or 'reconstruction'.
    checkpoint_minutes: time between two checkpoints.
    checkpoints_kept: number of newest checkpoints that are kept.
    statistics_batches: batches that estimate the batch norm statistics of the
      EMA model before it is saved or generates.
    stop_after_images: stop, as if interrupted, once this many were seen.
    init_from: a run directory or 'pretrained:NAME' whose weights a new run
      starts from, see `warm_start`; a run that is there is continued.
    init_domains: {domain: the domain there that it starts from}; by default
      the one of the same name.
    retrain_coarser: allow the schedule to begin at a coarser resolution than
      `init_from` has reached, which changes weights that the finer ones need.
    on_progress: is called with the progress every `log_steps`, and stops the
      training by returning True. What it raises is raised once all is saved.

  Raises:
    Stopped: after a signal, `stop_after_images`, or as `on_progress` asked; all
      is saved.
    FloatingPointError: a loss, a weight or an optimizer's average became NaN
      or Inf; the checkpoints are good ones.
    ValueError: a value is impossible, or the run directory holds another run,
      or one that can't be trained further; found out before any step.
    OSError: the run directory can't be written, or another program trains in
      it, both found out before images are read; or a checkpoint can't be
      written.
    forks.Forked: TensorFlow would wait for ever in this process.
  """
  forks.check_can_run()
  _check_at_least_one(
    log_steps=log_steps,
    sample_images=sample_images,
    sample_rows=sample_rows,
    score_images=score_images,
    score_pictures=score_pictures,
    statistics_batches=statistics_batches,
    checkpoints_kept=checkpoints_kept,
  )
  if not 0 <= seed <= _LARGEST_SEED:
    raise ValueError(
      f'train.seed is {seed}; give a whole number from 0 to {_LARGEST_SEED}.'
    )
  domain_images.check(domains)
  if init_domains and not init_from:
    raise ValueError(
      'train.init_domains says which domains of another run to start from; '
      'name that run by train.init_from, or --init_from.'
    )
  # First of all: several workers must find each other before anything runs.
  devices = strategies.make(strategy)
  with run_opening.reserved(run_dir, devices):
    check_batch_sizes(growth, devices.num_replicas_in_sync)
    start = None
    if init_from:
      start = warm_start.prepare(
        run_dir,
        init_from,
        domains=[domain for domain, _ in domains],
        init_domains=init_domains or {},
        growth=growth,
        retrain_coarser=retrain_coarser,
      )
    datasets = domain_images.load(
      domains, growth.final_resolution, max(sample_rows, score_pictures)
    )
    warning = training_check.warning(
      datasets.strings, datasets.images, datasets.names, few=bool(init_from)
    )
    if warning:
      console.say(warning, to_stderr=True)
    # Not before the images are there: two processes that generate them at once
    # must not choose the same "random" temporary folder.
    keras.utils.set_random_seed(seed)
    if deterministic:
      tf.config.experimental.enable_op_determinism()
    built_trainer = trainer(
      [domain for domain, _ in domains],
      growth.final_resolution,
      strategy=devices,
      seed=seed,
      vector_sizes={d: rows.shape[1] for d, rows in datasets.vectors.items()},
    )
    datasets = _check_trainer(built_trainer, growth, datasets)
    scorer = _make_scorer(datasets, score_pictures)
    scorer.check(best_by, growth.final_resolution, built_trainer.model)
    training_loop = prepare_loop(
      run_dir,
      growth,
      built_trainer,
      batches=batch_stream.Batches(
        datasets.images,
        seed=seed,
        mirror=mirror,
        paired=built_trainer.objective.needs_pairs,
        vectors=datasets.vectors,
        sampling=datasets.sampling,
      ),
      scorer=scorer,
      grid_images={
        d: rows[:sample_rows] for d, rows in datasets.held_out.items()
      },
      has_ground_truth=datasets.has_ground_truth,
      start=start,
      framings=recorded_framing.of_datasets(datasets.strings),
      options=LoopOptions(
        log_steps=log_steps,
        sample_images=sample_images,
        score_images=score_images,
        best_by=best_by,
        checkpoint_minutes=checkpoint_minutes,
        checkpoints_kept=checkpoints_kept,
        statistics_batches=statistics_batches,
        stop_after_images=stop_after_images,
      ),
      on_progress=on_progress,
    )
    if deterministic and strategies.is_chief(devices):
      environment.record(run_dir, begins=not training_loop.images_seen)
    training_loop.run()


@dataclasses.dataclass(frozen=True)
class LoopOptions:
  """How often things are done beside the steps; see `train`."""

  log_steps: int
  sample_images: int
  score_images: int
  best_by: str
  checkpoint_minutes: float
  checkpoints_kept: int
  statistics_batches: int
  stop_after_images: int | None = None


def prepare_loop(
  run_dir: str,
  growth: growth_schedule.Growth,
  trainer: Any,
  *,
  batches: batch_stream.Batches,
  scorer: validation_scores.ValidationScorer,
  grid_images: Mapping[str, np.ndarray],
  has_ground_truth: bool,
  framings: Mapping[str, framing.Framing],
  options: LoopOptions,
  start: warm_start.WarmStart | None = None,
  on_progress: progress_reports.OnProgress | None = None,
) -> loop.TrainingLoop:
  """Opens a run directory and makes the loop that trains in it.

  The loop starts from the newest checkpoint, if there is one. Of several
  workers, which all compute the same, one writes the run directory.

  Args:
    run_dir: the run directory.
    growth: the growth schedule.
    trainer: the Trainer; is restored.
    batches: batches of training images.
    scorer: scores the EMA model.
    grid_images: {domain: uint8 [n, resolution, resolution, 3]}, for the grids.
    has_ground_truth: row i of every domain shows the same character.
    framings: {domain: how its images were made square}, for the record.
    options: how often things are done beside the steps.
    start: weights that a run without a checkpoint starts from.
    on_progress: is called with the progress; of several workers, the one that
      writes calls it.

  Raises:
    ValueError: the run directory holds a run of other networks, or one whose
      checkpoints cannot be used or are gone.
    OSError: it could not be written.
  """
  reports = None
  run = run_opening.open_run(
    run_dir,
    growth,
    trainer,
    framings=framings,
    counts=batches.counts,
    checkpoints_kept=options.checkpoints_kept,
    best_by=options.best_by,
    scored_images=scorer.fingerprint,
    start=start,
  )
  if strategies.is_chief(trainer.strategy):
    writer = summaries.Summaries(run_dir)
    writer.rewind(run.position.seen)
    score = actions.Score(trainer, scorer, options.score_images)
    grid = actions.SampleGrid(
      trainer,
      writer,
      grid_images,
      has_ground_truth=has_ground_truth,
      images=options.sample_images,
    )
    save = actions.SaveCheckpoint(
      trainer,
      run.newest,
      run.state,
      seconds=60 * options.checkpoint_minutes,
      now=time.monotonic(),
    )
    losses = actions.ReadLosses(options.log_steps, needed_by=[score, save])
    in_order = [
      losses,
      actions.EstimateStatistics(
        trainer,
        batches,
        options.statistics_batches,
        needed_by=[score, grid, save],
      ),
      score,
      actions.Log(writer, losses),
      actions.KeepBest(trainer, run.best, run.state, score, options.best_by),
      grid,
      save,
      actions.WriteConfig(
        lambda: run_opening.write_config(
          run_dir, trainer, framings, batches.counts
        ),
        save,
      ),
    ]
    if on_progress:
      reports = progress_reports.ReportProgress(
        on_progress, growth.total_images, losses
      )
      in_order.append(reports)
  else:
    losses = actions.ReadLosses(options.log_steps)
    in_order = [losses]
  return loop.TrainingLoop(
    growth,
    trainer,
    batches,
    position=run.position,
    losses=losses,
    actions=in_order,
    agree_steps=options.log_steps,
    stop_after_images=options.stop_after_images,
    reports=reports,
  )


def _check_at_least_one(**options) -> None:
  for name, value in options.items():
    if value < 1:
      raise ValueError(f'train.{name} is {value}; at least 1.')


def check_batch_sizes(growth: growth_schedule.Growth, replicas: int) -> None:
  """Raises ValueError unless the devices can share every batch equally."""
  for phase in growth.phases:
    if phase.batch_size % replicas:
      raise ValueError(
        f'Growth.batch_size is {phase.batch_size} at {phase.resolution} px; '
        f'make it a multiple of the {replicas} devices.'
      )


def _check_trainer(trainer, growth, datasets) -> domain_images.DomainImages:
  """Checks a trainer against schedule and datasets; drops unused vectors."""
  for phase in growth.phases:
    trainer.check_batch_size(phase.batch_size, phase.resolution)
  if datasets.vectors and not trainer.objective.needs_vectors:
    console.say(
      f'Warning: nothing learns from the vectors of '
      f'{", ".join(datasets.vectors)}; set Objective.identity_weight to 1.0, '
      'or leave ?vectors out.'
    )
    datasets = dataclasses.replace(datasets, vectors={})
  if trainer.objective.needs_pairs:
    registry.check_pairs(datasets.strings, datasets.names)
  precision = trainer.model.get_config()['precision']
  if strategies.emulates(precision):
    console.say(
      f'Warning: this CPU emulates {precision}, many times slower than '
      f'float32; set {type(trainer.model).__name__}.precision to float32.'
    )
  return datasets


def _make_scorer(datasets, most) -> validation_scores.ValidationScorer:
  count = min(most, *(len(rows) for rows in datasets.held_out.values()))
  return validation_scores.ValidationScorer(
    {d: rows[:count] for d, rows in datasets.held_out.items()},
    datasets.images,
    has_ground_truth=datasets.has_ground_truth,
  )

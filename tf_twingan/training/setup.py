"""Trains a run: loads images, builds what trains them, and starts it."""

import os
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf
import tqdm

from tf_twingan.data import batch_stream
from tf_twingan.data.sources import registry as sources_registry
from tf_twingan.models import registry as models_registry
from tf_twingan.runs import checkpoints, config_files
from tf_twingan.training import (
  growth_schedule,
  loop,
  strategies,
  validation_scores,
)
from tf_twingan.training import trainer as trainer_lib


def train(
  run_dir: str,
  *,
  domains: Sequence[tuple[str, str]],
  growth: growth_schedule.Growth,
  trainer: Callable[..., trainer_lib.Trainer],
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
) -> None:
  """Trains a run to the end of its schedule, or continues it.

  Args:
    run_dir: the run directory; one that holds a run is continued.
    domains: (name, source) of each, in the model's order; see
      `data.sources`. A list, because gin would write a dict down sorted.
    growth: the schedule.
    trainer: makes a Trainer from (domains, max_resolution, strategy=, seed=,
      vector_sizes=).
    strategy: see `distribution.make`.
    seed: of weights, batches, mirroring and noise.
    deterministic: make every operation give the same bits again.
    mirror: flip half of the training images left to right.
    log_steps: steps between two looks at the losses; several workers also
      agree that often whether to stop.
    sample_images: images between two sample grids.
    sample_rows: images of each domain in a grid; of noise, rows of them.
    score_images: images between two scorings, see `scoring`; each resolution
      is scored at its end, too.
    score_pictures: held-out images of each domain to score by.
    best_by: the score whose best checkpoint is kept in `best/`: 'recall',
      'swd' or 'reconstruction'.
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
    ('score_images', score_images),
    ('score_pictures', score_pictures),
    ('statistics_batches', statistics_batches),
  ):
    if value < 1:
      raise ValueError(f'train.{name} is {value}; at least 1.')
  # First of all: several workers must find each other before anything runs.
  devices = strategies.make(strategy)
  images, held_out, vectors = {}, {}, {}
  for name, source in domains:
    loaded = sources_registry.load(source, growth.final_resolution)
    images[name] = loaded.images
    if loaded.vectors is not None:
      vectors[name] = loaded.vectors
    held_out[name] = sources_registry.load(
      source, growth.final_resolution, split='test'
    ).images[: max(sample_rows, score_pictures)]
    tqdm.tqdm.write(f'{name}: {len(images[name]):,} images from {source}')
  _check_batches(growth, devices.num_replicas_in_sync)
  # Not before the images are there: two processes that draw them at once
  # must not choose the same "random" temporary folder.
  keras.utils.set_random_seed(seed)
  if deterministic:
    tf.config.experimental.enable_op_determinism()
  trainer = trainer(
    [name for name, _ in domains],
    growth.final_resolution,
    strategy=devices,
    seed=seed,
    vector_sizes={name: rows.shape[1] for name, rows in vectors.items()},
  )
  for phase in growth.phases:
    trainer.check_batch_size(phase.batch_size, phase.resolution)
  if vectors and not trainer.objective.needs_vectors:
    tqdm.tqdm.write(
      f'Warning: nothing learns from the vectors of {", ".join(vectors)}; set '
      'Objective.identity_weight to 1.0, or leave ?vectors out.'
    )
    vectors = {}
  if trainer.objective.needs_pairs:
    sources_registry.check_pairs(
      dict(domains), {name: len(p) for name, p in images.items()}
    )
  precision = trainer.model.get_config()['precision']
  if strategies.emulates(precision):
    tqdm.tqdm.write(
      f'Warning: this CPU emulates {precision}, many times slower than '
      f'float32; set {type(trainer.model).__name__}.precision to float32.'
    )
  answers = all(
    sources_registry.parse(source).has_ground_truth for _, source in domains
  )
  count = min(score_pictures, *(len(p) for p in held_out.values()))
  scorer = validation_scores.ValidationScorer(
    {name: p[:count] for name, p in held_out.items()}, images, answers=answers
  )
  scorer.check(best_by, growth.final_resolution, trainer.model)
  if strategies.is_chief(devices):
    os.makedirs(run_dir, exist_ok=True)
    config_files.write_model(
      run_dir,
      models_registry.describe(trainer.model),
      models_registry.defaults(trainer.model),
    )
  run = loop.TrainingLoop(
    run_dir,
    growth,
    trainer,
    batches=batch_stream.Batches(
      images,
      seed=seed,
      mirror=mirror,
      paired=trainer.objective.needs_pairs,
      vectors=vectors,
    ),
    statistics_batches=statistics_batches,
    shown={name: p[:sample_rows] for name, p in held_out.items()},
    answers=answers,
    scorer=scorer,
    best_by=best_by,
    store=checkpoints.Checkpoints(
      os.path.join(run_dir, 'checkpoints'), checkpoints_kept
    ),
  )
  run.restore()
  if strategies.is_chief(devices):
    config_files.write_operative(run_dir)
  run.train(
    loop.Intervals(
      log_steps=log_steps,
      sample_images=sample_images,
      score_images=score_images,
      checkpoint_seconds=60 * checkpoint_minutes,
      stop_after_images=stop_after_images,
    )
  )


def _check_batches(growth, replicas):
  for phase in growth.phases:
    if phase.batch_size % replicas:
      raise ValueError(
        f'Growth.batch_size is {phase.batch_size} at {phase.resolution} px; '
        f'make it a multiple of the {replicas} devices.'
      )

"""Loads a run's EMA weights and growth stage, to generate images with.

The weights come with the batch norm statistics that were estimated for them,
from the newest checkpoint of a run directory, or from the one file in its
`best/`, in a saved model, or in a model that ships with the package.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan import errors, forks, framing, pretrained
from tf_twingan.models import registry
from tf_twingan.runs import (
  best,
  checkpoints,
  config_files,
  recorded_framing,
  weight_files,
)

# Models that ship are named by this and their folder's name.
PRETRAINED_PREFIX = 'pretrained:'
PRETRAINED_FOLDER = pathlib.Path(pretrained.__file__).resolve().parent


class LoadedModel(NamedTuple):
  """A model and its growth stage, as plain numbers.

  Attributes:
    model: the EMA model in float32, a `registry.Translating` or
      `registry.Generating`.
    resolution: resolution of the images that it generates, px.
    alpha: how far that resolution is faded in, in [0, 1].
    images_seen: images of each domain seen in training.
    framings: {domain: how its images were made square for training}.
  """

  model: Any
  resolution: int
  alpha: float
  images_seen: int
  framings: Mapping[str, framing.Framing] = {}


def folder(origin: str) -> str:
  """Returns the directory of a run, or of 'pretrained:NAME'.

  Raises:
    ValueError: no model of that name ships with the package.
  """
  if origin.startswith(PRETRAINED_PREFIX):
    return str(pretrained_dir(origin.removeprefix(PRETRAINED_PREFIX)))
  return origin


def pretrained_names() -> list[str]:
  """The names of the models that ship with the package, sorted."""
  return sorted(p.parent.name for p in PRETRAINED_FOLDER.glob('*/model.json'))


def pretrained_dir(name: str) -> pathlib.Path:
  """Returns the folder of a model that ships with the package.

  Raises:
    ValueError: there is no such model; lists those that there are.
  """
  known = pretrained_names()
  if name not in known:
    raise ValueError(
      f'There is no pretrained model {name!r}; there is '
      f'{", ".join(known) or "none"}'
      f'{errors.did_you_mean(name, known) or "."}'
    )
  return PRETRAINED_FOLDER / name


def load(run_dir: str) -> LoadedModel:
  """Reads the newest checkpoint of a run, or the weights of a saved model.

  Args:
    run_dir: the directory of a training, finished or not, or of a model that
      `save` wrote.

  Raises:
    FileNotFoundError: it holds no run, or no checkpoint yet.
    ValueError: what it holds is damaged.
    forks.Forked: TensorFlow would wait for ever in this process.
  """
  forks.check_can_run()
  # Weights are stored in float32. Computing in it is right everywhere, while
  # many CPUs emulate the half precision that a GPU was trained in.
  model = registry.build(config_files.read_model(run_dir), precision='float32')
  stage = _assign_weights(model, run_dir) or _restore_newest(model, run_dir)
  framings = recorded_framing.read(run_dir, model.domains)
  return LoadedModel(model, *stage, framings)


def _assign_weights(model, run_dir) -> weight_files.Stage | None:
  """Takes `weights.safetensors`, unless a training went on after it."""
  if not weight_files.is_in(run_dir):
    return None
  newest = _store(run_dir).prefixes()
  if newest:
    stage = weight_files.read_stage(run_dir)
    number = int(os.path.basename(newest[0]))
    if stage is None or stage.images_seen != number:
      return None
  weights = weight_files.read(run_dir)
  weight_files.assign(model, weights.values, weight_files.path_in(run_dir))
  return weights.stage


def _restore_newest(model, run_dir) -> weight_files.Stage:
  # Not trainable: this may be read inside of another network's training.
  stage = dict(
    resolution=tf.Variable(0, dtype=tf.int64, trainable=False),
    alpha=tf.Variable(1.0, trainable=False),
    images_seen=tf.Variable(0, dtype=tf.int64, trainable=False),
  )
  try:
    _store(run_dir).restore_part(dict(stage, average=model))
  except FileNotFoundError as error:
    raise no_checkpoint(run_dir, error) from error
  return weight_files.Stage(
    int(stage['resolution'].numpy()),
    float(stage['alpha'].numpy()),
    int(stage['images_seen'].numpy()),
  )


def no_checkpoint(run_dir: str, error: FileNotFoundError) -> FileNotFoundError:
  """Says where there is a checkpoint, if this is a run or the `best/` in it.

  Either may be without: a full disk ends the writing of the first best one.

  Args:
    run_dir: where there is none.
    error: what was raised there.

  Returns:
    An error that names the other one, or `error` if that has none.
  """
  path = pathlib.Path(os.path.abspath(run_dir))
  if path.name == best.FOLDER:
    other, what = str(path.parent), "the run's newest one"
  else:
    other, what = os.path.join(run_dir, best.FOLDER), 'the best one'
  if not (_store(other).prefixes() or weight_files.is_in(other)):
    return error
  return FileNotFoundError(
    f'There is no checkpoint in {errors.printable(run_dir)}; give {what}, '
    f'{errors.printable(other)}.'
  )


def save(loaded: LoadedModel, run_dir: str) -> None:
  """Writes what `load` reads and nothing else.

  Args:
    loaded: the model to write.
    run_dir: becomes a run directory that can't be trained further.

  Raises:
    OSError: it could not be written.
    ValueError: the folder holds a run already.
  """
  if _store(run_dir).prefixes() or weight_files.is_in(run_dir):
    raise ValueError(
      f'{run_dir} holds a run already, which saving would cripple; give a '
      'new folder.'
    )
  config_files.write_model(run_dir, registry.describe(loaded.model))
  recorded_framing.write(run_dir, loaded.framings)
  weight_files.write(
    run_dir,
    loaded.model,
    weight_files.Stage(loaded.resolution, loaded.alpha, loaded.images_seen),
  )


def _store(run_dir):
  return checkpoints.Checkpoints(os.path.join(run_dir, 'checkpoints'))

"""A model's weights in one file that every version of Keras reads and writes.

`weights.safetensors` holds what generating images needs and nothing else: the
weights of the EMA model and the estimated batch norm statistics, by the names
of `named_weights`, and beside them, as text, the growth stage. The format is
that of the safetensors library: a header in JSON and the values, no code.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from tf_twingan import errors, files, regular_files
from tf_twingan.models import named_weights
from tf_twingan.runs import divergence

NAME = 'weights.safetensors'
# Of a header, which names every weight.
_HEADER_LIMIT = 1 << 20
# What reading raises where a file is damaged, or none of ours.
_DAMAGE = (
  OSError,
  ValueError,
  TypeError,
  KeyError,
  safetensors.SafetensorError,
)
# How many names an error lists.
_NAMED = 3


class Stage(NamedTuple):
  """How far a model had grown.

  Attributes:
    resolution: resolution of the images that it generates, px.
    alpha: how far that resolution is faded in, in [0, 1].
    images_seen: images of each domain seen in training.
  """

  resolution: int
  alpha: float
  images_seen: int


class Weights(NamedTuple):
  """What a file holds.

  Attributes:
    values: the weights by name.
    stage: how far the model had grown.
  """

  values: Mapping[str, np.ndarray]
  stage: Stage


def path_in(folder: str) -> str:
  """The path of a folder's weights."""
  return os.path.join(folder, NAME)


def is_in(folder: str) -> bool:
  """Whether a folder holds weights, readable or not."""
  return os.path.lexists(path_in(folder))


def write(folder: str, model: Any, stage: Stage) -> None:
  """Writes a model's weights, whole or not at all.

  Args:
    folder: becomes a folder if it is none.
    model: a network.
    stage: how far it had grown.

  Raises:
    FloatingPointError: a weight is not finite, or larger than in any healthy
      training.
    OSError: the file could not be written; one that was there is untouched.
  """
  values = {
    name: np.asarray(variable.numpy(), order='C')
    for name, variable in named_weights.by_name(model).items()
  }
  if problem := divergence.describe(values):
    raise FloatingPointError(
      f'The training diverged: at {stage.images_seen:,} images, the EMA model '
      f'{problem}. {divergence.REMEDY}'
    )
  files.atomic_write(
    path_in(folder),
    safetensors.numpy.save(
      values, {key: str(value) for key, value in stage._asdict().items()}
    ),
  )


def read(folder: str) -> Weights:
  """Reads the weights in a folder.

  Args:
    folder: one that `write` was given.

  Raises:
    FileNotFoundError: it holds none.
    ValueError: they are damaged, not finite, or no weights.
  """
  path = path_in(folder)
  try:
    with _open(path) as opened:
      stage = _stage(opened.metadata() or {})
      values = {name: opened.get_tensor(name) for name in opened.keys()}
  except FileNotFoundError:
    raise
  except _DAMAGE as error:
    raise ValueError(
      f'{errors.printable(path)} is damaged or holds no weights '
      f'({errors.first_line(error)}); copy it anew from where it came from.'
    ) from error
  if problem := divergence.describe(values):
    raise ValueError(f'{errors.printable(path)} {problem}; it is of no use.')
  return Weights(values, stage)


def read_stage(folder: str) -> Stage | None:
  """Reads how far the model of a folder's weights had grown, and no weights.

  Returns:
    The stage; None if there are no weights, or they are damaged.
  """
  try:
    with _open(path_in(folder)) as opened:
      return _stage(opened.metadata() or {})
  except _DAMAGE:
    return None


def assign(model: Any, values: Mapping[str, np.ndarray], path: str) -> None:
  """Gives a model its weights: all of them, and there are no others.

  Args:
    model: a network.
    values: {name: value}.
    path: where they come from, for errors.

  Raises:
    ValueError: names or shapes are not those of the model.
  """
  variables = named_weights.by_name(model)
  problems = [
    *_listed('there is no', [n for n in variables if n not in values]),
    *_listed('it has no place for', [n for n in values if n not in variables]),
    *_listed(
      'of another shape is',
      [
        f'{n} {list(values[n].shape)}'
        for n, variable in variables.items()
        if n in values and tuple(values[n].shape) != tuple(variable.shape)
      ],
    ),
  ]
  if problems:
    raise ValueError(
      f'{errors.printable(path)} does not match this model: '
      f'{"; ".join(problems)}. It belongs to the model.json that was saved '
      'with it.'
    )
  for name, variable in variables.items():
    variable.assign(values[name])


@contextlib.contextmanager
def _open(path: str) -> Iterator[Any]:
  with regular_files.open_binary(path) as file:
    size = int.from_bytes(file.read(8), 'little')
  if size > _HEADER_LIMIT:
    raise ValueError(f'a header of {size:,} bytes')
  with safetensors.safe_open(path, framework='numpy') as opened:
    yield opened


def _stage(metadata: Mapping[str, str]) -> Stage:
  stage = Stage(
    int(metadata['resolution']),
    float(metadata['alpha']),
    int(metadata['images_seen']),
  )
  if stage.resolution < 1 or not 0 <= stage.alpha <= 1 or stage.images_seen < 0:
    raise ValueError(f'the stage {stage}')
  return stage


def _listed(words, names):
  if not names:
    return []
  more = len(names) - _NAMED
  rest = f' and {more} more' if more > 0 else ''
  return [f'{words} {errors.printable(", ".join(names[:_NAMED]))}{rest}']

"""The configuration files of a run: `model.json` and the operative gin file.

`model.json` holds what inference needs, so that only training reads gin.
"""

import functools
import inspect
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

import gin
from tf_twingan import files, json_files
from tf_twingan.models import registry

_MODEL_FILE = 'model.json'
# What files of before there were several models leave out.
_IMPLIED = {'model': 'twingan'}


def write_operative(run_dir: str) -> None:
  """Writes the values in use as a gin file, `operative_config.gin`."""
  files.atomic_write(
    os.path.join(run_dir, 'operative_config.gin'), gin.operative_config_str()
  )


def has_model(run_dir: str) -> bool:
  """Whether a directory holds a run, begun or saved: a `model.json`."""
  return os.path.isfile(os.path.join(run_dir, _MODEL_FILE))


def check_model(
  run_dir: str, config: Mapping[str, Any], defaults: Mapping[str, Any] = {}
) -> None:
  """Checks that `model.json`, if there is one, describes the same network.

  Only the precision may change between two parts of a training, as it changes
  no weight's shape.

  Args:
    run_dir: the run directory.
    config: description of the model, see `models.registry.describe`.
    defaults: values of what a file of an older version leaves out.

  Raises:
    ValueError: the run has another architecture; names each difference.
  """
  if not os.path.exists(os.path.join(run_dir, _MODEL_FILE)):
    return
  # As the file would say it: lists, not what Keras makes of them.
  new = json.loads(_as_json(config))
  old = {**defaults, **read_model(run_dir)}
  differences = [
    f'{key} is {old.get(key)!r} there and {new.get(key)!r} here'
    for key in sorted({*old, *new} - {'precision'})
    if old.get(key) != new.get(key)
  ]
  if differences:
    raise ValueError(
      f'{run_dir} holds a run of another architecture: '
      f'{"; ".join(differences)}. Set these back, or choose another '
      '--run_dir.'
    )


def write_model(run_dir: str, config: Mapping[str, Any]) -> None:
  """Writes `model.json`, in the place of one that is there.

  Args:
    run_dir: the run directory.
    config: description of the model, see `models.registry.describe`.

  Raises:
    OSError: it could not be written; the old one is untouched.
  """
  files.atomic_write(os.path.join(run_dir, _MODEL_FILE), _as_json(config))


def _as_json(config: Mapping[str, Any]) -> str:
  return json.dumps({**_IMPLIED, **config}, indent=2) + '\n'


def read_model(run_dir: str) -> dict[str, Any]:
  """Reads `model.json`, the description that `models.registry.build` takes.

  Raises:
    FileNotFoundError: the directory holds no run.
    ValueError: the file is damaged, or describes no model of this version.
  """
  path = os.path.join(run_dir, _MODEL_FILE)
  if not os.path.isfile(path):
    raise FileNotFoundError(
      f'{run_dir} is not a run directory: {_why_not(run_dir)}'
    )
  remedy = 'delete it and start the training command again to write it anew'
  model = json_files.read(path, _AnyModel, remedy=remedy).model
  try:
    kind = registry.kind_of({'model': model})
  except ValueError as error:
    raise ValueError(f'{path}: {error}') from None
  described = json_files.read(path, _description_type(kind), remedy=remedy)
  return _IMPLIED | described.model_dump(exclude_unset=True)


def _why_not(run_dir: str) -> str:
  """Why a path is no run directory, and which one may be meant."""
  missing = f'it holds no {_MODEL_FILE}'
  if not os.path.isdir(run_dir):
    missing = 'there is no such folder'
  # A checkpoint, say, or the folder of all of them.
  for above in list(pathlib.Path(run_dir).parents)[:2]:
    if has_model(str(above)):
      return f'{missing}; did you mean {above}, the run that it is in?'
  return f'{missing}. Train first, or give the directory of a training.'


class _AnyModel(json_files.Model):
  """What the description of every model holds."""

  model: str = _IMPLIED['model']
  domains: Annotated[list[json_files.PlainName], pydantic.Field(min_length=1)]


class _NothingElse(_AnyModel):
  """A description without other keys than its subclass declares."""

  model_config = pydantic.ConfigDict(extra='forbid')


@functools.cache
def _description_type(kind: type[registry.Model]) -> type[_NothingElse]:
  """The type of one model's descriptions: its constructor's arguments."""
  options: dict[str, Any] = {
    name: (
      parameter.annotation,
      ... if parameter.default is parameter.empty else parameter.default,
    )
    for name, parameter in inspect.signature(kind).parameters.items()
    if name not in _AnyModel.model_fields
  }
  return pydantic.create_model('Description', __base__=_NothingElse, **options)

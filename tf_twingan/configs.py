"""Gin at the edge: find, parse and check a configuration; write it down.

gin leaves two mistakes unnoticed that cost hours: a macro on the command line
that no file knows, and a file it finds by a search path after saying that it
did not. Both are checked here. `model.json` holds what inference needs, so
that only training reads gin.
"""

import difflib
import json
import logging
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import gin

_MODEL_FILE = 'model.json'
# What a file of before there were several models does not say.
_IMPLIED = {'model': 'twingan'}
_MACRO = re.compile(r'^\s*([A-Za-z_]\w*)\s*=', re.MULTILINE)
_INCLUDE = re.compile(r"""^\s*include\s+['"](.+?)['"]""", re.MULTILINE)


def folders() -> list[pathlib.Path]:
  """Where gin files are looked for, in this order."""
  package = pathlib.Path(__file__).resolve().parent
  return [pathlib.Path.cwd(), package.parent / 'gin', package / 'gin']


def find(name: str) -> pathlib.Path:
  """The gin file of this name or path.

  Raises:
    FileNotFoundError: there is none; names those that there are.
  """
  for folder in folders():
    if (folder / name).is_file():
      return folder / name
  known = sorted({p.name for f in folders()[1:] for p in f.glob('*.gin')})
  raise FileNotFoundError(
    f'There is no gin file {name!r}, neither here nor among the shipped '
    f'ones: {", ".join(known)}.'
  )


def parse(gin_file: str, gin_params: Sequence[str] = ()) -> pathlib.Path:
  """Parses a gin file and the bindings of the command line.

  Args:
    gin_file: name or path.
    gin_params: bindings such as "photo='folder:/my/portraits'" or
      "Growth.final_resolution=64".

  Returns:
    The path of the file.

  Raises:
    FileNotFoundError: see `find`.
    ValueError: a name is unknown or a line is no binding.
  """
  path = find(gin_file)
  macros = _macros(path)
  for param in gin_params:
    name = param.split('=')[0].strip()
    if '=' not in param:
      raise ValueError(
        f'--gin_param={param!r} is no binding; write '
        'NAME=VALUE, '
        'strings in quotes: --gin_param="name=\'text\'".'
      )
    if '.' not in name and '/' not in name and name not in macros:
      raise ValueError(
        f'--gin_param: no macro {name!r} in {path.name}'
        f'{_suggest(name, macros)} It has: '
        f'{", ".join(sorted(macros))}.'
      )
  for folder in folders():
    gin.add_config_file_search_path(str(folder))
  root = logging.getLogger()
  root.addFilter(_is_no_false_alarm)
  try:
    gin.parse_config_files_and_bindings(
      [str(path)], list(gin_params), finalize_config=True
    )
  except (
    ValueError,
    SyntaxError,
    AttributeError,
    TypeError,
    RuntimeError,
  ) as error:
    line = ' '.join(str(error).split())
    raise ValueError(
      f'The configuration {path.name} with the given '
      f'--gin_param does not parse: {line}'
    ) from error
  finally:
    root.removeFilter(_is_no_false_alarm)
  return path


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
  """Drops gin's 'Path not found' of each folder before the right one."""
  return pathlib.Path(record.pathname).name != 'resource_reader.py'


def _macros(path: pathlib.Path) -> list[str]:
  """Names of the macros that a file and those it includes define."""
  text = path.read_text()
  names = [n for n in _MACRO.findall(text)]
  for included in _INCLUDE.findall(text):
    names += _macros(find(included))
  return names


def _suggest(name, known):
  close = difflib.get_close_matches(name, known, n=1)
  return f'; did you mean {close[0]!r}?' if close else '.'


def write_operative(run_dir: str) -> None:
  """Writes the values in use as `operative_config.gin`, a gin file again."""
  _write(
    os.path.join(run_dir, 'operative_config.gin'), gin.operative_config_str()
  )


def write_model(
  run_dir: str, config: Mapping[str, Any], defaults: Mapping[str, Any] = {}
) -> None:
  """Writes `model.json`.

  If the run has one already, it must say the same; only the precision may
  change between two parts of a training, as it changes no weight's shape.

  Args:
    run_dir: the run directory.
    config: of the model, see `models.architectures`.
    defaults: what the values were that a file of an older version leaves out.

  Raises:
    ValueError: the run has another architecture; names each difference.
  """
  path = os.path.join(run_dir, _MODEL_FILE)
  config = {**_IMPLIED, **config}
  if os.path.exists(path):
    stored = read_model(run_dir)
    old = {**defaults, **stored}
    differences = [
      f'{key} is {old.get(key)!r} there and {config.get(key)!r} here'
      for key in sorted({*old, *config} - {'precision'})
      if old.get(key) != config.get(key)
    ]
    if differences:
      raise ValueError(
        f'{run_dir} holds a run of another architecture: '
        f'{"; ".join(differences)}. Set these back, or choose another '
        '--run_dir.'
      )
    if stored == config:
      return
  _write(path, json.dumps(config, indent=2) + '\n')


def read_model(run_dir: str) -> dict[str, Any]:
  """Reads `model.json`, see `models.architectures`.

  Raises:
    FileNotFoundError: the directory holds no run.
    ValueError: the file is damaged.
  """
  path = os.path.join(run_dir, _MODEL_FILE)
  if not os.path.isfile(path):
    raise FileNotFoundError(
      f'{run_dir} is not a run directory: it holds no {_MODEL_FILE}. Train '
      'first, or give the --run_dir of a training.'
    )
  try:
    with open(path, encoding='utf-8') as file:
      return {**_IMPLIED, **json.load(file)}
  except json.JSONDecodeError as error:
    raise ValueError(
      f'{path} is damaged: {error}. Delete it and start the '
      'training command again to write it anew.'
    ) from error


def _write(path, text):
  os.makedirs(os.path.dirname(path), exist_ok=True)
  part = f'{path}.part'
  with open(part, 'w', encoding='utf-8') as file:
    file.write(text)
  os.replace(part, path)

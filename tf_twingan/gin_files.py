"""Gin files: finds, parses and checks a configuration.

gin accepts a macro on the command line that no file uses, and warns of a
missing file before it finds it in the next folder; here the first is an error
and the second is silent. Only training reads gin: `model.json` holds what
inference needs.
"""

import functools
import inspect
import logging
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import gin
from tf_twingan import gin_bindings, gin_corrections, gin_types


def folders() -> list[pathlib.Path]:
  """The folders that are searched for gin files, in this order."""
  package = pathlib.Path(__file__).resolve().parent
  return [pathlib.Path.cwd(), package.parent / 'gin', package / 'gin']


def find(name: str) -> pathlib.Path:
  """Finds a gin file by its name or path.

  Raises:
    FileNotFoundError: there is none; names those that are shipped.
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
    FileNotFoundError: there is no such file.
    ValueError: a name is unknown, a line is no binding, or a value has a type
      that its parameter does not take.
  """
  path = find(gin_file)
  # What a training of the same process has parsed before is no part of it.
  gin.clear_config()
  values = _values(path, ())
  in_file = _macros_of(values)
  for param in gin_params:
    gin_corrections.check(param, in_file, path.name)
  _add_search_paths()
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
  for given in gin_bindings.read('\n'.join(gin_params)):
    if isinstance(given, gin_bindings.Binding):
      values[given.name] = given.value
  gin_types.check(values)
  return path


@functools.cache
def _add_search_paths() -> None:
  """Lets gin find what a file includes; the current folder it searches first.

  Once a process, as gin forgets none.
  """
  for folder in folders()[1:]:
    gin.add_config_file_search_path(str(folder))


def value_of(name: str) -> Any:
  """Returns what a parameter is bound to, or its default.

  Args:
    name: such as 'Trainer.accumulate'.
  """
  try:
    return gin.query_parameter(name)
  except ValueError:  # Not bound.
    configurable, _, parameter = name.rpartition('.')
    target = gin.get_configurable(configurable)
    # Of a class, gin's own subclass has a signature of (*args, **kwargs).
    if inspect.isclass(target):
      target = target.__init__
    return inspect.signature(target).parameters[parameter].default


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
  """Drops gin's 'Path not found' of each folder before the right one."""
  return pathlib.Path(record.pathname).name != 'resource_reader.py'


def macros(path: pathlib.Path) -> dict[str, Any]:
  """The macros that a gin file and those it includes define.

  Args:
    path: the gin file.

  Returns:
    {name: value}, see `gin_bindings`.

  Raises:
    FileNotFoundError: a file that it includes is missing.
    ValueError: a file is no gin file; names it.
  """
  return _macros_of(_values(path, ()))


def _macros_of(values: Mapping[str, Any]) -> dict[str, Any]:
  return {n: v for n, v in values.items() if '.' not in n and '/' not in n}


def _values(path: pathlib.Path, including: tuple) -> dict[str, Any]:
  """All that a gin file and those it includes bind."""
  if path in including:
    raise ValueError(f'{path} includes itself; remove one include.')
  values: dict[str, Any] = {}
  try:
    text = path.read_text(encoding='utf-8')
    if text.startswith('\ufeff'):
      raise gin_bindings.Malformed(
        'it begins with a byte order mark, which editors of Windows write; '
        'save it as UTF-8 without one'
      )
    for line in gin_bindings.read(text):
      if isinstance(line, gin_bindings.Include):
        values |= _values(find(line.file), (*including, path))
      else:
        values[line.name] = line.value
  except (gin_bindings.Malformed, UnicodeDecodeError) as error:
    raise ValueError(f'{path} is no gin file: {error}.') from error
  return values

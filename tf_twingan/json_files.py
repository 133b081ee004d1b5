"""JSON files, read into a declared type or refused in one sentence.

What a run, a bundle or an index says of itself may be cut off, of another
program, or written by a stranger. Its readers declare what they expect as a
type, and pydantic checks it:

  class Manifest(json_files.Model):
    version: int
    files: dict[json_files.PathInside, dict[str, Any]]

  manifest = json_files.read(path, Manifest, remedy='export again')
"""

import functools
import json
import os
from typing import Annotated, Any, TypeVar

import pydantic

from tf_twingan import errors, plain_names, regular_files

# Far above what the library writes; a file of more would fill the memory.
MAX_BYTES = 64 * 2**20

T = TypeVar('T')

# The name of a file or folder inside the one that names it.
PlainName = Annotated[str, pydantic.AfterValidator(plain_names.check_name)]
# A path inside the folder that names it.
PathInside = Annotated[str, pydantic.AfterValidator(plain_names.check_path)]
# A whole number from 0 up, such as a number of images or bytes.
Count = Annotated[int, pydantic.Field(ge=0)]


class Model(pydantic.BaseModel):
  """An object with the keys that a subclass declares; others are kept.

  Values have exactly the declared types: no text for a number, no NaN.
  """

  model_config = pydantic.ConfigDict(
    strict=True,
    extra='allow',
    allow_inf_nan=False,
    # Keys may begin with `model_`.
    protected_namespaces=(),
  )


class FrozenModel(Model):
  """A `Model` for options: no other keys, no changes, one-line errors.

  Options come from Python and from flags as well as from files, so that the
  constructor, too, refuses a value in one sentence.

  Raises:
    ValueError: a value is missing, unknown, of another type or out of range;
      one sentence that names it.
  """

  model_config = pydantic.ConfigDict(frozen=True, extra='forbid')

  def __init__(self, **values: Any):
    try:
      super().__init__(**values)
    except pydantic.ValidationError as error:
      problem = error.errors(include_url=False)[0]
    else:
      return
    where = '.'.join(errors.printable(str(part)) for part in problem['loc'])
    reason = _UNKNOWN_KEY
    if problem['type'] == 'missing':
      reason = 'it is needed, and missing'
    elif problem['type'] != 'extra_forbidden':
      reason = problem['msg'].removeprefix('Value error, ')
      reason = reason.replace('Input should', 'it should', 1)
    if problem['type'] in _SHOWN:
      reason = f'{_shorten(problem["input"])}; {reason}'
      where += ' is' if where else ''
    else:
      where += ':' if where else ''
    raise ValueError(f'{where} {reason}'.strip())


# A tuple of a `FrozenModel`: from JSON it comes as a list.
FromList = pydantic.Field(strict=False)


def read(path: str | os.PathLike, kind: type[T], *, remedy: str) -> T:
  """Reads a JSON file.

  Args:
    path: location of the file.
    kind: the type of what it holds: a `Model`, or any type that pydantic
      knows, such as dict[str, Any].
    remedy: what to do if the file is damaged, for the message.

  Returns:
    The content, of that type.

  Raises:
    FileNotFoundError: there is no such file.
    OSError: it cannot be read.
    ValueError: it is no regular file, too large, or does not hold that; one
      sentence that names the file, the key and the value.
  """
  try:
    content = regular_files.read(path, at_most=MAX_BYTES)
  except regular_files.NotRegular as error:
    raise ValueError(f'{path} is {error}; {remedy}.') from None
  except ValueError as error:
    raise ValueError(f'{path} has {error}; {remedy}.') from None
  return parse(content, kind, name=os.fspath(path), remedy=remedy)


def parse(content: bytes | str, kind: type[T], *, name: str, remedy: str) -> T:
  """Reads JSON, see `read`.

  Args:
    content: the JSON, as UTF-8 or text.
    kind: the type of what it holds.
    name: where the content is from, for the message.
    remedy: what to do if it is damaged, for the message.

  Raises:
    ValueError: it does not hold that; one sentence.
  """
  try:
    return _adapter(kind).validate_json(content)
  except pydantic.ValidationError as error:
    problem = error.errors(include_url=False)[0]
  if 'surrogate' in problem['msg'] and problem['type'] == 'json_invalid':
    # Python's form of a file name that is not UTF-8, which it writes and reads
    # as JSON, and pydantic takes but does not read.
    try:
      return _adapter(kind).validate_python(json.loads(content))
    except pydantic.ValidationError as error:
      problem = error.errors(include_url=False)[0]
    except (ValueError, RecursionError):
      pass
  where = '.'.join(errors.printable(str(part)) for part in problem['loc'])
  reason = problem['msg'].removeprefix('Value error, ')
  if problem['type'] == 'extra_forbidden':
    reason = _UNKNOWN_KEY
  elif problem['type'] in _SHOWN:
    reason += f', and it is {_shorten(problem["input"])}'
  raise ValueError(
    f'{name} is damaged: {where + ": " if where else ""}{reason}; {remedy}.'
  )


_UNKNOWN_KEY = 'this version of tf_twingan knows no such key'
# Errors that do not show the value themselves.
_SHOWN = {
  'int_type',
  'int_from_float',
  'float_type',
  'bool_type',
  'string_type',
  'list_type',
  'dict_type',
  'model_type',
  'literal_error',
  'finite_number',
  'greater_than',
  'greater_than_equal',
  'less_than',
  'less_than_equal',
  'tuple_type',
}


def _shorten(value: Any) -> str:
  text = repr(value)
  return text if len(text) <= 40 else f'{text[:37]}...'


@functools.lru_cache(maxsize=64)
def _adapter(kind: Any) -> pydantic.TypeAdapter:
  if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
    return pydantic.TypeAdapter(kind)
  return pydantic.TypeAdapter(
    kind, config=pydantic.ConfigDict(strict=True, allow_inf_nan=False)
  )

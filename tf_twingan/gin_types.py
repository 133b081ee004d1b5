"""Checks that the values of gin files have the types that parameters take.

gin hands on whatever Python value a line holds. A number in quotes then ends a
training in the middle of its work, and `'no'` counts as true. So what is bound
to a parameter is held against its annotation, before any work.
"""

import collections.abc
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

import gin
from tf_twingan import gin_bindings

_NAMES = {
  bool: 'True or False',
  int: 'a whole number',
  float: 'a number',
  str: 'a string',
  types.NoneType: 'None',
}


class _Unfit(Exception):
  """A value does not have the type that is needed."""


def check(values: Mapping[str, Any]) -> None:
  """Checks what gin has parsed; 1e5 becomes a whole number where one is needed.

  Args:
    values: the value of each macro and of each bound parameter, by its name in
      the text; see `gin_bindings`.

  Raises:
    ValueError: a value has a type that its parameter does not take.
  """
  for name, value in values.items():
    configurable, _, parameter = name.rpartition('.')
    if not configurable:
      continue
    expected = _annotation(configurable.rpartition('/')[2], parameter)
    for _ in values:  # A macro may name another one.
      if isinstance(value, gin_bindings.Macro) and value.name in values:
        value = values[value.name]
    try:
      fitting = _fit(value, expected)
    except _Unfit:
      raise ValueError(
        f'{name} is {value!r}; it takes {_describe(expected)}.'
        f'{_without_quotes(name, value, expected)}'
      ) from None
    if repr(fitting) != repr(value):
      with gin.unlock_config():
        gin.bind_parameter(name, fitting)


def _annotation(configurable: str, parameter: str) -> Any:
  target = gin.get_configurable(configurable)
  # Of a class, gin's own subclass has a signature of (*args, **kwargs).
  if inspect.isclass(target):
    target = target.__init__
  found = inspect.signature(target).parameters.get(parameter)
  return Any if found is None else found.annotation


def _fit(value: Any, expected: Any) -> Any:
  """The value, as a whole number if it is 1e5, or as a bool if it is 0."""
  if isinstance(value, (gin_bindings.Macro, gin_bindings.Configurable)):
    return value
  members = _members(expected)
  if not all(map(_is_known, members)):
    # A class or function, which takes a reference, or None.
    is_checked = not {Any, inspect.Parameter.empty}.intersection(members)
    if is_checked and type(value) in _NAMES and type(value) not in members:
      raise _Unfit
    return value
  for member in members:
    if _origin(member) is collections.abc.Mapping and isinstance(value, dict):
      of_key, of_value = typing.get_args(member)
      if any(isinstance(v, gin_bindings.Macro) for v in value.values()):
        return value
      return {_fit(k, of_key): _fit(v, of_value) for k, v in value.items()}
    if _origin(member) is collections.abc.Sequence and isinstance(
      value, (list, tuple)
    ):
      return value
  if type(value) in members or (type(value) is int and float in members):
    return value
  if int in members and isinstance(value, float) and value.is_integer():
    return int(value)
  if bool in members and type(value) is int and value in (0, 1):
    return bool(value)
  raise _Unfit


def _members(annotation: Any) -> tuple[Any, ...]:
  if _origin(annotation) in (types.UnionType, typing.Union):
    return typing.get_args(annotation)
  return (annotation,)


def _origin(annotation: Any) -> Any:
  return typing.get_origin(annotation)


def _is_known(member: Any) -> bool:
  return member in _NAMES or _origin(member) in (
    collections.abc.Mapping,
    collections.abc.Sequence,
  )


def _describe(annotation: Any) -> str:
  return ' or '.join(map(_describe_member, _members(annotation)))


def _describe_member(member: Any) -> str:
  if member in _NAMES:
    return _NAMES[member]
  if _origin(member) is collections.abc.Mapping:
    of_key, of_value = map(_describe, typing.get_args(member))
    return f'a dict of {of_key} to {of_value}'
  if _origin(member) is collections.abc.Sequence:
    return 'a list'
  return 'a reference such as @NAME or @NAME()'


def _without_quotes(name: str, value: Any, annotation: Any) -> str:
  """What to type, if a value was only put into quotes that it has not."""
  try:
    (binding,) = gin_bindings.read(f'{name}={value}')
    _fit(binding.value, annotation)
  except (ValueError, _Unfit):
    return ''
  if isinstance(value, str):
    return f' Without quotes: --gin_param="{name}={value}".'
  return ''

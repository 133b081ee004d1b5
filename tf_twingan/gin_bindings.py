"""Reads the bindings of gin text as data: nothing is imported or called.

gin itself imports modules and calls functions that its text names. What only
needs to know what a text says, such as the datasets that a stranger's run was
trained on, reads it here. `write` makes such text of Python values.
"""

import contextlib
import itertools
import os
import tokenize
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gin import config_parser


class Malformed(ValueError):
  """A text is not gin; says where."""


class Macro(NamedTuple):
  """A reference to a macro, `%name`."""

  name: str

  def __repr__(self) -> str:
    return f'%{self.name}'


class Configurable(NamedTuple):
  """A reference to a class or function, `@name` or, called, `@name()`."""

  name: str
  called: bool

  def __repr__(self) -> str:
    return f'@{self.name}{"()" if self.called else ""}'


class Binding(NamedTuple):
  """One line, `name = value`.

  Attributes:
    name: a macro's name, or NAME.parameter with its scopes before it.
    value: numbers, strings, None and containers of them, with references as
      `Macro` and `Configurable`.
  """

  name: str
  value: Any


class Include(NamedTuple):
  """A line that includes another file."""

  file: str


class _References(config_parser.ParserDelegate):
  def configurable_reference(self, scoped_configurable_name, evaluate):
    return Configurable(scoped_configurable_name, evaluate)

  def macro(self, scoped_name):
    return Macro(scoped_name)


# All that gin's tokenizer and its parser raise for text that is not gin, or
# that nests too deeply. A StopIteration leaves a generator as a RuntimeError.
_ERRORS = (
  SyntaxError,
  ValueError,
  TypeError,
  tokenize.TokenError,
  RuntimeError,
  MemoryError,
)


def read(text: str) -> Iterator[Binding | Include]:
  """Reads gin text line by line; imports are passed over.

  Args:
    text: the text of a gin file, or bindings of a command line.

  Yields:
    Its bindings and includes, in order.

  Raises:
    Malformed: a line is not gin; those before it were read.
  """
  count = 0
  try:
    for statement in _statements(text):
      yield statement
      count += 1
  except _ERRORS as error:
    # The parser ends a statement with the first token of the next one, which
    # the tokenizer of Python 3.12 and later may refuse.
    before = '\n'.join(text.split('\n')[: (_line_number(error) or 1) - 1])
    with contextlib.suppress(*_ERRORS):
      yield from itertools.islice(_statements(before), count, None)
    raise Malformed(_message(error)) from error


def _statements(text: str) -> Iterator[Binding | Include]:
  """Yields what `read` yields; raises whatever gin's parser raises."""
  parser = config_parser.ConfigParser(text, _References())
  while statement := parser.parse_statement():
    if isinstance(statement, config_parser.BindingStatement):
      scoped = f'{statement.scope}/' if statement.scope else ''
      parameter = f'.{statement.arg_name}' if statement.arg_name else ''
      yield Binding(f'{scoped}{statement.selector}{parameter}', statement.value)
    elif isinstance(statement, config_parser.IncludeStatement):
      yield Include(statement.filename)


def write(values: Mapping[str, Any]) -> list[str]:
  """Bindings of names to Python values, as --gin_param takes them.

  Args:
    values: {name: value}. A string that begins with % or @, also in a
      container, is a reference as in gin files; a path is a string.

  Returns:
    A text `name=value` for each, which `read` takes if gin knows such values.
  """
  return [f'{name}={_literal(value)!r}' for name, value in values.items()]


def _literal(value: Any) -> Any:
  """The value as one whose `repr` is gin text."""
  if isinstance(value, os.PathLike):
    return os.fspath(value)
  if isinstance(value, str) and value[:1] == '%':
    return Macro(value[1:])
  if isinstance(value, str) and value[:1] == '@':
    name = value[1:].removesuffix('()')
    return Configurable(name, called=value.endswith('()'))
  if isinstance(value, Mapping):
    return {_literal(k): _literal(v) for k, v in value.items()}
  if isinstance(value, (list, tuple)):
    return type(value)(map(_literal, value))
  # Numbers and arrays of NumPy.
  return value.tolist() if hasattr(value, 'tolist') else value


def _message(error: BaseException) -> str:
  """One line that says what is wrong, and on which line of the text."""
  lines = str(error.args[0] if error.args else '').strip().splitlines()
  message = lines[0].rstrip('.') if lines else type(error).__name__
  number = _line_number(error)
  return message if number is None else f'{message}, line {number}'


def _line_number(error: BaseException) -> int | None:
  """Returns on which line of the text it is, from 1, if the error says it."""
  location = error.args[1] if len(error.args) > 1 else None
  if not isinstance(location, tuple) or len(location) < 2:
    return None
  return location[0 if isinstance(error, tokenize.TokenError) else 1]

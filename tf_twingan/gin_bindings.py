"""Reads the bindings of gin text as data: nothing is imported or called.

gin itself imports modules and calls functions that its text names. What only
needs to know what a text says, such as the datasets that a stranger's run was
trained on, reads it here.
"""

import tokenize
from collections.abc import Iterator
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


def read(text: str) -> Iterator[Binding | Include]:
  """Reads gin text line by line; imports are passed over.

  Args:
    text: the text of a gin file, or bindings of a command line.

  Yields:
    Its bindings and includes, in order.

  Raises:
    Malformed: a line is not gin; those before it were read.
  """
  try:
    parser = config_parser.ConfigParser(text, _References())
    while statement := parser.parse_statement():
      if isinstance(statement, config_parser.BindingStatement):
        scoped = f'{statement.scope}/' if statement.scope else ''
        parameter = f'.{statement.arg_name}' if statement.arg_name else ''
        yield Binding(
          f'{scoped}{statement.selector}{parameter}', statement.value
        )
      elif isinstance(statement, config_parser.IncludeStatement):
        yield Include(statement.filename)
  # All that its tokenizer and its parser raise for text that is not gin, or
  # that nests too deeply.
  except (
    SyntaxError,
    ValueError,
    TypeError,
    StopIteration,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
  ) as error:
    raise Malformed(_message(error)) from error


def _message(error: BaseException) -> str:
  """One line that says what is wrong, and on which line of the text."""
  lines = str(error.args[0] if error.args else '').strip().splitlines()
  message = lines[0].rstrip('.') if lines else type(error).__name__
  location = error.args[1] if len(error.args) > 1 else None
  if isinstance(location, tuple) and len(location) > 1:
    number = location[0 if isinstance(error, tokenize.TokenError) else 1]
    return f'{message}, line {number}'
  return message

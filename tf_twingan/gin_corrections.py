"""Checks a value of --gin_param, and writes the line that was meant.

Its values are Python, so a string needs quotes inside of those that the shell
takes away. Most who type one for the first time leave these out.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tf_twingan import errors, gin_bindings, shell_words

_QUOTES = ('"', "'")
_CLOSING = {'[': ']', '(': ')', '{': '}'}
# Whatever stands between brackets and commas, or a whole string.
_ITEM = re.compile(r"""'[^']*'|"[^"]*"|[^][(){},'"]+""")


def check(param: str, macros: Mapping[str, Any], gin_file: str) -> None:
  """Raises unless a value of --gin_param is a binding that can be read.

  Args:
    param: such as "photo='folder:/my/portraits'".
    macros: the macros of the gin file, and their values.
    gin_file: the name of that file, for the message.

  Raises:
    ValueError: it can't; says why and, if that can be told, what to type.
  """
  name, equals, value = (part.strip() for part in param.partition('='))
  if not equals:
    raise ValueError(
      f'--gin_param={param!r} is no binding; write NAME=VALUE, '
      'strings in quotes: --gin_param="name=\'text\'".'
    )
  if '.' not in name and '/' not in name and name not in macros:
    raise ValueError(
      f'--gin_param: no macro {name!r} in {gin_file}'
      f'{errors.did_you_mean(name, macros) or "."} It has: '
      f'{", ".join(sorted(macros))}.'
    )
  try:
    bindings = list(gin_bindings.read(param))
  except gin_bindings.Malformed as error:
    raise ValueError(
      f'--gin_param={param} does not parse: '
      f'{_explanation(name, value, error, macros.get(name))}'
    ) from error
  strings = _strings(b.value for b in bindings if hasattr(b, 'value'))
  if any(not s.isprintable() and '\\' in value for s in strings):
    raise ValueError(
      f'--gin_param={param} has backslashes that Python reads as something '
      f'else, such as \\n as the end of a line; write {_slashes(name, value)}'
    )


def argument(flag: str, value: str) -> str:
  """`--flag=value` as one types it, in double quotes if it needs any."""
  quoted = shell_words.quote(value)
  if not re.search(r'["$`\\!]', value) and quoted.startswith("'"):
    return f'--{flag}="{value}"'
  return f'--{flag}={quoted}'


def _explanation(name: str, value: str, error: ValueError, in_file: Any) -> str:
  """What is wrong with a value, and what to type.

  Args:
    name: what is bound.
    value: what does not parse.
    error: why it does not.
    in_file: the value of the gin file, if `name` is a macro of it.
  """
  if isinstance(in_file, (int, float)):
    return f'{value!r} is no number; write {_binding(name, str(in_file))}.'
  if value.startswith(_QUOTES) and '\\' in value:
    corrected = value.replace('\\', '/')
    if _parses(name, corrected):
      return (
        'Python reads its backslashes as something else; write '
        f'{_slashes(name, value)}'
      )
  if value.startswith(_QUOTES):
    corrected = value.rstrip('"\'') + value[0]
    if _parses(name, corrected):
      return f'its quotes do not match; write {_binding(name, corrected)}.'
  if value.startswith(tuple(_CLOSING)):
    corrected = value + _missing_brackets(value)
    quoted = _ITEM.sub(_quoted, corrected)
    for text, why in (
      (corrected, 'a bracket is missing'),
      (quoted, 'strings in it have no quotes'),
    ):
      if text != value and _parses(name, text):
        return f'{why}; write {_binding(name, text)}.'
    return f'{error}: see that each bracket is closed, and strings have quotes.'
  text = value.rstrip('"\'') if not value.startswith(_QUOTES) else value
  if text and not text.startswith(_QUOTES) and text[0] not in '@%':
    # Not with its backslashes, which would have to be doubled.
    text = text.replace('\\', '/')
    flag = '' if in_file is None else f'{argument(name, text)} or '
    return f'{text} has no quotes; write {flag}{_binding(name, repr(text))}.'
  return f'{error}: write NAME=VALUE, where VALUE is Python.'


def _slashes(name: str, value: str) -> str:
  """What to type instead of a string with backslashes."""
  return (
    f'slashes, which Windows takes, too: '
    f"{_binding(name, value.replace(chr(92), '/'))}, or r before the string's "
    'first quote.'
  )


def _binding(name: str, value: str) -> str:
  return argument('gin_param', f'{name}={value}')


def _parses(name: str, value: str) -> bool:
  try:
    return bool(list(gin_bindings.read(f'{name}={value}')))
  except gin_bindings.Malformed:
    return False


def _missing_brackets(value: str) -> str:
  """The closing brackets that a value lacks at its end, outside of strings."""
  missing: list[str] = []
  for character in re.sub(r"""'[^']*'|"[^"]*\"""", '', value):
    if character in _CLOSING:
      missing.insert(0, _CLOSING[character])
    elif missing and character == missing[0]:
      del missing[0]
  return ''.join(missing)


def _quoted(item: re.Match) -> str:
  """An item of a list, in quotes if it has none and is no other value."""
  text = item[0].strip()
  if not text or text[0] in '@%\'"' or _parses('value', text):
    return item[0]
  return item[0].replace(text, repr(text))


def _strings(values: Iterable[Any]) -> Iterable[str]:
  """All strings in values and the containers among them."""
  for value in values:
    if isinstance(value, str):
      yield value
    elif isinstance(value, Mapping):
      yield from _strings([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
      yield from _strings(value)

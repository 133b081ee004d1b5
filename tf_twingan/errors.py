"""One-line messages: first lines, names shown safely, the name meant."""

import difflib
import os
import unicodedata
from collections.abc import Iterable

# How gin begins what it adds to the message of an exception that passes it.
GIN_CONTEXT = '\n  In call to configurable'
# Joiners belong to Persian and Indic words and to emoji; all other characters
# of these categories steer a terminal, hide, or turn the text around.
_JOINERS = '\u200c\u200d'
_STEERING = ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')


def first_line(error: BaseException) -> str:
  """The first line of an error's message, or its type if there is none."""
  lines = str(error).strip().splitlines()
  return lines[0] if lines else type(error).__name__


def reason(error: OSError) -> str:
  """What the system says of an error, without the file's name and number."""
  return error.strerror or first_line(error)


def did_you_mean(name: str, known: Iterable[str]) -> str:
  """`; did you mean 'NAME'?` with the closest known name, or '' if none is."""
  close = difflib.get_close_matches(name, list(known), n=1)
  return f'; did you mean {close[0]!r}?' if close else ''


def printable(text_or_path: str | bytes | os.PathLike) -> str:
  r"""A name or a path as one line that is safe to print.

  Control characters (escape, newline), characters that turn the direction of
  text around and invisible ones become escapes such as `\x1b` and `\u202e`;
  bytes of a file name that are not UTF-8 become `\xe9`. Everything else stays
  as it is, so the result can be encoded and equals an ordinary name.
  """
  text = os.fsdecode(text_or_path)
  if text.isprintable():
    return text
  return ''.join(map(_printable_character, text))


def _printable_character(character: str) -> str:
  if unicodedata.category(character) not in _STEERING or character in _JOINERS:
    return character
  code = ord(character)
  # How Python's file names hold a byte that is not UTF-8.
  if 0xDC80 <= code <= 0xDCFF:
    return f'\\x{code - 0xDC00:02x}'
  return character.encode('unicode_escape').decode('ascii')

r"""Words of commands that programs print, quoted so that they can be pasted.

A path may hold what no line of text can show as it is: bytes that are not
UTF-8, control characters, or characters that the output's encoding does not
have. An escape such as those of `errors.printable` would name another path to
a shell. Bash, zsh, ksh and POSIX of 2024 have a quoting for it, `$'\346'`, of
bytes by their octal numbers.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable

from tf_twingan import errors


def quote(word: str | os.PathLike) -> str:
  """Quotes a word for a shell, in characters that the output can show.

  Args:
    word: an argument or a path.

  Returns:
    The word itself if it needs no quotes, else in '', or in $'' where it holds
    what cannot be shown.
  """
  text = os.fspath(word)
  if os.name == 'nt':  # Its shell knows double quotes alone.
    return subprocess.list2cmdline([text])
  if _can_be_shown(text):
    return shlex.quote(text)  # noqa: TID251 (this is the place for it)
  return f"$'{''.join(map(_escaped, text))}'"


def join(words: Iterable[str]) -> str:
  """A command line of words, each quoted."""
  return ' '.join(map(quote, words))


def _can_be_shown(text: str) -> bool:
  if errors.printable(text) != text:
    return False
  # A command is a part of what a program prints, or of an error's message.
  for stream in (sys.stdout, sys.stderr):
    try:
      text.encode(getattr(stream, 'encoding', None) or 'utf-8')
    except UnicodeEncodeError:
      return False
  return True


def _escaped(character: str) -> str:
  if character in "\\'":
    return f'\\{character}'
  if _can_be_shown(character):
    return character
  try:
    encoded = os.fsencode(character)
  except UnicodeEncodeError:  # No file has such a name.
    encoded = character.encode('utf-8', 'surrogatepass')
  return ''.join(f'\\{byte:03o}' for byte in encoded)

"""One-line error messages: first lines, and the name that was meant."""

import difflib
from collections.abc import Iterable


def first_line(error: BaseException) -> str:
  """The first line of an error's message, or its type if there is none."""
  lines = str(error).strip().splitlines()
  return lines[0] if lines else type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
  """`; did you mean 'NAME'?` with the closest known name, or '' if none is."""
  close = difflib.get_close_matches(name, list(known), n=1)
  return f'; did you mean {close[0]!r}?' if close else ''

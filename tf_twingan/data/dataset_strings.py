"""Sources by domain: as a flag names one, and as a run has recorded them.

What comes after a training (scoring, exporting) wants images of the same
domains. The run's `operative_config.gin` names their sources. It is read line
by line and never parsed as gin, which can execute code: a run may come from
anyone.
"""

import ast
import os
import pathlib
import re
from collections.abc import Sequence

_FILE = 'operative_config.gin'
_STRING_MACRO = re.compile(r"(\w+) = ('[^'\\]*')")


def split(text: str) -> tuple[str | None, str]:
  """`DOMAIN=SOURCE` or `SOURCE` to the domain, if there is one, and source."""
  domain, equals, source = text.partition('=')
  # An option of a source has an equals sign, too, behind its colon.
  return (domain, source) if equals and ':' not in domain else (None, text)


def parse(text: str) -> tuple[str, str]:
  """Splits `DOMAIN=SOURCE`.

  Raises:
    ValueError: it names no domain.
  """
  domain, source = split(text)
  if domain is None:
    raise ValueError(f'--source={text} names no domain; write DOMAIN=SOURCE.')
  return domain, source


def of_run(
  run_dir: str | os.PathLike, domains: Sequence[str]
) -> dict[str, str]:
  """Reads what a run recorded.

  Args:
    run_dir: of a training, or the folder of a model that ships.
    domains: the model's.

  Returns:
    {domain: source} in the order of `domains`; those that the run does not
    name plainly, as `domain = 'source'`, are missing.
  """
  path = pathlib.Path(run_dir, _FILE)
  if not path.is_file():
    return {}
  found = {}
  for line in path.read_text(encoding='utf-8').splitlines():
    match = _STRING_MACRO.fullmatch(line)
    if match:
      found[match[1]] = ast.literal_eval(match[2])
  return {domain: found[domain] for domain in domains if domain in found}

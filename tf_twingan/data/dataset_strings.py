"""DOMAIN=DATASET flags, and the datasets that a run recorded.

What comes after a training (scoring, exporting) wants images of the same
domains. The run's `operative_config.gin` names their datasets. It is read line
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


def split_flag(text: str) -> tuple[str | None, str]:
  """Splits `DOMAIN=DATASET`, or `DATASET` alone, whose domain is None."""
  domain, equals, dataset = text.partition('=')
  # An option of a dataset has an equals sign, too, behind its colon.
  if equals and ':' not in domain:
    return domain, dataset
  return None, text


def parse_flag(text: str) -> tuple[str, str]:
  """Splits `DOMAIN=DATASET`.

  Raises:
    ValueError: it names no domain.
  """
  domain, dataset = split_flag(text)
  if domain is None:
    raise ValueError(f'--source={text} names no domain; write DOMAIN=DATASET.')
  return domain, dataset


def recorded_datasets(
  run_dir: str | os.PathLike, domains: Sequence[str]
) -> dict[str, str]:
  """Reads which datasets a run was trained on.

  Args:
    run_dir: directory of a training, or the folder of a model that ships.
    domains: names of the model's domains.

  Returns:
    {domain: dataset} in the order of `domains`; those that the run does not
    name plainly, as `domain = 'dataset'`, are missing.
  """
  path = pathlib.Path(run_dir, _FILE)
  if not path.is_file():
    return {}
  macros = {}
  for line in path.read_text(encoding='utf-8').splitlines():
    match = _STRING_MACRO.fullmatch(line)
    if match:
      macros[match[1]] = ast.literal_eval(match[2])
  return {domain: macros[domain] for domain in domains if domain in macros}

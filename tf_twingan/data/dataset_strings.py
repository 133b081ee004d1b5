"""DOMAIN=DATASET flags, and the datasets that a run recorded.

What comes after a training (scoring, exporting) wants images of the same
domains. The run's `operative_config.gin` names their datasets. It is read as
data, as gin itself can execute code: a run may come from anyone.
"""

import os
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from tf_twingan import gin_bindings, regular_files

_FILE = 'operative_config.gin'
# Far above what a training writes.
_MAX_BYTES = 2**20


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
    {domain: dataset} in the order of `domains`. Missing are those that the run
    does not name, by `train.domains` or by a macro of the domain's name.
  """
  bindings = _bindings(pathlib.Path(run_dir, _FILE))
  # How gin files write them: {'photo': %photo}, or the string itself.
  named = dict(_pairs(bindings.get('train.domains')))
  datasets = {}
  for domain in domains:
    value = named.get(domain, bindings.get(domain))
    for _ in bindings:  # A macro may name another one.
      if not isinstance(value, gin_bindings.Macro):
        break
      value = bindings.get(value.name)
    if isinstance(value, str):
      datasets[domain] = value
  return datasets


def _bindings(path: pathlib.Path) -> dict[str, Any]:
  """The bindings of a gin file, up to the first line that is not gin."""
  bindings: dict[str, Any] = {}
  try:
    content = regular_files.read(path, at_most=_MAX_BYTES)
    for line in gin_bindings.read(content.decode()):
      if isinstance(line, gin_bindings.Binding):
        bindings[line.name] = line.value
  # Missing, something else than gin, or too large.
  except (FileNotFoundError, ValueError):
    pass
  return bindings


def _pairs(domains: Any) -> Iterable[tuple[str, Any]]:
  """The pairs (name, dataset) of what may be the value of `train.domains`."""
  for pair in domains if isinstance(domains, (list, tuple)) else ():
    if isinstance(pair, (list, tuple)) and len(pair) == 2:
      name, dataset = pair
      if isinstance(name, str):
        yield name, dataset

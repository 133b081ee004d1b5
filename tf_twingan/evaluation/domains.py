"""The two domains of an evaluation: their sources and their pictures."""

import ast
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan.data import sources as sources_lib

SHIPPED: Mapping[str, Mapping[str, str]] = {
  'avatar_twins': {'photo': 'avatars:toon-head', 'anime': 'avatars:lorelei'}
}


class Domains(NamedTuple):
  """Both domains, in the order in which they were named.

  Attributes:
    sources: {domain: source}, two of them.
    training: {domain: uint8 [m, resolution, resolution, 3]}.
    held_out: {domain: uint8 [n, resolution, resolution, 3]}, equally many of
      each.
  """

  sources: Mapping[str, str]
  training: Mapping[str, np.ndarray]
  held_out: Mapping[str, np.ndarray]

  @property
  def resolution(self) -> int:
    """Side of the pictures, px."""
    return next(iter(self.held_out.values())).shape[1]

  @property
  def count(self) -> int:
    """Held-out pictures of each domain."""
    return len(next(iter(self.held_out.values())))


def load(sources: Mapping[str, str], resolution: int, count: int) -> Domains:
  """Reads the pictures of both domains.

  Args:
    sources: {domain: source}, two of them.
    resolution: side of the pictures, px.
    count: held-out pictures of each domain, at most.

  Raises:
    FileNotFoundError: a folder is missing.
    ValueError: anything else is wrong with a source.
  """
  pictures = {
    split: {
      domain: sources_lib.load(source, resolution, split=split).images
      for domain, source in sources.items()
    }
    for split in sources_lib.SPLITS
  }
  # Equally many of each domain, for measures that need as many real ones.
  count = min(count, *(len(p) for p in pictures['test'].values()))
  held_out = {domain: p[:count] for domain, p in pictures['test'].items()}
  return Domains(dict(sources), pictures['train'], held_out)


def parse(texts: Sequence[str]) -> dict[str, str]:
  """Two texts `DOMAIN=SOURCE` as {domain: source}; no text gives none.

  Raises:
    ValueError: a text names no domain, or there are not two domains.
  """
  named = {}
  for text in texts:
    domain, equals, source = text.partition('=')
    # An option of a source has an equals sign, too, behind its colon.
    if not equals or ':' in domain:
      raise ValueError(f'--source={text} names no domain; write DOMAIN=SOURCE.')
    named[domain] = source
  if len(texts) not in (0, 2) or len(named) != len(texts):
    raise ValueError(
      f'--source is {list(texts)}; give DOMAIN=SOURCE of two domains.'
    )
  return named


def of_a_run(run_dir: str, domains: Sequence[str]) -> dict[str, str]:
  """The sources that a run was trained on, as far as they are plain to read.

  Args:
    run_dir: the run's directory.
    domains: of its model.

  Raises:
    ValueError: they do not go without saying; says what to give.
  """
  named = {}
  config = pathlib.Path(run_dir, 'operative_config.gin')
  if config.is_file():
    # Only `domain = 'source'`: a run may come from anyone, and gin executes.
    for line in config.read_text(encoding='utf-8').splitlines():
      found = re.fullmatch(r"(\w+) = ('[^'\\]*')", line)
      if found and found[1] in domains:
        named[found[1]] = ast.literal_eval(found[2])
  if len(named) != 2 or len(domains) != 2:
    raise ValueError(
      'what to score with does not go without saying; give --source='
      f'DOMAIN=SOURCE for two of the domains {", ".join(domains)}.'
    )
  return named

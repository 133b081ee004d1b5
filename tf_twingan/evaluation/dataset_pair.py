"""The two domains of an evaluation: their sources and their images."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan.data import dataset_strings
from tf_twingan.data.sources import base, registry


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
    """Side of the images, px."""
    return next(iter(self.held_out.values())).shape[1]

  @property
  def count(self) -> int:
    """Held-out images of each domain."""
    return len(next(iter(self.held_out.values())))


def load(sources: Mapping[str, str], resolution: int, count: int) -> Domains:
  """Reads the images of both domains.

  Args:
    sources: {domain: source}, two of them.
    resolution: side of the images, px.
    count: held-out images of each domain, at most.

  Raises:
    FileNotFoundError: a folder is missing.
    ValueError: anything else is wrong with a source.
  """
  images = {
    split: {
      domain: registry.load(source, resolution, split=split).images
      for domain, source in sources.items()
    }
    for split in base.SPLITS
  }
  # Equally many of each domain, for measures that need as many real ones.
  count = min(count, *(len(p) for p in images['test'].values()))
  held_out = {domain: p[:count] for domain, p in images['test'].items()}
  return Domains(dict(sources), images['train'], held_out)


def parse(texts: Sequence[str]) -> dict[str, str]:
  """Two texts `DOMAIN=DATASET` as {domain: source}; no text gives none.

  Raises:
    ValueError: a text names no domain, or there are not two domains.
  """
  named = dict(dataset_strings.parse_flag(text) for text in texts)
  if len(texts) not in (0, 2) or len(named) != len(texts):
    raise ValueError(
      f'--source is {list(texts)}; give DOMAIN=DATASET of two domains.'
    )
  return named


def of_a_run(run_dir: str, domains: Sequence[str]) -> dict[str, str]:
  """The sources that a run was trained on, as far as they are plain to read.

  Args:
    run_dir: the run's directory, or the folder of a model that ships.
    domains: of its model.

  Raises:
    ValueError: they do not go without saying; says what to give.
  """
  named = dataset_strings.recorded_datasets(run_dir, domains)
  if len(named) != 2 or len(domains) != 2:
    raise ValueError(
      'what to score with does not go without saying; give --source='
      f'DOMAIN=DATASET for two of the domains {", ".join(domains)}.'
    )
  return named

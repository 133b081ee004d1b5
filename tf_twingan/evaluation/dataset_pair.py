"""The images of an evaluation: two domains with their datasets."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan.data import dataset_strings, run_datasets
from tf_twingan.data.sources import base, registry


class DatasetPair(NamedTuple):
  """Images of both domains, in the order in which the domains were given.

  Attributes:
    datasets: {domain: dataset string}, two of them.
    training: {domain: uint8 [m, resolution, resolution, 3]}.
    held_out: {domain: uint8 [n, resolution, resolution, 3]}, equally many of
      each.
  """

  datasets: Mapping[str, str]
  training: Mapping[str, np.ndarray]
  held_out: Mapping[str, np.ndarray]

  @property
  def resolution(self) -> int:
    """Side of the images, px."""
    return next(iter(self.held_out.values())).shape[1]

  @property
  def count(self) -> int:
    """Number of held-out images of each domain."""
    return len(next(iter(self.held_out.values())))


def load(
  datasets: Mapping[str, str], resolution: int, count: int
) -> DatasetPair:
  """Reads the images of both domains.

  Args:
    datasets: {domain: dataset string}, two of them.
    resolution: side of the images, px.
    count: largest number of held-out images of each domain.

  Raises:
    FileNotFoundError: a folder is missing.
    ValueError: anything else is wrong with a dataset.
  """
  images = {
    split: {
      domain: registry.load(dataset, resolution, split=split).images
      for domain, dataset in datasets.items()
    }
    for split in base.SPLITS
  }
  # Equally many of each domain, for metrics that compare equal numbers.
  count = min(count, *(len(p) for p in images['test'].values()))
  held_out = {domain: p[:count] for domain, p in images['test'].items()}
  return DatasetPair(dict(datasets), images['train'], held_out)


def parse(values: Sequence[str]) -> dict[str, str]:
  """Parses the values of --source, two strings `DOMAIN=DATASET`.

  Args:
    values: the strings; none of them give an empty result.

  Returns:
    {domain: dataset string}.

  Raises:
    ValueError: a string names no domain, or there are not two domains.
  """
  datasets = dict(dataset_strings.parse_flag(value) for value in values)
  if len(values) not in (0, 2) or len(datasets) != len(values):
    raise ValueError(
      f'--source is {list(values)}; give DOMAIN=DATASET of two domains.'
    )
  return datasets


def of_run(
  run_dir: str, domains: Sequence[str], *, allowed: bool
) -> dict[str, str]:
  """Reads which datasets a run was trained on.

  Args:
    run_dir: directory of the run, or folder of a model that ships.
    domains: names of the model's domains.
    allowed: whether the user allows to read what only the run names.

  Returns:
    {domain: dataset string}.

  Raises:
    ValueError: the run does not name exactly two datasets, or one of them may
      not be read, see `run_datasets`.
  """
  datasets = dataset_strings.recorded_datasets(run_dir, domains)
  if len(datasets) != 2 or len(domains) != 2:
    raise ValueError(
      'the run does not tell which images to score with; give --source='
      f'DOMAIN=DATASET for two of the domains {", ".join(domains)}.'
    )
  run_datasets.check(datasets, domains, allowed=allowed)
  return datasets

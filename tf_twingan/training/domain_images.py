"""Checks what names the domains of a training, and loads their images."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tf_twingan.data import duplicates
from tf_twingan.data.sources import registry
from tf_twingan.models import domain_names
from tf_twingan.training import console


@dataclasses.dataclass(frozen=True)
class DomainImages:
  """The images of all domains.

  Attributes:
    strings: {domain: dataset string}, in the model's order.
    images: {domain: uint8 [n, resolution, resolution, 3]}, to train on.
    held_out: likewise, some that are not trained on.
    vectors: {domain: float32 [n, size]} of the domains whose images carry any.
    names: {domain: what its images to train on are called}, see
      `sources.base.ImageSet`.
    sampling: {domain: float64 [n]}, how often each image comes, of the domains
      whose images do not all come alike.
  """

  strings: dict[str, str]
  images: dict[str, np.ndarray]
  held_out: dict[str, np.ndarray]
  vectors: dict[str, np.ndarray]
  names: dict[str, Sequence[str]]
  sampling: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

  @property
  def has_ground_truth(self) -> bool:
    """Whether row i of every domain's held-out images is one character."""
    return all(
      registry.parse(string).has_ground_truth
      for string in self.strings.values()
    )


def load(
  domains: Sequence[tuple[str, str]], resolution: int, held_out_count: int
) -> DomainImages:
  """Loads the images of all domains, and says how many they are.

  Warns of held-out images that are among those to train on.

  Args:
    domains: (name, dataset) of each, in the model's order.
    resolution: side of the images, px.
    held_out_count: at most so many images of each domain are held out.

  Raises:
    OSError: a dataset is not there or cannot be read.
    ValueError: a dataset has too few images, or its options are wrong.
  """
  datasets = DomainImages({}, {}, {}, {}, {})
  for domain, string in domains:
    loaded = registry.load(string, resolution)
    datasets.strings[domain] = string
    datasets.images[domain] = loaded.images
    datasets.names[domain] = (
      [str(place) for place in range(len(loaded.images))]
      if loaded.names is None
      else loaded.names
    )
    if loaded.vectors is not None:
      datasets.vectors[domain] = loaded.vectors
    if loaded.sampling is not None:
      datasets.sampling[domain] = loaded.sampling
    held_out = registry.load(string, resolution, split='test').images
    held_out = held_out[:held_out_count]
    datasets.held_out[domain] = held_out
    console.say(f'{domain}: {len(loaded.images):,} images from {string}')
    copies = duplicates.count(held_out, loaded.images)
    if copies:
      console.say(
        f'Warning: {copies:,} of the {len(held_out):,} held-out images of '
        f'{domain} are trained on, too, as {string} holds copies of them. '
        'Scores and grids of these flatter the model: remove the copies, or '
        'hold out the images of another folder by ?test=FOLDER.',
        to_stderr=True,
      )
  return datasets


def check(domains: Sequence[tuple[str, str]]) -> None:
  """Raises ValueError unless each is (name, dataset); reads no images."""
  for entry in domains:
    if not (
      isinstance(entry, (tuple, list))
      and len(entry) == 2
      and all(isinstance(part, str) for part in entry)
    ):
      raise ValueError(
        f'train.domains holds {entry!r}; write (NAME, DATASET) for each '
        "domain, such as [('photo', 'folder:/p'), ('anime', 'folder:/a')]."
      )
  domain_names.check_all(name for name, _ in domains)
  for _, dataset in domains:
    registry.parse(dataset)

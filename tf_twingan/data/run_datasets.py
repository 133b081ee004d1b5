"""The datasets of a run's record, which are read only if the user says so.

A run may come from anyone, and its record may name any folder of this computer,
or a TFDS dataset, whose builder is code. What comes with the package is read as
the record says; anything else needs the user's word.
"""

import sys
from collections.abc import Iterable, Mapping

from tf_twingan import errors, framing, shell_words
from tf_twingan.data.prepare import photos
from tf_twingan.data.sources import registry

_OTHERWISE = ', with other options; dataset.json of each has them'


def check(
  recorded: Mapping[str, str], domains: Iterable[str], *, allowed: bool
) -> None:
  """Raises if datasets would be read that nobody but the run names.

  Says on the standard error stream which are read, if they are.

  Args:
    recorded: {domain: dataset string} of the run's record.
    domains: the domains whose datasets are to be read.
    allowed: whether the user allows all of them, by --run_datasets.

  Raises:
    ValueError: a dataset does not come with the package and is not allowed,
      or is no dataset; says what to type.
  """
  foreign = {
    domain: recorded[domain]
    for domain in domains
    if domain in recorded
    and not registry.parse(recorded[domain]).comes_with_package
  }
  if foreign and not allowed:
    named = ' and '.join(f'{foreign[d]} for {d}' for d in foreign)
    raise ValueError(
      f"the run's record names {named}, and what a run names is not opened "
      f'unasked; add {source_flags(recorded)}, or --run_datasets if the run is '
      'yours.'
    )
  for domain, dataset in foreign.items():
    line = f"Reading {dataset} for {domain}, as the run's record says."
    print(errors.printable(line), file=sys.stderr)


def warn_of_framing(
  datasets: Mapping[str, str], framings: Mapping[str, framing.Framing]
) -> None:
  """Says, on the standard error stream, which images a model did not train on.

  Args:
    datasets: {domain: dataset string} that are about to be read.
    framings: {domain: how its images were made square for training}; the
      default for a domain that is missing.
  """
  for domain, dataset in datasets.items():
    trained = framings.get(domain, framing.Framing())
    read = registry.parse(dataset).framing
    if read.preparation != trained.preparation:
      line = (
        f'Warning: images of {dataset} are '
        f'{photos.describe(read.preparation)}, and those of {domain} that the '
        f'model was trained on were {photos.describe(trained.preparation)}'
        f'{_OTHERWISE if read.preparation and trained.preparation else ""}.'
      )
      print(errors.printable(line), file=sys.stderr)
    if read[:2] != trained[:2]:
      line = (
        f'Warning: {dataset} is read with {read}, and the model was trained on '
        f'images of {domain} with {trained}; add ?{trained} to the dataset.'
      )
      print(errors.printable(line), file=sys.stderr)


def source_flags(datasets: Mapping[str, str]) -> str:
  """The flags --source that name datasets, quoted for a shell."""
  return ' '.join(
    f'--source={shell_words.quote(f"{domain}={dataset}")}'
    for domain, dataset in datasets.items()
  )

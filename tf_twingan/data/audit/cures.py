"""The commands that cure what was found in a dataset."""

import pathlib
import re
from typing import Any

from tf_twingan import faces, shell_words
from tf_twingan.data.audit import dataset_measures
from tf_twingan.data.prepare import options
from tf_twingan.data.sources import base, compound, mix, registry

# The domains of the gin files named below, whose datasets are flags.
DOMAINS = ('photo', 'anime')
_OTHER_DOMAIN = 'DOMAIN'
_DEFAULTS = options.Options(faces=dataset_measures.NO_FACES)
_NO_FLAGS = ('faces', 'template')
_ANY_ROLL = 180.0


def fine_tune(measured: dataset_measures.DatasetMeasures) -> str:
  """The command that trains the shipped model on with a dataset."""
  return _train('finetune.gin', measured.label, measured.dataset)


def balance(
  measured: dataset_measures.DatasetMeasures, column: str
) -> tuple[str, ...]:
  """The command that trains on all values of a label column alike often.

  Args:
    measured: the dataset.
    column: the label column.

  Returns:
    The command; nothing where the dataset has weights of its images already,
    asks for one value of the column, or no dataset string can name it.
  """
  dataset = registry.parse(measured.dataset)
  if _has_weights(dataset) or column in dataset.fixed_labels:
    return ()
  images = f'{dataset.scheme}:{dataset.what}'
  if isinstance(dataset, compound.CompoundDataset):
    images = dataset.text  # The options in it are of the datasets inside.
  mark = '&' if dataset.text != images else '?'
  balanced = f'{dataset.text}{mark}balance={column}'
  try:
    if registry.parse(balanced).balance != column:
      return ()
  except ValueError:
    return ()
  return (_train('photos.gin', measured.label, balanced),)


def prepare(measured: dataset_measures.DatasetMeasures, **changes: Any) -> str:
  """The command that prepares a dataset, as before if it was prepared already.

  Args:
    measured: the dataset.
    **changes: values of `prepare.options.Options` that cure what was found.
  """
  before = measured.preparation
  values = {} if before is None else dict(before)
  values |= changes
  return shell_words.join(
    [
      *('python', '-m', 'tf_twingan.prepare'),
      f'--input={measured.photos}',
      f'--output=prepared/{_folder(measured)}',
      f'--faces={faces_of(measured)}',
      *(
        _flag(name, value)
        for name, value in values.items()
        if name not in _NO_FLAGS and value != getattr(_DEFAULTS, name)
      ),
    ]
  )


def faces_of(measured: dataset_measures.DatasetMeasures) -> str:
  """The detector to prepare a dataset with.

  A record may name one that is imported when a command names it: no command
  names what only a record does.
  """
  before = measured.preparation
  if before is not None and before.faces in faces.DETECTORS:
    return before.faces
  return measured.detector


def _train(gin_file: str, label: str, dataset: str) -> str:
  domain = label if label in DOMAINS else _OTHER_DOMAIN
  return shell_words.join(
    [
      *('python', '-m', 'tf_twingan.train', f'--gin_file={gin_file}'),
      f'--{domain}={dataset}',
    ]
  )


def _has_weights(dataset: base.Dataset) -> bool:
  inside = getattr(dataset, 'datasets', ())
  return (
    isinstance(dataset, mix.MixDataset)
    or dataset.balance is not None
    or any(map(_has_weights, inside))
  )


def _folder(measured: dataset_measures.DatasetMeasures) -> str:
  """A name for the folder of the prepared images, another one than before."""
  # A label may hold anything, and the folder is a suggestion.
  name = re.sub(r'[^\w.-]+', '_', measured.label).strip('._') or 'images'
  if measured.preparation is not None:
    there = pathlib.PurePath(registry.parse(measured.dataset).what).parts
    name += '_again'
    while name in there:
      name += '_again'
  return name


def _flag(name: str, value: Any) -> str:
  if isinstance(value, bool):
    return f'--{"" if value else "no"}{name}'
  return f'--{name}={_ANY_ROLL if value is None else value}'

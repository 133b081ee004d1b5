"""Dataset scheme `class:DATASET:COLUMN=VALUE`: the images of one label.

DATASET is any dataset that has labels, with its options. `COLUMN!=VALUE` takes
the images of every other value, without those whose value nobody knows;
`COLUMN=` takes the latter. The dataset inside may be such a one again, so that
several conditions hold. `?balance=COLUMN` may follow.
"""

import collections
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tf_twingan import errors
from tf_twingan.data import attributes
from tf_twingan.data.sources import base, compound

_MOST_CONDITIONS = 8


class ClassDataset(compound.CompoundDataset):
  """The images of a dataset that have one value of a label column."""

  scheme = 'class'
  usage = 'class:DATASET:COLUMN=VALUE'
  takes_balance = True

  def __init__(
    self,
    text: str,
    dataset: base.Dataset,
    condition: str,
    options: Mapping[str, str],
  ):
    """Takes the parts of the string.

    Args:
      text: the dataset's string.
      dataset: the one whose images are chosen from.
      condition: `COLUMN=VALUE` or `COLUMN!=VALUE`.
      options: values of the options that it has, by name.
    """
    for name in options:
      if name != 'balance':
        raise ValueError(
          f'{text}: option {name!r} belongs to the dataset inside, '
          f'{self.scheme}:{dataset.text}?{name}=...:{condition}'
        )
    super().__init__(text, [dataset], options)
    self._dataset, self._condition = dataset, condition
    self._column, _, self._value = condition.partition('=')
    self._negated = self._column.endswith('!')
    self._column = self._column.removesuffix('!')

  @classmethod
  def parse(
    cls,
    text: str,
    rest: str,
    parse_dataset: Callable[[str], base.Dataset],
    schemes: Sequence[str],
  ) -> 'ClassDataset':
    """See `compound.CompoundDataset.parse`."""
    if rest.startswith(f'{cls.scheme}:' * _MOST_CONDITIONS):
      raise ValueError(
        f'{text[:60]!r}...: {_MOST_CONDITIONS} conditions are the most'
      )
    inner, tail = rest, ''
    # A value may hold a colon, a column does not.
    while '=' not in tail.partition('?')[0] and ':' in inner:
      inner, _, part = inner.rpartition(':')
      tail = f'{part}:{tail}' if tail else part
    condition, _, options = tail.partition('?')
    column = condition.partition('=')[0].removesuffix('!')
    if '=' not in condition or not column or inner in schemes or not inner:
      raise ValueError(
        f'dataset {text!r} has no condition at its end; write {cls.usage}, '
        f'such as {cls.scheme}:folder:/photos:glasses=true'
      )
    return cls(
      text, parse_dataset(inner), condition, base.parse_options(text, options)
    )

  @property
  def fixed_labels(self) -> Mapping[str, str]:
    """See `base.Dataset.fixed_labels`."""
    own = {} if self._negated else {self._column: self._value}
    return {**self._dataset.fixed_labels, **own}

  @property
  def portable(self) -> str:
    """See `base.Dataset.portable`."""
    options = f'?balance={self.balance}' if self.balance else ''
    return f'{self.scheme}:{self._dataset.portable}:{self._condition}{options}'

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    whole = self._dataset.load_balanced(resolution, split)
    chosen = self._choose(whole.attributes)
    if len(chosen) < (2 if split == 'train' else 1):
      raise ValueError(
        f'{self.text}: {len(chosen)} of the {len(whole.images):,} images of '
        f'the {split} split, and at least 2 to train on and 1 held out are '
        f'needed; {self._count_values(whole.attributes)}'
      )
    images = self._gather(
      resolution, split, [whole.images], [(0, index) for index in chosen]
    )
    return base.ImageSet(
      images,
      whole.skipped,
      None if whole.vectors is None else whole.vectors[chosen],
      None if whole.names is None else [whole.names[i] for i in chosen],
      attributes.choose(whole.attributes, chosen),
      None if whole.sampling is None else whole.sampling[chosen],
    )

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images as the dataset inside does."""
    whole = self._dataset.named_images(resolution)
    chosen = self._choose(whole.attributes)
    names = [whole.names[index] for index in chosen]
    self._check_any(names, whole.attributes)
    others = {*whole.names}
    return whole._replace(
      dataset=self.portable,
      names=names,
      # An image that has another label now is no image of this dataset.
      is_gone=lambda name: name in others or whole.is_gone(name),
      attributes=attributes.choose(whole.attributes, chosen),
    )

  def originals(self) -> base.Originals:
    """Names the images as the dataset inside does."""
    whole = self._dataset.originals()
    chosen = self._choose(whole.attributes)
    names = [whole.names[index] for index in chosen]
    self._check_any(names, whole.attributes)
    return base.Originals(
      names,
      whole.read,
      {name: whole.splits[name] for name in names if name in whole.splits},
      attributes.choose(whole.attributes, chosen),
    )

  def path_of(self, name: str) -> str | None:
    """See `base.Dataset.path_of`."""
    return self._dataset.path_of(name)

  def _choose(self, columns: Mapping[str, Sequence[str]] | None) -> list[int]:
    """Indices of the images that the condition holds for."""
    values = np.array(
      attributes.get_column(columns, self._column, dataset=self._dataset.text),
      np.str_,
    )
    fits = values == self._value
    if self._negated:
      fits = ~fits & (values != '')
    return np.flatnonzero(fits).tolist()

  def _check_any(
    self, names: Sequence[str], columns: Mapping[str, Sequence[str]] | None
  ) -> None:
    if not names:
      raise ValueError(
        f'{self.text}: none of its images; {self._count_values(columns)}'
      )

  def _count_values(self, columns: Mapping[str, Sequence[str]] | None) -> str:
    """The values that there are, for a message."""
    counts = collections.Counter((columns or {})[self._column])
    shown = attributes.shorten(
      [f'{value or "nothing"} ({n:,})' for value, n in counts.most_common()]
    )
    hint = errors.did_you_mean(self._value, filter(None, counts))
    return f'{self._column!r} is {shown}{hint}'

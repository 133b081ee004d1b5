"""Label features of TensorFlow Datasets as columns of text.

These are classes by their names, text, and single numbers. Those of nested
features, as `attributes` of `celeb_a`, are called by their own names where no
other feature is called so.
"""

import collections
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tf_twingan import extras

_Path = tuple[str, ...]


def read(builder: Any, tfds_split: str) -> dict[str, list[str]]:
  """Reads the labels of all examples of a split, and no image.

  Args:
    builder: the dataset's builder, prepared.
    tfds_split: what TFDS calls the split, or a slice of it.

  Returns:
    {column: a value for each example, in order; '' where it has none}.
  """
  with extras.needed('train'):
    import tensorflow_datasets as tfds

  texts = dict(_features(builder.info.features, ()))
  if not texts:
    return {}
  wanted: dict[str, Any] = {}
  for path in texts:
    part = wanted
    for key in path[:-1]:
      part = part.setdefault(key, {})
    part[path[-1]] = True
  values: dict[_Path, list[str]] = {path: [] for path in texts}
  examples = builder.as_dataset(
    split=tfds_split,
    shuffle_files=False,
    decoders=tfds.decode.PartialDecoding(wanted),
  )
  for example in tfds.as_numpy(examples):
    for path, to_text in texts.items():
      value = example
      for key in path:
        value = value[key]
      values[path].append(to_text(value))
  same = collections.Counter(path[-1] for path in texts)
  return {
    path[-1] if same[path[-1]] == 1 else '/'.join(path): column
    for path, column in values.items()
  }


def _features(
  features: Mapping[str, Any], above: _Path
) -> Iterator[tuple[_Path, Callable[[Any], str]]]:
  """The features that hold one label, and what makes text of their values."""
  with extras.needed('train'):
    import tensorflow_datasets as tfds

  for key, feature in features.items():
    path = (*above, key)
    if isinstance(feature, tfds.features.FeaturesDict):
      yield from _features(feature, path)
    elif isinstance(feature, tfds.features.ClassLabel):
      yield path, functools.partial(_class_name, feature)
    elif isinstance(feature, tfds.features.Tensor) and feature.shape == ():
      yield path, _to_text


def _class_name(feature: Any, value: Any) -> str:
  return feature.int2str(value) if value >= 0 else ''


def _to_text(value: Any) -> str:
  if isinstance(value, bytes):
    return value.decode(errors='replace')
  if isinstance(value, (bool, np.bool_)):
    return str(bool(value)).lower()
  return str(value)

"""What a training that goes on does otherwise than before.

The same command continues a run, and one that lacks a flag continues it, too,
say with other images. The values that are in use are compared with those that
the run wrote down, and the differences are said.
"""

import os
import pathlib
from typing import Any

import gin
from tf_twingan import errors, gin_bindings

_FILE = 'operative_config.gin'
# Where a run begins or is stopped does not change how it is trained.
_WITHOUT_EFFECT = {
  'train.stop_after_images',
  'train.init_from',
  'train.init_domains',
  'train.retrain_coarser',
}


def describe(run_dir: str | os.PathLike) -> list[str]:
  """Says which values of gin differ from those that a run was trained with.

  Values that only one of the two has are left out: another version of the
  program may have more of them.

  Args:
    run_dir: the run directory, before it is written to.

  Returns:
    'NAME was OLD and is NEW' for each; none if the run has no such file.
  """
  try:
    text = pathlib.Path(run_dir, _FILE).read_text(encoding='utf-8')
  except (OSError, UnicodeDecodeError):
    return []
  old, new = _values(text), _values(gin.operative_config_str())
  return [
    f'{name} was {errors.printable(repr(old[name]))} and is {value!r}'
    for name, value in new.items()
    if name in old and name not in _WITHOUT_EFFECT and old[name] != value
  ]


def _values(text: str) -> dict[str, Any]:
  """The bindings of gin text, up to the first line that is not gin."""
  values = {}
  try:
    for line in gin_bindings.read(text):
      if isinstance(line, gin_bindings.Binding):
        values[line.name] = line.value
  except gin_bindings.Malformed:
    pass
  return values

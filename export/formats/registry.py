"""The formats by name: which there are, and the module that defines each.

Flags are defined from these, so a module is imported when its format is asked
for. To add a format, write a module with a class of `base.Format`, give it a
line here and a gate in `parity.GATES`.
"""

import importlib
from collections.abc import Sequence
from typing import NamedTuple

# Value of --to, and name of the bundle, of all directions.
ALL = 'all'


class Entry(NamedTuple):
  """A format.

  Attributes:
    module: module of export.formats; its function `create(name)` returns the
      format.
    is_default: whether it is written if --formats is left out.
    has_all_directions: whether it can hold all directions of a model.
    is_planned: whether `plan` gives its size.
  """

  module: str
  is_default: bool = True
  has_all_directions: bool = False
  is_planned: bool = False


FORMATS = {
  'saved_model': Entry('saved_model', has_all_directions=True),
  'float32': Entry('tflite', has_all_directions=True, is_planned=True),
  'float16': Entry('tflite', has_all_directions=True, is_planned=True),
  'dynamic': Entry('tflite', has_all_directions=True, is_planned=True),
  # A quantized activation has one scale, which the norms of domains that differ
  # would have to share; so these hold one direction.
  'hybrid': Entry('tflite'),
  'int8': Entry('tflite', is_planned=True),
  'embed': Entry('embedding'),
  # These need more: an extra, an index, a runtime.
  'onnx': Entry('onnx', is_default=False),
  'search': Entry('search_index', is_default=False),
  'web': Entry('web', is_default=False, has_all_directions=True),
}
PLANNED = tuple(n for n, e in FORMATS.items() if e.is_planned)


def names(*, all_directions: bool = False) -> tuple[str, ...]:
  """Names of all formats, or of those that can hold all directions."""
  return tuple(
    n for n, e in FORMATS.items() if e.has_all_directions or not all_directions
  )


def defaults(*, all_directions: bool = False) -> tuple[str, ...]:
  """Names of the formats that are written if --formats is left out."""
  return tuple(
    n for n in names(all_directions=all_directions) if FORMATS[n].is_default
  )


def check(formats: Sequence[str], known: Sequence[str]) -> None:
  """Raises ValueError, naming the known formats, if there is another."""
  unknown = [name for name in formats if name not in known]
  if unknown or not formats:
    raise ValueError(
      f'formats are {", ".join(formats) or "none"}; choose of '
      f'{", ".join(known)}.'
    )


def load(name: str):
  """Imports a format's module and returns its `base.Format`."""
  module = importlib.import_module(f'export.formats.{FORMATS[name].module}')
  return module.create(name)

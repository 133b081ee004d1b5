"""Trained models in use: Translator, Photographs, Sampler, exported files.

The classes are imported when they are first used, as TensorFlow comes with
them and takes seconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from tf_twingan.inference.photographs import Photographs
  from tf_twingan.inference.sampler import Sampler
  from tf_twingan.inference.translator import Translator

__all__ = ['Photographs', 'Sampler', 'Translator']

_LAZY = {
  'Photographs': 'tf_twingan.inference.photographs',
  'Sampler': 'tf_twingan.inference.sampler',
  'Translator': 'tf_twingan.inference.translator',
}


def __getattr__(name: str) -> Any:
  if name in _LAZY:
    return getattr(importlib.import_module(_LAZY[name]), name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

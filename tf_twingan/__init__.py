"""tf_twingan: unpaired image translation between domains, in TensorFlow 2.

Three lines of use:

  from tf_twingan import Translator
  translator = Translator.from_pretrained('avatar_twins')
  anime = translator.translate(photos, to='anime')  # uint8 NHWC in and out

`Run` trains, evaluates and shows samples, from a notebook say.

The import itself takes milliseconds and changes nothing in the process:
TensorFlow is imported with the first of the names below that is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

# Only by being imported before a fork can it know what ran before.
from tf_twingan import forks  # noqa: F401

if TYPE_CHECKING:
  from tf_twingan.inference import Photographs, Sampler, Translator
  from tf_twingan.python_interface import Run
  from tf_twingan.retrieval.search_index import SearchIndex

__version__ = '0.1.0'
__all__ = [
  'Photographs',
  'Run',
  'Sampler',
  'SearchIndex',
  'Translator',
  '__version__',
]

_LAZY = {
  'Photographs': 'tf_twingan.inference',
  'Run': 'tf_twingan.python_interface',
  'Sampler': 'tf_twingan.inference',
  'SearchIndex': 'tf_twingan.retrieval.search_index',
  'Translator': 'tf_twingan.inference',
}


def __getattr__(name: str) -> Any:
  if name in _LAZY:
    return getattr(importlib.import_module(_LAZY[name]), name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

"""tf_twingan: unpaired image translation between domains, in TensorFlow 2.

Three lines of use:

  from tf_twingan import Translator
  translator = Translator.from_pretrained('avatar_twins')
  anime = translator.translate(photos, to='anime')  # uint8 NHWC in and out
"""

import importlib
import os
from typing import Any

__version__ = '0.1.0'
__all__ = ['Sampler', 'SearchIndex', 'Translator', '__version__']

_LAZY = {
  'Sampler': 'tf_twingan.inference',
  'SearchIndex': 'tf_twingan.retrieval.search_index',
  'Translator': 'tf_twingan.inference',
}

# TensorFlow tells of missing GPUs on every start; its errors are raised, too.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
# Without AVX-512 TensorFlow leaves these kernels off, although they take a
# quarter off a training step there, too. It reads this when it is imported,
# so it counts only if this package comes first.
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')


def __getattr__(name: str) -> Any:
  # Lazily, so that `import tf_twingan` does not wait for TensorFlow.
  if name in _LAZY:
    return getattr(importlib.import_module(_LAZY[name]), name)
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

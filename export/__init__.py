"""A model's directions, frozen: SavedModel, TFLite, ONNX, with proof.

  import export

  export.export(translator, to='anime', output='bundles')

`python -m export --help` is the manual. Needs no gin, and nothing of a training
but its run directory. TensorFlow is imported with the first call.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from export.exporting import export

__all__ = ['export']


def __getattr__(name: str) -> Any:
  if name == 'export':
    from export import exporting

    return exporting.export
  raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

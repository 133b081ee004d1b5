"""How the faces of photos are aligned for a model: as its training images were.

A run records how photos became its images, and photos are prepared alike. A
model whose images came as they were records nothing of the kind; where faces
lie in them, an `alignment.json` beside its `model.json` may say, as that of the
shipped model does, and the manifest of its bundles. For any other model, the
user names the detector, and the default template places what it finds.
"""

import functools
import pathlib
from typing import Any

from tf_twingan import errors, json_files
from tf_twingan.data.prepare import options
from tf_twingan.runs import loading

FILE = 'alignment.json'
# A training leaves out what spoils it. A user's photo is translated all the
# same, whatever its faces are like.
_NO_LIMITS = {
  'smallest_side': 1,
  'smallest_face': 1,
  'largest_roll': None,
  'least_inside': 0.0,
  'most_faces': None,
  'blur': 0.0,
  'uniform': 1.0,
}


def options_of(
  translator: Any,
  source: str,
  detector: str | None = None,
  preparation: options.Options | None = None,
) -> options.Options:
  """How the faces of photos are found and aligned, without any limits.

  Args:
    translator: the model.
    source: name of the domain that the photos belong to.
    detector: which faces to find, if not those of the training.
    preparation: how to align them, if not as in training.

  Raises:
    ValueError: nothing tells which faces to find; says what to give.
  """
  known = (
    preparation
    or translator.framing_of(source).preparation
    or recorded(translator).get(source)
  )
  if known is not None and known.faces == 'none' and detector is None:
    known = None
  if known is None and detector is None:
    raise ValueError(
      f'the model does not say which faces its images of '
      f'{errors.printable(source)} show; name what finds those of your photos: '
      '--detector=human, anime or cat'
    )
  if known is None:
    known = options.Options(faces=detector)
  elif detector is not None and detector != known.faces:
    # Made anew, as not all that is found can be cut out.
    known = options.Options(**{**known.model_dump(), 'faces': detector})
  return known.model_copy(update=_NO_LIMITS)


def crop_of(translator: Any, source: str) -> float:
  """The central share of an aligned square that the model was trained on."""
  framed = translator.framing_of(source)
  return 1.0 if framed.preparation is None else framed.crop


def recorded(translator: Any) -> dict[str, options.Options]:
  """How faces lie in the images of domains that were not prepared.

  Args:
    translator: a model; that of a bundle says it itself. Of bundles that were
      exported before that, the model is looked at, if it is here.
  """
  alignments = getattr(translator, 'alignments', None)
  return alignments or _beside(getattr(translator, 'origin', ''))


@functools.lru_cache(maxsize=8)
def _beside(origin: str) -> dict[str, options.Options]:
  """What the `alignment.json` of a model says, by domain."""
  if not origin:
    return {}
  path = pathlib.Path(loading.folder(origin), FILE)
  try:
    return json_files.read(
      path, dict[str, options.Options], remedy='mend or remove it'
    )
  except FileNotFoundError:
    return {}

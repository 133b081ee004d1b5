"""What becomes of one image file: how it is read, translated and finished.

A method reads and finishes in threads, beside the network. What `load` returns
waits in memory until it is finished.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tf_twingan import files, photo_files, provenance
from tf_twingan.inference import translator


class Loaded(NamedTuple):
  """An image, ready for the network.

  Attributes:
    squares: uint8 [n, resolution, resolution, 3], what the network takes of it,
      any number of them.
    content: what else `finish` needs, such as the whole photo.
    size: about how many bytes it takes in memory.
    finishing: about how many bytes more are taken while it is finished.
  """

  squares: np.ndarray
  content: Any = None
  size: int = 0
  finishing: int = 0


class Result(NamedTuple):
  """What is written.

  Attributes:
    image: uint8 RGB [height, width, 3].
    metadata: what the photo's own file adds, or None.
    others: further images, for files of their own; None from a method that
      never has any.
  """

  image: np.ndarray
  metadata: photo_files.Metadata | None = None
  others: Sequence[np.ndarray] | None = None


class Method(Protocol):
  """A way to translate image files."""

  @property
  def options(self) -> Mapping[str, Any]:
    """All that decides what is written, as JSON knows it."""

  @property
  def source_type(self) -> str:
    """What its results are, `provenance.WHOLE` or `provenance.PARTS`."""

  @property
  def summary(self) -> str:
    """What a user wants to know of all images that were loaded, or ''."""

  def load(self, path: str | os.PathLike) -> Loaded:
    """Reads an image file; several threads call it at once.

    Raises:
      UnreadableImage: there is nothing in it to translate; says why.
    """

  def translate(self, squares: np.ndarray) -> np.ndarray:
    """Translates the squares of several images: [n, ...], a row for each."""

  def finish(self, loaded: Loaded, translated: np.ndarray) -> Result:
    """Makes the result of an image; several threads call it at once.

    Args:
      loaded: what `load` returned.
      translated: a row for each of its squares.
    """


class Squares:
  """The square that the model takes of each image, translated."""

  def __init__(
    self,
    model: translator.Translator,
    to: str,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
    side_by_side: bool = False,
    upscale: Callable[[np.ndarray], np.ndarray] | None = None,
    asked: Mapping[str, Any] | None = None,
  ):
    """Makes the method.

    Args:
      model: the translator to use.
      to: name of the domain to translate to.
      source: name of the domain that the images belong to; may be left out if
        the model has two.
      style: style code of all outputs, or None; see `Translator.translate`.
      side_by_side: whether to put each output to the right of its source.
      upscale: enlarges outputs, see `upscaling`; None leaves their size.
      asked: what `upscale` is, as JSON knows it.

    Raises:
      ValueError: there is no such domain.
    """
    self._model, self._to = model, to
    self._source = model.source_for(to, source)
    self._style, self._side_by_side = style, side_by_side
    self._upscale, self._asked = upscale, dict(asked or {})

  @property
  def options(self) -> Mapping[str, Any]:
    """See `Method`."""
    return {
      'method': 'squares',
      'side_by_side': self._side_by_side,
      **self._asked,
      **direction_options(self._model, self._to, self._source, self._style),
    }

  @property
  def source_type(self) -> str:
    """See `Method`."""
    return provenance.PARTS if self._side_by_side else provenance.WHOLE

  @property
  def summary(self) -> str:
    """See `Method`."""
    return ''

  def load(self, path: str | os.PathLike) -> Loaded:
    """See `Method`."""
    square = self._model.read(path, self._source)
    factor = getattr(self._upscale, 'factor', 1)
    result = square.nbytes * factor**2 * (4 if self._side_by_side else 1)
    return Loaded(square[None], size=square.nbytes, finishing=result)

  def translate(self, squares: np.ndarray) -> np.ndarray:
    """See `Method`."""
    translated = self._model.translate(
      squares, self._to, self._source, style=self._style
    )
    return translated if self._upscale is None else self._upscale(translated)

  def finish(self, loaded: Loaded, translated: np.ndarray) -> Result:
    """See `Method`."""
    if self._side_by_side:
      source = enlarged(loaded.squares[0], translated[0])
      return Result(np.concatenate([source, translated[0]], axis=1))
    return Result(translated[0])


def enlarged(before: np.ndarray, after: np.ndarray) -> np.ndarray:
  """An image, each pixel repeated, as high as a larger one made of it."""
  factor = len(after) // len(before)
  return before.repeat(factor, axis=0).repeat(factor, axis=1)


def direction_options(
  model: translator.Translator,
  to: str,
  source: str,
  style: np.ndarray | None,
) -> dict[str, Any]:
  """The part of a method's `options` that says by which network."""
  frame = model.framing_of(source)
  preparation = frame.preparation
  control = getattr(model, 'control', None)
  return {
    # Without it, as before there was any, so that old results stay.
    **({} if control is None else {'control': control.as_json()}),
    'fingerprint': model.fingerprint,
    'to': to,
    'from': source,
    'style': None if style is None else files.sha256(style.tobytes()),
    'framing': [
      str(frame),
      preparation and preparation.model_dump(mode='json'),
    ],
  }

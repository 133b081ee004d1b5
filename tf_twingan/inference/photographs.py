"""Photographs: translates whole photos with a model of aligned squares.

Every face is found, aligned as the training's images were, translated at the
model's resolution, and pasted back, at the photo's own size.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tf_twingan import faces as faces_lib
from tf_twingan import image_arrays
from tf_twingan.data.prepare import alignment, options, preparer, rejections
from tf_twingan.inference import pasting, photo_alignment, subjects

FACES = ('all', 'largest', 'none')


class Photographs:
  """Translates photos of any size; several threads may use it at once.

  Attributes:
    translator: the model in use.
    faces: which faces are translated: 'all', the 'largest' of each photo, or
      'none' for the whole image, by overlapping tiles.
  """

  def __init__(
    self,
    translator: Any,
    *,
    faces: str = 'all',
    detector: str | None = None,
    preparation: options.Options | None = None,
    any_roll: bool = False,
    feather: float = pasting.FEATHER,
    harmonize: bool = True,
    match_colours: float = 0.0,
    upscale: Callable[[np.ndarray], np.ndarray] | None = None,
    tile: int | None = None,
  ):
    """Takes a translator; detectors are loaded when they are first needed.

    Args:
      translator: a Translator, or anything with its `domains`, `resolution`,
        `framing_of`, `source_for` and `translate`.
      faces: one of FACES.
      detector: which faces to find: 'human', 'anime', 'cat', or another name
        that `faces.register` was given. By default those that the model was
        trained on.
      preparation: how faces are aligned; by default as in training. Its limits,
        of size say, do not count: what is found is translated.
      any_roll: whether to look for faces in photos turned by 90, 180 and 270
        degrees, too, which takes four times as long.
      feather: see `pasting.paste`.
      harmonize: see `pasting.paste`.
      match_colours: see `pasting.paste`.
      upscale: enlarges translations before they are pasted, see `upscaling`.
      tile: with `faces='none'`, how many pixels of the photo are one side of a
        tile; see `tiles.translate`.

    Raises:
      ValueError: `faces` or a number is none of its values.
    """
    if faces not in FACES:
      raise ValueError(
        f'faces is {faces!r}; use one of {", ".join(FACES)}. Which kind of '
        'faces to look for is the detector: human, anime or cat'
      )
    pasting.check(feather, match_colours)
    self.translator, self.faces = translator, faces
    self._detector, self._preparation = detector, preparation
    self._upscale, self._tile = upscale, tile
    self._pasting: dict[str, Any] = dict(
      feather=feather, harmonize=harmonize, match_colours=match_colours
    )
    self._any_roll = any_roll
    self._lock = threading.Lock()
    self._preparers: dict[options.Options, preparer.Preparer] = {}

  def __getstate__(self) -> dict[str, Any]:
    """What is pickled, for other processes: these load detectors anew."""
    return {**self.__dict__, '_lock': None, '_preparers': {}}

  def __setstate__(self, state: dict[str, Any]) -> None:
    self.__dict__.update(state)
    self._lock = threading.Lock()
    if self._detector is not None:
      # Whoever pickled this named it: it may be a module of the user's own.
      faces_lib.load(self._detector)

  def translate(
    self,
    photo: np.ndarray,
    to: str | None = None,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
  ) -> np.ndarray:
    """Translates one photo.

    Args:
      photo: uint8 RGB [height, width, 3], of any size; it is not changed.
      to: name of the domain to translate to; may be left out if the model has
        two, for the second one.
      source: name of the domain that the photo belongs to; may be left out if
        the model has two.
      style: style code, float [style_size]; see `Translator.translate`.

    Returns:
      uint8 RGB [height, width, 3]. Without a face, an equal photo.

    Raises:
      FloatingPointError: the network gives NaN, as its training diverged.
      MissingPackage: what finds faces is not installed; says how to get it.
      ValueError: there is no such domain, or nothing tells which faces to find.
    """
    photo = image_arrays.check_image(photo)
    to, source = self.direction(to, source)
    if self.faces == 'none':
      from tf_twingan.inference import tiles

      return tiles.translate(
        self.translator,
        photo,
        to,
        source,
        style=style,
        tile=self._tile,
        upscale=self._upscale,
      )
    found = self.find(photo, source).images
    translated = self.translate_faces(found, to, source, style=style)
    return self.paste(photo, found, translated)

  def translate_faces(
    self,
    faces: Sequence[preparer.PreparedImage],
    to: str,
    source: str,
    *,
    style: np.ndarray | None = None,
  ) -> np.ndarray:
    """Translates faces of one photo or of several: uint8 [n, size, size, 3]."""
    side = self.translator.resolution
    squares = [face.image for face in faces]
    if not squares:
      return np.zeros([0, side, side, 3], np.uint8)
    translated = self.translator.translate(
      np.stack(squares), to, source, style=style
    )
    return translated if self._upscale is None else self._upscale(translated)

  def direction(self, to: str | None, source: str | None) -> tuple[str, str]:
    """The domains to translate to and from.

    Raises:
      ValueError: there is no such domain, or the model has more than two and
        one is left out.
    """
    domains = self.translator.domains
    if to is None:
      if len(domains) != 2:
        raise ValueError(
          f'The model has {len(domains)} domains, {", ".join(domains)}; say '
          'which one to translate to.'
        )
      to = domains[0] if source == domains[1] else domains[1]
    return to, self.translator.source_for(to, source)

  @property
  def factor(self) -> int:
    """How many times as high and wide translated squares become."""
    return getattr(self._upscale, 'factor', 1)

  def size_of(self, photo: np.ndarray) -> int:
    """About how many bytes are taken while a photo is translated whole.

    Args:
      photo: uint8 RGB [height, width, 3].

    Raises:
      ValueError: it is too large for that.
    """
    from tf_twingan.inference import tiles

    height, width = tiles.seen_size(
      *photo.shape[:2],
      self.translator.resolution,
      tile=self._tile,
      factor=self.factor,
    )
    # The result as the model sees the photo, and at the photo's size.
    return 3 * self.factor**2 * (height * width + photo[..., 0].size)

  def preparation(self, source: str | None = None) -> options.Options:
    """How the faces of photos are found and aligned; loads what does it.

    Raises:
      MissingPackage: what finds faces is not installed; says how to get it.
      ValueError: nothing tells which faces to find; says what to give.
    """
    return self._preparer(self._source(source)).options

  def find(
    self,
    photo: np.ndarray,
    source: str | None = None,
    name: str = '',
    *,
    every: bool = False,
  ) -> preparer.Prepared:
    """Finds the faces of a photo, as the model takes them.

    Args:
      photo: uint8 RGB [height, width, 3].
      source: name of the domain that the photo belongs to; see `translate`.
      name: name of the photo, for what is said of faces that are left out.
      every: find all faces where `faces` is 'largest', too: the largest one of
        a film is not that of each frame.

    Returns:
      Faces of the model's resolution, whose matrices lead from the photo to
      that square; the largest first. Those left out have a reason.
    """
    source = self._source(source)
    prepared = self._preparer(source).prepare(photo, name, every=every)
    framed = [self._framed(one, source) for one in prepared.images]
    return prepared._replace(images=framed)

  def cut(
    self,
    photo: np.ndarray,
    matrix: np.ndarray,
    source: str | None = None,
    name: str = '',
  ) -> preparer.PreparedImage | rejections.Rejection:
    """Cuts out the square that a matrix leads to, as `find` does for a face.

    Args:
      photo: uint8 RGB [height, width, 3].
      matrix: float [2, 3], from the photo to the model's square: that of a
        face, or the smoothed one of a face in several frames.
      source: see `find`.
      name: name of the photo, from which the random background of a cut-out
        follows. `find` takes one that is unlike the person.

    Returns:
      The square; why there is none, where its subject was to be cut out and
      nobody is there.
    """
    source = self._source(source)
    preparer_ = self._preparer(source)
    back = alignment.inverse(self._to_model(source))
    one = preparer_.cut(photo, alignment.compose(back, matrix), name)
    if isinstance(one, rejections.Rejection):
      return one
    return self._framed(one, source)

  def paste(
    self,
    photo: np.ndarray,
    faces: Sequence[preparer.PreparedImage],
    translated: np.ndarray,
  ) -> np.ndarray:
    """Puts translated faces where they were found, the largest one last.

    Args:
      photo: uint8 RGB [height, width, 3]; it is not changed.
      faces: what `find` or `cut` returned for it.
      translated: uint8 RGB [n, size, size, 3], of any size, one for each.

    Returns:
      uint8 RGB [height, width, 3]: the photo's own bytes outside of the masks.
    """
    if len(faces) != len(translated):
      raise ValueError(
        f'{len(translated)} translations for {len(faces)} faces; give one for '
        'each'
      )
    result = image_arrays.check_image(photo).copy()
    pairs = zip(faces, translated, strict=True)
    # Where faces overlap, the larger one is nearer.
    for face, square in sorted(
      pairs, key=lambda pair: -alignment.scale(pair[0].matrix)
    ):
      side = len(face.image)
      coverage = None
      if face.alpha is not None:
        seen = alignment.warp(
          result, face.matrix * (len(square) / side), len(square)
        )
        square, coverage = subjects.separate(square, seen, face.alpha)
      pasting.paste(
        result, square, face.matrix, side, coverage=coverage, **self._pasting
      )
    return result

  def _source(self, source: str | None) -> str:
    return self.direction(None, source)[1] if source is None else source

  def _preparer(self, source: str) -> preparer.Preparer:
    """Loads the detector once; it serves any number of threads."""
    asked = photo_alignment.options_of(
      self.translator, source, self._detector, self._preparation
    )
    most = 1 if self.faces == 'largest' else None
    asked = asked.model_copy(update={'most_faces': most})
    with self._lock:
      if asked not in self._preparers:
        self._preparers[asked] = preparer.Preparer(
          asked, any_roll=self._any_roll, is_unlike=True
        )
      return self._preparers[asked]

  def _to_model(self, source: str) -> np.ndarray:
    """From places in a prepared square to those in the model's."""
    side = self._preparer(source).options.resolution
    crop = photo_alignment.crop_of(self.translator, source)
    scale = self.translator.resolution / (crop * side)
    shift = self.translator.resolution * (crop - 1) / (2 * crop)
    return np.array([[scale, 0, shift], [0, scale, shift]])

  def _framed(
    self, one: preparer.PreparedImage, source: str
  ) -> preparer.PreparedImage:
    """A prepared image as the model takes it."""
    side = self.translator.resolution
    crop = photo_alignment.crop_of(self.translator, source)
    alpha = one.alpha
    if alpha is not None:
      margin = (1 - crop) / 2 * len(alpha)
      alpha = np.asarray(
        Image.fromarray(alpha).resize(
          (side, side),
          Image.Resampling.BOX,
          (margin, margin, len(alpha) - margin, len(alpha) - margin),
        )
      )
    return one._replace(
      image=image_arrays.square(one.image, side, crop=crop),
      matrix=alignment.compose(self._to_model(source), one.matrix),
      alpha=alpha,
    )

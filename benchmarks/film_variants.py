"""Ways to smooth a film that `FilmTranslator` does not go, to measure them."""

import hashlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_twingan import image_arrays
from tf_twingan.data.prepare import preparer
from tf_twingan.inference import photographs
from tf_twingan.inference.films import film_translator, smoothing


class RememberingPhotographs(photographs.Photographs):
  """Finds the faces of a frame once, as that takes long and changes nothing."""

  def __init__(self, *arguments, **options):
    """Takes what a Photographs takes."""
    super().__init__(*arguments, **options)
    self._found: dict[tuple[bytes, bool], preparer.Prepared] = {}

  def find(
    self,
    photo: np.ndarray,
    source: str | None = None,
    name: str = '',
    *,
    every: bool = False,
  ) -> preparer.Prepared:
    """Finds the faces of a photo, or says again which there were."""
    key = hashlib.sha256(photo.tobytes()).digest(), every
    if key not in self._found:
      self._found[key] = super().find(photo, source, name, every=every)
    return self._found[key]


class NothingSmoothed(film_translator.FilmTranslator):
  """Follows faces, and translates each frame as it is."""

  def _smooth(
    self,
    faces: Sequence[preparer.PreparedImage],
    numbers: Sequence[int],
    elapsed: float,
  ) -> list[preparer.PreparedImage]:
    return list(faces)


class OutputsSmoothed(NothingSmoothed):
  """Smooths what the network makes, where that did not change."""

  def _translate_faces(
    self,
    faces: Sequence[preparer.PreparedImage],
    numbers: Sequence[int],
    elapsed: float,
  ) -> np.ndarray:
    outputs = self._photographs.translate_faces(faces, self._to, self._source)
    for row, number in enumerate(numbers):
      outputs[row] = self._smoothers[number].smooth(outputs[row], elapsed)
    return outputs


class CodesSmoothed(NothingSmoothed):
  """Smooths content codes and skips, where the source did not change."""

  def reset(self) -> None:
    """Forgets all frames."""
    super().reset()
    self._means: dict[int, list[np.ndarray]] = {}

  def _translate_faces(
    self,
    faces: Sequence[preparer.PreparedImage],
    numbers: Sequence[int],
    elapsed: float,
  ) -> np.ndarray:
    translator = self._photographs.translator
    model = translator.model
    stage = dict(resolution=translator.resolution, alpha=translator.alpha)
    if not faces:
      return self._photographs.translate_faces(faces, self._to, self._source)
    squares = np.stack([face.image for face in faces])
    encoding = model.encode(
      tf.constant(image_arrays.to_float(squares)), [self._source], **stage
    )
    features = [
      np.asarray(array) for array in tf.nest.flatten([squares, encoding])
    ]
    known = {n: m for n, m in self._means.items() if n in numbers}
    for row, number in enumerate(numbers):
      new = [array[row].astype(np.float32) for array in features]
      if number in known:
        mean = known[number]
        share = smoothing.share_of_new(mean[0], new[0], elapsed)
        new = [
          old + _reduced(share, len(old)) * (array - old)
          for old, array in zip(mean, new)
        ]
      known[number] = new
    self._means = known
    smooth = [
      tf.constant(np.stack(rows))
      for rows in zip(*(known[number] for number in numbers))
    ]
    outputs = model.decode(
      tf.nest.pack_sequence_as(encoding, smooth[1:]), [self._to], **stage
    )
    return image_arrays.to_uint8(outputs.numpy())


def _reduced(share: np.ndarray, size: int) -> np.ndarray:
  """Weights of a square at features of another size: [size, size, 1]."""
  block = len(share) // size
  return share.reshape(size, block, size, block).mean(axis=(1, 3))[..., None]

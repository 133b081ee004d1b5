"""Translates a film frame after frame, so that faces do not flicker.

Every face is followed, cut out where its track says, smoothed over time,
translated, and pasted back. All of that looks at this frame and earlier ones
alone, so that it serves a camera as well as a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_twingan.data.prepare import preparer, rejections
from tf_twingan.inference.films import cuts, smoothing, tracks


class FilmTranslator:
  """Translates frame after frame; one object belongs to one film at a time."""

  def __init__(
    self,
    photographs: Any,
    to: str | None = None,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
  ):
    """Begins a film.

    Args:
      photographs: a `Photographs`, whose `faces`, alignment and way of pasting
        hold for every frame; with 'largest' one face is followed, and with
        'none' each frame is translated by itself.
      to: see `Photographs.translate`.
      source: see `Photographs.translate`.
      style: see `Photographs.translate`.

    Raises:
      ValueError: there is no such domain.
    """
    self._photographs = photographs
    self._to, self._source = photographs.direction(to, source)
    self._style = style
    self._cuts = cuts.CutDetector()
    self._tracker = tracks.Tracker(
      self._find, only_one=photographs.faces == 'largest'
    )
    self.reset()

  def reset(self) -> None:
    """Forgets all frames: the next one begins a film."""
    self._cuts.reset()
    self._tracker.reset()
    self._smoothers: dict[int, smoothing.Smoother] = {}
    self._frame: np.ndarray | None = None
    self._result: np.ndarray | None = None
    self._time = 0.0

  def translate(self, frame: np.ndarray, time: float) -> np.ndarray:
    """Translates the next frame.

    Args:
      frame: uint8 RGB [height, width, 3]; it is not changed. Another shape than
        that of the frame before begins a film.
      time: of the frame, seconds.

    Returns:
      uint8 RGB [height, width, 3]. An equal frame in a row gives an equal
      result, to the bit.
    """
    if self._frame is not None and self._frame.shape != frame.shape:
      self.reset()
    elapsed = 0.0 if self._frame is None else max(0.0, time - self._time)
    if self._frame is None or not np.array_equal(frame, self._frame):
      self._frame = frame.copy()
      self._result = self._translate(self._frame, time, elapsed)
    self._time = time
    assert self._result is not None
    return self._result.copy()

  def state(self) -> dict[str, np.ndarray]:
    """Everything that later frames depend on, to go on in another process.

    Returns:
      Arrays by name, none of which holds objects, as `numpy.savez` takes them.
    """
    parts: dict[str, Mapping[str, np.ndarray]] = {
      'cuts': self._cuts.state(),
      'tracks': self._tracker.state(),
      'smooth': {
        str(number): smoother.mean
        for number, smoother in self._smoothers.items()
        if smoother.mean is not None
      },
      'film': {'time': np.array(self._time)},
    }
    if self._frame is not None and self._result is not None:
      parts['last'] = {'frame': self._frame, 'result': self._result}
    return {
      f'{part}/{name}': array
      for part, arrays in parts.items()
      for name, array in arrays.items()
    }

  def restore(self, state: Mapping[str, np.ndarray]) -> None:
    """Goes on where another FilmTranslator gave its state, to the bit.

    Args:
      state: what `state` returned, for the same model and the same options.
    """
    parts: dict[str, dict[str, np.ndarray]] = {}
    for key in state:
      part, _, name = key.partition('/')
      parts.setdefault(part, {})[name] = state[key]
    last = parts.get('last', {})
    self._frame, self._result = last.get('frame'), last.get('result')
    self._time = float(parts['film']['time'])
    self._cuts.restore(parts['cuts'])
    self._tracker.restore(parts['tracks'], self._frame)
    self._smoothers = {
      int(number): smoothing.Smoother(mean)
      for number, mean in parts.get('smooth', {}).items()
    }

  def _translate(
    self, frame: np.ndarray, time: float, elapsed: float
  ) -> np.ndarray:
    if self._photographs.faces == 'none':
      return self._photographs.translate(
        frame, self._to, self._source, style=self._style
      )
    if self._cuts.begins_shot(frame):
      self._tracker.cut()
    seen = self._tracker.update(frame, time)
    # Those of hidden faces end, as these come back changed.
    self._smoothers = {
      track.number: self._smoothers.get(track.number, smoothing.Smoother())
      for track in seen
    }
    faces, shown = [], []
    for track in seen:
      one = self._photographs.cut(frame, track.matrix, self._source)
      if isinstance(one, rejections.Rejection):
        one = self._as_before(track)
      if one is not None:
        faces.append(one._replace(face=track.face))
        shown.append(track.number)
    faces = self._smooth(faces, shown, elapsed)
    translated = self._translate_faces(faces, shown, elapsed)
    return self._photographs.paste(frame, faces, translated)

  def _as_before(self, track: tracks.Track) -> preparer.PreparedImage | None:
    """A face as it was, where what cuts it out of the frame misses it once."""
    mean = self._smoothers[track.number].mean
    if mean is None:
      return None
    image, alpha = np.rint(mean[..., :3]).astype(np.uint8), None
    if mean.shape[-1] == 4:
      alpha = np.rint(mean[..., 3]) / np.float32(255)
    return preparer.PreparedImage(
      image, track.face, track.matrix, 1.0, alpha=alpha
    )

  # Benchmarks measure other ways in place of these two.
  def _smooth(
    self,
    faces: Sequence[preparer.PreparedImage],
    numbers: Sequence[int],
    elapsed: float,
  ) -> list[preparer.PreparedImage]:
    """Takes out of the faces of one frame what differs by noise.

    Args:
      faces: as they were cut out.
      numbers: of their tracks.
      elapsed: seconds since the frame before.
    """
    smoothed = []
    for face, number in zip(faces, numbers):
      smoother = self._smoothers[number]
      if face.alpha is None:
        image = smoother.smooth(face.image, elapsed)
        smoothed.append(face._replace(image=image))
        continue
      # What is cut out has an edge, which must not tremble either.
      opacity = np.rint(255 * face.alpha).astype(np.uint8)
      layers = smoother.smooth(np.dstack([face.image, opacity]), elapsed)
      alpha = layers[..., 3] / np.float32(255)
      smoothed.append(face._replace(image=layers[..., :3], alpha=alpha))
    return smoothed

  def _translate_faces(
    self,
    faces: Sequence[preparer.PreparedImage],
    numbers: Sequence[int],
    elapsed: float,
  ) -> np.ndarray:
    """Translates the faces of one frame; the arguments are as of `_smooth`."""
    del numbers, elapsed
    return self._photographs.translate_faces(
      faces, self._to, self._source, style=self._style
    )

  def _find(self, frame: np.ndarray) -> list[preparer.PreparedImage]:
    return self._photographs.find(frame, self._source, every=True).images

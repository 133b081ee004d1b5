"""Finds drawn faces: BlazeFace proposes, and nvxs, made for drawings, decides.

BlazeFace learned from photos. It finds nearly every anime face, with low
scores, and much else with the same scores. nvxs looks at each of these boxes in
several sizes, and knows eyes and mouths of drawings. Where it is not installed
(see `nvxs`), BlazeFace decides alone, which misses more faces and believes more
boxes.
"""

from collections.abc import Sequence

import numpy as np
from absl import logging
from PIL import Image

from tf_twingan import image_arrays
from tf_twingan.face_detectors import (
  blazeface_network,
  closer_look,
  nvxs,
  results,
  search,
)
from tf_twingan.face_detectors.base import Face, FaceDetector

# Scores of a box that is looked at again, and of one that nvxs looks at.
_CANDIDATE = 0.3
_CONFIRMED = 0.33
# The mean of BlazeFace's score and that of nvxs; the first alone without nvxs.
_ACCEPTED = 0.375
_ACCEPTED_ALONE = 0.56
# Windows of nvxs: their side in sides of the box, and pixels of the box.
_SIDES = 2.0
_BOX_PIXELS = (46, 56, 66)
# A face of nvxs is the same if its centre is that near to the box's, in sides
# of the box, and its size that share of the box's.
_NEAR = 0.4
_SIZES = (0.5, 1.8)


class AnimeDetector(FaceDetector):
  """Finds drawn faces; see `search` for how small they may be."""

  def __init__(self) -> None:
    """Reads the networks.

    Raises:
      MissingPackage: the extra 'prepare' is not installed.
    """
    self._network = blazeface_network.back_camera()
    self._has_nvxs = nvxs.available()
    if not self._has_nvxs:
      logging.log_first_n(
        logging.WARNING,
        'The package animeface is not installed, which exists for Linux on '
        'x86_64 and macOS on arm64 only: fewer anime faces will be found, and '
        'none of their eyes.',
        1,
      )

  def find(self, image: np.ndarray) -> list[Face]:
    """Finds all drawn faces of an image, see `FaceDetector`."""
    shrunk, scale = search.shrunk(image_arrays.check_image(image))
    grey = shrunk.convert('L')
    faces = []
    for seen, angle in closer_look.confirmed(
      self._network, shrunk, candidate=_CANDIDATE, least=_CONFIRMED
    ):
      if self._has_nvxs:
        face = _decide(grey, seen.boxes[0], seen.scores[0], angle)
        accepted = face.score >= _ACCEPTED
      else:
        face = Face(seen.boxes[0], seen.scores[0])
        accepted = face.score >= _ACCEPTED_ALONE
      if accepted:
        faces.append(face)
    return results.finished(faces, scale)


def _decide(
  grey: Image.Image, box: np.ndarray, score: float, angle: float
) -> Face:
  """What nvxs says of a box: its eyes, its mouth, and the score of both."""
  votes = []
  for pixels in _BOX_PIXELS:
    # BlazeFace is often wrong about how far a drawn face is turned.
    turned = [_best(grey, box, turn, pixels) for turn in (0.0, angle)]
    votes.append(max(turned, key=lambda face: face.score if face else 0.0))
  found = [vote for vote in votes if vote is not None]
  total = sum(face.score for face in found) / len(votes)
  if not found:
    return Face(box, (score + total) / 2)
  eyes, mouth = _points(found)
  # nvxs takes faces for less turned than they are, so it looks once more.
  turn = closer_look.roll(eyes)
  again = [_best(grey, box, turn, pixels) for pixels in _BOX_PIXELS[1:]]
  upright = [face for face in again if face is not None]
  if upright:
    eyes, mouth = _points(upright)
  return Face(box, (score + total) / 2, eyes, mouth)


def _points(found: Sequence[nvxs.DrawnFace]) -> tuple[np.ndarray, np.ndarray]:
  """Eyes and mouth: the means of what was found, weighted by the scores."""
  weights = [face.score for face in found]
  return (
    np.average([face.eyes for face in found], 0, weights),
    np.average([face.mouth for face in found], 0, weights),
  )


def _best(
  grey: Image.Image, box: np.ndarray, turn: float, pixels: int
) -> nvxs.DrawnFace | None:
  """The best face at a box of that many pixels; its points are the image's."""
  window = closer_look.around(box, _SIDES, turn)
  size = round(pixels * _SIDES)
  best = None
  side = 1 / _SIDES  # Of the box, in sides of the window.
  for face in nvxs.find(window.cut(grey, size)):
    place = face.box / size
    centre = (place[:2] + place[2:]) / 2
    if (
      np.hypot(*(centre - 0.5)) < _NEAR * side
      and _SIZES[0] < (place[2] - place[0]) / side < _SIZES[1]
      and (best is None or face.score > best.score)
    ):
      best = face
  if best is None:
    return None
  return best._replace(
    eyes=window.to_image(best.eyes / size),
    mouth=window.to_image(best.mouth / size),
  )

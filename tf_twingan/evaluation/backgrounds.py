"""Sources on other backgrounds, where the background is known or estimated.

The backgrounds of avatars are known, those of other images are estimated by a
flood fill (`image_masks`): the background is the area that is
connected with the upper edge of the image, or with the upper halves of both
sides, by pixels of the median colour there; portraits are cut off below. That
finds backgrounds of about one colour, flat or shaded, and those of transparent
images, which are read on white. It is an estimate: a subject in the colour of
its background is taken for background as far as the colour reaches, and no
background is found in a cluttered image. An image counts only where most of the
upper edge is of one colour, and the background neither covers the middle nor
nearly everything or nothing; the share of those that count is reported.

Every channel of the background is changed by the same step towards the middle
of the range, so that it stays a colour, keeps its shading, and changes equally
much in every image.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan import image_masks

_TOLERANCE = 24  # Of 255, in every channel: shading, and JPEG artefacts.
_STEP = 96  # Of 255.
_FEWEST_ALIKE = 0.6  # Of the upper edge.
_LEAST, _MOST = 0.1, 0.8  # Of the image.
_MOST_IN_THE_MIDDLE = 0.02  # Of the middle, a quarter as wide and high.
_FRINGE = 16  # The 16th part of the side.


class Recolored(NamedTuple):
  """Sources with nothing but the background changed.

  Attributes:
    sources: uint8 [n, resolution, resolution, 3].
    subjects: bool [n, resolution, resolution]: where translations should stay
      as they are; nowhere in images that do not count.
    backgrounds: bool [n, resolution, resolution]: where translations may
      change, too; None for everything but `subjects`.
    targets: ground truth on the other backgrounds; None if it is not known.
    is_estimated: whether the masks are estimated.
  """

  sources: np.ndarray
  subjects: np.ndarray
  backgrounds: np.ndarray | None = None
  targets: np.ndarray | None = None
  is_estimated: bool = False

  @property
  def share_found(self) -> float:
    """Share of the sources in which a background is known or was found."""
    return float(self.subjects.any(axis=(1, 2)).mean())


def estimate(sources: np.ndarray) -> Recolored:
  """Estimates where the background is, and gives it another colour.

  Args:
    sources: uint8 [n, resolution, resolution, 3].

  Returns:
    The changed images. A fringe around each background, a 16th of the side,
    belongs to neither mask: edges mix both colours there, and a translation's
    outline is not quite its source's. Images in which no background is found
    stay the same.
  """
  size = sources.shape[1]
  values = sources.astype(np.int16)
  edge = np.zeros([size, size], bool)
  edge[0] = edge[: size // 2, 0] = edge[: size // 2, -1] = True
  color = np.median(values[:, edge], axis=1)[:, None, None]
  alike = (np.abs(values - color) <= _TOLERANCE).all(axis=-1)
  background = image_masks.flood_fill(alike & edge, alike)
  share = background.mean(axis=(1, 2))
  inner = size * 3 // 8
  middle = background[:, size // 4 : -inner, inner:-inner]
  counts = (
    (alike[:, edge].mean(axis=1) >= _FEWEST_ALIKE)
    & (share >= _LEAST)
    & (share <= _MOST)
    & (middle.mean(axis=(1, 2)) <= _MOST_IN_THE_MIDDLE)
  )
  background &= counts[:, None, None]
  step = np.where(color < 128, _STEP, -_STEP).astype(np.int16)
  changed = np.clip(values + step, 0, 255).astype(np.uint8)
  with_fringe = background
  for _ in range(max(1, size // _FRINGE)):
    with_fringe = image_masks.dilated(with_fringe)
  return Recolored(
    np.where(background[..., None], changed, sources),
    subjects=~with_fringe & counts[:, None, None],
    backgrounds=background,
    is_estimated=True,
  )

"""Background leak: how much a changed background changes the subject.

The same subjects are translated twice, on two backgrounds. The subject
in the translation should stay the same; its background may follow the source's.
For each image

  leak = mean |T - T'| over the foreground / mean |T - T'| over the background

where T and T' are its two translations, and the means run over pixels and
channels. 0: the foreground does not change at all, the floor. 1: it changes as
much as the background, as a tint of the whole image does. There is no
ceiling: above 1 the background changes the subject more than itself, and
infinity means that only the subject changed. A translator that ignores its
source altogether gets 0 as well; `source_dependence` detects that one.

Swapping backgrounds to find what a network depends on follows Xiao et al.
(2021, "Noise or Signal: The Role of Image Backgrounds in Object Recognition"),
who test classifiers that way. The metric was defined for this project.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan.metrics import finite


class BackgroundLeak(NamedTuple):
  """How much changed backgrounds change the foregrounds.

  Attributes:
    overall: the mean change of the foregrounds over the mean change of the
      backgrounds, in [0, inf]. Images that lack either do not count. It is
      not the mean of `ratios`, which a few near-zero denominators would
      dominate.
    ratios: float64 [n]: the leak of each image; NaN where its mask leaves no
      foreground or no background.
    foreground: float64 [n]: mean absolute change of the foreground, in the
      range of the images; NaN where there is none.
    background: float64 [n]: mean absolute change of the background; NaN where
      there is none.
  """

  overall: float
  ratios: np.ndarray
  foreground: np.ndarray
  background: np.ndarray


def measure(
  translations: np.ndarray,
  changed: np.ndarray,
  masks: np.ndarray,
  backgrounds: np.ndarray | None = None,
) -> BackgroundLeak:
  """Compares translations of the same subjects on two backgrounds.

  Args:
    translations: uint8 or float [n, height, width, channels].
    changed: the same shape; translations of the same sources with nothing but
      their background changed.
    masks: bool [n, height, width], at the resolution of the translations; true
      where they show the foreground.
    backgrounds: bool [n, height, width]: where they show the background; None
      for every pixel outside of `masks`.

  Returns:
    The leak, overall and by image.

  Raises:
    ValueError: the arrays do not fit, a value is not finite, or no image has
      both a foreground and a background.
  """
  if translations.ndim != 4 or translations.shape != changed.shape:
    raise ValueError(
      f'translations {translations.shape} and changed {changed.shape} are not '
      'of one shape [n, height, width, channels]; translate the same sources '
      'twice.'
    )
  # A mask of 0 and 255 would be inverted bit by bit, not pixel by pixel.
  for mask in (masks, masks if backgrounds is None else backgrounds):
    if mask.dtype != bool or mask.shape != translations.shape[:3]:
      raise ValueError(
        f'masks {mask.dtype} {mask.shape} do not fit translations '
        f'{translations.shape}; give one bool for each pixel.'
      )
  backgrounds = ~masks if backgrounds is None else backgrounds
  finite.check(translations, 'translations')
  finite.check(changed, 'changed')
  first, second = (np.asarray(p, np.float64) for p in (translations, changed))
  change = np.abs(first - second).mean(axis=-1)
  foreground, background = (
    _mean_over(change, where) for where in (masks, backgrounds)
  )
  defined = masks.any(axis=(1, 2)) & backgrounds.any(axis=(1, 2))
  if not defined.any():
    raise ValueError(
      f'none of the {len(masks)} images has both a foreground and a '
      'background; give masks that separate the two.'
    )
  return BackgroundLeak(
    overall=float(
      _ratio(foreground[defined].mean(), background[defined].mean())
    ),
    ratios=_ratio(foreground, background),
    foreground=foreground,
    background=background,
  )


def _mean_over(values, masks):
  areas = masks.sum(axis=(1, 2))
  sums = np.where(masks, values, 0).sum(axis=(1, 2))
  return np.where(areas > 0, sums / np.maximum(areas, 1), np.nan)


def _ratio(foreground, background):
  """0 for an unchanged foreground, even on an unchanged background."""
  with np.errstate(divide='ignore', invalid='ignore'):
    ratio = foreground / background
  stays = (foreground == 0) & (background == 0)
  return np.where(stays, 0.0, ratio)

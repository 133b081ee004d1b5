"""What each column of the tables says, and how its values are written."""

from collections.abc import Mapping

NONE = '–'

# A column whose name is missing here is a mistake.
MEANINGS: Mapping[str, str] = {
  'recall@1': 'own counterpart is the nearest of the first 100 (L2 at 32 px)',
  'recall@5': 'own counterpart is among the nearest five',
  'recall@1, no mean': 'recall@1 with the mean colour of pictures removed',
  'hair kept': 'hair at most one step from dark to light away from its own',
  'hair vivid': 'hair in a vivid colour, which no held-out character has',
  'background': 'mean error, 0 to 255, where both true pictures are plain',
  'L1 to truth': 'mean error against the true answer, 0 to 255',
  'SSIM to truth': 'structural similarity to the true answer',
  'SWD': 'sliced Wasserstein distance x 1000 to training pictures, all levels',
  'diversity': 'mean MS-SSIM of pairs; well above real pictures: too alike',
  'distinct': 'share that differ from each other, beside real pictures',
  'copying': 'distance to the source over that of real pictures; 0 is a copy',
  'near training': 'share as near to a training picture as 1 % of real ones',
  'explained': 'share of the variance that the source predicts (R^2)',
  'turned': 'share that do not follow a mirrored source',
  'L1': 'mean error against the source, 0 to 255',
  'PSNR': 'peak signal-to-noise ratio against the source, dB; at most 100',
  'SSIM': 'structural similarity to the source',
}

_SHARES = (
  'recall@1',
  'recall@5',
  'recall@1, no mean',
  'hair kept',
  'hair vivid',
  'distinct',
  'near training',
  'turned',
)
_TENTHS = ('background', 'L1 to truth', 'L1', 'PSNR', 'SWD')


def meaning(name: str) -> str:
  """What a column says."""
  return MEANINGS[name]


def cell(name: str, value: float | None) -> str:
  """A value as text."""
  if value is None:
    return NONE
  if name in _SHARES:
    return f'{value:.1%}'
  return f'{value:.1f}' if name in _TENTHS else f'{value:.3f}'

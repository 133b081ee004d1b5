"""What each column of the tables says, and how its values are written."""

from collections.abc import Mapping

NONE = '–'

# A column whose name is missing here is a mistake.
MEANINGS: Mapping[str, str] = {
  'recall@1': 'own counterpart is the nearest of the first 100 (L2 at 32 px)',
  'recall@5': 'own counterpart is among the nearest five',
  'recall@1, no mean': 'recall@1 with the mean colour of images removed',
  'hair kept': 'hair at most one step from dark to light away from its own',
  'hair vivid': 'hair in a vivid colour, which no held-out character has',
  'background': 'mean error, 0 to 255, where both true images are plain',
  'L1 to truth': 'mean error against the true answer, 0 to 255',
  'SSIM to truth': 'structural similarity to the true answer',
  'skin kept': 'skin is of its own colour, of six, as read by the probe',
  'facing kept': 'looks to its own side, as read by the probe',
  'expression kept': 'smile, laugh or frown is its own, as read by the probe',
  'eyes kept': 'open or closed as its own, as read by the probe',
  'glasses kept': 'glasses or none as its own, as read by the probe',
  'position x error': 'percent of the image, as read by the probe',
  'position y error': 'percent of the image, as read by the probe',
  'scale error': 'of the head, 1 being the default, as read by the probe',
  'tilt error': 'degrees, as read by the probe',
  'SWD': 'sliced Wasserstein distance x 1000 to training images, all levels',
  'diversity': 'mean MS-SSIM of pairs; well above real images: too alike',
  'distinct': 'share that differ from each other, beside real images',
  'copying': 'distance to the source over that of real images; 0 is a copy',
  'near training': 'share as near to a training image as 1 % of real ones',
  'explained': 'share of the variance that the source predicts (R^2)',
  'turned': 'share that do not follow a mirrored source',
  'background leak': 'change of the subject over that of the background, when '
  'only the background of the source changes',
  'background leak, estimated': 'the same, of sources of which a background '
  'of one colour could be found, not known',
  'content distance': 'of the codes of source and translation, over that to '
  'the codes of other translations',
  'worst group': 'whose error against the truth is the largest; skin counts '
  'from light to dark',
  'best group': 'whose error against the truth is the smallest',
  'gap': 'between their mean errors, 0 to 255',
  'gap by chance': 'the same when groups mean nothing',
  'p': 'how often chance does as much',
  'Fréchet': 'distance of Gaussians of features to training images',
  'kernel': 'kernel distance to training images; 0 for equal ones',
  'kernel error': 'standard error of the kernel distance',
  'precision': 'share in a place where real images are',
  'recall': 'share of real images in a place where these are',
  'density': 'how deep among real images; about 1 for real ones',
  'coverage': 'share of real images that have one of these nearby',
  'out of domain': 'share farther out than 95 % of real held-out images',
  'AUROC': 'how well a score of distance tells these from held-out images; '
  '1 is perfect, 0.5 blind',
  'flagged': 'share farther out than 95 % of other held-out images',
  'distance': 'median Mahalanobis distance to the training images',
  'threshold': 'the distance that 95 % of held-out images stay below',
  'L1': 'mean error against the source, 0 to 255',
  'PSNR': 'peak signal-to-noise ratio against the source, dB; at most 100',
  'SSIM': 'structural similarity to the source',
}

# Behind the meaning of a column that looks through a feature network.
_SEEN: Mapping[str, str] = {
  'own': 'by a small network trained on the target domain, no published FID',
  'inception': "by Keras' InceptionV3",
}
_BY_PATH = 'by the network of --features'

_SHARES = (
  'recall@1',
  'recall@5',
  'recall@1, no mean',
  'hair kept',
  'hair vivid',
  'skin kept',
  'facing kept',
  'expression kept',
  'eyes kept',
  'glasses kept',
  'distinct',
  'near training',
  'turned',
  'precision',
  'recall',
  'coverage',
  'out of domain',
  'flagged',
)
_TENTHS = (
  'background',
  'L1 to truth',
  'L1',
  'PSNR',
  'SWD',
  'Fréchet',
  'tilt error',
  'position x error',
  'position y error',
)


def meaning(name: str) -> str:
  """What a column says."""
  base, network = _split(name)
  if network is None:
    return MEANINGS[base]
  return f'{MEANINGS[base]}; {_SEEN.get(network, _BY_PATH)}'


def cell(name: str, value: float | str | None) -> str:
  """A value as text."""
  if value is None:
    return NONE
  if isinstance(value, str):
    return value
  base, _ = _split(name)
  if base in _SHARES:
    return f'{value:.1%}'
  return f'{value:.1f}' if base in _TENTHS else f'{value:.3f}'


def _split(name: str) -> tuple[str, str | None]:
  """A column's name without its network, and the network, if it has one."""
  base, _, rest = name.partition(' (')
  return (base, rest.removesuffix(' features)')) if rest else (name, None)

"""Whether an exported file draws what the model draws.

The same held-out images go through the model and through the file. The
figures are those of `metrics.fidelity` and `metrics.structural_similarity`,
and each format has a gate to pass; one that fails is not written.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan.metrics import fidelity, structural_similarity

IMAGES = 32  # At least, where the domain has as many.
EXPERIMENTAL_BELOW = 35.0  # dB


class Parity(NamedTuple):
  """How much a file's images differ from the model's.

  Attributes:
    max_difference: of any value, in images of -1 to 1.
    psnr: of all images together, dB; None where they are equal.
    ssim: the images' mean.
    pictures: how many were compared (the word of manifests).
  """

  max_difference: float
  psnr: float | None
  ssim: float
  pictures: int


class Gate(NamedTuple):
  """What a format has to reach; None is no condition."""

  max_difference: float | None = None
  psnr: float | None = None

  def passes(self, parity: Parity) -> bool:
    """Whether it does. NaN passes nothing."""
    if self.max_difference is not None:
      return parity.max_difference <= self.max_difference
    return parity.psnr is None or parity.psnr >= self.psnr

  def __str__(self) -> str:
    """The condition in words."""
    if self.max_difference is not None:
      return f'difference at most {self.max_difference:g}'
    return f'PSNR at least {self.psnr:g} dB'


_EXACT = Gate(max_difference=1e-4)
GATES: Mapping[str, Gate] = {
  'saved_model': _EXACT,
  'float32': _EXACT,
  'onnx': _EXACT,
  'float16': Gate(psnr=55.0),
  'dynamic': Gate(psnr=40.0),
  'hybrid': Gate(psnr=38.0),
  'int8': Gate(psnr=28.0),
}
EMBEDDING_COSINE = 0.999  # The least an embedding may agree by.
# Of the images, at least; two neighbours may be nearly as near.
SAME_NEIGHBOUR = 0.9


def compare(images: np.ndarray, references: np.ndarray) -> Parity:
  """Compares a file's images with the model's.

  Args:
    images: float32 [n, px, px, 3], in [-1, 1].
    references: the same of the model.
  """
  difference = float(np.abs(images - references).max())
  if not np.isfinite(difference):
    return Parity(float('nan'), float('nan'), float('nan'), len(images))
  shown, true = ((np.clip(p, -1, 1) + 1) * 127.5 for p in (images, references))
  count, side = shown.shape[:2]
  # As one tall image, so that one equal to its reference is not infinite.
  tall = (1, count * side, side, 3)
  psnr = float(fidelity.psnr(shown.reshape(tall), true.reshape(tall))[0])
  ssim = structural_similarity.ssim(shown, true).mean()
  return Parity(
    difference, psnr if np.isfinite(psnr) else None, float(ssim), count
  )

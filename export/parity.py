"""Compares an exported file's results with the model's, and holds the gates.

The same held-out images go through the model and through the file. Images are
compared by the figures of `metrics.fidelity` and
`metrics.structural_similarity`. Each format has a gate; a file that does not
pass its gate is not written.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.metrics import fidelity, structural_similarity

IMAGES = 32  # To compare by, if the domain has as many.
EXPERIMENTAL_BELOW = 35.0  # dB


class ImageParity(NamedTuple):
  """How much a file's images differ from the model's.

  Attributes:
    max_difference: largest difference of any value, of -1 to 1.
    psnr: PSNR of all images together, dB; None where they are equal.
    ssim: mean SSIM of the images.
    images: number of images that were compared.
    pixel_difference: largest difference of the PNGs that the file outputs, of
      255; None if it outputs none.
  """

  max_difference: float
  psnr: float | None
  ssim: float
  images: int
  pixel_difference: int | None = None

  def to_json(self) -> dict[str, Any]:
    """The figures as they stand in a manifest."""
    return dict(
      max_difference=self.max_difference,
      psnr=self.psnr,
      ssim=self.ssim,
      pictures=self.images,
    )


class EmbeddingParity(NamedTuple):
  """How much a file's embeddings differ from the model's.

  Attributes:
    cosine: the least cosine between two embeddings of an image.
    images: number of images that were compared.
  """

  cosine: float
  images: int

  def to_json(self) -> dict[str, Any]:
    """The figures as they stand in a manifest."""
    return dict(cosine=self.cosine, pictures=self.images)


class SearchParity(NamedTuple):
  """How often a file finds what the search index finds.

  Attributes:
    top_1: share of the images with the same nearest neighbour.
    images: number of images that were compared.
    nearest: what the file found for the first image, the nearest first.
  """

  top_1: float
  images: int
  nearest: list[dict[str, Any]]

  def to_json(self) -> dict[str, Any]:
    """The figures as they stand in a manifest."""
    return dict(top_1=self.top_1, pictures=self.images)


Parity = ImageParity | EmbeddingParity | SearchParity


class Gate(NamedTuple):
  """What a format's figures have to reach; None is no condition."""

  max_difference: float | None = None
  pixel_difference: int | None = None
  psnr: float | None = None
  cosine: float | None = None
  top_1: float | None = None

  def passes(self, parity: Parity) -> bool:
    """Whether figures fulfil all conditions. NaN fulfils none."""
    return not self.failures(parity)

  def failures(self, parity: Parity) -> list[str]:
    """Names of the figures that do not fulfil their condition."""
    return [
      name
      for name, limit in self._conditions()
      if not _is_within(getattr(parity, name), limit, name)
    ]

  def _conditions(self):
    return [(n, v) for n, v in self._asdict().items() if v is not None]

  def __str__(self) -> str:
    """The conditions in words."""
    return ' and '.join(_WORDS[n].format(v) for n, v in self._conditions())


_WORDS = {
  'max_difference': 'difference at most {:g}',
  'pixel_difference': 'PNGs within {} of 255',
  'psnr': 'PSNR at least {:g} dB',
  'cosine': 'cosine at least {}',
  'top_1': 'the same neighbour for {:.0%} at least',
}


_LOWER_IS_BETTER = ('max_difference', 'pixel_difference')


def _is_within(figure: float | None, limit: float, name: str) -> bool:
  # Equal images have no PSNR, and only SavedModels have PNGs.
  if figure is None:
    return True
  return figure <= limit if name in _LOWER_IS_BETTER else figure >= limit


_EXACT = Gate(max_difference=1e-4)
GATES: Mapping[str, Gate] = {
  'saved_model': Gate(max_difference=1e-4, pixel_difference=1),
  'float32': _EXACT,
  'onnx': _EXACT,
  'float16': Gate(psnr=55.0),
  'dynamic': Gate(psnr=40.0),
  'hybrid': Gate(psnr=38.0),
  'int8': Gate(psnr=28.0),
  'embed': Gate(cosine=0.999),
  # Two neighbours may be almost equally near.
  'search': Gate(top_1=0.9),
  # Of the file that the page starts with, float16.
  'web': Gate(psnr=55.0),
}


def compare(images: np.ndarray, expected: np.ndarray) -> ImageParity:
  """Compares a file's images with the model's.

  Args:
    images: the file's images, float32 [n, px, px, 3] in [-1, 1].
    expected: the model's images, float32 [n, px, px, 3] in [-1, 1].
  """
  difference = float(np.abs(images - expected).max())
  if not np.isfinite(difference):
    return ImageParity(float('nan'), float('nan'), float('nan'), len(images))
  pixels, expected_pixels = (
    (np.clip(p, -1, 1) + 1) * 127.5 for p in (images, expected)
  )
  count, side = pixels.shape[:2]
  # As one tall image, so that a single equal image does not count as infinite.
  tall = (1, count * side, side, 3)
  psnr = float(
    fidelity.psnr(pixels.reshape(tall), expected_pixels.reshape(tall))[0]
  )
  ssim = structural_similarity.ssim(pixels, expected_pixels).mean()
  return ImageParity(
    difference, psnr if np.isfinite(psnr) else None, float(ssim), count
  )


def worst(parities: Sequence[ImageParity]) -> ImageParity:
  """The worst of each figure over several directions."""
  psnrs = [p.psnr for p in parities if p.psnr is not None]
  pixel_differences = [
    p.pixel_difference for p in parities if p.pixel_difference is not None
  ]
  return ImageParity(
    max(p.max_difference for p in parities),
    min(psnrs, default=None),
    min(p.ssim for p in parities),
    sum(p.images for p in parities),
    max(pixel_differences, default=None),
  )

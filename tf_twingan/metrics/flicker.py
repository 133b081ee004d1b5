"""How much does a translated film flicker, where its source does not?

Each frame is compared with the frame before, moved as the source has moved: by
the optical flow of the SOURCE, so that what moves along with the source costs
nothing, and what changes without a reason in the source costs all of it. Pixels
that the frame before did not show are left out, which the flow back tells. That
is the warping error of Lai et al., "Learning blind video temporal consistency",
2018, section 4.2, as a mean of absolute instead of squared differences.

A still film of equal results has exactly 0. Noise and the interpolation at the
moved places have a part in every figure, so that it is to be read beside the
source's own, which is measured in the same way. A blurred film flickers less:
`gradient_energy` tells whether sharpness was the price.
"""

from collections.abc import Collection, Sequence

import numpy as np

from tf_twingan import optical_flow

_GREY = np.array([0.299, 0.587, 0.114])


def flicker(
  outputs: Sequence[np.ndarray],
  sources: Sequence[np.ndarray],
  *,
  cuts: Collection[int] = (),
  regions: Sequence[np.ndarray] | None = None,
) -> float:
  """The mean flicker of a film.

  Args:
    outputs: n >= 2 translated frames, uint8 RGB [height, width, 3]; the sources
      themselves give the source's own flicker.
    sources: the n frames that they are translations of, of the same shape.
    cuts: indices of frames that begin a new shot, and so have no frame before.
    regions: bool [height, width] for each frame: the part that counts, such as
      the faces; None for all of it.

  Returns:
    The mean absolute difference in [0, 1] of all pixels that both of two
    consecutive frames show; NaN if there are none.

  Raises:
    ValueError: the lengths differ.
  """
  if len(outputs) != len(sources):
    raise ValueError(
      f'{len(outputs)} outputs of {len(sources)} sources; give one for each.'
    )
  total, count = 0.0, 0
  for index in range(1, len(outputs)):
    if index in cuts:
      continue
    differences, seen = changes(
      outputs[index - 1], outputs[index], sources[index - 1], sources[index]
    )
    if regions is not None:
      seen = seen & regions[index]
    total += float(differences[seen].sum(dtype=np.float64))
    count += int(seen.sum())
  return total / count if count else float('nan')


def changes(
  output_before: np.ndarray,
  output: np.ndarray,
  source_before: np.ndarray,
  source: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
  """Where two consecutive frames differ more than the source has moved.

  Args:
    output_before: translation of the frame before, uint8 RGB [height, width,
      3].
    output: translation of the frame.
    source_before: the frame before.
    source: the frame.

  Returns:
    The absolute differences, float32 [height, width] in [0, 1], the mean of
    the three channels; and bool [height, width], which of them count.
  """
  back = optical_flow.flow(source, source_before)
  forth = optical_flow.flow(source_before, source)
  moved = optical_flow.warp(output_before, back)
  differences = np.abs(output.astype(np.float32) - moved).mean(axis=-1) / 255
  return differences, optical_flow.visible(back, forth)


def gradient_energy(
  image: np.ndarray, region: np.ndarray | None = None
) -> float:
  """How much fine detail an image has: the mean squared slope of its grey.

  Args:
    image: uint8 RGB [height, width, 3].
    region: bool [height, width], the part that counts; None for all of it.

  Returns:
    The mean of the squared differences of neighbouring pixels to the
    right and below, of grey in [0, 1]; NaN where nothing counts.
  """
  grey = image @ _GREY / 255
  right = np.diff(grey, axis=1)[:-1]
  below = np.diff(grey, axis=0)[:, :-1]
  energy = right**2 + below**2
  if region is not None:
    energy = energy[region[:-1, :-1]]
  return float(energy.mean()) if energy.size else float('nan')

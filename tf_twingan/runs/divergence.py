"""Values that no healthy training reaches: signs that it diverged.

A training can diverge and stay finite: float32 and bfloat16 hold numbers up to
3e38, and normalization keeps the activations small whatever the weights are.

Weights start from N(0, 1), or smaller, and a step of Adam moves each of them by
about the learning rate. A million steps at a rate of 1e-3, all of them in one
direction, come to 1,000; `WEIGHT_LIMIT` is a thousand times that. Losses, the
averages of squared gradients that Adam keeps and the variances that norms keep
are products of two values, and may reach its square.
"""

import re
from collections.abc import Mapping

import numpy as np

from tf_twingan.runs import checkpoint_values

WEIGHT_LIMIT = 1e6
LOSS_LIMIT = WEIGHT_LIMIT**2
REMEDY = (
  'Lower Trainer.learning_rate or set the precision to float32 and run the '
  'same command: it continues from the last good checkpoint.'
)

# In a checkpoint: what optimizers and norms keep, which are no weights.
_AVERAGE = re.compile(r'^\w+_adam/|moving_(mean|variance)$|_batches$')
# float16's follows from the gradients, and only has to be finite.
_LOSS_SCALE = 'loss_scale'


def describe(tensors: Mapping[str, np.ndarray]) -> str | None:
  """Says what in a checkpoint is not finite, or larger than it can be.

  Args:
    tensors: every value of a checkpoint, by the name it is stored under.

  Returns:
    Words such as 'has 2e+13 in model/decoder/kernel'; None if all is well.
  """
  for key, value in tensors.items():
    value = np.asarray(value)
    if not (np.issubdtype(value.dtype, np.floating) and value.size):
      continue
    name = key.removesuffix(checkpoint_values.SUFFIX)
    largest = np.abs(value).max()  # NaN if there is one.
    if not np.isfinite(largest):
      return f'has {"NaN" if np.isnan(largest) else "Inf"} in {name}'
    limit = LOSS_LIMIT if _AVERAGE.search(name) else WEIGHT_LIMIT
    if largest > limit and name != _LOSS_SCALE:
      return f'has {largest:.3g} in {name}, where {limit:.0e} is too much'
  return None

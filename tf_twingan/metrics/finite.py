"""Refuses NaN and infinity, as a mean over them is meaningless."""

import numpy as np


def check(values: np.ndarray, name: str) -> None:
  """Raises if a value is NaN or infinite.

  Args:
    values: any shape; integers or floats.
    name: plural noun for the values in the error message.

  Raises:
    ValueError: at least one value is not finite; the message says how many.
  """
  good = np.count_nonzero(np.isfinite(values))
  if good < np.size(values):
    raise ValueError(
      f'{np.size(values) - good} of the {np.size(values)} values of {name} are '
      'NaN or infinite; check where they come from.'
    )

"""NaN and infinity: they are refused, as a mean over them says nothing."""

import numpy as np


def check(values: np.ndarray, name: str) -> None:
  """Raises if a value is NaN or infinite.

  Args:
    values: any shape; integers or floats.
    name: what the message calls them, in the plural.

  Raises:
    ValueError: at least one value is not finite; it says how many.
  """
  good = np.count_nonzero(np.isfinite(values))
  if good < np.size(values):
    raise ValueError(
      f'{np.size(values) - good} of the {np.size(values)} values of {name} are '
      'NaN or infinite; check where they come from.'
    )

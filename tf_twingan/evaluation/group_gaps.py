"""Does a translator serve one group of characters worse than another?

Where the factors of the sources are known, as for twins, the error against the
true answer is averaged by group, and the worst group is set against the best.
"""

import numpy as np

from tf_twingan.data.avatars import characters
from tf_twingan.evaluation import directions, measurements
from tf_twingan.metrics import attribute_gap

# Factors with kinds, and what the table calls them.
_FACTORS = {
  'hair_color': 'hair colour',
  'hair_shape': 'hair shape',
  'skin_color': 'skin',
  'facing': 'facing',
  'mouth': 'expression',
  'eyes': 'eyes',
  'glasses': 'glasses',
}
# Where a factor's own values tell a reader little.
_NAMES = {
  **{color: name for name, color in characters.NATURAL_HAIR.items()},
  **{color: f'{i} of 6' for i, color in enumerate(characters.SKIN, 1)},
  'True': 'with',
  'False': 'without',
}


def gaps(
  direction: directions.Direction, scored: measurements.Measured
) -> dict[str, dict[str, float | str]]:
  """The gap of each factor.

  Args:
    direction: what was translated.
    scored: the scores of a candidate.

  Returns:
    {factor: {'worst group', 'best group', 'gap', 'gap by chance', 'p'}}; empty
    where no factor is known.
  """
  if not direction.factors:
    return {}
  found = {}
  for factor, name in _FACTORS.items():
    labels = direction.factors.held_out[factor]
    if len(np.unique(labels)) < 2:
      continue
    gap = attribute_gap.measure(
      scored.each['L1 to truth'].values, labels, higher_is_better=False
    )
    found[name] = {
      'worst group': _NAMES.get(str(gap.worst), str(gap.worst)),
      'best group': _NAMES.get(str(gap.best), str(gap.best)),
      'gap': gap.gap,
      'gap by chance': gap.chance,
      'p': gap.p_value,
    }
  return found

"""Content distance: how far a translation's content code is from its source's.

A translator that shares one content code between domains should encode its own
translation to the code that it was generated from. With E_s(x) the code of a
source and E_t(T(x)) that of its translation, and L1 the mean absolute
difference,

  ratio = L1(E_s(x), E_t(T(x))) / mean of L1(E_s(x), E_t(T(y))) over all y != x

0, the best, is the same code; 1 is what shuffled translations get, as they are
no nearer to their own source than to others. Being a ratio, it does not depend
on the scale of the codes, which every network chooses by itself, so networks
can be compared. The ground truth gives the figure of a perfect translation.

The consistency is the content loss of Royer et al. (2017, "XGAN: Unsupervised
Image-to-Image Translation for Many-to-Many Mappings", arXiv:1711.05139),
section 3.1; the ratio was defined for this project.
"""

import numpy as np

from tf_twingan.metrics import finite


def ratios(sources: np.ndarray, translations: np.ndarray) -> np.ndarray:
  """Distance of each pair of codes divided by that of other pairs.

  Args:
    sources: content codes of the sources, float [n, ...], n >= 2.
    translations: content codes of the translations, of the same shape; row i
      belongs to source i.

  Returns:
    float64 [n], at least 0; NaN where a source's code equals those of all other
    translations.

  Raises:
    ValueError: the shapes differ, there are fewer than two pairs, or a value
      is not finite.
  """
  if sources.shape != translations.shape or len(sources) < 2:
    raise ValueError(
      f'codes of sources {sources.shape} and of translations '
      f'{translations.shape}; give one of each for at least two images.'
    )
  finite.check(sources, 'codes of sources')
  finite.check(translations, 'codes of translations')
  count = len(sources)
  a = np.asarray(sources, np.float64).reshape(count, -1)
  b = np.asarray(translations, np.float64).reshape(count, -1)
  found = np.full(count, np.nan)
  for i, code in enumerate(a):
    distances = np.abs(b - code).mean(axis=1)
    others = (distances.sum() - distances[i]) / (count - 1)
    if others > 0:
      found[i] = distances[i] / others
  return found

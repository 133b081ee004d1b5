"""Content distance: does a translation encode to the content of its source?

A translator that shares one content code between domains should find in its
own drawing what it drew it from. With E_s(x) the code of a source and
E_t(T(x)) that of its translation, and L1 the mean absolute difference,

  ratio = L1(E_s(x), E_t(T(x))) / mean of L1(E_s(x), E_t(T(y))) over all y != x

0, the best, is the same code; 1 is what shuffled translations get, as they are
no nearer to their own source than to others. Being a ratio, it does not depend
on the scale of the codes, which a network chooses by itself, so that networks
compare. True answers say what the encoder makes of a perfect translation.

The consistency is the content loss of Royer et al. (2017, "XGAN: Unsupervised
Image-to-Image Translation for Many-to-Many Mappings", arXiv:1711.05139),
section 3.1; the ratio is this project's own.
"""

import numpy as np

from tf_twingan.metrics import finite


def ratios(sources: np.ndarray, translations: np.ndarray) -> np.ndarray:
  """Distance of each pair of codes over that of other pairs.

  Args:
    sources: float [n, ...], n >= 2: codes of the sources.
    translations: the same shape; row i is of the translation of source i.

  Returns:
    float64 [n], at least 0; NaN where a source's code is as far, namely 0,
    from those of all other translations.

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

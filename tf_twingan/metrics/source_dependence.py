"""Source dependence: the variance of translations that their sources explain.

A ridge regression (Hoerl and Kennard, 1970) predicts each translation from its
source, pixels or features, and is tested on pairs that it was not fitted to:

  R^2 = 1 - sum |y - predicted|^2 / sum |y - mean of the training part|^2

Both sums run over all held-out translations and all their columns, so a column
counts by its variance. 1, the ceiling, means that the source determines the
translation, as it does for a copier or a blurrer. 0 is the score of the mean
image: the source predicts nothing, as for shuffled pairs, or the translations
are all the same. There is no floor: below 0 the regression is worse than the
mean. The map is linear, so the figure is a lower bound; a translator is
compared with the ground truth and with shuffled pairs, all on the same
features.

The penalty is chosen inside each training part by generalized cross validation
(Golub, Heath and Wahba, 1979), so that no held-out pair influences it.
"""

import numpy as np

from tf_twingan.metrics import finite

# Relative to the mean energy of the sources along their principal axes: from
# predicting almost nothing but the mean, which is chosen where all are equally
# good, to an almost plain regression.
_PENALTIES = 10.0 ** np.arange(4, -7, -1)


def explained_variance(
  translations: np.ndarray,
  *,
  sources: np.ndarray,
  folds: int = 5,
  seed: int = 0,
) -> float:
  """Share of the variance of held-out translations that sources predict.

  Args:
    translations: uint8 or float [n, e] or [n, ...], then flattened.
    sources: [n, d] or [n, ...]; row i is the source of translation i. Scale
      columns of different units beforehand. Images that occur twice would be
      trained on in one fold and held out in another; give each once.
    folds: number of parts that the pairs are split into; each is held out
      once.
    seed: seed of the split.

  Returns:
    R^2 in (-inf, 1].

  Raises:
    ValueError: the lengths differ, there are too few pairs for the folds, or a
      value is not finite.
  """
  if len(translations) != len(sources):
    raise ValueError(
      f'{len(translations)} translations and {len(sources)} sources; give one '
      'source for each translation.'
    )
  if folds < 2 or len(sources) < 2 * folds:
    raise ValueError(
      f'{len(sources)} pairs cannot be split into {folds} folds; use 2 folds '
      'or more, and at least two pairs for each.'
    )
  finite.check(translations, 'translations')
  finite.check(sources, 'sources')
  x, y = _centered_rows(sources), _centered_rows(translations)
  if not x.any() or not y.any():
    return 0.0
  order = np.random.default_rng(seed).permutation(len(x))
  penalties = _PENALTIES * np.square(x).sum() / min(x.shape)
  left = total = 0.0
  for held_out in np.array_split(order, folds):
    training = np.setdiff1d(order, held_out)
    predicted = _predict(x[training], y[training], x[held_out], penalties)
    left += np.square(y[held_out] - predicted).sum()
    total += np.square(y[held_out] - y[training].mean(axis=0)).sum()
  return float(1 - left / total)


def _centered_rows(values):
  """Rows that are centred; at most n columns, which does not change R^2.

  Neither ridge regression nor a sum of squares changes under a rotation, and n
  rows span at most n dimensions. For pixels that saves most of the work.
  """
  rows = np.asarray(values, np.float64).reshape(len(values), -1)
  if (rows == rows[0]).all():
    return np.zeros([len(rows), 1])  # A rounded mean would leave some noise.
  rows = rows - rows.mean(axis=0)
  if rows.shape[1] > len(rows):
    rows = np.linalg.qr(rows.T, mode='r').T
  return rows


def _predict(x, y, x_held_out, penalties):
  """Ridge regression with the penalty of the least GCV score."""
  x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
  left, scales, right = np.linalg.svd(x - x_mean, full_matrices=False)
  rotated = left.T @ (y - y_mean)
  energies = np.square(rotated).sum(axis=1)
  unreachable = max(np.square(y - y_mean).sum() - energies.sum(), 0.0)

  def score(penalty):
    shrunk = penalty / (scales**2 + penalty)
    error = shrunk**2 @ energies + unreachable
    # The mean costs one degree of freedom, each axis one less its shrinkage.
    return error / (len(x) - 1 - (1 - shrunk).sum()) ** 2

  penalty = min(penalties, key=score)
  weights = right.T @ ((scales / (scales**2 + penalty))[:, None] * rotated)
  return y_mean + (x_held_out - x_mean) @ weights

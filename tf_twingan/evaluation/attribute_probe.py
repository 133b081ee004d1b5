"""Does a translation of a twin show the factors of its source?

One small network, the probe, reads all factors off an image. It is trained on
real training images of the target style and on their factors alone, so it
has seen neither a translation nor a held-out character. What it reads off the
true answers is its own held-out accuracy, and the ceiling of every column; a
mean image or shuffled translations are the floor.

Factors with kinds are scored by the mean over the kinds of the share that is
read right, so that always naming the commonest gets no more than a coin;
numbers by their mean absolute error. A factor that one of both styles does not
show cannot be kept, and is left out.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_twingan.data.avatars import ground_truth
from tf_twingan.evaluation import directions, measurements, small_network

_CODE = 128
_STEPS = 1600
_EPOCHS = 40
_NOISE = 0.05  # Translations are less clean than drawings.

# What columns call the factors of `characters.Character`.
KINDS: Mapping[str, str] = {
  'skin_color': 'skin',
  'facing': 'facing',
  'mouth': 'expression',
  'eyes': 'eyes',
  'glasses': 'glasses',
}
NUMBERS: Mapping[str, str] = {
  'x': 'position x',
  'y': 'position y',
  'scale': 'scale',
  'tilt': 'tilt',
}


class _Factor(NamedTuple):
  """One factor as the probe learns it.

  Attributes:
    column: what the table calls it.
    kinds: its values, sorted; None for a number.
    mean: of the training characters, of a number.
    deviation: likewise.
  """

  column: str
  kinds: np.ndarray | None = None
  mean: float = 0.0
  deviation: float = 1.0


class AttributeScorer:
  """Reads factors off translations.

  Args:
    direction: with `factors`.
    seed: of the probe.
  """

  def __init__(self, direction: directions.Direction, *, seed: int = 0):
    known: ground_truth.Factors = direction.factors
    self._held_out = known.held_out
    self._factors = {
      name: _factor(name, values)
      for name, values in known.training.items()
      if name in known.shared and name in (*KINDS, *NUMBERS)
    }
    self._model = _probe(
      direction.training, known.training, self._factors, seed
    )

  def measure(self, candidate: directions.Candidate) -> measurements.Measured:
    """Scores one candidate."""
    outputs = small_network.apply(self._model, candidate.translations)
    columns, each = {}, {}
    for name, factor in self._factors.items():
      truth, found = self._held_out[name], outputs[name]
      if factor.kinds is None:
        read = found[:, 0] * factor.deviation + factor.mean
        column = f'{factor.column} error'
        errors = np.abs(read - truth)
        columns[column] = measurements.mean(errors)
        each[column] = measurements.Each(errors)
        continue
      right = factor.kinds[found.argmax(axis=1)] == truth
      column = f'{factor.column} kept'
      columns[column] = float(
        np.mean([right[truth == kind].mean() for kind in np.unique(truth)])
      )
      each[column] = measurements.Each(right, higher_is_better=True)
    return measurements.Measured(columns, each)


def _factor(name, values):
  if name in KINDS:
    return _Factor(KINDS[name], kinds=np.unique(values))
  # Alike numbers have no deviation to be told by.
  deviation = float(values.std()) or 1.0
  return _Factor(NUMBERS[name], mean=float(values.mean()), deviation=deviation)


def _probe(training, values, factors, seed):
  images = small_network.prepare(training)
  model = small_network.build(
    images.shape[1],
    {
      name: 1 if factor.kinds is None else len(factor.kinds)
      for name, factor in factors.items()
    },
    code=_CODE,
    activation='relu',
    seed=seed,
  )
  answers = {
    name: (
      ((values[name] - factor.mean) / factor.deviation).astype(np.float32)
      if factor.kinds is None
      else np.searchsorted(factor.kinds, values[name])
    )
    for name, factor in factors.items()
  }

  def batch(rng, places):
    shown = images[places]
    shown = shown + rng.normal(0, _NOISE, shown.shape)
    return {
      'images': shown.astype(np.float32),
      **{name: answer[places] for name, answer in answers.items()},
    }

  def loss(outputs, given):
    terms = []
    for name, factor in factors.items():
      if factor.kinds is None:
        terms.append(tf.square(outputs[name][:, 0] - given[name]))
      else:
        terms.append(
          tf.nn.sparse_softmax_cross_entropy_with_logits(
            given[name], outputs[name]
          )
        )
    return tf.add_n([tf.reduce_mean(term) for term in terms])

  small_network.fit(
    model,
    batch,
    loss,
    count=len(images),
    steps=_STEPS,
    epochs=_EPOCHS,
    seed=seed,
  )
  return model

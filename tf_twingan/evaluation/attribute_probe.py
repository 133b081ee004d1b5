"""Attribute probe: does a translation show the factors of its source?

One small network, the probe, predicts all factors from an image. It is trained
on real training images of the target style and their factors, and on no
translation and no held-out character. Its predictions for the ground truth are
its own held-out accuracy, and the ceiling of every column; a mean image or
shuffled translations are the floor.

Factors with classes are scored by the mean over the classes of the share
predicted right, so that always predicting the most frequent class is no better
than chance; numbers by their mean absolute error. A factor that one of the two
styles does not show cannot be kept, and is left out.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tf_twingan.evaluation import metric, small_network

_CODE = 128
_STEPS = 1600
_EPOCHS = 40
_NOISE = 0.05  # Translations are noisier than avatars.


class _Factor(NamedTuple):
  """One factor as the probe learns it.

  Attributes:
    classes: its values, sorted; None for a number.
    mean: mean of a number over the training characters.
    deviation: standard deviation of a number over the training characters.
  """

  classes: np.ndarray | None = None
  mean: float = 0.0
  deviation: float = 1.0


class _Probe(NamedTuple):
  """The trained network and the factors that it predicts."""

  model: keras.Model
  factors: dict[str, _Factor]


def _train(setting: metric.Setting) -> _Probe:
  """Trains the probe of a task."""
  values = setting.task.factors.training
  factors = {
    name: _factor(name, values[name])
    for name in values
    if name in setting.task.factors.shared and name in (*_CLASSES, *_NUMBERS)
  }
  images = small_network.prepare(setting.task.training)
  model = small_network.build(
    images.shape[1],
    {
      name: 1 if factor.classes is None else len(factor.classes)
      for name, factor in factors.items()
    },
    code=_CODE,
    activation='relu',
    seed=setting.seed,
  )
  labels = {
    name: (
      ((values[name] - factor.mean) / factor.deviation).astype(np.float32)
      if factor.classes is None
      else np.searchsorted(factor.classes, values[name])
    )
    for name, factor in factors.items()
  }

  def make_batch(rng, indices):
    noisy = images[indices]
    noisy = noisy + rng.normal(0, _NOISE, noisy.shape)
    return {
      'images': noisy.astype(np.float32),
      **{name: label[indices] for name, label in labels.items()},
    }

  def loss(outputs, batch):
    terms = []
    for name, factor in factors.items():
      if factor.classes is None:
        terms.append(tf.square(outputs[name][:, 0] - batch[name]))
      else:
        terms.append(
          tf.nn.sparse_softmax_cross_entropy_with_logits(
            batch[name], outputs[name]
          )
        )
    return tf.add_n([tf.reduce_mean(term) for term in terms])

  small_network.fit(
    model,
    make_batch,
    loss,
    count=len(images),
    steps=_STEPS,
    epochs=_EPOCHS,
    seed=setting.seed,
  )
  return _Probe(model, factors)


def _factor(name: str, values: np.ndarray) -> _Factor:
  if name in _CLASSES:
    return _Factor(classes=np.unique(values))
  # Equal numbers have no deviation to divide by.
  return _Factor(
    mean=float(values.mean()), deviation=float(values.std()) or 1.0
  )


def _predictions(case: metric.Case) -> dict[str, np.ndarray]:
  probe = case.setting.cached(_train)
  return small_network.apply(probe.model, case.images)


def _kept(name: str, case: metric.Case) -> metric.Score:
  """Share of images of which the probe predicts the right class."""
  classes = case.setting.cached(_train).factors[name].classes
  labels = case.task.factors.held_out[name]
  right = classes[case.cached(_predictions)[name].argmax(axis=1)] == labels
  return metric.Score(
    float(np.mean([right[labels == c].mean() for c in np.unique(labels)])),
    metric.PerImage(right),
  )


def _error(name: str, case: metric.Case) -> metric.Score:
  """Mean absolute error of the number that the probe predicts."""
  factor = case.setting.cached(_train).factors[name]
  outputs = case.cached(_predictions)[name][:, 0]
  numbers = outputs * factor.deviation + factor.mean
  errors = np.abs(numbers - case.task.factors.held_out[name])
  return metric.Score(metric.mean(errors), metric.PerImage(errors))


def _is_shared(name: str, setting: metric.Setting) -> bool:
  factors = setting.task.factors
  return (
    factors is not None and name in factors.training and name in factors.shared
  )


def _kept_metric(name: str, column: str, meaning: str) -> metric.Metric:
  return metric.Metric(
    column,
    f'{meaning}, as predicted by the probe',
    metric.SHARE,
    functools.partial(_kept, name),
    higher_is_better=True,
    needs=functools.partial(_is_shared, name),
  )


def _error_metric(
  name: str, column: str, unit: str, *, number_format: str = metric.TENTHS
) -> metric.Metric:
  return metric.Metric(
    column,
    f'{unit}, as predicted by the probe',
    number_format,
    functools.partial(_error, name),
    higher_is_better=False,
    needs=functools.partial(_is_shared, name),
  )


# By the names of the attributes of `characters.Character`, in their order.
_CLASSES = {
  name: _kept_metric(name, column, meaning)
  for name, column, meaning in (
    ('skin_color', 'skin kept', 'skin is of its own colour, of six'),
    ('glasses', 'glasses kept', 'glasses or none as its own'),
    ('mouth', 'expression kept', 'smile, laugh or frown is its own'),
    ('eyes', 'eyes kept', 'open or closed as its own'),
    ('facing', 'facing kept', 'looks to its own side'),
  )
}
_NUMBERS = {
  'tilt': _error_metric('tilt', 'tilt error', 'degrees'),
  'scale': _error_metric(
    'scale',
    'scale error',
    'of the head, 1 being the default',
    number_format=metric.THOUSANDTHS,
  ),
  'x': _error_metric('x', 'position x error', 'percent of the image'),
  'y': _error_metric('y', 'position y error', 'percent of the image'),
}
METRICS = (*_CLASSES.values(), *_NUMBERS.values())

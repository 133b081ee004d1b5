"""Estimates the batch norm statistics of the EMA model when they are needed.

Those of the live model are of other weights. A norm's statistics become the
plain average over a few batches, measured with the weights that will be used.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import base_objective
from tf_twingan.models import named_weights, spectral_normalization
from tf_twingan.training import preprocessing


def norm_statistics(model: Any) -> list[tf.Variable]:
  """Returns the variables in which a model's norms keep statistics.

  Spectral normalization's own state is none of them: it goes with the weights.
  """
  others = {
    id(v) for _, v in spectral_normalization.right_singular_vectors(model)
  }
  return [
    v
    for v in named_weights.by_path(model).values()
    if not v.trainable and id(v) not in others
  ]


class BatchNormCalibrator:
  """Runs images through an EMA model, for its norms to measure."""

  def __init__(
    self,
    ema_model: Any,
    model: Any,
    objective: base_objective.BaseObjective,
    strategy: tf.distribute.Strategy,
    seed: int,
  ):
    """Stores its arguments.

    Args:
      ema_model: the model whose statistics are estimated.
      model: the live model.
      objective: runs the model on what it will be used on.
      strategy: the strategy that the variables were made under; batches are
        not distributed.
      seed: seed of what is random.
    """
    self._ema_model = ema_model
    self._model = model
    self._objective = objective
    self._strategy = strategy
    self._seed = seed
    self._by_resolution: dict[int, Any] = {}

  def estimate(
    self,
    batches: Iterable[Mapping[str, Any]],
    *,
    resolution: int,
    alpha: float,
  ) -> None:
    """Estimates the statistics.

    Each domain's statistics become the plain average over the batches: of its
    images encoded, and of reconstructions and translations generated; or of
    what is generated from noise.
    Under batch renorm, which trains by moving statistics, those of the live
    model count as the first batch: layers then see in the estimate what they
    see in training, and not what each batch's own moments would make of it.
    A model that keeps no statistics, as with instance norm, is left alone.

    Args:
      batches: {domain: uint8 [batch, res, res, 3]}, of one batch size; some 30
        of them.
      resolution: resolution of the stage, px.
      alpha: how far the stage is faded in, in [0, 1].
    """
    if not norm_statistics(self._ema_model):
      return
    if resolution not in self._by_resolution:
      self._by_resolution[resolution] = tf.function(
        functools.partial(self._update, resolution=resolution),
        autograph=False,
      )
    first = 1
    if self._model.trains_by_statistics:
      first = 2
      with self._strategy.scope():
        for statistic, live in zip(
          norm_statistics(self._ema_model), norm_statistics(self._model)
        ):
          statistic.assign(live)
    for index, batch in enumerate(batches, start=first):
      self._by_resolution[resolution](
        {d: tf.convert_to_tensor(b) for d, b in batch.items()},
        tf.constant(alpha, tf.float32),
        tf.constant(1.0 / index, tf.float32),
        # A negative number is no training step's.
        tf.constant([self._seed, -index], tf.int32),
      )

  def _update(self, batch, alpha, statistics_update, seed, *, resolution):
    self._objective.update_norm_statistics(
      self._ema_model,
      preprocessing.real_images(batch, self._model.domains, alpha),
      seed=seed,
      resolution=resolution,
      alpha=alpha,
      training=True,
      statistics_update=statistics_update,
    )

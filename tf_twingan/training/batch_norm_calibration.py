"""Moving statistics of the averaged model, estimated when they are needed.

Those of the live model are of other weights. A norm's statistics become the
plain average over a few batches, seen through the weights that will be used.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import base_objective
from tf_twingan.models import spectral_normalization
from tf_twingan.training import preprocessing


def norm_statistics(network: Any) -> list[Any]:
  """What its norms keep; spectral norm's own state goes with the weights."""
  others = {
    id(d) for _, d in spectral_normalization.right_singular_vectors(network)
  }
  return [v for v in network.non_trainable_variables if id(v) not in others]


class BatchNormCalibrator:
  """Shows images to an averaged model, for its norms to measure."""

  def __init__(
    self,
    average: Any,
    model: Any,
    objective: base_objective.BaseObjective,
    strategy: tf.distribute.Strategy,
    seed: int,
  ):
    """Keeps what is shown to what.

    Args:
      average: the network whose statistics are estimated.
      model: the live one.
      objective: knows what the model will be used on.
      strategy: whose variables they are; batches are not distributed.
      seed: of what is drawn at random.
    """
    self._average = average
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
    """Estimates them.

    Each domain's statistics become the plain average over the batches, of
    its images encoded, and of reconstructions and translations drawn; or of
    what is drawn from noise.
    Under batch renorm, which trains by moving statistics, those of the live
    model count as the first batch: layers then see in the estimate what they
    see in training, and not what each batch's own moments would make of it.
    A model that keeps none, as with instance norm, is left alone.

    Args:
      batches: {domain: uint8 [batch, res, res, 3]}, the same batch size
        throughout; some 30 of them.
      resolution: of the stage.
      alpha: how far it is faded in.
    """
    if not norm_statistics(self._average):
      return
    if resolution not in self._by_resolution:
      self._by_resolution[resolution] = tf.function(
        functools.partial(self._measure, resolution=resolution),
        autograph=False,
      )
    first = 1
    if self._model.trains_by_statistics:
      first = 2
      with self._strategy.scope():
        for own, other in zip(
          norm_statistics(self._average), norm_statistics(self._model)
        ):
          own.assign(other)
    for index, batch in enumerate(batches, start=first):
      self._by_resolution[resolution](
        {d: tf.convert_to_tensor(b) for d, b in batch.items()},
        tf.constant(alpha, tf.float32),
        tf.constant(1.0 / index, tf.float32),
        tf.constant([self._seed, -index], tf.int32),  # No training step's.
      )

  def _measure(self, batch, alpha, update, seed, *, resolution):
    self._objective.measure(
      self._average,
      preprocessing.real_images(batch, self._model.domains, alpha),
      seed=seed,
      resolution=resolution,
      alpha=alpha,
      training=True,
      statistics_update=update,
    )

"""What a trainer needs of an objective: named terms, one pass a step.

An objective says what the networks are trained to do. The trainer takes the
gradient of the sum of its terms and knows nothing else of it, so that models
of different papers are trained by the same steps.
"""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

Terms = dict[str, tf.Tensor]


@dataclasses.dataclass
class Losses:
  """What one pass through the networks gives.

  Attributes:
    generator: weighted terms by name, ready to be summed; float32 scalars.
    discriminator: likewise.
    fakes: {domain: float32 [batch, resolution, resolution, 3]}, what was
      generated in it, for penalties that look there.
    observed: scalars that are written down with the terms, and not trained.
  """

  generator: Terms
  discriminator: Terms
  fakes: dict[str, tf.Tensor] = dataclasses.field(default_factory=dict)
  observed: Terms = dataclasses.field(default_factory=dict)


class BaseObjective(abc.ABC):
  """The terms of a training, and what of them is to be remembered.

  Attributes:
    needs_pairs: image i of every domain in a batch must show the same.
    needs_vectors: of images, of at least one domain; `compute` is given
      `vectors`, too, {domain: float32 [batch, size]} of those that carry them.
    trainable_variables: its own, trained with the generator's.
    trains_styles: a model's style codes, if it has them, are trained.
    penalty_interval: steps between two penalties; 0 for none.
    can_share_discriminator: whether one network may judge all domains.
    from_noise: whether images are drawn from noise, not translated.
  """

  needs_pairs = False
  needs_vectors = False
  trainable_variables: Sequence[Any] = ()
  can_share_discriminator = False
  from_noise = False
  trains_styles = False
  penalty_interval = 0

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes what is remembered from step to step; called once, first.

    Args:
      domains: their names.
      max_resolution: of the last stage, px.
      replicas: devices that train together.

    Returns:
      Trackable objects by name, for the checkpoint.
    """
    del domains, max_resolution, replicas
    return {}

  def build_for_vectors(
    self, model: Any, vector_sizes: Mapping[str, int]
  ) -> dict[str, Any]:
    """Makes what reads vectors; called once, after `build`, if they are needed.

    Args:
      model: as for `compute`.
      vector_sizes: {domain: numbers in a vector} of those that carry them.

    Returns:
      Trackable objects by name, for the checkpoint.
    """
    raise NotImplementedError

  @abc.abstractmethod
  def compute(
    self,
    model: Any,
    discriminators: Any,
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
    shift: int,
  ) -> Losses:
    """All terms but the penalty, from one pass through the networks.

    Args:
      model: see `models.architectures.Model`.
      discriminators: {domain: network}, or one network for all domains.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]},
        one batch size for all.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], different at each step.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """

  def penalties(
    self,
    discriminators: Any,
    reals: Mapping[str, tf.Tensor],
    fakes: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
  ) -> Terms:
    """Penalties of the discriminators; asked for if `penalty_interval`.

    Args:
      discriminators: as for `compute`.
      reals: as for `compute`.
      fakes: those of `compute`.
      resolution: as for `compute`.
      alpha: as for `compute`.
      seed: as for `compute`.

    Returns:
      {'penalty/' + domain: float32 scalar}.
    """
    raise NotImplementedError

  def measure(
    self, model: Any, reals: Mapping[str, tf.Tensor], *, seed: tf.Tensor, **mode
  ) -> None:
    """Shows a model what it will be used on, for its norms to measure.

    Args:
      model: one whose norms keep statistics.
      reals: as for `compute`.
      seed: int32 [2], of what is drawn at random.
      **mode: as the model takes it: resolution, alpha, training,
        statistics_update.
    """
    del seed
    model.reconstruct_and_translate(reals, **mode)

  def after_step(self, terms: Terms, *, images: int) -> None:
    """Moves what is remembered; called once a step, outside the replicas.

    Args:
      terms: all that `compute` named, as means over the replicas.
      images: of each domain in the step, over all replicas.
    """
    del terms, images

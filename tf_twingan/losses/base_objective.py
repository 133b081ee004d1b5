"""The base class of objectives: losses by name for generator and discriminator.

An objective says what the networks are trained to do. The training step takes
the gradients of the sums of its losses and knows nothing else of it, so that
models of different papers are trained by the same step.
"""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

Terms = dict[str, tf.Tensor]

# The objective that a gin file gives to each model.
_OBJECTIVE_OF = {
  'TwinGAN': '@Objective()',
  'CycleGAN': '@CycleObjective()',
  'Pix2Pix': '@PairedObjective()',
  'ProgressiveGAN': '@NoiseObjective()',
}


@dataclasses.dataclass
class Losses:
  """The losses of one step, by name.

  Attributes:
    generator: weighted losses, ready to be summed; float32 scalars.
    discriminator: likewise.
    fakes: {domain: float32 [batch, resolution, resolution, 3]}, the images
      that were generated in it, for gradient penalties.
    observed: scalars that are logged with the losses, and not trained.
  """

  generator: Terms
  discriminator: Terms
  fakes: dict[str, tf.Tensor] = dataclasses.field(default_factory=dict)
  observed: Terms = dataclasses.field(default_factory=dict)


class BaseObjective(abc.ABC):
  """The losses of a training.

  Attributes:
    needs_pairs: image i of every domain in a batch must show the same subject.
    needs_vectors: images of at least one domain carry vectors, and `compute` is
      given `vectors`, too, {domain: float32 [batch, size]} of those that do.
    trainable_variables: the objective's own, trained with the generator's.
    penalty_interval: steps between two gradient penalties; 0 for none.
    model_types: classes of the models that it can train; empty for any.
    discriminator_types: classes of the discriminators that it can train; empty
      for any.
    can_share_discriminator: whether one network may serve all domains.
    can_train_styles: whether it trains a model's style codes.
  """

  needs_pairs = False
  needs_vectors = False
  trainable_variables: Sequence[Any] = ()
  penalty_interval = 0

  # What `check` goes by.
  model_types: tuple[type, ...] = ()
  discriminator_types: tuple[type, ...] = ()
  can_share_discriminator = False
  can_train_styles = False

  def check(self, model: Any, discriminators: Any) -> None:
    """Raises unless it can train these networks together.

    Args:
      model: the model to be trained.
      discriminators: {domain: network}, or one network for all domains.

    Raises:
      ValueError: they do not fit; says which of them to change to what.
    """
    own, kind = type(self).__name__, type(model).__name__
    if self.model_types and not isinstance(model, self.model_types):
      fitting = ' or '.join(t.__name__ for t in self.model_types)
      other = _OBJECTIVE_OF.get(kind, 'an objective of that model')
      raise ValueError(
        f'Trainer.model is {kind}, but Trainer.objective is {own}, which '
        f'trains {fitting}; set Trainer.objective to {other}, or Trainer.model '
        f'to @{self.model_types[0].__name__}.'
      )
    config = model.get_config()
    if config.get('condition_size'):
      raise ValueError(
        f'TwinGAN.condition_size is {config["condition_size"]}, but no '
        'objective gives a generator vectors: they are for models that a '
        'program of yours builds and trains. Leave it out; style codes '
        '(TwinGAN.style_size) are trained.'
      )
    if config.get('style_size') and not self.can_train_styles:
      raise ValueError(
        f'TwinGAN.style_size is {config["style_size"]}, but {own} does not '
        'train style codes; set it to None, or Trainer.objective to '
        '@Objective().'
      )
    if not isinstance(discriminators, Mapping):
      if not self.can_share_discriminator:
        raise ValueError(
          f'Trainer.shared_discriminator is True, but {own} has one for each '
          'domain; set it to False.'
        )
    if not self.discriminator_types:
      return
    for network in tf.nest.flatten(discriminators):
      if not isinstance(network, self.discriminator_types):
        fitting = ' or @'.join(t.__name__ for t in self.discriminator_types)
        raise ValueError(
          f'Trainer.discriminator is {type(network).__name__}, which {own} '
          f'cannot train; set Trainer.discriminator to @{fitting}.'
        )
      # Only those of patches say whether they are shown pairs of images.
      if getattr(network, 'conditional', self.needs_pairs) != self.needs_pairs:
        images = 'pairs of images' if self.needs_pairs else 'single images'
        raise ValueError(
          f'{type(network).__name__}.conditional is {network.conditional}, but '
          f'{own} shows discriminators {images}; set it to {self.needs_pairs}.'
        )

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes what is kept from step to step; called once, before `compute`.

    Args:
      domains: names of the domains.
      max_resolution: resolution of the last stage, px.
      replicas: number of devices that train together.

    Returns:
      Trackable objects by name, for the checkpoint.
    """
    del domains, max_resolution, replicas
    return {}

  def build_for_vectors(
    self, model: Any, vector_sizes: Mapping[str, int]
  ) -> dict[str, Any]:
    """Makes what reads vectors; called once after `build`, if they are needed.

    Args:
      model: the model to be trained.
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
    """Computes all losses but the gradient penalty.

    Args:
      model: the model to be trained, see `models.registry.Model`.
      discriminators: {domain: network}, or one network for all domains.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]},
        one batch size for all.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
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
    """Computes gradient penalties; called if there is a `penalty_interval`.

    Args:
      discriminators: {domain: network}, or one network for all domains.
      reals: {domain: real images}, as `compute` was given them.
      fakes: {domain: generated images}, as `compute` returned them.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: int32 [2], different at each step.

    Returns:
      {'penalty/' + domain: float32 scalar}.
    """
    raise NotImplementedError

  def update_norm_statistics(
    self, model: Any, reals: Mapping[str, tf.Tensor], *, seed: tf.Tensor, **mode
  ) -> None:
    """Runs a model on what it will be used on, for its batch norms to measure.

    Args:
      model: a model whose norms keep statistics.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]}.
      seed: int32 [2], for models that generate from random numbers.
      **mode: arguments of the model's call: resolution, alpha, training,
        statistics_update.

    Raises:
      ValueError: this cannot be done for such a model.
    """
    del seed
    if not hasattr(model, 'reconstruct_and_translate'):
      raise ValueError(
        f'{type(model).__name__} keeps no batch norm statistics that '
        f'{type(self).__name__} could estimate.'
      )
    model.reconstruct_and_translate(reals, **mode)

  def after_step(self, terms: Terms, *, images: int) -> None:
    """Updates what is kept; called once a step, outside the replicas.

    Args:
      terms: all that `compute` named, as means over the replicas.
      images: number of images of each domain in the step, over all replicas.
    """
    del terms, images

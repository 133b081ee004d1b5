"""Distillation: a small network learns to generate what a big one does.

  image of s --teacher--> its translation to t
               --student--> translation, like the teacher's

After Hinton et al., "Distilling the Knowledge in a Neural Network" (2015), and
Aguinaldo et al., "Compressing GANs using Knowledge Distillation" (2019), whose
students regress the teacher's images, too. What is hard to learn unpaired,
which counterpart an image has, the teacher has learned already: what is left
are pairs and a plain regression, without discriminators.

Each domain's images are translated to one other domain a step, and
reconstructed in their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  base_objective,
  reconstruction_losses,
  teacher_model,
)
from tf_twingan.models import twingan


class DistillationObjective(base_objective.BaseObjective):
  """Weights of the losses; a weight of 0 leaves a loss out."""

  model_types = (twingan.TwinGAN,)

  def __init__(
    self,
    *,
    teacher: str = 'pretrained:avatar_twins',
    translation_weight: float = 1.0,
    reconstruction_weight: float = 1.0,
  ):
    """Chooses the teacher and the losses.

    Args:
      teacher: directory of a run, or 'pretrained:NAME'. It is read anew at each
        start of the training, so leave it as it is in the meantime.
      translation_weight: weight of L1 between the student's and the teacher's
        translations.
      reconstruction_weight: weight of L1 between the student's and the
        teacher's reconstructions of an image in its own domain.

    Raises:
      ValueError: both weights are 0.
    """
    if not translation_weight and not reconstruction_weight:
      raise ValueError(
        'DistillationObjective.translation_weight and reconstruction_weight '
        'are both 0; nothing is left to learn.'
      )
    self._teacher_name = teacher
    self._translation_weight = translation_weight
    self._reconstruction_weight = reconstruction_weight

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Loads the teacher.

    Args:
      domains: names of the domains.
      max_resolution: resolution of the last stage, px.
      replicas: without effect.

    Returns:
      Nothing: the teacher is in no checkpoint of the student's.

    Raises:
      FileNotFoundError: there is no such teacher.
      ValueError: it knows other domains, or generates smaller images.
    """
    del replicas
    self._teacher = teacher_model.Teacher(self._teacher_name)
    self._teacher.check(domains, max_resolution)
    return {}

  def compute(
    self,
    model: Any,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor | None = None,
    shift: int = 1,
  ) -> base_objective.Losses:
    """Computes all losses.

    Args:
      model: the student, a TwinGAN.
      discriminators: without effect, as none is needed.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]},
        one batch size for all.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: without effect, as nothing here is random.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """
    del discriminators, seed
    domains = model.domains
    outputs = model.reconstruct_and_translate(
      reals, shift=shift, resolution=resolution, alpha=alpha, training=True
    )
    generator = {}
    for index, target in enumerate(domains):
      source = domains[index - shift]
      if self._translation_weight:
        generator[f'translation/{target}'] = (
          self._translation_weight
          * reconstruction_losses.l1(
            outputs.translations[index],
            self._teacher.translate(reals[source], source, target),
          )
        )
      if self._reconstruction_weight:
        generator[f'reconstruction/{target}'] = (
          self._reconstruction_weight
          * reconstruction_losses.l1(
            outputs.reconstructions[index],
            self._teacher.translate(reals[target], target, target),
          )
        )
    return base_objective.Losses(generator, {})

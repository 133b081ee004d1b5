"""Registers with gin what gin files name.

Networks, objectives, growth and trainer take their values from gin only where a
gin file refers to them (`Trainer.model = @TwinGAN`): code that calls the
classes is not affected. The two functions here take their values from gin at
every call.
"""

import gin
from tf_twingan.losses import (
  cyclegan_objective,
  distillation_objective,
  image_augmentation,
  pggan_objective,
  pix2pix_objective,
  twingan_objective,
)
from tf_twingan.models import cyclegan, pggan, pix2pix, twingan
from tf_twingan.models.discriminators import patch, progressive
from tf_twingan.training import growth_schedule, setup, strategies, trainer

# Every name is one that users have written in gin files: none may change.
_CLASSES = {
  'TwinGAN': twingan.TwinGAN,
  'CycleGAN': cyclegan.CycleGAN,
  'Pix2Pix': pix2pix.Pix2Pix,
  'ProgressiveGAN': pggan.ProgressiveGAN,
  'Discriminator': progressive.Discriminator,
  'PatchDiscriminator': patch.PatchDiscriminator,
  'Objective': twingan_objective.Objective,
  'CycleObjective': cyclegan_objective.CycleObjective,
  'PairedObjective': pix2pix_objective.PairedObjective,
  'NoiseObjective': pggan_objective.NoiseObjective,
  'DistillationObjective': distillation_objective.DistillationObjective,
  'Augmentation': image_augmentation.Augmentation,
  'Growth': growth_schedule.Growth,
  'Trainer': trainer.Trainer,
}
NAMES = (*_CLASSES, 'train', 'share_cores')

for _name, _class in _CLASSES.items():
  gin.register(_name, module=_class.__module__)(_class)

# `on_progress` is the caller's, and no value of an experiment.
train = gin.external_configurable(
  setup.train, 'train', denylist=['on_progress']
)
share_cores = gin.external_configurable(strategies.share_cores, 'share_cores')

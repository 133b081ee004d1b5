"""Which models, objectives and discriminators fit, and the errors of others."""

import functools

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import (
  base_objective,
  cyclegan_objective,
  distillation_objective,
  pggan_objective,
  pix2pix_objective,
  twingan_objective,
)
from tf_twingan.models import cyclegan, pggan, pix2pix, twingan
from tf_twingan.models.discriminators import patch, progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime')
OBJECTIVES = {
  'Objective': twingan_objective.Objective,
  'CycleObjective': cyclegan_objective.CycleObjective,
  'PairedObjective': pix2pix_objective.PairedObjective,
  'NoiseObjective': pggan_objective.NoiseObjective,
  'DistillationObjective': distillation_objective.DistillationObjective,
}
TRANSLATES = ('TwinGAN', 'CycleGAN', 'Pix2Pix')
# Objective: the models and the discriminators that it trains.
FITTING = {
  'Objective': (('TwinGAN',), ('progressive', 'shared')),
  'CycleObjective': (TRANSLATES, ('patch',)),
  'PairedObjective': (TRANSLATES, ('pair_patch',)),
  'NoiseObjective': (('ProgressiveGAN',), ('progressive', 'shared')),
  'DistillationObjective': (
    ('TwinGAN',),
    ('progressive', 'patch', 'pair_patch'),
  ),
}


@functools.cache
def model(name, **options):
  small = dict(channels_base=4, channels_max=4)
  makers = {
    'TwinGAN': functools.partial(twingan.TwinGAN, **small, **options),
    'CycleGAN': functools.partial(cyclegan.CycleGAN, channels=2, blocks=1),
    'Pix2Pix': functools.partial(pix2pix.Pix2Pix, channels=2),
    'ProgressiveGAN': functools.partial(
      pggan.ProgressiveGAN, latent_size=4, **small
    ),
  }
  return makers[name](DOMAINS, max_resolution=16)


@functools.cache
def discriminators(name):
  small = dict(channels_base=4, channels_max=4)
  if name == 'shared':
    return progressive.Discriminator(16, domains=DOMAINS, **small)
  make = {
    'progressive': functools.partial(progressive.Discriminator, 16, **small),
    'patch': functools.partial(
      patch.PatchDiscriminator, 16, channels=2, field=16
    ),
    'pair_patch': functools.partial(
      patch.PatchDiscriminator, 16, channels=2, field=16, conditional=True
    ),
  }[name]
  return {domain: make() for domain in DOMAINS}


class CheckTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.product(
    objective=list(OBJECTIVES),
    model_name=[*TRANSLATES, 'ProgressiveGAN'],
    discriminator=['progressive', 'shared', 'patch', 'pair_patch'],
  )
  def test_every_combination(self, objective, model_name, discriminator):
    check = functools.partial(
      OBJECTIVES[objective]().check,
      model(model_name),
      discriminators(discriminator),
    )
    models, networks = FITTING[objective]
    if model_name in models and discriminator in networks:
      check()
      return
    with self.assertRaises(ValueError) as caught:
      check()
    message = str(caught.exception)
    self.assertRegex(message, r'^(Trainer|PatchDiscriminator)\.\w+ is ')
    self.assertIn(f' {objective}', message)
    # What to type instead, in the same sentence.
    self.assertRegex(message, r'; set .*[^.]\.$')
    self.assertNotIn('. ', message)

  @parameterized.parameters(
    (
      'Objective',
      'CycleGAN',
      'progressive',
      'Trainer.model is CycleGAN, but Trainer.objective is Objective, which '
      'trains TwinGAN; set Trainer.objective to @CycleObjective.., or '
      'Trainer.model to @TwinGAN.',
    ),
    (
      'Objective',
      'TwinGAN',
      'patch',
      'Trainer.discriminator is PatchDiscriminator, which Objective cannot '
      'train; set Trainer.discriminator to @Discriminator.',
    ),
    (
      'CycleObjective',
      'CycleGAN',
      'progressive',
      'is Discriminator, which CycleObjective cannot train; set .* to '
      '@PatchDiscriminator.',
    ),
    (
      'CycleObjective',
      'CycleGAN',
      'shared',
      'shared_discriminator is True, but CycleObjective has one for each',
    ),
    (
      'CycleObjective',
      'CycleGAN',
      'pair_patch',
      'conditional is True, but CycleObjective shows discriminators single '
      'images; set it to False',
    ),
    (
      'PairedObjective',
      'Pix2Pix',
      'patch',
      'conditional is False, but PairedObjective shows discriminators pairs '
      'of images; set it to True',
    ),
    (
      'NoiseObjective',
      'TwinGAN',
      'progressive',
      'is TwinGAN, .* NoiseObjective, which trains ProgressiveGAN; set '
      'Trainer.objective to @Objective..',
    ),
  )
  def test_what_is_said(self, objective, model_name, discriminator, message):
    with self.assertRaisesRegex(ValueError, message):
      OBJECTIVES[objective]().check(
        model(model_name), discriminators(discriminator)
      )

  def test_style_codes_that_are_not_trained_are_refused(self):
    styled = model('TwinGAN', style_size=3)
    twingan_objective.Objective().check(styled, discriminators('progressive'))
    for name in ('CycleObjective', 'PairedObjective', 'DistillationObjective'):
      with self.assertRaisesRegex(
        ValueError, f'style_size is 3, but {name} does not.*@Objective'
      ):
        OBJECTIVES[name]().check(styled, discriminators('patch'))

  def test_vectors_that_no_objective_gives_are_refused(self):
    conditional = model('TwinGAN', condition_size=2)
    for name in ('Objective', 'CycleObjective'):
      with self.assertRaisesRegex(
        ValueError, 'condition_size is 2, but no obj'
      ):
        OBJECTIVES[name]().check(conditional, discriminators('patch'))

  def test_a_trainer_asks_its_objective(self):
    with self.assertRaisesRegex(ValueError, 'Trainer.model is CycleGAN, but'):
      trainer.Trainer(
        DOMAINS,
        16,
        model=functools.partial(cyclegan.CycleGAN, channels=2, blocks=1),
        discriminator=functools.partial(
          progressive.Discriminator, channels_base=4, channels_max=4
        ),
        objective=twingan_objective.Objective(identity_weight=1.0),
        strategy=tf.distribute.get_strategy(),
        vector_sizes={'photo': 3},
      )

  def test_statistics_of_a_model_without_any_are_refused(self):
    reals = {d: tf.zeros([1, 16, 16, 3]) for d in DOMAINS}
    for name in ('CycleObjective', 'PairedObjective'):
      with self.assertRaisesRegex(
        ValueError, f'CycleGAN keeps no batch norm statistics that {name}'
      ):
        OBJECTIVES[name]().update_norm_statistics(
          model('CycleGAN'), reals, seed=None, resolution=16, alpha=1.0
        )

  def test_a_cyclegan_is_calibrated_without_them(self):
    made = trainer.Trainer(
      DOMAINS,
      16,
      model=functools.partial(cyclegan.CycleGAN, channels=2, blocks=1),
      discriminator=functools.partial(
        patch.PatchDiscriminator, channels=2, field=16
      ),
      objective=cyclegan_objective.CycleObjective(pool_size=0),
      strategy=tf.distribute.get_strategy(),
    )
    batch = {d: np.zeros([1, 16, 16, 3], np.uint8) for d in DOMAINS}
    before = [v.numpy() for v in made.ema_model.variables]
    made.estimate_statistics([batch], resolution=16, alpha=1.0)
    for old, variable in zip(before, made.ema_model.variables):
      self.assertAllEqual(old, variable)

  def test_another_objective_trains_anything(self):
    class Own(base_objective.BaseObjective):
      def compute(self, *args, **kwargs):
        raise NotImplementedError

    for name in (*TRANSLATES, 'ProgressiveGAN'):
      Own().check(model(name), discriminators('patch'))


if __name__ == '__main__':
  tf.test.main()

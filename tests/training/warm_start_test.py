"""A training starts from another run's weights, and says what it took."""

import contextlib
import functools
import io
import json
import pathlib
import tempfile
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from tests import shared_artifacts, two_devices
from tf_twingan import framing
from tf_twingan.losses import (
  image_augmentation,
  pggan_objective,
  twingan_objective,
)
from tf_twingan.models import pggan, registry, twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.runs import (
  checkpoint_values,
  checkpoints,
  config_files,
  divergence,
  loading,
  recorded_framing,
)
from tf_twingan.training import (
  growth_schedule,
  origins,
  progress,
  trainer,
  warm_start,
  weight_matching,
)

# Those of `tests.tiny_run`.
NARROW = dict(channels_base=16, channels_max=8)
DOMAINS = ('photo', 'anime')
SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'


def make(
  domains=DOMAINS,
  resolution=16,
  *,
  shared=False,
  sizes=None,
  strategy=None,
  **options,
):
  keras.utils.set_random_seed(7)
  objective = twingan_objective.Objective(
    identity_weight=1.0 if sizes else 0.0,
    identity_from=8,
    augmentation=image_augmentation.Augmentation(target=0.5),
  )
  return trainer.Trainer(
    domains,
    resolution,
    model=functools.partial(twingan.TwinGAN, **{**NARROW, **options}),
    discriminator=functools.partial(
      progressive.Discriminator,
      spectral_norm=options.get('spectral_norm', False),
      **NARROW,
    ),
    objective=objective,
    strategy=strategy or tf.distribute.get_strategy(),
    shared_discriminator=shared,
    vector_sizes=sizes,
  )


def save(made, folder=None, images_seen=640, resolution=16, alpha=1.0):
  """Writes a run of a trainer, as training does; returns its directory."""
  folder = folder or tempfile.mkdtemp()
  position = progress.Progress.start()
  position.images_seen.assign(images_seen)
  position.resolution.assign(resolution)
  position.alpha.assign(alpha)

  config_files.write_model(folder, registry.describe(made.model))
  checkpoints.Checkpoints(f'{folder}/checkpoints').save(
    images_seen, dict(made.state, **position.state())
  )
  return folder


def differ(made):
  """Gives every variable values of its own, as training would."""
  for index, variable in enumerate(
    warm_start.variables_by_name(made.state).values()
  ):
    noise = tf.random.stateless_uniform(variable.shape, [index, 0], 0.5, 1.5)
    variable.assign(noise)
  return made


@functools.cache
def origin_run():
  """A run with an EMA, a model and discriminators that all differ."""
  return save(differ(make()))


def prepare(
  name,
  domains=DOMAINS,
  final=16,
  start=16,
  run_dir=None,
  coarser=False,
  discriminators_first=0,
  **init,
):
  return warm_start.prepare(
    run_dir or tempfile.mkdtemp(),
    str(name),
    domains=domains,
    init_domains=init,
    growth=growth_schedule.Growth(
      start_resolution=start,
      final_resolution=final,
      discriminator_only_images=discriminators_first,
    ),
    retrain_coarser=coarser,
  )


def arrays(made):
  return {
    n: v.numpy() for n, v in warm_start.variables_by_name(made.state).items()
  }


def stored(run):
  store = checkpoints.Checkpoints(f'{run}/checkpoints')
  return {
    n.removesuffix(SUFFIX): v
    for n, v in checkpoint_values.tensors(store.prefixes()[0]).items()
  }


class WarmStartTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(
    dict(),
    dict(
      shared=True,
      sizes={'photo': 3},
      style_size=4,
      spectral_norm=True,
      sharing='nothing',
      renorm_ramp_steps=10,
      attention_resolution=8,
    ),
  )
  def test_names_are_those_of_a_checkpoint(self, **options):
    made = make(resolution=8, **options)
    found = stored(save(made))
    expected = [
      name
      for name in found
      if name.split('/')[0]
      in ('model', 'average', 'discriminators', 'identity')
    ]
    self.assertCountEqual(arrays(made), expected)

  def test_everything_of_the_same_training_is_taken(self):
    made, position = make(), progress.Progress.start()
    before = [v.numpy() for v in made.generator_adam.variables]
    record = prepare(origin_run()).apply(made, position)
    weights = stored(origin_run())
    for name, value in arrays(made).items():
      np.testing.assert_array_equal(value, weights[name], name)
    self.assertEqual(record['taken'], record['of'])
    self.assertEmpty(record['left'])
    self.assertCountEqual(record['of'], ['model', 'average', 'discriminators'])
    # The rest starts anew, at the stage that the weights are of.
    self.assertEqual(int(position.images_seen), 0)
    self.assertEqual(int(position.resolution), 16)
    for old, new in zip(before, made.generator_adam.variables):
      self.assertAllEqual(old, new)

  def test_the_first_translation_is_the_shipped_one(self):
    name = 'pretrained:avatar_twins'
    shipped = loading.load(loading.folder(name))
    made, position = (
      make(
        resolution=32,
        channels_base=256,
        channels_max=64,
        pixel_norm=False,
        smooth=True,
      ),
      progress.Progress.start(),
    )
    record = prepare(name, final=32, start=32).apply(made, position)
    self.assertEqual(record['images_seen'], 72_000)
    images = tf.random.stateless_uniform([2, 32, 32, 3], [0, 0], -1, 1)
    for model in (made.ema_model, made.model):
      self.assertAllEqual(
        model.translate(images, 'photo', 'anime', resolution=32),
        shipped.model.translate(images, 'photo', 'anime', resolution=32),
      )
    # It has no discriminators, which is said, unless that is provided for.
    lines = '\n'.join(warm_start.summary(record, 'runs/x'))
    self.assertIn('0 of 52 of the discriminators', lines)
    self.assertIn('Growth.discriminator_only_images', lines)
    start = prepare(name, final=32, start=32, discriminators_first=8)
    record = start.apply(made, position)
    self.assertEmpty(record['warnings'])

  def test_the_run_translates_as_its_origin_before_the_first_step(self):
    made, position = make(resolution=32), progress.Progress.start()
    prepare(origin_run(), final=32).apply(made, position)
    run = save(
      made,
      images_seen=0,
      resolution=int(position.resolution),
      alpha=float(position.alpha),
    )
    images = np.random.default_rng(0).integers(0, 256, [2, 16, 16, 3], np.uint8)
    outputs = [
      tf_twingan.Translator(name).translate(images, to='anime')
      for name in (run, origin_run())
    ]
    self.assertGreater(np.std(outputs[0]), 1)
    self.assertAllEqual(*outputs)

  def test_every_device_starts_from_the_same(self):
    made = make(strategy=two_devices.strategy())
    record = prepare(origin_run()).apply(made, progress.Progress.start())
    self.assertEqual(record['taken'], record['of'])
    weights = stored(origin_run())
    found = warm_start.variables_by_name(made.state)
    self.assertCountEqual(found, arrays(make()))
    for name, variable in found.items():
      self.assertLen(variable.values, 2)
      for own in variable.values:
        np.testing.assert_array_equal(own.numpy(), weights[name], name)

  def test_a_renamed_domain_starts_from_the_one_that_is_named(self):
    made = make(('cat', 'photo'))
    record = prepare(origin_run(), ('cat', 'photo'), cat='anime').apply(
      made, progress.Progress.start()
    )
    self.assertEmpty(record['left'])
    weights, found = stored(origin_run()), arrays(made)
    for here, there in (
      ('average/generator/blocks/4px/0/norm/cat_scale',) * 2,
      ('discriminators/cat/hidden/kernel',) * 2,
      ('model/encoder/from_rgb/8px/norm/photo_offset',) * 2,
    ):
      np.testing.assert_array_equal(
        found[here], weights[there.replace('cat', 'anime')], here
      )

  def test_a_domain_of_a_new_name_is_said_with_the_flag_that_maps_it(self):
    made = make(('photo', 'cat'))
    initial = arrays(made)
    record = prepare(origin_run(), ('photo', 'cat')).apply(
      made, progress.Progress.start()
    )
    lines = '\n'.join(warm_start.summary(record, 'runs/x'))
    self.assertIn('has no domain cat', lines)
    self.assertIn('--init_domains=cat=anime', lines)
    self.assertIn('runs/x/init_from.json', lines)
    self.assertNotEmpty(record['left'])
    for name, value in arrays(made).items():
      self.assertEqual('cat' in name, name in record['left'], name)
      if 'cat' in name:
        np.testing.assert_array_equal(value, initial[name])

  def test_a_finer_resolution_keeps_its_own_blocks(self):
    made, position = make(resolution=32), progress.Progress.start()
    initial = arrays(made)
    record = prepare(origin_run(), final=32).apply(made, position)
    self.assertEqual(int(position.resolution), 16)
    weights = stored(origin_run())
    for name, value in arrays(made).items():
      is_new = '/32px/' in name
      self.assertEqual(is_new, name in record['left'], name)
      np.testing.assert_array_equal(
        value, initial[name] if is_new else weights[name]
      )

  def test_a_coarser_resolution_is_translated_at_its_own(self):
    position = progress.Progress.start()
    prepare(origin_run(), final=8, start=8).apply(make(resolution=8), position)
    self.assertEqual(int(position.resolution), 8)

  def test_training_coarser_stages_again_is_refused_unless_asked_for(self):
    for start, final in ((4, 16), (8, 32)):
      with self.assertRaisesRegex(
        ValueError, r'trained up to 16 px.*"Growth.start_resolution=16"'
      ):
        prepare(origin_run(), start=start, final=final)
    self.assertIsNotNone(prepare(origin_run(), start=4, coarser=True))
    # A resolution that was still being faded in is faded in again.
    fading = save(make(), alpha=0.5)
    self.assertIsNotNone(prepare(fading, start=8))
    with self.assertRaisesRegex(ValueError, 'start_resolution=8'):
      prepare(fading, start=4)

  def test_beginning_finer_than_the_origin_has_come_is_warned_of(self):
    for start, expected in ((32, 1), (16, 0)):
      record = prepare(origin_run(), final=32, start=start).apply(
        make(resolution=32), progress.Progress.start()
      )
      self.assertLen(record['warnings'], expected)
      lines = '\n'.join(warm_start.summary(record, 'runs/x'))
      self.assertEqual('Growth.start_resolution=16 fades' in lines, expected)

  def test_other_widths_are_refused_and_named(self):
    made = make(channels_base=32, channels_max=16)
    before = arrays(made)
    with self.assertRaisesRegex(
      ValueError,
      'does not fit: 0% .*channels_base is 16 there and 32 here. '
      'channels_max is 8 there and 16 here',
    ):
      prepare(origin_run()).apply(made, progress.Progress.start())
    for name, value in arrays(made).items():
      np.testing.assert_array_equal(value, before[name])

  def test_images_that_are_framed_otherwise_are_warned_of(self):
    run = save(make(resolution=8), resolution=8)
    there = {'photo': framing.Framing(0.7), 'anime': framing.Framing()}
    recorded_framing.write(run, there)
    domains = ('photo', 'cat')
    here = {d: framing.Framing() for d in domains}
    start = prepare(run, domains, final=8, start=8, cat='anime')
    record = start.apply(
      make(domains, resolution=8), progress.Progress.start(), here
    )
    self.assertEqual(
      record['warnings'],
      [
        'The images of photo are framed by ?crop=1 here, and those that '
        f'{run} was trained on by ?crop=0.7.'
      ],
    )

  def test_an_option_that_changes_no_shape_is_warned_of(self):
    made = make(smooth=True)
    record = prepare(origin_run()).apply(made, progress.Progress.start())
    self.assertEmpty(record['left'])
    self.assertIn(
      'Warning: smooth is False there and True here.',
      warm_start.summary(record, 'runs/x'),
    )

  def test_another_model_is_refused(self):
    noise = trainer.Trainer(
      DOMAINS,
      8,
      model=functools.partial(pggan.ProgressiveGAN, latent_size=6, **NARROW),
      discriminator=functools.partial(progressive.Discriminator, **NARROW),
      objective=pggan_objective.NoiseObjective(),
      strategy=tf.distribute.get_strategy(),
    )
    with self.assertRaisesRegex(
      ValueError, 'is a TwinGAN, and this training is of a ProgressiveGAN'
    ):
      prepare(origin_run(), final=8, start=8).apply(
        noise, progress.Progress.start()
      )

  def test_a_model_that_was_saved_alone_is_an_origin(self):
    run = shared_artifacts.run()
    made = make()
    record = prepare(run, start=8).apply(made, progress.Progress.start())
    self.assertEqual(record['taken']['model'], record['of']['model'])
    weights, found = stored(run), arrays(made)
    name = 'generator/blocks/8px/1/norm/anime_scale'
    for part in (weight_matching.LIVE, weight_matching.EMA):
      np.testing.assert_array_equal(
        found[f'{part}/{name}'], weights[f'average/{name}']
      )

  def test_a_damaged_checkpoint_is_passed_over(self):
    run = pathlib.Path(save(differ(make()), images_seen=100))
    save(make(), str(run), images_seen=200)
    data = run / 'checkpoints' / '000000200.data-00000-of-00001'
    data.write_bytes(data.read_bytes()[:1000])
    self.assertEqual(origins.read(str(run)).images_seen, 100)

  def test_weights_that_are_not_finite_are_refused(self):
    made = make()
    made.model.variables[0].assign(made.model.variables[0] * np.nan)
    # As versions wrote them that did not look.
    with mock.patch.object(divergence, 'describe', return_value=None):
      run = save(made)
    with self.assertRaisesRegex(ValueError, 'has NaN in model/'):
      origins.read(run)

  @parameterized.parameters(
    ('pretrained:avatar_twin', ValueError, "did you mean 'avatar_twins'"),
    ('avatar_twins', FileNotFoundError, 'did you mean pretrained:avatar_twins'),
    ('/nowhere/at/all', FileNotFoundError, 'not a run directory'),
  )
  def test_an_origin_that_is_not_there_is_named(self, name, kind, message):
    with self.assertRaisesRegex(kind, message):
      prepare(name)

  def test_a_run_without_a_checkpoint_is_no_origin_yet(self):
    run = shared_artifacts.copy_of(shared_artifacts.run())
    for path in (run / 'checkpoints').iterdir():
      path.unlink()
    with self.assertRaisesRegex(FileNotFoundError, 'no checkpoint'):
      prepare(run)

  @parameterized.parameters(
    (dict(kat='anime'), "'kat' is no domain of this .* did you mean 'cat'"),
    (dict(cat='anme'), "has no domain 'anme'; did you mean 'anime'"),
  )
  def test_a_domain_that_is_not_there_is_named(self, init, message):
    with self.assertRaisesRegex(ValueError, message):
      prepare(origin_run(), ('photo', 'cat'), **init)

  def test_a_run_that_is_started_goes_on_and_says_so(self):
    run = shared_artifacts.copy_of(shared_artifacts.run())
    for record, words in (
      (None, 'started already, without --init_from; it continues'),
      ('{"origin": "runs/a", "images_seen": 7}', 'from runs/a at 7 images'),
      ('[', 'is started already; it continues'),
    ):
      if record:
        (run / warm_start.RECORD).write_text(record)
      with contextlib.redirect_stdout(io.StringIO()) as output:
        # Not even opened.
        self.assertIsNone(prepare('/nowhere/at/all', run_dir=str(run)))
      self.assertIn(words, output.getvalue())

  def test_the_record_says_where_weights_come_from(self):
    record = prepare(origin_run()).apply(make(), progress.Progress.start())
    folder = pathlib.Path(tempfile.mkdtemp())
    warm_start.write_record(str(folder), record)
    read = json.loads((folder / 'init_from.json').read_text())
    self.assertEqual(read, record)
    self.assertEqual(read['origin'], origin_run())
    self.assertEqual(read['checkpoint'], '000000640')
    self.assertEqual(read['images_seen'], 640)
    self.assertEqual(read['domains'], {'photo': 'photo', 'anime': 'anime'})
    self.assertRegex(read['sha256'], r'^[0-9a-f]{64}$')
    self.assertRegex(read['saved'], r'^\d{4}-\d\d-\d\dT')


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()

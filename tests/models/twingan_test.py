"""The twin network: stages, domains, sharing, size."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import configs, twingan

DOMAINS = ('photo', 'anime', 'cat')


def build(**options):
  keras.utils.set_random_seed(1)
  options = {
    'max_resolution': 16,
    'channels_base': 32,
    'channels_max': 16,
    'norm': 'batch',
    **options,
  }
  return twingan.TwinGAN(DOMAINS, **options)


def random_images(resolution=16, batch=2, seed=1):
  shape = [batch, resolution, resolution, 3]
  return tf.random.stateless_uniform(shape, [seed, 0], -1.0, 1.0)


class TwinGANTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.product(
    norm=['batch', 'layer'], pixel_norm=[True, False], smooth=[True, False]
  )
  def test_new_stage_starts_as_the_previous_one(self, norm, pixel_norm, smooth):
    model = build(norm=norm, pixel_norm=pixel_norm, smooth=smooth)
    fine = random_images()
    coarse = tf.nn.avg_pool2d(fine, 2, 2, 'VALID')
    before = model.translate(coarse, 'photo', 'anime', resolution=8)
    after = model.translate(fine, 'photo', 'anime', resolution=16, alpha=0.0)
    upsampled = tf.repeat(tf.repeat(before, 2, axis=1), 2, axis=2)
    self.assertAllClose(after, upsampled, atol=1e-6)
    self.assertGreater(float(tf.math.reduce_std(before)), 1e-3)

  def test_new_stage_of_all_parts_starts_as_the_previous_one(self):
    model = build(
      residual=True, attention_resolution=8, to_rgb_size=3, spectral_norm=True
    )
    model.generator.attention.gamma.assign(1.0)
    fine = random_images()
    coarse = tf.nn.avg_pool2d(fine, 2, 2, 'VALID')
    before = model.translate(coarse, 'photo', 'anime', resolution=8)
    after = model.translate(fine, 'photo', 'anime', resolution=16, alpha=0.0)
    self.assertAllClose(tf.nn.avg_pool2d(after, 2, 2, 'VALID'), before)

  def test_alpha_one_leaves_the_blend_out(self):
    model = build()
    a = model.translate(
      random_images(), 'photo', 'cat', resolution=16, alpha=1.0
    )
    b = model.translate(
      random_images(), 'photo', 'cat', resolution=16, alpha=tf.constant(1.0)
    )
    self.assertAllClose(a, b, atol=1e-6)

  @parameterized.parameters(4, 8, 16)
  def test_shapes_and_dtypes(self, resolution):
    model = build(precision='bfloat16')
    x = random_images(resolution)
    encoding = model.encode(x, ['photo'], resolution=resolution)
    self.assertEqual(encoding.content.shape, [2, 4, 4, 16])
    self.assertEqual(encoding.content.dtype, tf.bfloat16)
    self.assertEqual(
      sorted(encoding.skips), [r for r in (8, 16) if r <= resolution]
    )
    images = model.decode(encoding, ['anime'], resolution=resolution)
    self.assertEqual(images.shape, x.shape)
    self.assertEqual(images.dtype, tf.float32)

  def test_a_domain_owns_its_norm_parameters_and_nothing_else(self):
    model = build()
    owned = {d: model.domain_variables(d) for d in DOMAINS}
    for domain, variables in owned.items():
      roles = {v.name.split(':')[0].split('/')[-1] for v in variables}
      self.assertEqual(
        roles,
        {
          f'{domain}_{role}'
          for role in ('scale', 'offset', 'moving_mean', 'moving_variance')
        },
      )
    shared = [
      v
      for v in model.variables
      if not any(v is o for own in owned.values() for o in own)
    ]
    self.assertEqual(
      {v.name.split(':')[0].split('/')[-1] for v in shared}, {'kernel', 'bias'}
    )
    # Encoder: 3 from_rgb, 2 blocks of 2. Generator: 3 blocks of 2.
    for variables in owned.values():
      self.assertLen(variables, 4 * (3 + 2 * 2 + 3 * 2))

  def test_a_domain_may_be_called_like_the_start_of_another(self):
    model = twingan.TwinGAN(
      ['photo', 'photo_hd'], max_resolution=8, channels_base=8, channels_max=8
    )
    one, other = (model.domain_variables(d) for d in model.domains)
    self.assertEqual(len(one), len(other))
    self.assertFalse({id(v) for v in one} & {id(v) for v in other})

  def test_domains_share_the_convolution_objects(self):
    two = twingan.TwinGAN(
      DOMAINS[:2], max_resolution=16, channels_base=32, channels_max=16
    )
    kernels = lambda m: len([v for v in m.variables if 'kernel' in v.name])  # noqa: E731
    self.assertEqual(kernels(build()), kernels(two))

  def test_only_the_target_decides_on_a_code_s_image(self):
    model = build()
    for conv in model.generator.blocks['16px']:
      conv.norm.parameters['cat']['offset'].assign_add(
        tf.ones_like(conv.norm.parameters['cat']['offset'])
      )
    encoding = model.encode(random_images(), ['photo'], resolution=16)
    anime = model.decode(encoding, ['anime'], resolution=16)
    cat = model.decode(encoding, ['cat'], resolution=16)
    self.assertGreater(float(tf.reduce_mean(tf.abs(anime - cat))), 1e-2)

  @parameterized.parameters(1, 2)
  def test_packed_outputs_are_those_of_single_calls(self, shift):
    model = build(norm='instance')
    reals = {d: random_images(seed=i) for i, d in enumerate(DOMAINS)}
    outputs = model.reconstruct_and_translate(
      reals, shift=shift, resolution=16, training=True
    )
    for index, target in enumerate(DOMAINS):
      source = DOMAINS[(index - shift) % 3]
      for packed, name in (
        (outputs.reconstructions, target),
        (outputs.translations, source),
      ):
        single = model.translate(
          reals[name], name, target, resolution=16, training=True
        )
        self.assertAllClose(packed[index], single, atol=1e-4)

  @parameterized.parameters(*configs.SHARINGS)
  def test_packed_outputs_are_those_of_single_calls_in_all_sharings(
    self, sharing
  ):
    model = build(norm='instance', sharing=sharing)
    reals = {d: random_images(seed=i) for i, d in enumerate(DOMAINS)}
    outputs = model.reconstruct_and_translate(
      reals, resolution=8, training=True
    )
    single = model.translate(
      reals['cat'], 'cat', 'photo', resolution=8, training=True
    )
    self.assertAllClose(outputs.translations[0], single, atol=1e-4)

  def test_domains_that_share_everything_look_alike(self):
    model = build(sharing='everything')
    x = random_images()
    anime = model.translate(x, 'photo', 'anime', resolution=16)
    self.assertAllEqual(
      anime, model.translate(x, 'cat', 'photo', resolution=16)
    )
    one, other = (model.domain_variables(d) for d in DOMAINS[:2])
    self.assertTrue(one)
    self.assertEqual({id(v) for v in one}, {id(v) for v in other})
    with self.assertRaisesRegex(ValueError, 'no domain'):
      model.translate(x, 'dog', 'photo', resolution=16)

  def test_domains_that_share_nothing_have_networks_of_their_own(self):
    model = build(sharing='nothing')
    alone = twingan.TwinGAN(
      DOMAINS[:2], max_resolution=16, channels_base=32, channels_max=16
    )
    kernels = lambda m: len([v for v in m.variables if 'kernel' in v.name])  # noqa: E731
    self.assertEqual(kernels(model), 3 * kernels(alone))
    x = random_images()
    before = model.translate(x, 'photo', 'anime', resolution=16)
    for variable in model.encoder_of('anime').variables:
      variable.assign(variable + 1)
    for variable in model.generator_of('photo').variables:
      variable.assign(variable + 1)
    self.assertAllEqual(
      before, model.translate(x, 'photo', 'anime', resolution=16)
    )
    for variable in model.generator_of('anime').variables:
      variable.assign(variable + 1)
    self.assertNotAllClose(
      before, model.translate(x, 'photo', 'anime', resolution=16)
    )

  def test_an_unknown_sharing_names_those_there_are(self):
    with self.assertRaisesRegex(ValueError, "'norms'.*everything"):
      build(sharing='norms')

  @parameterized.parameters(*configs.SHARINGS)
  def test_a_condition_changes_its_image_alone(self, sharing):
    model = build(norm='instance', sharing=sharing, condition_size=2)
    x = random_images(batch=4)
    parts = ['photo', 'anime']
    condition = tf.constant([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])

    def generate(**options):
      encoding = model.encode(x, parts, resolution=16)
      return model.decode(encoding, parts, resolution=16, **options)

    unconditioned = generate()
    self.assertAllClose(generate(condition=condition), unconditioned, atol=1e-5)
    for part in (model.generator_of(d) for d in DOMAINS):
      kernel = part.blocks['16px'][1].norm.condition_kernel
      kernel.assign(tf.ones_like(kernel))
    conditioned = generate(condition=condition)
    difference = tf.reduce_mean(
      tf.abs(conditioned - unconditioned), [1, 2, 3]
    ).numpy()
    self.assertAllClose(difference[[0, 3]], [0, 0], atol=1e-5)
    self.assertGreater(difference[[1, 2]].min(), 1e-2)
    # One image alone, and the encoder sees no condition.
    single = model.translate(
      x[2:3], 'anime', 'anime', resolution=16, condition=condition[2:3]
    )
    self.assertAllClose(single, conditioned[2:3], atol=1e-5)

  def test_the_encoder_can_have_conditions(self):
    model = build(condition_size=2)
    kernel = model.encoder.blocks['8px'][1].norm.condition_kernel
    kernel.assign(tf.ones_like(kernel))
    codes = [
      model.encode(
        random_images(), ['photo'], resolution=16, condition=condition
      ).content
      for condition in (None, tf.ones([2, 2]))
    ]
    self.assertNotAllClose(*codes, atol=1e-2)

  def styled(self, **options):
    model = build(norm='instance', style_size=3, **options)
    for index, variable in enumerate(model.generator.variables):
      if 'condition_kernel' in variable.name:
        variable.assign(
          tf.random.stateless_normal(variable.shape, [index, 5]) / 2
        )
    return model

  def test_style_codes_condition_the_generator_alone(self):
    model, plain = build(style_size=3), build()
    self.assertEqual(
      [(v.name, v.shape) for v in model.encoder.variables],
      [(v.name, v.shape) for v in plain.encoder.variables],
    )
    for convs in model.generator.blocks.values():
      for conv in convs:
        self.assertEqual(conv.norm.condition_kernel.shape[0], 3)
    self.assertIsNone(plain.style_encoder)

  @parameterized.parameters(*configs.SHARINGS)
  def test_own_styles_reconstruct_and_those_of_references_translate(
    self, sharing
  ):
    model = self.styled(sharing=sharing)
    images = {d: random_images(seed=i + 1) for i, d in enumerate(DOMAINS)}
    outputs = model.reconstruct_and_translate(images, resolution=16, shift=2)
    for index, target in enumerate(DOMAINS):
      source = DOMAINS[index - 2]
      style = model.style(images[target], [target], resolution=16)
      for images_in_target, domain in (
        (outputs.reconstructions, target),
        (outputs.translations, source),
      ):
        self.assertAllClose(
          images_in_target[index],
          model.translate(
            images[domain], domain, target, condition=style, resolution=16
          ),
          atol=1e-5,
        )
    self.assertNotAllClose(
      outputs.translations[1],
      model.translate(
        images['cat'],
        'cat',
        'anime',
        condition=model.style(images['cat'], ['anime'], resolution=16),
        resolution=16,
      ),
      atol=1e-2,
    )

  def test_styles_by_default(
    self,
  ):
    model, x = self.styled(), random_images()
    model.style_encoder.means['anime'].assign([0.1, 0.0, -0.1])
    style = tf.constant([[5.0, 0.0, -5.0]] * 2)
    self.assertAllClose(
      model.translate(x, 'photo', 'anime', resolution=16),
      model.translate(x, 'photo', 'anime', condition=style, resolution=16),
      atol=1e-5,
    )
    own = model.style(x, ['anime'], resolution=16)
    reconstructions = model.translate(x, 'anime', 'anime', resolution=16)
    self.assertAllClose(
      reconstructions,
      model.translate(x, 'anime', 'anime', condition=own, resolution=16),
      atol=1e-5,
    )
    self.assertNotAllClose(
      reconstructions,
      model.translate(x, 'anime', 'anime', condition=style, resolution=16),
      atol=1e-2,
    )

  def test_a_model_without_style_codes_says_so(self):
    with self.assertRaisesRegex(ValueError, 'no style codes.*style_size=16'):
      build().style(random_images(), ['photo'], resolution=16)
    with self.assertRaisesRegex(ValueError, 'no style codes.*style_size=16'):
      build().mean_style('photo')

  def test_domains_own_nothing_of_conditions(self):
    self.assertLen(
      build(condition_size=2).domain_variables('photo'),
      len(build().domain_variables('photo')),
    )

  @parameterized.parameters(*configs.SHARINGS)
  def test_renorm_limits_widen_in_each_stage(self, sharing):
    model = build(norm='batch_renorm', sharing=sharing, renorm_ramp_steps=10)
    mode = dict(resolution=16, training=True, statistics_update=0.0)
    x = random_images() * 100

    def code():
      return model.encode(x, ['photo'], **mode).content.numpy()

    codes = []
    for step in (0, 5, 10, 20, 0):
      model.start_step(step)
      codes.append(code())
    self.assertNotAllClose(codes[0], codes[1], atol=1e-2)
    self.assertNotAllClose(codes[1], codes[2], atol=1e-2)
    self.assertAllEqual(codes[2], codes[3])
    self.assertAllEqual(codes[0], codes[4])

  def test_limits_that_widen_are_in_a_checkpoint_and_fixed_ones_not(self):
    names = [
      [v.name for v in build(norm='batch_renorm', **ramp).variables]
      for ramp in ({}, dict(renorm_ramp_steps=10))
    ]
    self.assertLen(names[1], len(names[0]) + 1)

  def test_skips_can_be_limited(self):
    x = random_images()
    model = build(skip_max_resolution=8)
    encoding = model.encode(x, ['photo'], resolution=16)
    changed = encoding._replace(
      skips={**encoding.skips, 16: encoding.skips[16] + 1}
    )
    self.assertAllEqual(
      model.decode(encoding, ['anime'], resolution=16),
      model.decode(changed, ['anime'], resolution=16),
    )

  @parameterized.parameters(dict(condition_size=3), dict(style_size=3))
  def test_config_builds_the_same_network(self, **conditions):
    model = build(
      norm='instance',
      smooth=True,
      residual=True,
      attention_resolution=8,
      to_rgb_size=3,
      spectral_norm=True,
      **conditions,
    )
    for conv in model.generator.to_rgb.values():
      self.assertEqual(tuple(conv.kernel.shape)[:2], (3, 3))
    again = twingan.TwinGAN(**model.get_config())
    self.assertEqual(
      [(v.name, v.shape) for v in model.variables],
      [(v.name, v.shape) for v in again.variables],
    )

  def test_size_at_256_px_is_that_of_the_article(self):
    model = twingan.TwinGAN(('photo', 'anime'), max_resolution=256)
    size = sum(
      int(np.prod(v.shape)) for v in model.variables if 'kernel' in v.name
    )
    self.assertNear(size / 1e6, 8.64, 0.02)

  @parameterized.parameters(
    (dict(max_resolution=24), '24 is not a power of two'),
    (dict(norm='group'), "'group'"),
    (dict(skip_max_resolution=24), '24 is not a power of two'),
    (dict(renorm_ramp_steps=9), "is 9 with the norm 'batch'; give"),
    (dict(style_size=1), 'style_size is 1 with condition_size None; give'),
    (dict(style_size=8, condition_size=8), 'is 8 with condition_size 8; give'),
    (dict(to_rgb_size=2), 'to_rgb_size is 2; choose an odd one'),
    (dict(precision='int8'), "'int8'; choose one of float32"),
  )
  def test_bad_values_are_named(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      build(**options)

  def test_bad_domains_are_named(self):
    with self.assertRaisesRegex(ValueError, 'two or more'):
      twingan.TwinGAN(['photo'], max_resolution=8)
    with self.assertRaisesRegex(
      ValueError, "'dog' in this model; it has photo"
    ):
      build().check_domain('dog')


if __name__ == '__main__':
  tf.test.main()

"""Folded weights draw what the model draws, whatever the model is made of."""

import tempfile

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from export import exporter
from export.graph import equalization, folded_network, folding
from tests import tiny_run
from tf_twingan.models import twingan
from tf_twingan.runs import checkpoints, config_files

IMAGES = (
  np.random.default_rng(0).uniform(-1, 1, [3, 16, 16, 3]).astype(np.float32)
)


def translator(alpha=1.0, resolution=16, domains=('photo', 'anime'), **options):
  """A run of an untrained network whose statistics differ by domain."""
  keras.utils.set_random_seed(2)
  model = twingan.TwinGAN(
    domains,
    max_resolution=16,
    channels_base=24,
    channels_max=8,
    **{'pixel_norm': False, **options},
  )
  rng = np.random.default_rng(3)
  for domain in domains:
    for variable in model.domain_variables(domain):
      shape = variable.shape
      variable.assign(rng.uniform(0.5, 1.5, shape).astype(np.float32))
  if model.generator_of(domains[1]).attention is not None:
    model.generator_of(domains[1]).attention.gamma.assign(2.0)
  folder = tempfile.mkdtemp()
  config_files.write_model(folder, {'model': 'twingan', **model.get_config()})
  checkpoints.Checkpoints(f'{folder}/checkpoints').save(
    10,
    {
      'average': model,
      'resolution': tf.Variable(resolution, dtype=tf.int64),
      'alpha': tf.Variable(alpha),
      'images_seen': tf.Variable(10, dtype=tf.int64),
    },
  )
  return tf_twingan.Translator(folder)


class FoldingTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.named_parameters(
    ('batch', dict(norm='batch')),
    ('renorm', dict(norm='batch_renorm')),
    ('instance', dict(norm='instance')),
    ('layer', dict(norm='layer')),
    ('none', dict(norm='none')),
    ('pixel_norm', dict(pixel_norm=True)),
    ('smooth', dict(smooth=True)),
    ('no_skips', dict(skip_max_resolution=4)),
    ('fading', dict(alpha=0.3)),
    ('fading_smooth', dict(alpha=0.3, smooth=True)),
    ('smallest', dict(resolution=4)),
    ('everything', dict(sharing='everything')),
    ('spectral', dict(spectral_norm=True)),
    ('residual', dict(residual=True)),
    ('residual_fading', dict(residual=True, alpha=0.3, smooth=True)),
    ('residual_smallest', dict(residual=True, resolution=4)),
    ('attention', dict(attention_resolution=8)),
    ('attention_fading', dict(attention_resolution=8, alpha=0.3)),
    ('attention_later', dict(attention_resolution=16, resolution=8)),
    ('to_rgb', dict(to_rgb_size=3)),
  )
  def test_it_draws_what_the_model_draws(self, options):
    model = translator(**options)
    px = model.resolution
    images = IMAGES[:, :px, :px]
    expected = exporter.expected_images(model, 'photo', 'anime', images)
    for shared in (False, True):
      weights = folding.of_translator(model, 'photo', 'anime', shared=shared)
      drawn = folded_network.Network(weights).translate(tf.constant(images))
      self.assertAllClose(drawn, expected, atol=1e-5)
    self.assertGreater(np.std(expected), 0.05)

  def test_domains_that_share_nothing_fold_one_direction_at_a_time(self):
    model = translator(sharing='nothing')
    expected = exporter.expected_images(model, 'photo', 'anime', IMAGES)
    weights = folding.of_translator(model, 'photo', 'anime')
    drawn = folded_network.Network(weights).translate(tf.constant(IMAGES))
    self.assertAllClose(drawn, expected, atol=1e-5)
    with self.assertRaisesRegex(ValueError, 'export each direction'):
      folding.of_translator(model, 'photo', 'anime', shared=True)

  @parameterized.named_parameters(
    ('plain', {}),
    ('smooth', dict(smooth=True)),
    ('some_skips', dict(skip_max_resolution=8)),
    ('fading', dict(alpha=0.3)),
    ('smallest', dict(resolution=4)),
  )
  def test_equalized_channels_draw_the_same(self, options):
    model = translator(**options)
    px = model.resolution
    images = IMAGES[:, :px, :px]
    weights = folding.of_translator(model, 'photo', 'anime')
    equal = equalization.equalize(weights, images)
    self.assertAllClose(
      folded_network.Network(equal).translate(tf.constant(images)),
      folded_network.Network(weights).translate(tf.constant(images)),
      atol=1e-5,
    )
    # And are closer to one size than they were.
    self.assertLess(spread(equal, images), 0.7 * spread(weights, images))

  @parameterized.parameters(
    dict(norm='instance'), dict(residual=True), dict(attention_resolution=8)
  )
  def test_what_does_not_commute_is_left_alone(self, **options):
    weights = folding.of_translator(translator(**options), 'photo', 'anime')
    self.assertIs(equalization.equalize(weights, IMAGES), weights)

  def test_domains_differ(self):
    model = translator()
    one, other = (
      folded_network.Network(
        folding.of_translator(model, 'photo', to)
      ).translate(tf.constant(IMAGES))
      for to in ('photo', 'anime')
    )
    self.assertNotAllClose(one, other, atol=1e-2)

  def test_directions_share_variables(self):
    model = translator(domains=('photo', 'anime', 'cat'))
    variables = folded_network.Variables()
    drawers = {}
    for source, target in (('photo', 'anime'), ('anime', 'cat')):
      weights = folding.of_translator(model, source, target, shared=True)
      drawers[source, target] = folded_network.Network(
        weights, variables=variables, direction=(source, target)
      )
    kernels = [
      {v.ref() for v in drawer.variables if v.shape.rank == 4}
      for drawer in drawers.values()
    ]
    self.assertEqual(*kernels)
    for (source, target), drawer in drawers.items():
      self.assertAllClose(
        drawer.translate(tf.constant(IMAGES)),
        exporter.expected_images(model, source, target, IMAGES),
        atol=1e-5,
      )

  @parameterized.parameters('condition_size', 'style_size')
  def test_what_draws_by_a_condition_is_refused(self, name):
    with self.assertRaisesRegex(ValueError, f'{name} is 5, but.*{name} = None'):
      folding.of_translator(translator(**{name: 5}), 'photo', 'anime')

  def test_an_unknown_domain_is_named(self):
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      folding.of_translator(
        tf_twingan.Translator(str(tiny_run.make())), 'photo', 'cat'
      )


def spread(weights, images):
  """How much the sizes of a layer's channels differ, of the mean layer."""
  found = []

  def observe(place, outputs):
    if place[0] != 'to_rgb':
      sizes = np.abs(outputs.numpy()).max(axis=(0, 1, 2))
      found.append(np.std(np.log(np.maximum(sizes, 1e-6))))

  folded_network.Network(weights, observe=observe).translate(
    tf.constant(images)
  )
  return np.mean(found)


if __name__ == '__main__':
  tf.test.main()

"""Folded weights compute what the model computes, whatever its options are."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from export import contexts
from export.graph import folded_network, folding
from tests import tiny_run
from tests.export import untrained

IMAGES = untrained.FLOATS


def translator(resolution=16, **options):
  return untrained.translator(resolution=resolution, **options)


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
    ('sharing_everything', dict(sharing='everything')),
    ('spectral', dict(spectral_norm=True)),
    ('residual', dict(residual=True)),
    ('residual_fading', dict(residual=True, alpha=0.3, smooth=True)),
    ('residual_smallest', dict(residual=True, resolution=4)),
    ('attention', dict(attention_resolution=8)),
    ('attention_fading', dict(attention_resolution=8, alpha=0.3)),
    ('attention_later', dict(attention_resolution=16, resolution=8)),
    ('to_rgb', dict(to_rgb_size=3)),
  )
  def test_it_computes_what_the_model_computes(self, options):
    model = translator(**options)
    px = model.resolution
    images = IMAGES[:, :px, :px]
    expected = contexts.expected_images(model, 'photo', 'anime', images)
    for shared in (False, True):
      weights = folding.fold_translator(model, 'photo', 'anime', shared=shared)
      outputs = folded_network.Network(weights).translate(tf.constant(images))
      self.assertAllClose(outputs, expected, atol=1e-5)
    self.assertGreater(np.std(expected), 0.05)

  def test_domains_that_share_nothing_fold_one_direction_at_a_time(self):
    model = translator(sharing='nothing')
    expected = contexts.expected_images(model, 'photo', 'anime', IMAGES)
    weights = folding.fold_translator(model, 'photo', 'anime')
    outputs = folded_network.Network(weights).translate(tf.constant(IMAGES))
    self.assertAllClose(outputs, expected, atol=1e-5)
    with self.assertRaisesRegex(ValueError, 'export each direction'):
      folding.fold_translator(model, 'photo', 'anime', shared=True)

  def test_domains_differ(self):
    model = translator()
    one, other = (
      folded_network.Network(
        folding.fold_translator(model, 'photo', to)
      ).translate(tf.constant(IMAGES))
      for to in ('photo', 'anime')
    )
    self.assertNotAllClose(one, other, atol=1e-2)

  def test_directions_share_variables(self):
    model = translator(domains=('photo', 'anime', 'cat'))
    variables = folded_network.Variables()
    networks = {}
    for source, target in (('photo', 'anime'), ('anime', 'cat')):
      weights = folding.fold_translator(model, source, target, shared=True)
      networks[source, target] = folded_network.Network(
        weights, variables=variables, direction=(source, target)
      )
    kernels = [
      {v.ref() for v in network.variables if v.shape.rank == 4}
      for network in networks.values()
    ]
    self.assertEqual(*kernels)
    for (source, target), network in networks.items():
      self.assertAllClose(
        network.translate(tf.constant(IMAGES)),
        contexts.expected_images(model, source, target, IMAGES),
        atol=1e-5,
      )

  @parameterized.parameters('condition_size', 'style_size')
  def test_conditions_are_refused(self, name):
    with self.assertRaisesRegex(ValueError, f'{name} is 5, but.*{name} = None'):
      folding.fold_translator(translator(**{name: 5}), 'photo', 'anime')

  def test_an_unknown_domain_is_named(self):
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      folding.fold_translator(
        tf_twingan.Translator(str(tiny_run.make())), 'photo', 'cat'
      )


if __name__ == '__main__':
  tf.test.main()

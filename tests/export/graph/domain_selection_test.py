"""One network for all domains computes what each direction's own computes."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

from export import benchmark, parity
from export.graph import (
  domain_selection,
  folded_network,
  folding,
  tflite_conversion,
)
from tests.export import untrained
from tf_twingan.inference.exported import tflite
from tf_twingan.models import twingan

DOMAINS = untrained.THREE_DOMAINS
PX = untrained.PX
IMAGES = untrained.FLOATS[:, :PX, :PX]


@functools.cache
def translator():
  return untrained.translator(domains=DOMAINS, smooth=True)


def graph(model, resolution):
  network = domain_selection.SelectableNetwork(model, resolution)
  return tflite_conversion.Graph(
    network.translate,
    network,
    resolution,
    number_inputs=domain_selection.INPUTS,
  )


@functools.cache
def convert(kind):
  return small_graph().convert(kind)


@functools.cache
def small_graph():
  return graph(translator().model, PX)


def folded(source, target):
  return folded_network.Network(
    folding.fold_translator(translator(), source, target)
  )


def run(kind, source, target):
  """Runs the file of all domains in one direction."""
  return tflite.File(convert(kind)).run(
    IMAGES, source=DOMAINS.index(source), target=DOMAINS.index(target)
  )


class SelectableNetworkTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(*itertools.product(DOMAINS, DOMAINS))
  def test_each_pair_equals_its_folded_network(self, source, target):
    found = parity.compare(
      run('float32', source, target),
      folded(source, target).translate(tf.constant(IMAGES)).numpy(),
    )
    self.assertTrue(parity.GATES['float32'].passes(found), found)

  @parameterized.parameters(
    ('float32', 80.0), ('float16', 55.0), ('dynamic', 25.0)
  )
  def test_it_is_as_near_as_a_folded_file(self, kind, least):
    file = tflite_conversion.Graph.of_network(folded('anime', 'cat')).convert(
      kind
    )
    found = parity.compare(
      run(kind, 'anime', 'cat'), tflite.File(file).run(IMAGES)
    )
    self.assertGreater(found.psnr, least)

  def test_swapped_domains_are_caught(self):
    cat = folded('photo', 'cat').translate(tf.constant(IMAGES)).numpy()
    for source, target in (
      ('photo', 'anime'),
      ('cat', 'photo'),
      ('anime', 'cat'),
    ):
      found = parity.compare(run('float32', source, target), cat)
      for kind in ('float32', 'float16', 'dynamic'):
        self.assertFalse(parity.GATES[kind].passes(found), kind)

  @parameterized.named_parameters(
    ('instance', dict(norm='instance')),
    ('pixel_norm', dict(pixel_norm=True)),
    ('fading', dict(alpha=0.3)),
    ('smallest', dict(resolution=4)),
  )
  def test_it_computes_what_the_model_computes(self, options):
    translator = untrained.translator(domains=DOMAINS, **options)
    px = translator.resolution
    network = domain_selection.SelectableNetwork(
      translator.model, px, translator.alpha
    )
    images = tf.constant(IMAGES[:, :px, :px])
    for source, target in ((0, 2), (2, 1)):
      weights = folding.fold_translator(
        translator, DOMAINS[source], DOMAINS[target]
      )
      self.assertAllClose(
        network.translate(images, tf.constant([source]), tf.constant([target])),
        folded_network.Network(weights).translate(images),
        atol=1e-5,
      )

  @pytest.mark.slow
  def test_a_domain_adds_hardly_more_than_its_norms(self):
    # Wide enough that a file's fixed costs do not count.
    model = twingan.TwinGAN(
      DOMAINS, max_resolution=PX, channels_base=1024, channels_max=256
    )
    rng = np.random.default_rng(0)
    for domain in DOMAINS:
      for variable in model.domain_variables(domain):
        shape = variable.shape
        variable.assign(rng.uniform(0.5, 1.5, shape).astype(np.float32))
    weights = folding.fold(model, 'photo', 'anime', resolution=PX)
    one = tflite_conversion.Graph.of_network(
      folded_network.Network(weights)
    ).convert('dynamic')
    several = graph(model, PX).convert('dynamic')
    self.assertLess(len(several), 1.03 * len(one))

  def test_a_domain_that_is_not_there_is_an_error(self):
    file = tflite.File(convert('float32'))
    with self.assertRaises(RuntimeError):
      file.run(IMAGES, source=0, target=3)

  def test_the_domains_have_to_be_chosen(self):
    file = tflite.File(convert('float32'))
    self.assertCountEqual(file.choices, ['source', 'target'])
    with self.assertRaisesRegex(ValueError, 'source, target.*given nothing'):
      file.run(IMAGES)
    with self.assertRaisesRegex(ValueError, 'given source'):
      file.run(IMAGES, source=0)

  def test_it_is_timed(self):
    latency = benchmark.measure(convert('dynamic'), threads=1, seconds=0.01)
    self.assertGreater(latency.milliseconds, 0)


if __name__ == '__main__':
  tf.test.main()

"""How far a translation goes and to which mixture, and what is refused."""

import pickle

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from tests import tiny_run
from tf_twingan.inference.controls import Control

DOMAINS = ('photo', 'anime', 'lorelei')


def noise(count=3):
  shape = [count, tiny_run.RESOLUTION, tiny_run.RESOLUTION, 3]
  return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


class SharesTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('plain', Control(), (0, 1, 0)),
    ('source', Control(0.0), (1, 0, 0)),
    ('part of the way', Control(0.25), (0.75, 0.25, 0)),
    ('mixture', Control(mix={'anime': 7, 'lorelei': 3}), (0, 0.7, 0.3)),
    ('part of it', Control(0.5, {'lorelei': 1}), (0.5, 0, 0.5)),
    ('source in it', Control(0.5, {'photo': 1, 'anime': 1}), (0.75, 0.25, 0)),
  )
  def test_shares_sum_to_one(self, control, expected):
    shares = control.shares(DOMAINS, 'photo', 'anime')
    self.assertEqual(tuple(shares), DOMAINS)
    np.testing.assert_allclose(list(shares.values()), expected, atol=1e-12)

  @parameterized.named_parameters(
    ('too much', dict(strength=1.5), r'strength is 1\.5; give a number from 0'),
    ('nan', dict(strength=float('nan')), 'strength is nan'),
    ('text', dict(strength='1'), "strength is '1'"),
    (
      'negative',
      dict(mix={'anime': -1}),
      'share of anime in the mixture is -1',
    ),
    ('nothing', dict(mix={'anime': 0}), 'something of no domain'),
    ('empty', dict(mix={}), 'something of no domain'),
  )
  def test_numbers_out_of_range(self, values, message):
    with self.assertRaisesRegex(ValueError, message):
      Control(**values)

  def test_an_unknown_domain(self):
    with self.assertRaisesRegex(ValueError, "'animee'.*did you mean 'anime'"):
      Control(mix={'animee': 1}).shares(DOMAINS, 'photo', 'anime')


class ControlledTranslationTest(parameterized.TestCase):
  @parameterized.parameters(
    {'norm': 'batch_renorm'},
    {'norm': 'instance'},
    {'norm': 'batch', 'style_size': 4},
  )
  def test_ends_are_the_pure_domains_and_steps_are_small(self, **options):
    translator = tf_twingan.Translator(str(tiny_run.make(DOMAINS, **options)))
    images = noise()
    plain = translator.translate(images, 'anime', 'photo')
    own = translator.translate(images, 'photo', 'photo')
    between = [
      translator.translate(images, 'anime', 'photo', control=Control(strength))
      for strength in np.linspace(0, 1, 33)
    ]
    np.testing.assert_array_equal(between[0], own)
    np.testing.assert_array_equal(between[-1], plain)
    steps = np.abs(np.diff(np.asarray(between, int), axis=0)).mean((1, 2, 3, 4))
    whole = np.abs(plain.astype(int) - own).mean()
    self.assertGreater(whole, 3)
    # Of 32 steps, all alike.
    self.assertLess(steps.max(), whole / 5)
    self.assertEqual(np.count_nonzero(steps), len(steps))

  def test_a_mixture_has_something_of_each(self):
    translator = tf_twingan.Translator(str(tiny_run.make(DOMAINS)))
    images = noise()

    def mix(**shares):
      return translator.translate(
        images, 'anime', 'photo', control=Control(mix=shares)
      )

    np.testing.assert_array_equal(
      mix(lorelei=2), translator.translate(images, 'lorelei', 'photo')
    )
    even = mix(anime=1, lorelei=1)
    np.testing.assert_array_equal(even, mix(anime=0.5, lorelei=0.5))
    # In the made-up run, parameters grow by the same amount from each domain
    # to the next, so that the middle one is the average of the others.
    np.testing.assert_allclose(
      mix(photo=1, lorelei=1).astype(int),
      translator.translate(images, 'anime', 'photo'),
      atol=1,
    )

  def test_a_steered_translator_is_another_of_the_same_network(self):
    translator = tf_twingan.Translator(str(tiny_run.make(DOMAINS)))
    images, control = noise(), Control(0.5, {'anime': 1, 'lorelei': 1})
    expected = translator.translate(images, 'anime', 'photo', control=control)
    plain = translator.translate(images, 'anime', 'photo')
    steered = translator.steered(control)
    self.assertIs(steered.model, translator.model)
    for one in (steered, pickle.loads(pickle.dumps(steered))):
      np.testing.assert_array_equal(
        one.translate(images, 'anime', 'photo'), expected
      )
      self.assertEqual(one.control, control)
    np.testing.assert_array_equal(
      steered.translate(images, 'anime', 'photo', control=Control()), plain
    )
    np.testing.assert_array_equal(
      translator.translate(images, 'anime', 'photo'), plain
    )
    with self.assertRaisesRegex(ValueError, "'dog'"):
      translator.steered(Control(mix={'dog': 1}))

  def test_styles_steer_mixtures_too(self):
    run = tiny_run.make(DOMAINS, style_size=4)
    translator = tf_twingan.Translator(str(run))
    images = noise()
    first, second = (
      translator.translate(
        images, 'anime', 'photo', style=code, control=Control(0.5)
      )
      for code in translator.random_styles(2, 0)
    )
    self.assertGreater(np.abs(first.astype(int) - second).mean(), 1)

  @parameterized.parameters('everything', 'nothing')
  def test_domains_that_own_more_or_less_cannot_be_mixed(self, sharing):
    translator = tf_twingan.Translator(str(tiny_run.make(sharing=sharing)))
    with self.assertRaisesRegex(ValueError, 'cannot be mixed.*' + sharing):
      translator.translate(noise(), 'anime', control=Control(0.5))


if __name__ == '__main__':
  tf.test.main()

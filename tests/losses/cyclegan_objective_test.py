"""CycleGAN's terms by hand, on networks that are known functions."""

import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import adversarial_losses, cyclegan_objective

STAGE = dict(resolution=8, alpha=1.0, seed=tf.constant([0, 1]))
# Each image is plain: photo -0.5, anime 0.25.
REALS = {
  'photo': tf.fill([2, 8, 8, 3], -0.5),
  'anime': tf.fill([2, 8, 8, 3], 0.25),
}


class Shifting:
  """Translates to anime by adding 0.5, a photo by subtracting 0.25."""

  domains = ('photo', 'anime')

  def translate(self, images, source, target, **stage_and_mode):
    del source, stage_and_mode
    return images + {'anime': 0.5, 'photo': -0.25}[target]


# The logit of a patch is an image's mean; twice that for anime.
DISCRIMINATORS = {
  'photo': lambda images, **_: tf.reduce_mean(images, axis=[1, 2, 3]),
  'anime': lambda images, **_: 2 * tf.reduce_mean(images, axis=[1, 2, 3]),
}


def compute(**options):
  objective = cyclegan_objective.CycleObjective(**options)
  memory = objective.build(Shifting.domains, 8, replicas=1)
  return objective.compute(Shifting(), DISCRIMINATORS, REALS, **STAGE), memory


class CycleObjectiveTest(parameterized.TestCase, tf.test.TestCase):
  def test_every_term_by_hand(self):
    result, memory = compute(
      adversarial_weight=2.0,
      cycle_weight=10.0,
      identity_weight=5.0,
      pool_size=0,
    )
    self.assertEqual(memory, {})
    # Translations: anime -0.5 + 0.5 = 0, photo 0.25 - 0.25 = 0.
    self.assertAllClose(
      result.generator,
      {
        'cycle/photo': 10 * 0.25,  # There and back: +0.5 - 0.25.
        'cycle/anime': 10 * 0.25,
        'identity/photo': 5 * 0.25,
        'identity/anime': 5 * 0.5,
        'adversarial/photo': 2 * 0.5 * (0 - 1) ** 2,
        'adversarial/anime': 2 * 0.5 * (0 - 1) ** 2,
      },
    )
    self.assertAllClose(
      result.discriminator,
      {
        'discriminator/photo': 0.5 * ((-0.5 - 1) ** 2 + 0),
        'discriminator/anime': 0.5 * ((2 * 0.25 - 1) ** 2 + 0),
      },
    )

  def test_a_weight_of_zero_leaves_a_term_out(self):
    result, _ = compute(cycle_weight=0.0, identity_weight=0.0)
    self.assertEqual(
      set(result.generator), {'adversarial/photo', 'adversarial/anime'}
    )

  @parameterized.parameters(*adversarial_losses.ADVERSARIAL)
  def test_adversarial_kinds(self, kind):
    result, _ = compute(adversarial=kind)
    pair = adversarial_losses.ADVERSARIAL[kind]
    self.assertAllClose(
      result.generator['adversarial/anime'], 2 * pair.generator(tf.zeros([2]))
    )

  def test_discriminators_see_earlier_translations(self):
    objective = cyclegan_objective.CycleObjective(pool_size=2)
    pools = objective.build(Shifting.domains, 8, replicas=1)['image_pools']
    self.assertEqual(set(pools), {'photo', 'anime'})
    objective.compute(Shifting(), DISCRIMINATORS, REALS, **STAGE)
    self.assertAllClose(pools['anime'].images, tf.zeros([2, 8, 8, 3]))
    # The pool is full. Other sources come: their translations are 0.5.
    others = {**REALS, 'photo': tf.zeros([2, 8, 8, 3])}
    seen = set()
    for step in range(20):
      pools['anime'].images.assign(tf.zeros([2, 8, 8, 3]))
      result = objective.compute(
        Shifting(),
        DISCRIMINATORS,
        others,
        **{**STAGE, 'seed': tf.constant([0, step])},
      )
      fake = 2 * float(result.discriminator['discriminator/anime']) - 0.25
      seen.add(round(fake, 3))
      # The generator's loss is of what it generated just now.
      self.assertAllClose(result.generator['adversarial/anime'], 0.0)
    # Logits of old and new ones, 0 and 1: none, half or both are old.
    self.assertEqual(seen, {0.0, 0.5, 1.0})

  def test_bad_pools(self):
    with self.assertRaisesRegex(ValueError, 'pool_size is -1'):
      cyclegan_objective.CycleObjective(pool_size=-1)
    with self.assertRaisesRegex(ValueError, '2 devices.*pool_size to 0'):
      cyclegan_objective.CycleObjective().build(('a', 'b'), 8, replicas=2)
    self.assertEqual(
      cyclegan_objective.CycleObjective(pool_size=0).build(
        ('a', 'b'), 8, replicas=2
      ),
      {},
    )

  def test_an_unknown_kind_is_named(self):
    with self.assertRaisesRegex(ValueError, "'lsgan'; choose one of.*least"):
      cyclegan_objective.CycleObjective(adversarial='lsgan')


if __name__ == '__main__':
  tf.test.main()

"""pix2pix's terms by hand, on networks that are known functions."""

import tensorflow as tf

from tf_twingan.losses import pix2pix_objective

STAGE = dict(resolution=8, alpha=1.0)
REALS = {
  'photo': tf.fill([2, 8, 8, 3], -0.5),
  'anime': tf.fill([2, 8, 8, 3], 0.25),
}


class Shifting:
  """Translates to anime by adding 0.5, a photo by subtracting 0.5."""

  domains = ('photo', 'anime')

  def translate(self, images, source, target, **stage_and_mode):
    del source, stage_and_mode
    return images + {'anime': 0.5, 'photo': -0.5}[target]


def logits(images, *, condition, **_):
  """The logit: the image's mean and ten times that of its source."""
  return tf.reduce_mean(images + 10 * condition, axis=[1, 2, 3])


def softplus(value):
  return float(tf.nn.softplus(value))


class PairedObjectiveTest(tf.test.TestCase):
  def test_every_term_by_hand(self):
    result = pix2pix_objective.PairedObjective(
      adversarial_weight=3.0, truth_weight=100.0, discriminator_weight=0.5
    ).compute(Shifting(), {d: logits for d in REALS}, REALS, **STAGE)
    # Translations: anime 0, where 0.25 is true; photo -0.25, where -0.5 is.
    # Logits: of a photo + 2.5, for its source; of anime - 5.
    self.assertAllClose(
      result.generator,
      {
        'truth/photo': 25.0,
        'truth/anime': 25.0,
        'adversarial/photo': 3 * softplus(-2.25),
        'adversarial/anime': 3 * softplus(5.0),
      },
    )
    self.assertAllClose(
      result.discriminator,
      {
        'discriminator/photo': 0.5 * (softplus(-2.0) + softplus(2.25)),
        'discriminator/anime': 0.5 * (softplus(4.75) + softplus(-5.0)),
      },
    )

  def test_it_says_that_it_needs_pairs(self):
    self.assertTrue(pix2pix_objective.PairedObjective().needs_pairs)


if __name__ == '__main__':
  tf.test.main()

"""Scores while training, of models that are known functions."""

import numpy as np
import tensorflow as tf

from tf_twingan.training import validation_scores


def images(seed, count=6, resolution=32):
  return np.random.default_rng(seed).integers(
    0, 256, [count, resolution, resolution, 3], np.uint8
  )


class Copier:
  """Leaves every image as it is; makes one of another domain darker."""

  domains = ('photo', 'anime')
  translates = True

  def supports(self, source, target):
    del source, target
    return True

  def translate(self, images, source, target, *, resolution, alpha):
    assert images.shape[1] == resolution and alpha == 0.5
    darker = 0.0 if source == target else 20 / 127.5
    return tf.convert_to_tensor(images) - darker


class Translating(Copier):
  """Does not translate an image to its own domain."""

  def supports(self, source, target):
    return source != target


STAGE = dict(resolution=16, alpha=0.5)


class ScoringTest(tf.test.TestCase):
  def test_the_fingerprint_is_that_of_the_images(self):
    def fingerprint(held_out, training):
      return validation_scores.ValidationScorer(
        {'photo': held_out}, {'photo': training}, has_ground_truth=False
      ).fingerprint

    first = fingerprint(images(1), images(2, 9))
    self.assertEqual(first, fingerprint(images(1), images(2, 9)))
    # No more training images are used than there are held out.
    self.assertEqual(first, fingerprint(images(1), images(2, 9)[:6]))
    self.assertNotEqual(first, fingerprint(images(3), images(2, 9)))
    self.assertNotEqual(first, fingerprint(images(1), images(3, 9)))
    self.assertNotEqual(first, fingerprint(images(1)[:5], images(2, 9)))

  def test_counterparts_that_are_equal_are_found(self):
    same = images(1)
    scorer = validation_scores.ValidationScorer(
      {'photo': same, 'anime': same},
      {'photo': images(2, 9), 'anime': same},
      has_ground_truth=True,
    )
    values = scorer.score(Copier(), **STAGE)
    self.assertEqual(values['score/recall'], 1.0)
    self.assertEqual(values['score/recall/photo'], 1.0)
    self.assertLess(values['score/reconstruction'], 1e-3)
    # A tint goes unseen, so what was copied from the training set is there.
    self.assertLess(values['score/swd/anime'], values['score/swd/photo'] / 3)
    self.assertAllClose(
      values['score/swd'],
      (values['score/swd/anime'] + values['score/swd/photo']) / 2,
    )
    self.assertEqual(values, scorer.score(Copier(), **STAGE))

  def test_rows_that_do_not_belong_together_are_not(self):
    same = images(1)
    scorer = validation_scores.ValidationScorer(
      {'photo': same, 'anime': same[::-1]},
      {'photo': same, 'anime': same},
      has_ground_truth=True,
    )
    self.assertEqual(scorer.score(Copier(), **STAGE)['score/recall'], 0.0)

  def test_only_possible_scores_are_taken(self):
    same = images(1)
    scorer = validation_scores.ValidationScorer(
      {'photo': same, 'anime': same},
      {'photo': same, 'anime': same},
      has_ground_truth=False,
    )
    values = scorer.score(Copier(), resolution=8, alpha=0.5)
    self.assertEqual(
      set(values),
      {
        'score/reconstruction',
        'score/reconstruction/photo',
        'score/reconstruction/anime',
      },
    )
    scorer.check('swd', 16, Copier())
    with self.assertRaisesRegex(ValueError, "'recall'.*one of swd, recons"):
      scorer.check('recall', 16, Copier())
    with self.assertRaisesRegex(ValueError, "'swd'.*8 px.*one of reconst"):
      scorer.check('swd', 8, Copier())

  def test_what_a_model_does_not_reconstruct_is_not_scored(self):
    same = images(1)
    scorer = validation_scores.ValidationScorer(
      {'photo': same, 'anime': same},
      {'photo': same, 'anime': same},
      has_ground_truth=True,
    )
    values = scorer.score(Translating(), **STAGE)
    self.assertIn('score/recall', values)
    self.assertEmpty([name for name in values if 'reconstruction' in name])
    with self.assertRaisesRegex(ValueError, 'one of recall, swd'):
      scorer.check('reconstruction', 16, Translating())


if __name__ == '__main__':
  tf.test.main()

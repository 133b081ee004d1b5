"""Copier, flipper, collapser and shuffler turn as much as they deserve."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import mirror_consistency


def random_images(seed=0, count=40):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, 8, 8, 3], np.uint8)


def face_left(images):
  """Turns the brighter half to the left, whatever the source does."""
  values = images.astype(float)
  left, right = values[:, :, :4].sum((1, 2, 3)), values[:, :, 4:].sum((1, 2, 3))
  turn = (right > left)[:, None, None, None]
  return np.where(turn, images[:, :, ::-1], images)


class MirrorConsistencyTest(absltest.TestCase):
  def test_a_copier_turns_nothing(self):
    figures = mirror_consistency.measure(lambda images: images, random_images())
    self.assertEqual(figures.turned, 0)
    self.assertEqual(figures.inconsistency, 0)
    self.assertFalse(figures.is_turned.any())

  def test_a_flipper_to_one_side_turns_all(self):
    figures = mirror_consistency.measure(face_left, random_images())
    self.assertEqual(figures.turned, 1)
    self.assertAlmostEqual(figures.inconsistency, 1)

  def test_a_flipper_of_some_is_caught_at_those(self):
    sources = random_images()
    sources[:, 0] = 0
    sources[:10, 0] = 255  # These ten are turned.

    def translate(images):
      chosen = (images[:, 0, 0, 0] == 255)[:, None, None, None]
      return np.where(chosen, face_left(images), images)

    figures = mirror_consistency.measure(translate, sources)
    self.assertEqual(figures.turned, 0.25)
    np.testing.assert_array_equal(
      np.flatnonzero(figures.is_turned), np.arange(10)
    )
    self.assertBetween(figures.inconsistency, 0.2, 0.3)

  def test_a_collapser_always_looks_one_way(self):
    image = random_images(count=1)
    figures = mirror_consistency.measure(
      lambda images: np.repeat(image, len(images), axis=0),
      random_images(1),
    )
    self.assertEqual(figures.turned, 1)
    self.assertEqual(figures.inconsistency, 1)

  def test_symmetrical_translations_are_not_turned(self):
    figures = mirror_consistency.measure(np.zeros_like, random_images())
    self.assertEqual(figures.turned, 0)
    self.assertEqual(figures.inconsistency, 0)

  def test_unrelated_translations_are_a_coin_toss(self):
    figures = mirror_consistency.compare(
      random_images(1, count=400), of_mirrored=random_images(2, count=400)
    )
    self.assertBetween(figures.turned, 0.4, 0.6)
    self.assertBetween(figures.inconsistency, 0.95, 1.05)

  def test_a_flipper_of_all_goes_unseen(self):
    figures = mirror_consistency.measure(
      lambda images: images[:, :, ::-1], random_images()
    )
    self.assertEqual(figures.turned, 0)
    self.assertEqual(figures.inconsistency, 0)

  def test_by_hand(self):
    # To the mirrored [10, 0]: (6 + 10) / 2; to the plain [0, 10]: (4 + 0) / 2.
    figures = mirror_consistency.compare(
      np.array([[[[0], [10]]]], np.uint8),
      of_mirrored=np.array([[[[4], [10]]]], np.uint8),
    )
    self.assertEqual(figures.turned, 1)
    self.assertAlmostEqual(figures.inconsistency, 0.8)

  def test_inconsistent_but_symmetrical_is_infinite(self):
    figures = mirror_consistency.compare(
      np.zeros([1, 2, 2, 1]), of_mirrored=np.ones([1, 2, 2, 1])
    )
    self.assertEqual(figures.inconsistency, np.inf)

  def test_the_translator_gets_contiguous_images(self):
    def translate(images):
      self.assertTrue(images.flags.c_contiguous)
      self.assertEqual(images.dtype, np.uint8)
      return images[:, ::2, ::2]

    self.assertEqual(
      mirror_consistency.measure(translate, random_images()).is_turned.shape,
      (40,),
    )

  def test_shapes_must_agree(self):
    with self.assertRaisesRegex(ValueError, 'plain and mirrored'):
      mirror_consistency.compare(
        random_images(), of_mirrored=random_images(count=3)
      )
    with self.assertRaisesRegex(ValueError, 'n > 0'):
      mirror_consistency.measure(lambda images: images, random_images(count=0))


if __name__ == '__main__':
  absltest.main()

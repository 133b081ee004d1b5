"""Ground truth of avatars: when there is one, factors, other backgrounds."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data.avatars import characters, ground_truth
from tf_twingan.data.sources import registry

PHOTO, ANIME = 'avatars:toon-head?limit=6', 'avatars:lorelei?limit=6'


class GroundTruthTest(absltest.TestCase):
  def test_only_whole_avatars_have_one(self):
    self.assertTrue(ground_truth.is_known(PHOTO, ANIME))
    for other in ('folder:/a', 'tfds:a', 'avatars:lorelei?crop=0.7'):
      self.assertFalse(ground_truth.is_known(PHOTO, other))
      self.assertFalse(ground_truth.is_known(other, PHOTO))
      with self.assertRaisesRegex(ValueError, 'only uncropped avatars'):
        ground_truth.describe(other, 8, 1)
    with self.assertRaisesRegex(ValueError, 'up to 64 px, not at 128 px'):
      ground_truth.describe(PHOTO, 128, 1)


class FactorsTest(absltest.TestCase):
  def test_held_out_ones_are_shared_and_training_ones_are_not(self):
    anime = ground_truth.factors(ANIME, PHOTO, training=6, held_out=4)
    photo = ground_truth.factors(PHOTO, ANIME, training=6, held_out=4)
    for name in ('number', 'facing', 'tilt'):
      np.testing.assert_array_equal(anime.held_out[name], photo.held_out[name])
    self.assertEmpty(
      set(anime.training['number']) & set(photo.training['number'])
    )
    self.assertLen(anime.training['facing'], 6)
    third = characters.character(3)
    self.assertEqual(anime.held_out['skin_color'][3], third.skin_color)
    self.assertEqual(anime.held_out['x'][3], third.x)

  def test_what_one_style_does_not_show_is_hidden_both_ways(self):
    for pair in ((ANIME, PHOTO), (PHOTO, ANIME)):
      found = ground_truth.factors(*pair, training=2, held_out=2)
      self.assertEqual(found.hidden, {'glasses', 'clothes_color'})
      self.assertIn('mouth', found.shared)

  def test_only_the_background_changes(self):
    images = registry.load(ANIME, 64, split='test').images[:4]
    changed = ground_truth.on_other_backgrounds(ANIME, 64, 4)
    masks = ground_truth.describe(ANIME, 64, 4).background_masks
    differs = (images != changed).any(axis=-1)
    self.assertTrue(differs[masks].all())
    # Edges, where the background shines through, change too; no more does.
    self.assertLess(differs[~masks].mean(), 0.25)


if __name__ == '__main__':
  absltest.main()

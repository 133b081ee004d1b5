"""Avatars as a dataset: options, pairs, vectors, image by image."""

import sys
import types
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.sources import dataset_case
from tf_twingan import image_arrays
from tf_twingan.data import avatars
from tf_twingan.data.avatars import avatar_dataset, characters
from tf_twingan.data.sources import registry


class AvatarsTest(dataset_case.DatasetCase):
  def setUp(self):
    super().setUp()
    self.drawn = np.random.default_rng(0).integers(
      0, 256, (3, 64, 64, 3), np.uint8
    )
    fake = types.ModuleType('tf_twingan.data.avatars.avatar_dataset')
    fake.load = mock.Mock(return_value=(self.drawn, {'flip': np.zeros(3)}))
    self.fake = fake
    for patch in (
      mock.patch.dict(sys.modules, {fake.__name__: fake}),
      mock.patch.object(avatars, 'avatar_dataset', fake, create=True),
    ):
      patch.start()
      self.addCleanup(patch.stop)

  def test_resolutions(self):
    whole = registry.load('avatars:lorelei', 64, split='test')
    self.fake.load.assert_called_once_with('lorelei', 'test')
    np.testing.assert_array_equal(whole.images, self.drawn)
    self.assertEqual(whole.skipped, ())
    np.testing.assert_array_equal(
      registry.load('avatars:lorelei', 16).images,
      image_arrays.downsample(self.drawn, 16),
    )
    large = registry.load('avatars:lorelei', 128).images
    self.assertEqual(large.shape, (3, 128, 128, 3))
    np.testing.assert_array_equal(
      large[1], image_arrays.square(self.drawn[1], 128)
    )

  def test_limit(self):
    registry.load('avatars:lorelei?limit=3', 64)
    self.fake.load.assert_called_once_with(
      'lorelei', 'train', train_size=3, test_size=3
    )
    for limit in ('many', '1'):
      with self.assertRaisesRegex(ValueError, f'limit={limit} is no number'):
        registry.load(f'avatars:lorelei?limit={limit}', 64)

  def test_pairs(self):
    registry.load('avatars:lorelei?split=paired&limit=3', 64)
    self.fake.load.assert_called_once_with(
      'lorelei', 'train', train_size=3, test_size=3, paired=True
    )
    self.assert_one_line(
      ValueError,
      'split=trainA is unknown; write split=paired',
      lambda: registry.load('avatars:lorelei?split=trainA', 8),
    )

  def test_what_can_be_pairs(self):
    named = {
      'photo': 'avatars:toon-head?split=paired',
      'anime': 'avatars:lorelei?split=paired',
    }
    names = {'photo': '012', 'anime': '012'}
    registry.check_pairs(named, names)
    self.assert_one_line(
      ValueError,
      '3 images of photo, 4 images of anime',
      lambda: registry.check_pairs(named, {**names, 'anime': '0123'}),
    )
    self.assert_one_line(
      ValueError,
      'give avatars:lorelei.split=paired for anime',
      lambda: registry.check_pairs(
        {**named, 'anime': 'avatars:lorelei'}, names
      ),
    )

  def test_crop(self):
    result = registry.load('avatars:lorelei?crop=0.5', 32).images
    np.testing.assert_array_equal(result, self.drawn[:, 16:48, 16:48])

  def test_vectors_of_characters(self):
    people = [characters.character(n) for n in range(3)]
    factors = {
      name: np.array([getattr(p, name) for p in people])
      for name in ('hair_color', 'hair_shape', 'skin_color')
    }
    self.fake.load.return_value = (self.drawn, factors)
    dataset = 'avatars:lorelei?vectors=factors'
    for resolution in (8, 128):
      found = registry.load(dataset, resolution)
      np.testing.assert_array_equal(
        found.vectors, characters.identity_vectors(factors)
      )
      self.assertLen(found.images, 3)
    self.assertIsNone(registry.load('avatars:lorelei', 8).vectors)

  def test_unknown_style(self):
    self.assert_one_line(
      ValueError,
      "'lorelai' is unknown; use one of toon-head.*; did you mean 'lorelei'",
      lambda: registry.load('avatars:lorelai', 8),
    )


class NamedImagesTest(absltest.TestCase):
  def test_held_out_characters_come_first_and_are_the_test_split(self):
    listed = registry.named_images('avatars:lorelei?limit=3', 32)
    self.assertEqual(
      listed.names[:4],
      ['lorelei/0', 'lorelei/1', 'lorelei/2', 'lorelei/4000000'],
    )
    self.assertLen(listed.names, 6)
    for split, names in (
      ('test', listed.names[:3]),
      ('train', listed.names[3:]),
    ):
      expected = registry.load('avatars:lorelei?limit=3', 32, split=split)
      np.testing.assert_array_equal(
        np.stack([listed.read(name) for name in names]), expected.images
      )

  def test_pairs_are_those_of_the_split(self):
    dataset = 'avatars:lorelei?limit=2&split=paired'
    listed = registry.named_images(dataset, 32)
    np.testing.assert_array_equal(
      np.stack([listed.read(name) for name in listed.names[2:]]),
      registry.load(dataset, 32).images,
    )

  def test_all_without_drawing_any(self):
    listed = registry.named_images('avatars:toon-head', 16)
    self.assertLen(
      listed.names, avatar_dataset.TEST_SIZE + avatar_dataset.TRAIN_SIZE
    )
    limited = registry.named_images('avatars:toon-head', 16, limit=5)
    self.assertEqual(limited.names, listed.names[:5])

  def test_originals_are_drawn_large_and_keep_their_split(self):
    found = registry.parse('avatars:lorelei?limit=2&crop=0.5').originals()
    self.assertEqual(
      found.splits,
      {
        'lorelei/0': 'test',
        'lorelei/1': 'test',
        'lorelei/4000000': 'train',
        'lorelei/4000001': 'train',
      },
    )
    self.assertEqual(found.names, [*found.splits])
    for name, split in (('lorelei/1', 'test'), ('lorelei/4000001', 'train')):
      image = found.read(name)
      self.assertEqual(image.shape, (256, 256, 3))
      small = registry.load('avatars:lorelei?limit=2', 64, split=split).images
      difference = image_arrays.downsample(image[None], 64)[0] - small[1] * 1.0
      self.assertLess(np.abs(difference).mean(), 3)

  def test_factors_are_labels(self):
    dataset = 'avatars:lorelei?limit=40'
    loaded = registry.load(f'{dataset}&balance=glasses', 32)
    self.assertEqual({*loaded.attributes['glasses']}, {'true', 'false'})
    self.assertNotIn('number', loaded.attributes)
    self.assertLessEqual(
      {*loaded.attributes['hair_color']},
      {*characters.NATURAL_HAIR, *characters.VIVID_HAIR},
    )
    worn = np.array([value == 'true' for value in loaded.attributes['glasses']])
    self.assertAlmostEqual(loaded.sampling[worn].sum(), 20)
    self.assertAlmostEqual(loaded.sampling[~worn].sum(), 20)
    parsed = registry.parse(dataset)
    for found in (parsed.originals(), parsed.named_images(32)):
      for column, values in loaded.attributes.items():
        self.assertEqual(found.attributes[column][40:], values)

  def test_options_apply(self):
    whole, middle = (
      registry.named_images(f'avatars:lorelei?limit=2{crop}', 32).read(
        'lorelei/0'
      )
      for crop in ('', '&crop=0.5')
    )
    self.assertEqual(middle.shape, (32, 32, 3))
    self.assertFalse(np.array_equal(whole, middle))

  def test_an_unknown_style_is_named(self):
    with self.assertRaisesRegex(ValueError, "'photo'.*toon-head"):
      registry.named_images('avatars:photo', 32)


if __name__ == '__main__':
  absltest.main()

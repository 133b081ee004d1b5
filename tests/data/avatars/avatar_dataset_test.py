"""The avatar twins as a dataset: splits, pairs, and files that are whole."""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import types
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tf_twingan.data.avatars import (
  art_styles,
  avatar_dataset,
  characters,
  drawing,
)

_STYLES = tuple(art_styles.STYLES)


class AvatarTwinsTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self._cache = self.get_temp_dir()
    environment = mock.patch.dict(os.environ, TF_TWINGAN_CACHE=self._cache)
    environment.start()
    self.addCleanup(environment.stop)

  def test_full_sizes(self):
    train = set()
    for style in _STYLES:
      numbers = avatar_dataset.numbers(
        style, 'train', avatar_dataset.TRAIN_SIZE
      )
      self.assertTrue(train.isdisjoint(numbers))
      train.update(numbers)
    self.assertLen(train, 5 * 4000)
    test = avatar_dataset.numbers('lorelei', 'test', avatar_dataset.TEST_SIZE)
    self.assertLen(test, 1200)
    self.assertTrue(train.isdisjoint(test))

  def test_test_characters_are_equal_in_all_styles(self):
    by_style, factors = zip(
      *(avatar_dataset.load(style, 'test', 2, 6) for style in _STYLES)
    )
    for images, values in zip(by_style, factors):
      self.assertEqual(images.shape, (6, 64, 64, 3))
      self.assertEqual(images.dtype, np.uint8)
      for name in values:
        np.testing.assert_array_equal(values[name], factors[0][name])
      for image, color in zip(images, values['background_color']):
        np.testing.assert_array_equal(
          image[0, 0], np.frombuffer(bytes.fromhex(color), np.uint8)
        )
    self.assertTrue(
      set(factors[0]['hair_color']) <= set(characters.NATURAL_HAIR.values())
    )

  def test_pairs_to_train_on_are_equal_in_all_styles_and_of_their_own(self):
    (_, photo), (images, anime) = (
      avatar_dataset.load(style, 'train', 40, 2, paired=True)
      for style in ('toon-head', 'lorelei')
    )
    self.assertLen(images, 40)
    for name in photo:
      np.testing.assert_array_equal(photo[name], anime[name])
    others = {
      number
      for style in _STYLES
      for split in avatar_dataset.SPLITS
      for number in avatar_dataset.numbers(style, split, 4000)
    }
    self.assertTrue(others.isdisjoint(photo['number'].tolist()))
    test, _ = avatar_dataset.load('lorelei', 'test', 40, 2, paired=True)
    usual, _ = avatar_dataset.load('lorelei', 'test', 40, 2)
    np.testing.assert_array_equal(test, usual)

  def test_only_anime_like_styles_train_on_vivid_hair(self):
    for style, vivid in [('toon-head', False), ('lorelei', True)]:
      images, factors = avatar_dataset.load(style, 'train', 40, 2)
      self.assertLen(images, 40)
      natural = np.isin(
        factors['hair_color'], list(characters.NATURAL_HAIR.values())
      )
      self.assertEqual(not natural.all(), vivid)

  def test_second_load_draws_nothing(self):
    # Nor is anything said of a limit, which is no config that TFDS knows.
    with self.assertNoLogs(level='WARNING'):
      first, _ = avatar_dataset.load('big-smile', 'test', 2, 3)
    with mock.patch.object(
      drawing, 'draw', side_effect=AssertionError('drawn again')
    ):
      second, factors = avatar_dataset.load('big-smile', 'test', 2, 3)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(
      second[1], drawing.draw(characters.character(1), 'big-smile')
    )
    self.assertEqual(factors['number'].tolist(), [0, 1, 2])

  def test_interrupted_drawing_is_drawn_again(self):
    with mock.patch.object(drawing, 'draw', side_effect=KeyboardInterrupt):
      with self.assertRaises(KeyboardInterrupt):
        avatar_dataset.load('lorelei', 'test', 2, 3)
    images, _ = avatar_dataset.load('lorelei', 'test', 2, 3)
    self.assertLen(images, 3)

  @pytest.mark.slow
  def test_two_processes_at_once(self):
    code = (
      'from tf_twingan.data.avatars import avatar_dataset as a;'
      "print(a.load('lorelei', 'test', 60, 3)[0].sum())"
    )
    processes = [
      subprocess.Popen(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=pathlib.Path(avatar_dataset.__file__).parents[3],
      )
      for _ in range(2)
    ]
    outputs = [process.communicate()[0].split()[-1] for process in processes]
    self.assertEqual([p.returncode for p in processes], [0, 0])
    self.assertEqual(outputs[0], outputs[1])

  def test_slower_process_takes_the_images_of_the_faster(self):
    rename = avatar_dataset.AvatarTwins.download_and_prepare

    def overtaken(builder, **kwargs):
      rename(builder, **kwargs)
      raise OSError('Directory not empty')

    with mock.patch.object(
      avatar_dataset.AvatarTwins, 'download_and_prepare', overtaken
    ):
      images, _ = avatar_dataset.load('personas', 'test', 2, 3)
    self.assertLen(images, 3)

  def assert_says_what_to_do(self, reason):
    with self.assertRaises(OSError) as caught:
      avatar_dataset.load('personas', 'test', 2, 3)
    self.assertEqual(
      str(caught.exception),
      'cannot write the 20480 bytes of the avatars personas-2-3 to '
      f'{self._cache} ({reason}); free some space, or set TF_TWINGAN_CACHE to '
      'a folder with room',
    )

  def test_a_disk_that_is_known_to_be_full(self):
    usage = types.SimpleNamespace(free=20479, total=10**6)
    with mock.patch.object(shutil, 'disk_usage', return_value=usage):
      self.assert_says_what_to_do('20479 bytes free')

  def test_a_disk_that_does_not_know_its_size_is_tried(self):
    usage = types.SimpleNamespace(free=0, total=0)
    with mock.patch.object(shutil, 'disk_usage', return_value=usage):
      images, _ = avatar_dataset.load('personas', 'test', 2, 3)
    self.assertLen(images, 3)

  def test_a_disk_that_becomes_full(self):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A ceiling on file sizes fails a write just as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
      self.assert_says_what_to_do('File too large')
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    images, _ = avatar_dataset.load('personas', 'test', 2, 3)
    self.assertLen(images, 3)

  def test_an_image_fits_in_what_is_counted_for_it(self):
    for style in _STYLES:
      avatar_dataset.load(style, 'test', 40, 1)
    self.assertLess(
      sum(p.stat().st_size for p in pathlib.Path(self._cache).rglob('*.*')),
      len(_STYLES) * 41 * avatar_dataset._BYTES_PER_IMAGE,
    )

  def test_bad_arguments(self):
    with self.assertRaisesRegex(ValueError, "split 'valid'"):
      avatar_dataset.load('lorelei', 'valid', 2, 2)
    with self.assertRaisesRegex(ValueError, "art style 'cubist'"):
      avatar_dataset.load('cubist', 'test', 2, 2)
    with self.assertRaisesRegex(ValueError, 'got 0'):
      avatar_dataset.load('lorelei', 'test', 0, 2)

  def test_credits_the_artist(self):
    info = avatar_dataset.AvatarTwins(
      config='adventurer', data_dir=self._cache
    ).info
    self.assertIn('Lisa Wischofsky', info.citation)
    self.assertIn('CC BY 4.0', info.description + info.citation)


if __name__ == '__main__':
  tf.test.main()

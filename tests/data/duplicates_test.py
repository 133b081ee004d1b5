"""Copies of images are found, held out or to train on."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data import duplicates


class CountTest(absltest.TestCase):
  def test_only_equal_images_count_and_each_once(self):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, [20, 8, 8, 3], np.uint8)
    others = random.integers(0, 256, [5, 8, 8, 3], np.uint8)
    self.assertEqual(duplicates.count(others, images), 0)
    # The same middle row does not make the same image.
    others[0, 4] = images[3, 4]
    self.assertEqual(duplicates.count(others, images), 0)
    others[1] = others[2] = images[3]
    images[7] = images[3]
    self.assertEqual(duplicates.count(others, images), 2)
    self.assertEqual(duplicates.count(images, images), 20)
    self.assertEqual(duplicates.count(others[:0], images), 0)


class WithinTest(absltest.TestCase):
  def test_every_copy_is_found_with_the_first_of_its_kind(self):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, [20, 8, 8, 3], np.uint8)
    self.assertEqual(duplicates.within(images), [])
    # The same middle row does not make the same image.
    images[1, 4] = images[0, 4]
    self.assertEqual(duplicates.within(images), [])
    images[9] = images[1]
    images[17] = images[1]
    images[6] = images[2]
    self.assertEqual(duplicates.within(images), [(6, 2), (9, 1), (17, 1)])


if __name__ == '__main__':
  absltest.main()

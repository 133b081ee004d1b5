"""Near-duplicates are grouped as comparing all pairs does; others are not."""

import io
from unittest import mock

import numpy as np
from absl.testing import absltest
from PIL import Image, ImageEnhance

from tests.data.audit import planted_sets
from tests.data.prepare import drawn_faces
from tf_twingan.data.prepare import near_duplicates, options


def groups_of_all_pairs(fingerprints, distance) -> list[list[int]]:
  """What `groups` returns, by comparing every image with every other."""
  near = np.array(
    [
      [near_duplicates.distance(one, other) <= distance for one in fingerprints]
      for other in fingerprints
    ]
  )
  while True:
    further = near @ near
    if np.array_equal(further, near):
      break
    near = further
  found = {tuple(np.flatnonzero(row)) for row in near}
  return sorted(list(map(int, group)) for group in found if len(group) > 1)


class GroupsTest(absltest.TestCase):
  def test_groups_are_those_of_all_pairs(self):
    random = np.random.default_rng(0)
    images = list(random.uniform(0, 256, [8, 32, 32, 3]))
    # Chains of copies, each a little more of another image.
    for _ in range(40):
      share = random.uniform(0, 0.2)
      one, other = random.integers(len(images), size=2)
      images.append((1 - share) * images[one] + share * images[other])
    images.append(images[0][:, ::-1])
    prints = [
      near_duplicates.fingerprint(image.astype(np.uint8)) for image in images
    ]
    prints.append(prints[5])
    sizes = set()
    for name, size in (('_BLOCK', 7), ('_PAIRS', 5)):
      self.enter_context(mock.patch.object(near_duplicates, name, size))
    for distance in (0, 1, 4, 10):
      expected = groups_of_all_pairs(prints, distance)
      sizes.update(map(len, expected))
      self.assertNotEmpty(expected)
      self.assertEqual(near_duplicates.groups(prints, distance), expected)
    self.assertGreater(len(sizes), 2)

  def test_mirrored_copies_are_grouped_in_blocks_apart(self):
    random = np.random.default_rng(1)
    images = random.integers(0, 256, [30, 32, 32, 3], np.uint8)
    prints = [
      near_duplicates.fingerprint(image)
      for image in [*images, *images[:, :, ::-1]]
    ]
    self.enter_context(mock.patch.object(near_duplicates, '_BLOCK', 16))
    self.assertEqual(
      near_duplicates.groups(prints, 4), [[i, 30 + i] for i in range(30)]
    )

  def test_none_one_and_plain_images_have_no_groups(self):
    self.assertEqual(near_duplicates.groups([], 4), [])
    plain = [
      near_duplicates.fingerprint(np.full([32, 32, 3], level, np.uint8))
      for level in (0, 200)
    ]
    self.assertEqual(near_duplicates.groups(plain[:1], 4), [])


class CropTest(absltest.TestCase):
  def test_what_a_narrow_crop_leaves_is_near(self):
    # Detail of every size, of which fine ones move by half of their length.
    image = drawn_faces.fur(200)
    whole = near_duplicates.fingerprint(image)
    for edge in (1, 2, 4, 5):
      crop = near_duplicates.fingerprint(image[edge:-edge, edge:-edge])
      self.assertLess(near_duplicates.distance(whole, crop), 10, edge)
      self.assertGreater(near_duplicates.distance(whole, crop), 0)
    wide = near_duplicates.fingerprint(image[20:-20, 20:-20])
    self.assertGreater(near_duplicates.distance(whole, wide), 20)


class FingerprintTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    # The hardest case: drawn alike, in one place, before one backdrop.
    self.images = [
      planted_sets.draw('adventurer', number, plain=True)
      for number in range(32)
    ]
    self.distance = options.Options(faces='none').duplicate_distance

  def groups(self, images):
    return near_duplicates.groups(
      list(map(near_duplicates.fingerprint, images)), self.distance
    )

  def test_different_people_before_one_backdrop_are_no_duplicates(self):
    self.assertEmpty(self.groups(self.images))

  def test_copies_are_found(self):
    def saved(image):
      stream = io.BytesIO()
      image.save(stream, 'JPEG', quality=40)
      return Image.open(stream).convert('RGB')

    def cropped(image):
      edge = round(0.02 * image.width)
      return image.crop(
        (edge, edge, image.width - edge, image.height - edge)
      ).resize((100, 100), Image.Resampling.BICUBIC)

    changes = (
      saved,
      lambda image: image.resize((90, 90)),
      lambda image: image.convert('L').convert('RGB'),
      lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
      lambda image: ImageEnhance.Brightness(image).enhance(1.2),
      cropped,
      lambda image: saved(cropped(ImageEnhance.Brightness(image).enhance(0.8))),
    )
    copies = [
      np.asarray(changes[number % len(changes)](Image.fromarray(image)))
      for number, image in enumerate(self.images)
    ]
    self.assertEqual(
      self.groups(self.images + copies),
      [[number, 32 + number] for number in range(32)],
    )


if __name__ == '__main__':
  absltest.main()

"""Which of several near-duplicates is kept, and where."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data.prepare import (
  near_duplicates,
  options,
  selection,
  shards,
)

OPTIONS = options.Options(faces='none', duplicate_distance=4)
RANDOM = np.random.default_rng(0)
ONE, OTHER, NOISE = RANDOM.uniform(0, 256, [3, 64, 64, 3])


def image(photo, pixels, photo_pixels=1.0, face=0, whole=None):
  fingerprint, photo_fingerprint = (
    near_duplicates.fingerprint(values.astype(np.uint8))
    for values in (pixels, pixels if whole is None else whole)
  )
  return shards.ImageRecord(
    photo=photo,
    face=face,
    fingerprint=fingerprint,
    photo_fingerprint=photo_fingerprint,
    photo_pixels=photo_pixels,
    box=None,
    score=None,
  )


IMAGES = [
  image('a', ONE, 100.0),
  image('b', OTHER, 100.0),
  image('c', 0.9 * ONE + 0.1 * NOISE, 300.0),
  image('d', 0.95 * ONE + 0.05 * NOISE, 300.0),
]


class SelectionTest(absltest.TestCase):
  def select(self, own=(None,) * 4, **changes):
    return selection.select(IMAGES, own, OPTIONS.model_copy(update=changes))

  def test_the_first_with_the_most_pixels_is_kept(self):
    selected = self.select()
    self.assertEqual(selected.kept, [1, 2])
    said = {r.file: r for r in selected.rejections}
    self.assertCountEqual(said, ['a', 'd'])
    self.assertEqual({r.reason for r in said.values()}, {'near_duplicate'})
    self.assertEqual({r.repeats for r in said.values()}, {'c'})
    self.assertBetween(said['d'].score, 0.01, said['a'].score)
    self.assertLess(said['a'].score, 4)

  def test_a_few_pixels_more_do_not_count(self):
    images = [image('a', ONE, 290.0), image('b', ONE, 300.0)]
    selected = selection.select(images, [None] * 2, OPTIONS)
    self.assertEqual(selected.kept, [0])

  def test_distance_and_keep_duplicates(self):
    self.assertEqual(self.select(duplicate_distance=0).kept, [0, 1, 2, 3])
    selected = self.select(keep_duplicates=True)
    self.assertEqual(selected.kept, [0, 1, 2, 3])
    self.assertLen({selected.splits[i] for i in (0, 2, 3)}, 1)

  def test_held_out_images_are_not_trained_on(self):
    own = ['test', 'train', 'train', 'train']
    selected = self.select(own)
    self.assertEqual(selected.kept, [0, 1])
    self.assertEqual({r.repeats for r in selected.rejections}, {'a'})
    selected = self.select(own, keep_duplicates=True)
    self.assertEqual(selected.kept, [0, 1])

  def test_faces_are_numbered_like_those_that_were_found(self):
    found = {'box': [0.0] * 4, 'score': 0.5, 'number': 2}
    images = [one.model_copy(update=found) for one in IMAGES[:1] + IMAGES[2:3]]
    selected = selection.select(images, [None, None], OPTIONS)
    [left_out] = selected.rejections
    self.assertEqual((left_out.file, left_out.detail), ('a', 'face 3'))

  def test_faces_that_were_aligned_otherwise_are_known_by_their_photo(self):
    faces = RANDOM.uniform(0, 256, [5, 64, 64, 3])
    images = [
      image('a', faces[0], whole=ONE),
      image('a', faces[1], whole=ONE, face=1),
      image('b', faces[2], whole=0.98 * ONE),
      image('b', faces[3], whole=0.98 * ONE, face=1),
      # One of its faces was not found: which is not known.
      image('c', faces[4], whole=ONE),
    ]
    selected = selection.select(images, [None] * 5, OPTIONS)
    self.assertEqual(selected.kept, [0, 1, 4])
    self.assertEqual([r.repeats for r in selected.rejections], ['a', 'a'])
    self.assertLen(set(selected.splits), 1)


if __name__ == '__main__':
  absltest.main()

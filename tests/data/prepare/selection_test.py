"""Which of several near-duplicates is kept, and where."""

from absl.testing import absltest

from tf_twingan.data.prepare import options, selection, shards

OPTIONS = options.Options(faces='none', duplicate_distance=4)


def image(photo, fingerprint, pixels=1.0):
  return shards.ImageRecord(
    photo=photo,
    face=0,
    fingerprint=f'{fingerprint:064x}',
    photo_pixels=pixels,
    box=None,
    score=None,
  )


IMAGES = [
  image('a', 0, 100),
  image('b', 0xFFFF, 100),
  image('c', 0b11, 300),
  image('d', 0b1, 300),
]


class SelectionTest(absltest.TestCase):
  def select(self, own=(None,) * 4, **changes):
    return selection.select(IMAGES, own, OPTIONS.model_copy(update=changes))

  def test_the_first_with_the_most_pixels_is_kept(self):
    selected = self.select()
    self.assertEqual(selected.kept, [1, 2])
    said = [(r.file, r.reason, r.score, r.repeats) for r in selected.rejections]
    reason = 'near_duplicate'
    self.assertCountEqual(said, [('a', reason, 2, 'c'), ('d', reason, 1, 'c')])

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


if __name__ == '__main__':
  absltest.main()

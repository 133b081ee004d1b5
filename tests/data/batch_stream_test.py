"""Batches follow from the images seen, and from nothing else."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data import batch_stream


def numbered(count, resolution=8):
  """Images whose left half holds their number, and right half zero."""
  images = np.zeros([count, resolution, resolution, 3], np.uint8)
  images[:, :, : resolution // 2] = np.arange(count)[:, None, None, None]
  return images


def numbers(batch):
  return batch.max(axis=(1, 2, 3)).tolist()


class PipelineTest(absltest.TestCase):
  def test_an_epoch_holds_every_image_once(self):
    batches = batch_stream.Batches({'photo': numbered(12)}, seed=3)
    epochs = [
      sum(
        (
          numbers(batches.at(seen, resolution=8, batch_size=4)['photo'])
          for seen in range(start, start + 12, 4)
        ),
        [],
      )
      for start in (0, 12)
    ]
    for epoch in epochs:
      self.assertEqual(sorted(epoch), list(range(12)))
    self.assertNotEqual(epochs[0], epochs[1])

  def test_a_batch_follows_from_the_images_seen_alone(self):
    images = {'photo': numbered(10), 'anime': numbered(7)}
    a, b = (batch_stream.Batches(images, seed=3) for _ in range(2))
    for seen in range(0, 40, 4):
      a.at(seen, resolution=8, batch_size=4)
    resumed = next(b.stream(40, resolution=8, batch_size=4).as_numpy_iterator())
    expected = a.at(40, resolution=8, batch_size=4)
    for domain in images:
      np.testing.assert_array_equal(resumed[domain], expected[domain])

  def test_domains_are_shuffled_apart(self):
    images = {'photo': numbered(50), 'anime': numbered(50)}
    batch = batch_stream.Batches(images).at(0, resolution=8, batch_size=16)
    self.assertNotEqual(numbers(batch['photo']), numbers(batch['anime']))

  def test_pairs_stay_together(self):
    images = {'photo': numbered(50), 'anime': numbered(50)}
    batches = batch_stream.Batches(images, paired=True)
    for seen in (0, 40):  # The second goes on into the next epoch.
      batch = batches.at(seen, resolution=8, batch_size=16)
      np.testing.assert_array_equal(batch['photo'], batch['anime'])
    self.assertNotEqual(
      numbers(batch['photo']), sorted(numbers(batch['photo']))
    )

  def test_half_of_the_images_are_mirrored(self):
    batches = batch_stream.Batches({'photo': numbered(250)[1:]}, seed=1)
    batch = batches.at(0, resolution=8, batch_size=200)['photo']
    share = np.mean(batch[:, 0, -1, 0] > 0)
    self.assertBetween(share, 0.35, 0.65)
    still = batch_stream.Batches({'photo': numbered(250)[1:]}, mirror=False)
    batch = still.at(0, resolution=8, batch_size=200)['photo']
    self.assertEqual(batch[:, :, -1].max(), 0)

  def test_vectors_go_with_their_images(self):
    images = {
      'photo': numbered(11, 16),
      'anime': numbered(7, 16),
      'cat': numbered(9, 16),
    }
    rows = {
      d: np.arange(2.0 * len(images[d]), dtype=np.float32).reshape(-1, 2)
      for d in ('photo', 'cat')
    }
    for paired in (False, True):
      if paired:
        images['photo'] = images['cat'] = numbered(7, 16)
      plain, batches = (
        batch_stream.Batches(images, seed=2, paired=paired, vectors=v)
        for v in (None, rows)
      )
      for seen in range(0, 40, 4):  # Several epochs, and borders of epochs.
        at = dict(resolution=8 if seen < 20 else 16, batch_size=4)
        for order in (0, 1):
          batch = batches.at(seen, order=order, **at)
          for domain, image in plain.at(seen, order=order, **at).items():
            np.testing.assert_array_equal(batch.pop(domain), image)
            if domain in rows:
              np.testing.assert_array_equal(
                batch.pop(batch_stream.vectors_key(domain)),
                rows[domain][numbers(image)],
              )
          self.assertEmpty(batch)
    streamed = next(batches.stream(8, **at).as_numpy_iterator())
    expected = batches.at(8, **at)
    self.assertEqual(set(streamed), set(expected))
    for name, value in expected.items():
      np.testing.assert_array_equal(streamed[name], value)
      self.assertEqual(streamed[name].dtype, value.dtype)

  def test_weights_say_how_often_images_come(self):
    images = {'photo': numbered(10), 'anime': numbered(7)}
    weights = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 12.0])
    a, b = (
      batch_stream.Batches(images, seed=3, sampling={'photo': weights})
      for _ in range(2)
    )
    seen = [
      n
      for start in range(0, 40, 4)
      for n in numbers(a.at(start, resolution=8, batch_size=4)['photo'])
    ]
    for epoch in range(4):
      self.assertEqual(seen[10 * epoch : 10 * epoch + 10].count(9), 6)
    self.assertNotIn(0, seen)
    self.assertEqual({*seen}, {*range(1, 10)})
    self.assertNotEqual(seen[:10], sorted(seen[:10]))
    # They follow from the images seen alone, and other domains are as ever.
    resumed = next(b.stream(36, resolution=8, batch_size=4).as_numpy_iterator())
    self.assertEqual(numbers(resumed['photo']), seen[36:])
    plain = batch_stream.Batches(images, seed=3)
    np.testing.assert_array_equal(
      plain.at(36, resolution=8, batch_size=4)['anime'], resumed['anime']
    )
    other = batch_stream.Batches(images, seed=4, sampling={'photo': weights})
    self.assertNotEqual(
      numbers(other.at(0, resolution=8, batch_size=10)['photo']), seen[:10]
    )

  def test_pairs_have_no_weights(self):
    images = {'photo': numbered(2), 'anime': numbered(2)}
    with self.assertRaisesRegex(ValueError, 'leave .balance= and the weights'):
      batch_stream.Batches(
        images, paired=True, sampling={'anime': np.array([1, 2])}
      )

  def test_a_stage_sees_box_filtered_images(self):
    images = np.random.default_rng(0).integers(
      0, 256, [3, 8, 8, 3], dtype=np.uint8
    )
    batches = batch_stream.Batches({'photo': images}, mirror=False)
    batch = batches.at(0, resolution=4, batch_size=3)['photo']
    means = images.reshape(3, 4, 2, 4, 2, 3).mean((2, 4))
    for image in batch.astype(float):
      self.assertLess(min(np.abs(image - m).max() for m in means), 0.51)

  def test_large_stages_are_filtered_batch_by_batch(self):
    images = {'photo': numbered(6, 16)}
    in_memory = batch_stream.Batches(images).at(0, resolution=8, batch_size=4)
    limit, batch_stream._IN_MEMORY_BYTES = batch_stream._IN_MEMORY_BYTES, 0
    try:
      streamed = batch_stream.Batches(images).at(0, resolution=8, batch_size=4)
    finally:
      batch_stream._IN_MEMORY_BYTES = limit
    np.testing.assert_array_equal(in_memory['photo'], streamed['photo'])


if __name__ == '__main__':
  absltest.main()

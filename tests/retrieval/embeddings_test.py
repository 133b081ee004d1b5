"""Embeddings: centring, equal scales, PCA, against hand-made codes."""

import numpy as np
from absl.testing import absltest

from tf_twingan.retrieval import embeddings


def codes(count=40, seed=0, offset=0.0):
  """Codes of two scales, of very different size."""
  generator = np.random.default_rng(seed)
  return {
    4: (offset + generator.normal(size=[count, 4, 4, 3])).astype(np.float32),
    16: (1000 * generator.normal(size=[count, 4, 4, 2])).astype(np.float32),
  }


def learned(scales):
  means = {'photo': embeddings.mean([scales])}
  rows = embeddings.features(scales, means['photo'])
  return embeddings.Embedding(
    means, embeddings.principal_components(rows, 20), {'photo': len(rows)}
  )


class EmbeddingTest(absltest.TestCase):
  def test_a_common_offset_does_not_matter(self):
    near, far = codes(), codes(offset=300.0)
    # Uncentred, an offset makes all codes parallel.
    flat = embeddings.unit(far[4].reshape(40, -1))
    self.assertGreater((flat @ flat.T).min(), 0.99)
    a, b = learned(near).embed(near, 'photo'), learned(far).embed(far, 'photo')
    np.testing.assert_allclose(a @ a.T, b @ b.T, atol=1e-3)
    self.assertLess(np.median(np.abs(a @ a.T)), 0.4)
    self.assertEqual(a.dtype, np.float32)
    np.testing.assert_allclose(np.linalg.norm(a, axis=1), 1, atol=1e-5)

  def test_each_scale_counts_the_same(self):
    scales = codes()
    rows = embeddings.features(scales, embeddings.mean([scales]))
    self.assertEqual(rows.shape, (40, 4 * 4 * 5))
    for part in (rows[:, :48], rows[:, 48:]):
      np.testing.assert_allclose((part**2).sum(axis=1), 0.5, atol=1e-5)

  def test_principal_components(self):
    generator = np.random.default_rng(1)
    sizes = np.array([9.0, 5.0, 1.0, 0.0, 0.0])
    turn, _ = np.linalg.qr(generator.normal(size=[5, 5]))
    rows = (generator.normal(size=[500, 5]) * sizes) @ turn.T
    two = embeddings.principal_components(rows.astype(np.float32), 2)
    self.assertEqual(two.shape, (5, 2))
    np.testing.assert_allclose(
      np.abs((two * turn[:, :2]).sum(axis=0)), 1, atol=1e-2
    )
    # No more than there are.
    every = embeddings.principal_components(rows.astype(np.float32), 5)
    self.assertEqual(every.shape, (5, 3))
    np.testing.assert_allclose(every.T @ every, np.eye(3), atol=1e-5)

  def test_a_single_image_is_no_error(self):
    one = codes(1)
    vectors = learned(one).embed(one, 'photo')
    self.assertEqual(vectors.shape, (1, 1))
    self.assertTrue(np.isfinite(vectors).all())

  def test_stored_and_read_again(self):
    scales = codes()
    original = learned(scales)
    read = embeddings.Embedding.from_bytes(
      original.to_bytes(['photo']), ['photo']
    )
    np.testing.assert_array_equal(
      read.embed(scales, 'photo'), original.embed(scales, 'photo')
    )
    self.assertEqual(read.key('photo'), original.key('photo'))
    self.assertEqual(read.learned_from, {'photo': 40})
    other = learned(codes(seed=3))
    self.assertNotEqual(other.key('photo'), original.key('photo'))

  def test_means_are_over_all_images(self):
    few, many = codes(10, seed=1), codes(30, seed=2)
    mean = embeddings.mean([few, many])
    np.testing.assert_allclose(
      mean[4], np.concatenate([few[4], many[4]]).mean(axis=0), atol=1e-5
    )


if __name__ == '__main__':
  absltest.main()

"""Weights are matched by name and shape, domains by what they start from."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.training import weight_matching

SAME = {'photo': 'photo', 'anime': 'anime'}
NORM = 'model/generator/blocks/4px/0/norm'


def array(seed, *shape):
  return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def match(variables, weights, domains=SAME, origin_domains=('photo', 'anime')):
  return weight_matching.match(
    variables, weights, domains=domains, origin_domains=origin_domains
  )


class WeightMatchingTest(parameterized.TestCase):
  @parameterized.parameters(
    ('model/encoder/blocks/8px/0/conv/kernel', None),
    (f'{NORM}/cat_scale', f'{NORM}/anime_scale'),
    (f'{NORM}/cat_moving_mean', f'{NORM}/anime_moving_mean'),
    (f'{NORM}/cat_batches', f'{NORM}/anime_batches'),
    (f'{NORM}/photo_scale', None),
    (f'{NORM}/condition_kernel', None),
    ('discriminators/cat/hidden/bias', 'discriminators/anime/hidden/bias'),
    ('discriminators/hidden/bias', None),
    ('average/style_encoder/cat_mean', 'average/style_encoder/anime_mean'),
    (
      'model/style_encoder/codes/cat/bias',
      'model/style_encoder/codes/anime/bias',
    ),
    (
      'model/encoder/networks/cat/from_rgb/4px/norm/cat_scale',
      'model/encoder/networks/anime/from_rgb/4px/norm/anime_scale',
    ),
    (
      'model/generators/cat/first/kernel',
      'model/generators/anime/first/kernel',
    ),
    ('identity/cat/kernel', 'identity/anime/kernel'),
  )
  def test_a_domain_has_the_name_that_it_starts_from(self, name, expected):
    domains = {'photo': 'photo', 'cat': 'anime'}
    self.assertEqual(
      weight_matching.origin_name(name, domains), expected or name
    )

  def test_domains_may_be_named_like_anything_else(self):
    domains = {'norm': 'a', 'a': 'norm', 'a_moving': 'b', 'x.y/z': 'kernel'}
    for name, expected in {
      f'{NORM}/norm_scale': f'{NORM}/a_scale',
      f'{NORM}/a_moving_mean': f'{NORM}/norm_moving_mean',
      'model/style_encoder/a_moving_mean': 'model/style_encoder/b_mean',
      f'{NORM}/x..y.Sz_scale': f'{NORM}/kernel_scale',
      'discriminators/x..y.Sz/kernel': 'discriminators/kernel/kernel',
    }.items():
      self.assertEqual(weight_matching.origin_name(name, domains), expected)

  def test_values_are_taken_as_they_are(self):
    weights = {'model/a/kernel': array(0, 3, 2), 'model/b': array(1, 4)}
    zeros = {name: np.zeros_like(v) for name, v in weights.items()}
    found = match({**zeros, 'model/new': np.zeros(2)}, weights)
    for name, value in weights.items():
      np.testing.assert_array_equal(found.values[name], value)
    self.assertEqual(found.left, {'model/new': 'there is none of this name'})
    self.assertEqual(weight_matching.numbers(found.values, 'model'), 10)
    self.assertEqual(weight_matching.numbers(found.values, 'mod'), 0)

  def test_another_shape_is_left_and_said(self):
    found = match({'model/a': np.zeros([2, 3])}, {'model/a': np.ones([3, 2])})
    self.assertEmpty(found.values)
    self.assertEqual(
      found.left, {'model/a': 'its shape is [3, 2] there and [2, 3] here'}
    )

  def test_a_domain_that_starts_from_none_is_left(self):
    variables = {f'{NORM}/{d}_scale': np.zeros(2) for d in ('photo', 'cat')}
    weights = {
      f'{NORM}/{d}_scale': np.ones(2) for d in ('photo', 'anime', 'cat')
    }
    found = match(variables, weights, {'photo': 'photo', 'cat': None})
    self.assertEqual([*found.values], [f'{NORM}/photo_scale'])
    self.assertEqual([*found.left], [f'{NORM}/cat_scale'])

  def test_the_model_starts_from_the_ema_if_that_is_all_there_is(self):
    zeros = {'model/a': np.zeros(2), 'average/a': np.zeros(2)}
    ema = {'average/a': np.array([1.0, 2.0])}
    found = match(zeros, ema)
    np.testing.assert_array_equal(found.values['model/a'], [1.0, 2.0])
    found = match(zeros, {**ema, 'model/a': np.array([3.0, 4.0])})
    np.testing.assert_array_equal(found.values['model/a'], [3.0, 4.0])
    np.testing.assert_array_equal(found.values['average/a'], [1.0, 2.0])

  def test_columns_of_a_shared_discriminator_go_with_their_domains(self):
    name = 'discriminators/projection/kernel'
    weights = {name: array(0, 3, 2)}
    initial = array(1, 3, 3)
    found = match(
      {name: initial}, weights, {'anime': 'anime', 'new': None, 'b': 'photo'}
    )
    np.testing.assert_array_equal(
      found.values[name],
      np.stack([weights[name][:, 1], initial[:, 1], weights[name][:, 0]], 1),
    )
    # Of other widths it does not fit at all.
    found = match({name: array(1, 4, 2)}, weights, {'b': 'anime', 'a': 'photo'})
    self.assertIn('shape', found.left[name])

  def test_singular_vectors_belong_to_their_kernels(self):
    kernel, vector = 'model/a/kernel', 'model/a/spectral/direction'
    value = array(0, 2, 2, 3, 4)
    exact = np.linalg.svd(value.reshape([-1, 4]))[2][0]
    initial = {kernel: np.zeros_like(value), vector: array(1, 4)}
    # Taken with the kernel; estimated if there is none; left with it.
    found = match(initial, {kernel: value, vector: array(2, 4)})
    np.testing.assert_array_equal(found.values[vector], array(2, 4))
    found = match(initial, {kernel: value})
    np.testing.assert_allclose(
      abs(found.values[vector] @ exact), 1.0, rtol=1e-6
    )
    self.assertEmpty(found.left)
    found = match(initial, {kernel: array(0, 4), vector: array(2, 4)})
    self.assertCountEqual(found.left, [kernel, vector])
    # Columns in another order have another vector.
    kernel = 'discriminators/projection/kernel'
    vector = 'discriminators/projection/spectral/direction'
    weights = {kernel: array(3, 5, 2), vector: np.array([0.6, 0.8])}
    initial = {kernel: np.zeros([5, 2]), vector: np.zeros(2)}
    found = match(initial, weights, {'anime': 'anime', 'photo': 'photo'})
    swapped = weights[kernel][:, ::-1]
    np.testing.assert_array_equal(found.values[kernel], swapped)
    self.assertAlmostEqual(
      np.linalg.norm(swapped @ found.values[vector]),
      np.linalg.norm(swapped, 2),
      places=5,
    )


if __name__ == '__main__':
  absltest.main()

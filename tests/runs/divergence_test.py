"""What a healthy training never reaches is found, and nothing else is."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.runs import divergence

SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'


class DivergenceTest(parameterized.TestCase):
  @parameterized.parameters(
    ('model/decoder/kernel', 9e5),
    ('average/encoder/norm/anime_offset', -9e5),
    ('generator_adam/_variables/3', 9e11),
    ('discriminator_adam/_learning_rate', 1e6),
    ('average/encoder/norm/anime_moving_variance', 9e11),
    ('average/encoder/norm/anime_batches', 2e6),
    ('loss_scale', 1e30),
  )
  def test_a_healthy_value(self, name, value):
    tensors = {
      name + SUFFIX: np.array([0, value], np.float32),
      # Counters and texts have no bound; nothing is in an empty array.
      'images_seen' + SUFFIX: np.array(10**9),
      'text' + SUFFIX: np.array(b'text', object),
      'empty' + SUFFIX: np.zeros([0], np.float32),
    }
    self.assertIsNone(divergence.describe(tensors))

  @parameterized.parameters(
    ('model/decoder/kernel', -2e13, r'^has 2e\+13 in model/decoder/kernel, wh'),
    ('discriminators/photo/kernel', 2e6, 'has 2e.06 in'),
    ('generator_adam/_variables/3', 2e12, 'has 2e.12 in'),
    ('loss_scale', np.inf, 'has Inf in loss_scale'),
    ('average/kernel', np.nan, 'has NaN in average/kernel$'),
    ('average/kernel', -np.inf, 'has Inf in average/kernel$'),
  )
  def test_a_diverged_value(self, name, value, words):
    tensors = {
      'model/bias' + SUFFIX: np.zeros([3], np.float32),
      name + SUFFIX: np.array([[1.0, value]], np.float32),
    }
    self.assertRegex(divergence.describe(tensors), words)


if __name__ == '__main__':
  absltest.main()

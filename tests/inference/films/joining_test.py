"""When decoders get the images of a film whose parts are joined."""

from absl.testing import absltest, parameterized

from tf_twingan.inference.films import joining


class DecoderTimesTest(parameterized.TestCase):
  @parameterized.parameters(
    ([0, 1, 2], [0, 1, 2]),
    # As H.264 has them: the second and third images need the fourth.
    ([0, 30, 10, 20], [-10, 0, 10, 20]),
    ([0, 40, 20, 10, 30], [-20, -10, 0, 10, 20]),
    # Of two parts, each in its own order.
    ([0, 20, 10, 30, 50, 40], [-10, 0, 10, 20, 30, 40]),
    ([7], [7]),
  )
  def test_times(self, order, expected):
    step = (max(order) - min(order)) // max(1, len(order) - 1)
    times = joining.decoder_times(order, max(order) + step or 1)
    self.assertEqual(times, expected)
    self.assertTrue(all(d <= p for d, p in zip(times, order)))

  def test_gaps_that_vary(self):
    for order, expected in (
      # What is decoded last is shown last in the second alone.
      ([0, 40, 10, 20, 9000, 5000], [-10, 0, 10, 20, 4990, 5000]),
      ([0, 20, 10, 5000, 9000], [-10, 0, 10, 5000, 8990]),
    ):
      self.assertEqual(joining.decoder_times(order, 9100), expected)


if __name__ == '__main__':
  absltest.main()

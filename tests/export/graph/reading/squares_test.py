"""Images made square in a graph, held against how `framing` does it."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from export.graph.reading import squares
from tests.image_samples import base
from tf_twingan import framing

PX = 16
SIZES = ((96, 64), (64, 96), (40, 41), (17, 16), (5, 7), (1, 300), (1, 1))


class SquaresTest(parameterized.TestCase):
  @parameterized.parameters(
    (framing.Framing(),),
    (framing.Framing(crop=0.7),),
    (framing.Framing(fit='pad'),),
    (framing.Framing(crop=0.6, fit='pad'),),
  )
  def test_squares_are_those_of_framing(self, framed):
    square = tf.function(
      lambda image: squares.square(image, PX, framed),
      input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)],
      autograph=False,
    )
    for height, width in SIZES:
      image = np.resize(base.asymmetric_image(), [height, width, 3])
      result = square(image).numpy()
      self.assertEqual((result.dtype, result.shape), (np.uint8, (PX, PX, 3)))
      expected = framed.square(image, PX).astype(int)
      self.assertLessEqual(np.abs(result - expected).mean(), 1.0)
      if (height, width) == (96, 64) and framed != framing.Framing():
        other = framing.Framing().square(image, PX).astype(int)
        self.assertGreater(np.abs(result - other).mean(), 4.0)


if __name__ == '__main__':
  tf.test.main()

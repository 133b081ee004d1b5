"""What the versions of TensorFlow spell differently does the same in all."""

import warnings

import numpy as np
import tensorflow as tf
from absl.testing import absltest

from tf_twingan import compat


class CompatTest(absltest.TestCase):
  def test_an_interpreter_runs_a_file_without_a_warning(self):
    double = tf.function(lambda x: 2 * x).get_concrete_function(
      tf.TensorSpec([2])
    )
    file = tf.lite.TFLiteConverter.from_concrete_functions([double]).convert()
    with warnings.catch_warnings():
      warnings.simplefilter('error')
      interpreter = compat.tflite_interpreter(file, num_threads=1)
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    (result,) = interpreter.get_output_details()
    interpreter.set_tensor(given['index'], np.float32([1, 2]))
    interpreter.invoke()
    np.testing.assert_array_equal(
      interpreter.get_tensor(result['index']), [2, 4]
    )


if __name__ == '__main__':
  absltest.main()

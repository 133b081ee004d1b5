"""What the versions of TensorFlow spell differently does the same in all."""

import os
import subprocess
import sys
import tempfile
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl.testing import absltest, parameterized

from tests import source_tree
from tf_twingan import compat
from tf_twingan.evaluation import small_network
from tf_twingan.models import layers

# Chooses the first argument, and trains, translates and scores as ever.
OTHER_DEFAULTS = """
import sys
import keras, numpy as np
if sys.argv[1] == 'float64':
  keras.backend.set_floatx('float64')
else:
  keras.mixed_precision.set_global_policy(sys.argv[1])
import tf_twingan
run = tf_twingan.Run(sys.argv[2])
run.train('tiny.gin', {'Growth.final_resolution': 4})
run.translator().translate(np.zeros([1, 4, 4, 3], np.uint8), to='anime')
run.evaluate(count=16)
"""


def state():
  return (
    keras.backend.floatx(),
    keras.backend.image_data_format(),
    keras.mixed_precision.global_policy().name,
  )


class KerasDefaultsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(keras.backend.set_floatx, keras.backend.floatx())
    self.addCleanup(
      keras.backend.set_image_data_format, keras.backend.image_data_format()
    )
    self.addCleanup(
      keras.mixed_precision.set_global_policy,
      keras.mixed_precision.global_policy(),
    )

  @parameterized.parameters('float64', 'mixed_float16')
  def test_what_a_program_chose_for_its_layers_is_not_for_ours(self, policy):
    if policy == 'float64':
      keras.backend.set_floatx(policy)
    keras.mixed_precision.set_global_policy(policy)
    keras.backend.set_image_data_format('channels_first')
    chosen = state()
    conv = layers.Conv(3, 2)
    network = small_network.build(
      8, {'kind': 2}, code=3, activation='relu', seed=0
    )
    self.assertEqual({w.dtype for w in conv.weights}, {conv.kernel.dtype})
    self.assertEqual(compat.tf_variable(conv.kernel).dtype, tf.float32)
    outputs = network(np.zeros([1, 8, 8, 3], np.float32))
    self.assertEqual(outputs['kind'].dtype, tf.float32)
    with compat.keras_defaults():
      self.assertEqual(state(), ('float32', 'channels_last', 'float32'))
      adam = keras.optimizers.Adam()
    self.assertEqual(adam.learning_rate.dtype, tf.float32)
    self.assertEqual(state(), chosen)

  def test_a_failure_leaves_them_too(self):
    keras.backend.set_image_data_format('channels_first')
    with self.assertRaises(KeyError), compat.keras_defaults():
      raise KeyError
    self.assertEqual(state()[1], 'channels_first')

  @parameterized.parameters('float64', 'mixed_float16')
  @pytest.mark.slow
  def test_a_run_in_a_program_that_chose_others(self, policy):
    subprocess.run(
      [sys.executable, '-c', OTHER_DEFAULTS, policy, tempfile.mkdtemp()],
      cwd=source_tree.ROOT,
      env={**os.environ, 'CUDA_VISIBLE_DEVICES': '-1'},
      check=True,
    )


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

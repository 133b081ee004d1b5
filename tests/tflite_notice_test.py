"""The notice of TensorFlow Lite's delegate is left out, and nothing else."""

import os
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest

from tf_twingan import compat, tflite_notice


class TFLiteNoticeTest(absltest.TestCase):
  def test_other_lines_are_printed(self):
    stderr = os.dup(2)
    try:
      with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)
        with self.assertRaises(KeyError), tflite_notice.left_out():
          os.write(2, b'before\n')
          os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for C\n')
          os.write(2, b'after\n')
          raise KeyError
        os.write(2, b'later\n')
        printed.seek(0)
        self.assertEqual(printed.read(), b'before\nafter\nlater\n')
    finally:
      os.dup2(stderr, 2)
      os.close(stderr)

  def test_without_a_folder_for_temporary_files(self):
    with (
      mock.patch.object(tempfile, 'TemporaryFile', side_effect=OSError),
      self.assertRaises(KeyError),
      tflite_notice.left_out(),
    ):
      raise KeyError

  def test_the_network_that_calls_it_forth_runs(self):
    file = tflite_notice._absolute_value()
    interpreter = compat.tflite_interpreter(file)
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.float32([-2]))
    interpreter.invoke()
    self.assertEqual(interpreter.get_tensor(1), [2.0])


if __name__ == '__main__':
  absltest.main()

"""The rewritten operation runs in TFLite, and computes what it should."""

import flatbuffers
import numpy as np
from absl.testing import absltest
from tensorflow.lite.python import schema_py_generated as schema

from benchmarks import person_model
from tf_twingan import compat

SIZE = 3
WEIGHTS = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
BIAS = np.array([0.5], np.float32)


def model(custom=person_model.CUSTOM):
  """A file whose only operation is MediaPipe's."""
  parsed, graph = schema.ModelT(), schema.SubGraphT()
  parsed.version, parsed.buffers = 3, [schema.BufferT()]
  graph.tensors = []
  for name, shape, values in (
    (b'image', [1, SIZE, SIZE, 2], None),
    (b'weights', WEIGHTS.shape, WEIGHTS),
    (b'bias', BIAS.shape, BIAS),
    (b'result', [1, 2 * SIZE, 2 * SIZE, 1], None),
  ):
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
    if values is not None:
      buffer = schema.BufferT()
      buffer.data = np.frombuffer(values.tobytes(), np.uint8)
      parsed.buffers.append(buffer)
      tensor.buffer = len(parsed.buffers) - 1
    graph.tensors.append(tensor)
  code = schema.OperatorCodeT()
  code.customCode = custom
  code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
  operator = schema.OperatorT()
  operator.inputs, operator.outputs = [0, 1, 2], [3]
  # The padding that fits, and steps of 2.
  options = np.array([1, 2, 2], '<i4')
  operator.customOptions = np.frombuffer(options.tobytes(), np.uint8)
  graph.operators, graph.inputs, graph.outputs = [operator], [0], [3]
  parsed.operatorCodes, parsed.subgraphs = [code], [graph]
  builder = flatbuffers.Builder(0)
  builder.Finish(parsed.Pack(builder), b'TFL3')
  return bytes(builder.Output())


class PersonModelTest(absltest.TestCase):
  def test_a_transposed_convolution_with_a_bias(self):
    interpreter = compat.tflite_interpreter(person_model.rewrite(model()))
    interpreter.allocate_tensors()
    image = np.random.default_rng(0).normal(size=[1, SIZE, SIZE, 2])
    interpreter.set_tensor(
      interpreter.get_input_details()[0]['index'], image.astype(np.float32)
    )
    interpreter.invoke()
    result = interpreter.get_tensor(
      interpreter.get_output_details()[0]['index']
    )
    # Windows do not overlap: each pixel becomes 2x2.
    expected = np.einsum('yxc,abc->yaxb', image[0], WEIGHTS[0]) + BIAS
    np.testing.assert_allclose(
      result[0, :, :, 0], expected.reshape(2 * SIZE, 2 * SIZE), atol=1e-5
    )

  def test_another_file_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'no operation Convolution2D'):
      person_model.rewrite(model(b'Other'))


if __name__ == '__main__':
  absltest.main()

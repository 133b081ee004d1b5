"""Makes the shipped person segmentation of the file that MediaPipe ships.

MediaPipe's file has one operation that only MediaPipe runs: a transposed
convolution that adds a bias. TFLite has had the same built in since version 3
of its TRANSPOSE_CONV, with the bias as fourth input. The weights of both are
laid out alike (output, height, width, input), so they stay as they are, bit for
bit; only how the operation is called changes. The file's metadata are left out,
as they speak of a label file that is of no use here.

  python -m benchmarks.person_model selfie_segmentation.tflite person.tflite

`selfie_segmentation.tflite` is part of the wheel mediapipe 0.10.9, in
`mediapipe/modules/selfie_segmentation/`.
"""

import pathlib
import sys

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tf_twingan import cli, files

CUSTOM = b'Convolution2DTransposeBias'
# The licence asks that a changed file says so.
NOTICE = (
  b'MediaPipe Selfie Segmentation (general), Apache-2.0, Google. Changed: '
  b'Convolution2DTransposeBias became TRANSPOSE_CONV; metadata left out.'
)
_PADDINGS = {1: schema.Padding.SAME, 2: schema.Padding.VALID}


def rewrite(model: bytes) -> bytes:
  """Replaces the operation in a file.

  Args:
    model: content of a TFLite file.

  Raises:
    ValueError: no operation in it is MediaPipe's transposed convolution.
  """
  parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
  codes = [
    index
    for index, code in enumerate(parsed.operatorCodes)
    if code.customCode == CUSTOM
  ]
  if not codes:
    raise ValueError(
      f'it has no operation {CUSTOM.decode()}; give the '
      'selfie_segmentation.tflite of mediapipe 0.10.9'
    )
  for index in codes:
    code = parsed.operatorCodes[index]
    code.customCode, code.version = None, 3
    code.builtinCode = schema.BuiltinOperator.TRANSPOSE_CONV
    code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
  for graph in parsed.subgraphs:
    for operator in graph.operators:
      if operator.opcodeIndex in codes:
        _replace(operator, graph, parsed.buffers)
  parsed.description = NOTICE
  for entry in parsed.metadata or []:
    parsed.buffers[entry.buffer].data = None
  parsed.metadata = None
  builder = flatbuffers.Builder(0)
  builder.Finish(parsed.Pack(builder), b'TFL3')
  return bytes(builder.Output())


def _replace(operator, graph, buffers) -> None:
  """Calls the built-in operation with what the other one was called with."""
  image, weights, bias = operator.inputs
  padding, width, height = np.frombuffer(
    np.asarray(operator.customOptions, np.uint8).tobytes(), '<i4'
  )
  options = schema.TransposeConvOptionsT()
  options.padding = _PADDINGS[int(padding)]
  options.strideW, options.strideH = int(width), int(height)
  operator.customOptions = None
  operator.builtinOptionsType = schema.BuiltinOptions.TransposeConvOptions
  operator.builtinOptions = options
  shape = np.asarray(graph.tensors[operator.outputs[0]].shape, '<i4')
  buffer = schema.BufferT()
  buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
  buffers.append(buffer)
  tensor = schema.TensorT()
  tensor.name, tensor.type = b'output_shape', schema.TensorType.INT32
  tensor.shape, tensor.buffer = [len(shape)], len(buffers) - 1
  graph.tensors.append(tensor)
  operator.inputs = [len(graph.tensors) - 1, weights, image, bias]


def main(argv: list[str]) -> None:
  """Writes the file and prints its checksum."""
  if len(argv) != 3:
    sys.exit('Error: write the file of MediaPipe and the file to write.')
  with cli.report_errors():
    model = rewrite(pathlib.Path(argv[1]).read_bytes())
    files.atomic_write(argv[2], model)
    print(f'{len(model):,} bytes, sha256 {files.sha256(model)}')


if __name__ == '__main__':
  cli.run(main)

"""A direction as ONNX, for everything that is not TensorFlow.

Needs the extra: pip install 'tf_twingan[onnx]'.
"""

import numpy as np
import tensorflow as tf

from export.graph import folded_network

OPSET = 17


def convert(
  network: folded_network.Network, input_name: str, output_name: str
) -> bytes:
  """Converts; images are NHWC, any number at a time.

  Args:
    network: draws.
    input_name: of the images, float32 [n, px, px, 3] in [-1, 1].
    output_name: of the result, the same.

  Raises:
    ImportError: tf2onnx is not installed; says how.
  """
  try:
    import tf2onnx
  except ImportError as error:
    raise ImportError(
      "The format 'onnx' needs tf2onnx; install it by "
      "pip install 'tf_twingan[onnx]', or leave onnx out of --formats."
    ) from error
  px = network.resolution
  function = tf.function(
    lambda images: {output_name: network.translate(images)}, autograph=False
  )
  model, _ = tf2onnx.convert.from_function(
    function,
    input_signature=[
      tf.TensorSpec([None, px, px, 3], tf.float32, name=input_name)
    ],
    opset=OPSET,
  )
  return model.SerializeToString()


def run(model: bytes, images: np.ndarray) -> np.ndarray:
  """Runs a file by ONNX Runtime on float32 [n, px, px, 3]."""
  import onnxruntime

  session = onnxruntime.InferenceSession(
    model, providers=['CPUExecutionProvider']
  )
  (taken,) = session.get_inputs()
  return session.run(None, {taken.name: images})[0]

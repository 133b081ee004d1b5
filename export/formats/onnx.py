"""ONNX files, for everything that is not TensorFlow.

Needs the extra: pip install 'tf_twingan[onnx]'.
"""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from export import contexts, directions, tensor_names
from export.formats import base
from export.graph import folded_network
from tf_twingan import extras
from tf_twingan.inference.exported import bundle_checksums

OPSET = 17


def create(name: str) -> base.Format:
  """Returns the format."""
  return _Onnx(name)


class _Onnx(base.Format):
  """Files of one direction."""

  def file_name(self, context: directions.OneDirection) -> str:
    return f'{context.name}_{context.resolution}.onnx'

  def build(
    self, context: directions.OneDirection, scratch: pathlib.Path
  ) -> bytes:
    return convert(context.network)

  def run(
    self,
    loaded: bytes,
    context: directions.OneDirection,
    direction: contexts.Direction,
  ) -> np.ndarray:
    return run(loaded, context.floats[direction[0]])

  def manifest_entry(
    self, built: bytes, loaded: bytes, context: directions.OneDirection
  ) -> dict[str, Any]:
    return dict(
      format=self.name,
      **bundle_checksums.of_content(built),
      input=dict(name=tensor_names.IMAGE, dtype='float32'),
      output=dict(name=tensor_names.TRANSLATION, dtype='float32'),
    )


def convert(network: folded_network.Network) -> bytes:
  """Converts a network; images are NHWC, any number at a time.

  Raises:
    extras.MissingPackage: tf2onnx is not installed.
  """
  with extras.needed('onnx'):
    import tf2onnx
  px = network.resolution
  function = tf.function(
    lambda images: {tensor_names.TRANSLATION: network.translate(images)},
    autograph=False,
  )
  spec = tf.TensorSpec([None, px, px, 3], tf.float32, name=tensor_names.IMAGE)
  model, _ = tf2onnx.convert.from_function(
    function, input_signature=[spec], opset=OPSET
  )
  return model.SerializeToString()


def run(model: bytes, images: np.ndarray) -> np.ndarray:
  """Runs a file by ONNX Runtime on float32 [n, px, px, 3]."""
  with extras.needed('onnx'):
    import onnxruntime

  session = onnxruntime.InferenceSession(
    model, providers=['CPUExecutionProvider']
  )
  (tensor,) = session.get_inputs()
  return session.run(None, {tensor.name: images})[0]

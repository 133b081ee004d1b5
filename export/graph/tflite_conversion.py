"""Converts a traced function to TFLite, in five kinds of arithmetic.

  float32   as trained
  float16   weights in 16 bits, half the size; phones' GPUs compute in it
  dynamic   weights in 8 bits, activations quantized as they come: a quarter
            of the size, and the default for CPUs
  hybrid    8 bits throughout but for the generator's last stage, whose
            rounding shows most
  int8      8 bits throughout, uint8 images in and out

Only TFLite's built-in operations are used.
"""

import functools
import pathlib
import tempfile
import types
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from export import tensor_names
from export.graph import folded_network
from tf_twingan import compat

KINDS = ('float32', 'float16', 'dynamic', 'hybrid', 'int8')
SIGNATURE = 'serving_default'

_CALIBRATED = ('hybrid', 'int8')


class Graph:
  """A function of one image, traced and saved once, to convert to any kind."""

  def __init__(
    self,
    function: tf.types.experimental.GenericFunction,
    module: tf.Module,
    side: int,
    *,
    output_name: str = tensor_names.TRANSLATION,
    number_inputs: Mapping[str, tf.TensorSpec] = types.MappingProxyType({}),
    float_scopes: Sequence[str] = (),
  ):
    """Traces the function.

    Args:
      function: maps float32 [1, side, side, 3] to one tensor.
      module: module that holds the function's variables.
      side: side of the images, px.
      output_name: name of the output in the file's signature; the image's is
        `tensor_names.IMAGE`.
      number_inputs: further arguments of the function, by name; only kinds
        without quantized activations can have them.
      float_scopes: name scopes of the operations that 'hybrid' keeps in float.
    """
    spec = tf.TensorSpec(
      [1, side, side, 3], tf.float32, name=tensor_names.IMAGE
    )
    traced = tf.function(
      lambda image, **numbers: {output_name: function(image, **numbers)},
      autograph=False,
    ).get_concrete_function(spec, **number_inputs)
    holder = tf.Module()
    holder.module = module
    self._float_scopes = float_scopes
    self._folder = tempfile.TemporaryDirectory()
    self._saved = str(pathlib.Path(self._folder.name, 'saved'))
    tf.saved_model.save(holder, self._saved, signatures={SIGNATURE: traced})

  @classmethod
  def of_network(cls, network: folded_network.Network) -> 'Graph':
    """Traces a network's `translate`."""
    return cls(
      network.translate,
      network,
      network.resolution,
      float_scopes=[folded_network.stage_name(network.resolution)],
    )

  def convert(self, kind: str, images: np.ndarray | None = None) -> bytes:
    """Converts the function.

    Args:
      kind: one of KINDS.
      images: float32 [n, side, side, 3] in [-1, 1], from which 'hybrid' and
        'int8' take the ranges of their activations.

    Returns:
      The content of the TFLite file.

    Raises:
      ValueError: there is no such kind.
    """
    if kind not in KINDS:
      raise ValueError(
        f'Unknown TFLite kind {kind!r}; choose one of {", ".join(KINDS)}.'
      )
    if kind == 'float32':
      return self._float32
    converter = self._converter()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == 'float16':
      converter.target_spec.supported_types = [tf.float16]
    if kind in _CALIBRATED:
      converter.representative_dataset = lambda: _one_by_one(images)
      converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8
      ]
    if kind == 'int8':
      converter.inference_input_type = tf.uint8
      converter.inference_output_type = tf.uint8
    if kind == 'hybrid':
      return self._convert_hybrid(converter, images)
    return converter.convert()

  def _convert_hybrid(self, converter, images) -> bytes:
    # The quantizer takes operations by the names of their outputs, which are
    # read from the float file.
    interpreter = compat.tflite_interpreter(self._float32)
    names = [tensor['name'] for tensor in interpreter.get_tensor_details()]
    options = tf.lite.experimental.QuantizationDebugOptions(
      denylisted_nodes=[
        name
        for name in names
        if any(f'{scope}/' in name for scope in self._float_scopes)
      ]
    )
    debugger = tf.lite.experimental.QuantizationDebugger(
      converter=converter,
      debug_dataset=lambda: _one_by_one(images),
      debug_options=options,
    )
    return debugger.get_nondebug_quantized_model()

  @functools.cached_property
  def _float32(self) -> bytes:
    return self._converter().convert()

  def _converter(self) -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_saved_model(
      self._saved, signature_keys=[SIGNATURE]
    )


def _one_by_one(images: np.ndarray) -> Iterable[list[np.ndarray]]:
  for image in images:
    yield [image[None]]

"""A traced function to a TFLite file, in five kinds of arithmetic.

  float32   as trained
  float16   weights in 16 bits, half the size; phones' GPUs compute in it
  dynamic   weights in 8 bits, activations quantized as they come: a quarter
            of the size, and the default for CPUs
  hybrid    8 bits throughout but for the finest stage of the drawing, whose
            rounding shows most
  int8      8 bits throughout, uint8 images in and out

Only TFLite's built-in operations are used.
"""

import pathlib
import tempfile
import types
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from export.graph import folded_network

# What the tensors of every exported file are called.
INPUT, TRANSLATION, EMBEDDING = 'image', 'translation', 'embedding'
KINDS = ('float32', 'float16', 'dynamic', 'hybrid', 'int8')
SIGNATURE = 'serving_default'

_CALIBRATED = ('hybrid', 'int8')


def drawing(
  drawer: folded_network.Network, kind: str, images: np.ndarray
) -> bytes:
  """Converts what draws; see `convert`."""
  return convert(
    drawer.translate,
    drawer,
    kind,
    output_name=TRANSLATION,
    images=images,
    in_float=[folded_network.stage_name(drawer.resolution)],
  )


def convert(
  function: tf.types.experimental.GenericFunction,
  module: tf.Module,
  kind: str,
  *,
  output_name: str,
  images: np.ndarray,
  in_float: Sequence[str] = (),
  more: Mapping[str, tf.TensorSpec] = types.MappingProxyType({}),
) -> bytes:
  """Converts a function of one image.

  Args:
    function: from float32 [1, px, px, 3] to one tensor.
    module: holds the function's variables.
    kind: one of KINDS.
    output_name: of the result, in the file's signature; the image's is
      INPUT.
    images: float32 [n, px, px, 3] in [-1, 1] of what it will be given; the
      8-bit kinds take the ranges of their activations from them.
    in_float: 'hybrid': the name scopes that stay in float.
    more: what else the function takes, by name; for kinds that need no
      ranges of activations.

  Returns:
    The file.

  Raises:
    ValueError: there is no such kind.
  """
  if kind not in KINDS:
    raise ValueError(
      f'Unknown TFLite kind {kind!r}; choose one of {", ".join(KINDS)}.'
    )
  side = images.shape[1]
  spec = tf.TensorSpec([1, side, side, 3], tf.float32, name=INPUT)
  traced = tf.function(
    lambda image, **rest: {output_name: function(image, **rest)},
    autograph=False,
  ).get_concrete_function(spec, **more)
  holder = tf.Module()
  holder.module = module
  with tempfile.TemporaryDirectory() as folder:
    saved = str(pathlib.Path(folder, 'saved'))
    tf.saved_model.save(holder, saved, signatures={SIGNATURE: traced})
    converter = tf.lite.TFLiteConverter.from_saved_model(
      saved, signature_keys=[SIGNATURE]
    )
    if kind != 'float32':
      converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == 'float16':
      converter.target_spec.supported_types = [tf.float16]
    if kind in _CALIBRATED:
      converter.representative_dataset = lambda: _each(images)
      converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8
      ]
    if kind == 'int8':
      converter.inference_input_type = tf.uint8
      converter.inference_output_type = tf.uint8
    if kind != 'hybrid':
      return converter.convert()
    # The quantizer takes operations by the names of what they give, which
    # the float file tells.
    names = _tensor_names(
      tf.lite.TFLiteConverter.from_saved_model(
        saved, signature_keys=[SIGNATURE]
      ).convert()
    )
    options = tf.lite.experimental.QuantizationDebugOptions(
      denylisted_nodes=[
        name for name in names if any(f'{s}/' in name for s in in_float)
      ]
    )
    debugger = tf.lite.experimental.QuantizationDebugger(
      converter=converter,
      debug_dataset=lambda: _each(images),
      debug_options=options,
    )
    return debugger.get_nondebug_quantized_model()


def _each(images: np.ndarray) -> Iterable[list[np.ndarray]]:
  for image in images:
    yield [image[None]]


def _tensor_names(model: bytes) -> list[str]:
  interpreter = tf.lite.Interpreter(model_content=model)
  return [tensor['name'] for tensor in interpreter.get_tensor_details()]

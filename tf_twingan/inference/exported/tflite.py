"""Runs a TFLite file of one image, in float or in 8 bits.

What the numbers stand for is read from the file. Numbers of 8 bits have a scale
and a zero point in its tensors (Jacob et al., "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section
2.1). How pixels are normalized is said in its metadata; a file without metadata
takes and gives images in [-1, 1].
"""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tf_twingan import compat, image_arrays, tflite_files
from tf_twingan.inference.exported import tflite_metadata

_EIGHT_BITS = (np.uint8, np.int8)


class Normalization(NamedTuple):
  """Maps x to (x - mean) / std; each float32 [1] or, by channel, [3]."""

  mean: np.ndarray
  std: np.ndarray

  def apply(self, x: np.ndarray) -> np.ndarray:
    """Returns the normalized values, float32."""
    return (np.asarray(x, np.float32) - self.mean) / self.std


def _same_for_all_channels(mean: float, std: float) -> Normalization:
  return Normalization(
    np.array([mean], np.float32), np.array([std], np.float32)
  )


# From pixels of 0..255 to [-1, 1], and back.
_DEFAULT_INPUT = _same_for_all_channels(127.5, 127.5)
_DEFAULT_OUTPUT = _same_for_all_channels(-1, 1 / 127.5)


class File:
  """A loaded TFLite file. Several threads may use it; they take turns.

  Attributes:
    side: side of the images that it takes, px.
    name: name of the model in its metadata; '' without metadata.
    shape: shape of its output for one image, [1, ...].
  """

  def __init__(self, model: bytes, threads: int = 1):
    """Loads a file.

    Args:
      model: content of the file.
      threads: number of threads to run on.

    Raises:
      ValueError: it is no TFLite file, it has operations of TensorFlow, the
        interpreter lacks an operation, or it does not take one image (and
        numbers) and give one tensor.
    """
    parsed = tflite_files.parse(model)
    try:
      self._interpreter = compat.tflite_interpreter(model, num_threads=threads)
      self._interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
      raise ValueError(
        'TFLite cannot load it, perhaps as it has operations that are not '
        f'built in ({" ".join(str(error).split())})'
      ) from error
    outputs = self._interpreter.get_output_details()
    inputs = self._interpreter.get_input_details()
    numbers = [tensor for tensor in inputs if _is_number(tensor)]
    images = [tensor for tensor in inputs if not _is_number(tensor)]
    if len(images) != 1 or len(outputs) != 1:
      raise ValueError(
        f'it takes {len(images)} tensors and gives {len(outputs)}, but should '
        'take one image and give one'
      )
    (self._input,), (self._output,) = images, outputs
    self._choices = self._tensor_indices(numbers)
    self._lock = threading.Lock()
    shape = self._input['shape'].tolist()
    if len(shape) != 4 or shape[0] != 1 or shape[1:3] != [shape[1]] * 2:
      raise ValueError(
        f'it takes {shape}, but should take one square image, [1, px, px, 3]'
      )
    if shape[3] != 3:
      raise ValueError(f'it takes {shape[3]} channels, but should take RGB')
    for tensor in (self._input, self._output):
      _check_dtype(tensor)
    self.side: int = shape[1]
    self.shape: list[int] = self._output['shape'].tolist()
    metadata = _metadata_of(parsed)
    self.name: str = metadata.name if metadata and metadata.name else ''
    graph = (metadata.subgraph_metadata or [None])[0] if metadata else None
    input_normalization = output_normalization = None
    if graph:
      # Inputs are described in the order in which the file has them.
      place = [tensor['index'] for tensor in inputs].index(self._input['index'])
      input_normalization = _normalization(graph.input_tensor_metadata, place)
      output_normalization = _normalization(graph.output_tensor_metadata, 0)
    self._input_normalization = input_normalization or _DEFAULT_INPUT
    self._output_normalization = output_normalization or _DEFAULT_OUTPUT

  @property
  def choices(self) -> tuple[str, ...]:
    """Names of the inputs beside the image, one int32 [1] each.

    They are the numbers of the domains, if the file translates in several
    directions; there are none, if it translates in one.
    """
    return tuple(self._choices)

  def _check_choices(self, numbers: Mapping[str, int]) -> None:
    """Raises ValueError unless the names are those of `choices`."""
    if set(numbers) != set(self._choices):
      raise ValueError(
        f'it takes {", ".join(sorted(self._choices)) or "nothing"} beside the '
        f'image, but was given {", ".join(sorted(numbers)) or "nothing"}'
      )

  def _tensor_indices(self, tensors) -> dict[str, int]:
    """{name in the signature: index} of input tensors."""
    if not tensors:
      return {}
    runner = self._interpreter.get_signature_runner()
    names = {t['index']: n for n, t in runner.get_input_details().items()}
    return {names[t['index']]: t['index'] for t in tensors}

  def run(self, values: np.ndarray, **numbers: int) -> np.ndarray:
    """Runs the file on one image after the other.

    Args:
      values: float32 [n, side, side, 3], as the network was trained on them:
        in [-1, 1], unless its metadata says otherwise. Eight bits are converted
        on the way in and out.
      **numbers: the inputs beside the image, by the names in `choices`.

    Returns:
      float32 [n, ...].

    Raises:
      ValueError: the names are not those of `choices`.
      RuntimeError: a number is no domain's.
    """
    self._check_choices(numbers)
    results = np.empty([len(values), *self.shape[1:]], np.float32)
    # The interpreter holds one image at a time.
    with self._lock:
      for name, number in numbers.items():
        self._interpreter.set_tensor(self._choices[name], np.int32([number]))
      for row, image in enumerate(values):
        self._interpreter.set_tensor(
          self._input['index'], _quantize(image[None], self._input)
        )
        self._interpreter.invoke()
        result = self._interpreter.get_tensor(self._output['index'])[0]
        results[row] = _dequantize(result, self._output)
    return results

  def translate(self, images: np.ndarray, **numbers: int) -> np.ndarray:
    """Translates images.

    Args:
      images: uint8 RGB [n, side, side, 3].
      **numbers: the inputs beside the image, by the names in `choices`.

    Returns:
      uint8 RGB [n, height, width, 3].

    Raises:
      FloatingPointError: the file gives NaN, as a training that diverged does.
      ValueError, RuntimeError: see `run`.
    """
    outputs = self.run(self._input_normalization.apply(images), **numbers)
    pixels = image_arrays.check_finite(
      self._output_normalization.apply(outputs)
    )
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _is_number(tensor: Mapping[str, Any]) -> bool:
  return tensor['dtype'] == np.int32 and tensor['shape'].tolist() == [1]


def _check_dtype(tensor: Mapping[str, Any]) -> None:
  dtype = np.dtype(tensor['dtype'])
  if dtype == np.float32:
    return
  if dtype not in _EIGHT_BITS:
    raise ValueError(
      f'{tensor["name"]} is {dtype}, but should be float32, uint8 or int8'
    )
  if not tensor['quantization'][0]:
    raise ValueError(
      f'{tensor["name"]} is {dtype} without a scale, so what its numbers stand '
      'for is not known; convert it with post-training quantization'
    )


def _quantize(values: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
  if tensor['dtype'] == np.float32:
    return values
  scale, zero = tensor['quantization']
  limits = np.iinfo(tensor['dtype'])
  steps = np.rint(values / scale + zero)
  return np.clip(steps, limits.min, limits.max).astype(tensor['dtype'])


def _dequantize(values: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
  if tensor['dtype'] == np.float32:
    return values
  scale, zero = tensor['quantization']
  return (values.astype(np.float32) - zero) * np.float32(scale)


def read_metadata(model: bytes) -> tflite_metadata.ModelMetadata | None:
  """Returns the metadata of a file, None if it has none.

  Raises:
    ValueError: see `tflite_files.parse`.
  """
  return _metadata_of(tflite_files.parse(model))


def _metadata_of(parsed: schema.ModelT) -> tflite_metadata.ModelMetadata | None:
  for entry in parsed.metadata or []:
    if entry.name == tflite_metadata.NAME:
      try:
        content = parsed.buffers[entry.buffer].data.tobytes()
        return tflite_metadata.read(content)
      # On damaged metadata the reader raises nearly every exception there is.
      except Exception as error:
        raise ValueError(
          f'its metadata are damaged ({" ".join(str(error).split())}); export '
          'or copy it again'
        ) from error
  return None


def _normalization(tensors, place: int) -> Normalization | None:
  """The normalization in a tensor's metadata, or None."""
  tensor = tensors[place] if tensors and place < len(tensors) else None
  for unit in (tensor.process_units or []) if tensor else []:
    if unit.options is not None:
      return Normalization(
        np.asarray(unit.options.mean, np.float32),
        np.asarray(unit.options.std, np.float32),
      )
  return None

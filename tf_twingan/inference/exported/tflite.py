"""Runs a TFLite file of one image, whatever numbers it takes and gives.

What a number stands for is read off the file. Eight bits have a scale and a
zero point in its tensors (Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 2.1).
What pixels are to the network stands in its metadata, where it has any;
without, they are -1 to 1.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_lite_support.metadata import (
  metadata_schema_py_generated as metadata_schema,
)
from tensorflow_lite_support.metadata import schema_py_generated as schema

_IDENTIFIER, _METADATA = b'TFL3', b'TFLITE_METADATA'
_EIGHT_BITS = (np.uint8, np.int8)


class Scaling(NamedTuple):
  """A value is (x - mean) / std; each float32 [1] or, by channel, [3]."""

  mean: np.ndarray
  std: np.ndarray

  def of(self, x: np.ndarray) -> np.ndarray:
    """The values, float32."""
    return (np.asarray(x, np.float32) - self.mean) / self.std


def _same(mean: float, std: float) -> Scaling:
  return Scaling(np.array([mean], np.float32), np.array([std], np.float32))


# From pixels to [-1, 1], and back.
_INPUT, _OUTPUT = _same(127.5, 127.5), _same(-1, 1 / 127.5)


class File:
  """A TFLite file, loaded. One thread may use it at a time.

  Attributes:
    side: of the images that it takes, px.
    name: what its metadata calls it; '' without metadata.
    shape: of its result, for one image: [1, ...].
  """

  def __init__(self, model: bytes, threads: int = 1):
    """Loads a file.

    Args:
      model: its content.
      threads: to run on.

    Raises:
      ValueError: it is no TFLite file, the interpreter lacks an operation, or
        it does not take one image (and numbers) and give one tensor.
    """
    parsed = _parsed(model)
    try:
      self._interpreter = tf.lite.Interpreter(
        model_content=model, num_threads=threads
      )
      self._interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
      raise ValueError(
        'TFLite cannot load it, perhaps as it has operations that are not '
        f'built in ({" ".join(str(error).split())})'
      ) from error
    given = self._interpreter.get_output_details()
    inputs = self._interpreter.get_input_details()
    numbers = [tensor for tensor in inputs if _is_number(tensor)]
    taken = [tensor for tensor in inputs if not _is_number(tensor)]
    if len(taken) != 1 or len(given) != 1:
      raise ValueError(
        f'it takes {len(taken)} tensors and gives {len(given)}, but should '
        'take one image and give one'
      )
    (self._taken,), (self._given,) = taken, given
    self._choices = self._named(numbers)
    self._chosen: dict[str, int] = {}
    shape = self._taken['shape'].tolist()
    if len(shape) != 4 or shape[0] != 1 or shape[1:3] != [shape[1]] * 2:
      raise ValueError(
        f'it takes {shape}, but should take one square image, [1, px, px, 3]'
      )
    if shape[3] != 3:
      raise ValueError(f'it takes {shape[3]} channels, but should take RGB')
    for tensor in (self._taken, self._given):
      _check_numbers(tensor)
    self.side: int = shape[1]
    self.shape: list[int] = self._given['shape'].tolist()
    found = _metadata(parsed)
    self.name: str = found.name.decode() if found and found.name else ''
    graph = (found.subgraphMetadata or [None])[0] if found else None
    self._to_values = self._to_pixels = None
    if graph:
      # Inputs are described in the order in which the file has them.
      place = [tensor['index'] for tensor in inputs].index(self._taken['index'])
      self._to_values = _scaling(graph.inputTensorMetadata, place)
      self._to_pixels = _scaling(graph.outputTensorMetadata, 0)
    self._to_values = self._to_values or _INPUT
    self._to_pixels = self._to_pixels or _OUTPUT

  @property
  def choices(self) -> tuple[str, ...]:
    """Names of what it takes beside the image, one int32 [1] each.

    The domains, if it draws several; nothing, if it draws one direction.
    """
    return tuple(self._choices)

  def choose(self, **numbers: int) -> 'File':
    """Sets what it takes beside the image; returns itself.

    Raises:
      ValueError: the names are not those of `choices`.
    """
    if set(numbers) != set(self._choices):
      raise ValueError(
        f'it takes {", ".join(sorted(self._choices)) or "nothing"} beside the '
        f'image, but was given {", ".join(sorted(numbers)) or "nothing"}'
      )
    self._chosen = numbers
    return self

  def _named(self, tensors) -> dict[str, int]:
    """{name in the signature: index} of tensors."""
    if not tensors:
      return {}
    runner = self._interpreter.get_signature_runner()
    names = {t['index']: n for n, t in runner.get_input_details().items()}
    return {names[t['index']]: t['index'] for t in tensors}

  def run(self, values: np.ndarray) -> np.ndarray:
    """Runs it on one image after the other.

    Args:
      values: float32 [n, side, side, 3], as the network was trained on them:
        in [-1, 1], unless its metadata says otherwise. Eight bits are converted
        on the way in and out.

    Returns:
      float32 [n, ...].

    Raises:
      ValueError: there is a choice, and `choose` was not called.
      RuntimeError: a number chosen is beyond what there is.
    """
    self.choose(**self._chosen)
    for name, number in self._chosen.items():
      self._interpreter.set_tensor(self._choices[name], np.int32([number]))
    results = []
    for image in values:
      self._interpreter.set_tensor(
        self._taken['index'], _quantized(image[None], self._taken)
      )
      self._interpreter.invoke()
      result = self._interpreter.get_tensor(self._given['index'])[0]
      results.append(_real(result, self._given))
    return np.stack(results)

  def draw(self, images: np.ndarray) -> np.ndarray:
    """Draws images.

    Args:
      images: uint8 RGB [n, side, side, 3].

    Returns:
      uint8 RGB [n, height, width, 3].
    """
    pixels = self._to_pixels.of(self.run(self._to_values.of(images)))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def _is_number(tensor: Mapping[str, Any]) -> bool:
  return tensor['dtype'] == np.int32 and tensor['shape'].tolist() == [1]


def _check_numbers(tensor: Mapping[str, Any]) -> None:
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


def _quantized(values: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
  if tensor['dtype'] == np.float32:
    return values
  scale, zero = tensor['quantization']
  limits = np.iinfo(tensor['dtype'])
  steps = np.rint(values / scale + zero)
  return np.clip(steps, limits.min, limits.max).astype(tensor['dtype'])


def _real(values: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
  if tensor['dtype'] == np.float32:
    return values
  scale, zero = tensor['quantization']
  return (values.astype(np.float32) - zero) * np.float32(scale)


def _parsed(model: bytes) -> schema.ModelT:
  """Reads all of a file, as the interpreter crashes on one that is cut."""
  try:
    if model[4:8] != _IDENTIFIER:
      raise ValueError(f'it starts with {model[:8]!r}')
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
  # On damaged files the reader raises nearly every exception there is.
  except Exception as error:
    raise ValueError(
      f'it is no TFLite file, or damaged ({" ".join(str(error).split())}); '
      'export or copy it again'
    ) from error


def _metadata(parsed: schema.ModelT) -> metadata_schema.ModelMetadataT | None:
  for entry in parsed.metadata or []:
    if entry.name == _METADATA:
      content = parsed.buffers[entry.buffer].data.tobytes()
      return metadata_schema.ModelMetadataT.InitFromObj(
        metadata_schema.ModelMetadata.GetRootAsModelMetadata(content, 0)
      )
  return None


def _scaling(tensors, place: int) -> Scaling | None:
  """What a tensor's metadata says of its pixels, if it says it."""
  kind = metadata_schema.ProcessUnitOptions.NormalizationOptions
  tensor = tensors[place] if tensors and place < len(tensors) else None
  for unit in (tensor.processUnits or []) if tensor else []:
    if unit.optionsType == kind:
      return Scaling(
        *(
          np.asarray(v, np.float32)
          for v in (unit.options.mean, unit.options.std)
        )
      )
  return None

"""Requests and answers of TensorFlow Serving's REST API, as JSON.

A request has `instances`, a list of inputs, or `inputs`, the same by columns;
`signature_name` says what to do with them. Bytes are {"b64": "..."}. The API is
described at https://www.tensorflow.org/tfx/serving/api_rest.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.inference.exported import bundle_manifest, saved_model
from tf_twingan.serving import models

SERVING_DEFAULT = 'serving_default'
# Names of inputs and outputs, as exported SavedModels have them.
IMAGE_BYTES, PNG_BYTES, ERROR = 'image_bytes', 'png_bytes', 'error'
IMAGE, TRANSLATION, EMBEDDING = 'image', 'translation', 'embedding'
_BASE64 = 'b64'


class BadRequest(Exception):
  """A request that is refused.

  Attributes:
    status: HTTP status.
  """

  def __init__(self, message: str, status: int = 400):
    super().__init__(message)
    self.status = status


class Signature(NamedTuple):
  """What is done with the inputs.

  Attributes:
    kind: name of the only input: IMAGE_BYTES or IMAGE.
    output: TRANSLATION or EMBEDDING, of numbers; '' for files.
    source: domain of the images.
    to: domain of the results.
  """

  kind: str
  output: str
  source: str
  to: str


class Request(NamedTuple):
  """A request that was read.

  Attributes:
    signature: what to do.
    values: the contents of files, or an array of float32 [n, px, px, 3].
    by_rows: whether it had `instances`, and is answered likewise.
  """

  signature: Signature
  values: Any
  by_rows: bool


def signatures(model: models.ServedModel) -> dict[str, Signature]:
  """The signatures of a model, those of its export: see docs/export.md."""
  found = {}
  takes_numbers = model.float_translation(*model.directions[0]) is not None
  for source, to in model.directions:
    name = bundle_manifest.direction(source, to)
    found[name] = Signature(IMAGE_BYTES, '', source, to)
    if takes_numbers:
      found[name + saved_model.FLOATS] = Signature(
        IMAGE, TRANSLATION, source, to
      )
  source, to = model.directions[0]
  found[SERVING_DEFAULT] = Signature(IMAGE_BYTES, '', source, to)
  if len(model.directions) == 1:
    if takes_numbers:
      found[saved_model.TRANSLATE] = Signature(IMAGE, TRANSLATION, source, to)
    if model.embedding is not None:
      found[saved_model.EMBED] = Signature(IMAGE, EMBEDDING, source, to)
  return found


def parse(body: bytes, model: models.ServedModel, most: int) -> Request:
  """Reads a request.

  Args:
    body: JSON.
    model: the model that it is for.
    most: how many images it may have.

  Raises:
    BadRequest: it is none; says why.
  """
  try:
    asked = json.loads(body)
  # Lists in lists, thousands deep, end in RecursionError.
  except (ValueError, RecursionError) as error:
    raise BadRequest(f'JSON Parse error: {error}') from None
  if not isinstance(asked, dict):
    raise BadRequest('JSON Value: the request is not an object')
  name = asked.get('signature_name') or SERVING_DEFAULT
  known = signatures(model)
  if name not in known if isinstance(name, str) else True:
    raise BadRequest(
      f'Serving signature name: {name!r} not found in signature def; there is '
      f'{", ".join(sorted(known))}'
    )
  signature = known[name]
  if ('instances' in asked) == ('inputs' in asked):
    if 'inputs' not in asked:
      raise BadRequest("Missing 'inputs' or 'instances' key")
    raise BadRequest(
      "Not formatted correctly expecting only one of 'inputs' or 'instances' "
      'keys to exist'
    )
  by_rows = 'instances' in asked
  values = _rows(asked, signature) if by_rows else _column(asked, signature)
  if len(values) > most:
    raise BadRequest(
      f'{len(values)} images are over the limit of {most}; send fewer at once'
    )
  if signature.kind == IMAGE_BYTES:
    return Request(signature, [_bytes(one) for one in values], by_rows)
  return Request(signature, _numbers(values, model.resolution), by_rows)


def _rows(asked: dict[str, Any], signature: Signature) -> Sequence[Any]:
  rows = asked['instances']
  if not isinstance(rows, list):
    raise BadRequest("Excepting 'instances' to be an list/array")
  if not rows:
    raise BadRequest("No values in 'instances' array")
  return [
    _only_input(row, signature)
    if isinstance(row, dict) and _BASE64 not in row
    else row
    for row in rows
  ]


def _column(asked: dict[str, Any], signature: Signature) -> Sequence[Any]:
  column = asked['inputs']
  if isinstance(column, dict) and _BASE64 not in column:
    column = _only_input(column, signature)
  if not isinstance(column, list) or not column:
    raise BadRequest(
      f"'inputs' has to hold a list of one value or more for {signature.kind!r}"
    )
  return column


def _only_input(named: dict[str, Any], signature: Signature) -> Any:
  if set(named) != {signature.kind}:
    raise BadRequest(
      f'JSON object: does not have named input: {signature.kind}, but '
      f'{", ".join(map(repr, sorted(named))) or "nothing"}'
    )
  return named[signature.kind]


def _bytes(value: Any) -> bytes:
  if isinstance(value, str):
    # JSON may have half of a character, which is no bytes.
    return value.encode('utf-8', 'replace')
  if not isinstance(value, dict) or not isinstance(value.get(_BASE64), str):
    raise BadRequest(
      f'JSON Value: {json.dumps(value)[:40]} is no bytes; send '
      '{"b64": "..."}, the content of a file in base64'
    )
  try:
    return base64.b64decode(value[_BASE64], validate=True)
  except (binascii.Error, ValueError):
    raise BadRequest('JSON Value: Unable to base64 decode') from None


def _numbers(values: Sequence[Any], side: int) -> np.ndarray:
  try:
    array = np.asarray(values, np.float32)
  # Ragged, or not of numbers.
  except (TypeError, ValueError, OverflowError):
    array = np.zeros([0], np.float32)
  if array.shape[1:] != (side, side, 3):
    raise BadRequest(
      f'{IMAGE!r} has to be [{side}, {side}, 3] numbers for each image'
    )
  if not np.isfinite(array).all():
    raise BadRequest(f'{IMAGE!r} holds numbers that are not finite')
  return array


def answer_files(
  results: Sequence[tuple[bytes, str]], by_rows: bool
) -> dict[str, Any]:
  """The answer for files: (PNG, '') or (b'', why there is none) for each."""
  pngs = [{_BASE64: base64.b64encode(png).decode()} for png, _ in results]
  errors = [error for _, error in results]
  if not by_rows:
    return {'outputs': {PNG_BYTES: pngs, ERROR: errors}}
  return {
    'predictions': [
      {ERROR: error, PNG_BYTES: png}
      for png, error in zip(pngs, errors, strict=True)
    ]
  }


def answer_numbers(results: np.ndarray, by_rows: bool) -> dict[str, Any]:
  """The answer for numbers; the only output goes without its name."""
  return {'predictions' if by_rows else 'outputs': results.tolist()}


def metadata(model: models.ServedModel) -> dict[str, Any]:
  """What `GET .../metadata` says of a model: its signatures."""
  side = model.resolution
  definitions = {}
  for name, signature in sorted(signatures(model).items()):
    if signature.kind == IMAGE_BYTES:
      inputs = {IMAGE_BYTES: _tensor('DT_STRING', [-1])}
      outputs = {
        PNG_BYTES: _tensor('DT_STRING', [-1]),
        ERROR: _tensor('DT_STRING', [-1]),
      }
    else:
      inputs = {IMAGE: _tensor('DT_FLOAT', [-1, side, side, 3])}
      shape = [-1, side, side, 3] if signature.output == TRANSLATION else [-1]
      outputs = {signature.output: _tensor('DT_FLOAT', shape)}
    definitions[name] = {
      'inputs': inputs,
      'outputs': outputs,
      'method_name': 'tensorflow/serving/predict',
    }
  return {
    'model_spec': {
      'name': model.name,
      'signature_name': '',
      'version': str(model.version),
    },
    'metadata': {'signature_def': {'signature_def': definitions}},
  }


def _tensor(dtype: str, shape: Sequence[int]) -> dict[str, Any]:
  sizes = [{'size': str(size), 'name': ''} for size in shape]
  return {
    'dtype': dtype,
    'tensor_shape': {'dim': sizes, 'unknown_rank': False},
    'name': '',
  }

"""A model whose network runs in a TensorFlow model server.

The server's signatures say which directions there are and how large the images
are (`export`, formats/saved_model.py); the manifest of the bundle that it
serves says how photos were prepared. Images go there as numbers, so that the
pixels are those of the SavedModel here.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tf_twingan import extras, image_arrays
from tf_twingan.inference import batching
from tf_twingan.inference.exported import (
  bundle_manifest,
  bundle_translator,
  saved_model,
)
from tf_twingan.serving import (
  circuit_breaker,
  model_server,
  models,
  problems,
  settings,
  versions,
)

with extras.needed('serve'):
  from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    model_pb2,
    predict_pb2,
  )

_log = logging.getLogger(__name__)
_SIGNATURES = 'signature_def'
# Bytes of a message for what is not numbers.
_OVERHEAD = 4096
_PAUSE_S = 0.5


class Signature(NamedTuple):
  """What computes one tensor of another.

  Attributes:
    name: its name at the server.
    input: name of the images, float32 [n, px, px, 3] in [-1, 1].
    output: name of what becomes of them, float32 with as many rows.
    side: side of the images, px.
    shape: of a row of the output.
  """

  name: str
  input: str
  output: str
  side: int
  shape: tuple[int, ...]


class _Version:
  """One version of a model at a model server, as functions of arrays."""

  def __init__(
    self,
    server: model_server.ModelServer,
    spec: model_pb2.ModelSpec,
    version: int,
    limits: settings.Settings,
  ):
    """Names it; `spec` is asked for when the version has gone."""
    self._server, self._spec, self._limits = server, spec, limits
    self._version = version

  def floats(self, signature: Signature) -> bundle_translator.ArrayFunction:
    """A signature as a function of float32 in [-1, 1]."""
    row_bytes = 4 * max(3 * signature.side**2, int(np.prod(signature.shape)))
    fitting = (self._limits.remote_message_bytes - _OVERHEAD) // row_bytes
    size = max(1, min(fitting, batching.BATCH_SIZE))

    def call(images: np.ndarray) -> np.ndarray:
      until = time.monotonic() + self._limits.remote_timeout_s
      return batching.apply(
        lambda batch: self._predict(signature, batch, until), images, size=size
      )

    return call

  def pixels(self, signature: Signature) -> bundle_translator.ArrayFunction:
    """A signature as a function of uint8."""
    function = self.floats(signature)
    return lambda images: image_arrays.to_uint8(
      function(image_arrays.to_float(images))
    )

  def _predict(
    self, signature: Signature, images: np.ndarray, until: float
  ) -> np.ndarray:
    spec = model_pb2.ModelSpec(name=self._spec.name)
    # By its number: otherwise a batch may meet a version of other images.
    spec.version.value = self._version
    request = predict_pb2.PredictRequest(model_spec=spec)
    request.model_spec.signature_name = signature.name
    request.inputs[signature.input].CopyFrom(tf.make_tensor_proto(images))
    try:
      answer = self._server.predict(request, until)
    except model_server.Refused as error:
      if not error.is_not_found:
        raise
      # The server has put another version in its place.
      request.model_spec.CopyFrom(self._spec)
      request.model_spec.signature_name = signature.name
      answer = self._server.predict(request, until)
    shape = (len(images), *signature.shape)
    return image_arrays.check_finite(
      _array(answer.outputs, signature.output, shape)
    )


def _array(
  outputs: Mapping[str, Any], name: str, shape: tuple[int, ...]
) -> np.ndarray:
  """A tensor of an answer, float32 of the given shape."""
  if name not in outputs:
    raise model_server.Refused(f'an answer without {name}')
  tensor = outputs[name]
  found = tuple(dim.size for dim in tensor.tensor_shape.dim)
  if tensor.dtype != tf.float32.as_datatype_enum or found != shape:
    raise model_server.Refused(
      f'{tf.as_dtype(tensor.dtype).name} {list(found)} where float32 '
      f'{list(shape)} was asked for'
    )
  try:
    return tf.make_ndarray(tensor)
  except (TypeError, ValueError) as error:
    raise model_server.Refused('an answer with too few numbers') from error


class RemoteModel:
  """A model at a model server, of whatever version is there.

  A `versions.Source`: `newest` and `load` follow the versions at the server.

  Attributes:
    name: its name, there and here.
    server: where it runs.
  """

  def __init__(
    self,
    server: model_server.ModelServer,
    limits: settings.Settings,
    *,
    name: str | None = None,
    label: str | None = None,
    bundle: str | None = None,
  ):
    """Names a model.

    Args:
      server: where it runs.
      limits: the server's settings.
      name: its name there; by default that of the bundle.
      label: label of the version to use, such as stable; by default the
        newest one.
      bundle: folder of the bundle that is served there, for what no signature
        says: the domains of one direction, and how photos were prepared.

    Raises:
      FileNotFoundError: `bundle` is none.
      ValueError: it is damaged, or neither it nor `name` is given.
    """
    self.server, self._limits, self._bundle = server, limits, bundle
    name = name or (self._manifest() or {}).get('name')
    if not name:
      raise ValueError(
        'the name of the model at the model server is missing; give it as '
        '--tf_serving_model=NAME, or the bundle that is served there as '
        '--bundle=DIR.'
      )
    self.name: str = name
    self._spec = model_pb2.ModelSpec(name=name)
    if label:
      self._spec.version_label = label

  @property
  def problem(self) -> str | None:
    """Why it translates nothing now; None if it does."""
    if self.server.breaker.state is not circuit_breaker.State.CLOSED:
      return f'The model server of {self.name} does not answer.'
    return None

  def newest(self) -> int:
    """The version that the server offers now.

    Raises:
      ClientError: it does not answer, or has none.
    """
    return self._metadata(self._spec).model_spec.version.value

  def load(self, version: int) -> models.ServedModel:
    """Reads what a version takes and gives.

    Raises:
      ClientError: the server does not answer, or does not have it.
      ValueError: it does not translate, or not as the bundle does.
    """
    spec = model_pb2.ModelSpec(name=self.name)
    spec.version.value = version
    found = _signatures(self._metadata(spec))
    manifest = self._manifest()
    directions, side = _directions(found, manifest, self.name)
    described = manifest or _described(directions, side)
    # The manifest may be of another version: of an earlier one, say, that the
    # server still has.
    is_of_manifest = described.get('version') == version
    described |= {'name': self.name, 'version': version}
    if not is_of_manifest:
      described['model'] = {'fingerprint': f'served:{self.name}:{version}'}
    at_server = _Version(self.server, self._spec, version, self._limits)
    embed = found.get(saved_model.EMBED)
    translator = bundle_translator.BundleTranslator(
      described,
      {pair: at_server.pixels(s) for pair, s in directions.items()},
      float_functions={
        pair: at_server.floats(s) for pair, s in directions.items()
      },
      embed=at_server.floats(embed) if embed else None,
    )
    return models.ServedModel(self.name, translator, version=version)

  def wait(self) -> tuple[models.ServedModel, versions.Watched]:
    """Opens the model as `versions.open_newest`, once the server has started.

    Raises:
      ConnectionError: it has no such model within `remote_start_s`; says what
        it answers instead.
      ValueError: see `load`.
    """
    end = time.monotonic() + self._limits.remote_start_s
    waits = False
    while True:
      try:
        return versions.open_newest(self)
      except problems.ClientError as error:
        reason = getattr(error, 'reason', 'no answer')
        if time.monotonic() + _PAUSE_S > end:
          raise ConnectionError(
            f'the model server at {self.server.address} has no model '
            f'{self.name} after {self._limits.remote_start_s:g} seconds '
            f'({reason}); check that it runs, that this is its port for gRPC '
            '(8500 by default), and the name of the model.'
          ) from None
      if not waits:
        _log.warning(
          'Waiting for the model %s at %s: %s.',
          self.name,
          self.server.address,
          reason,
        )
        waits = True
      time.sleep(_PAUSE_S)

  def _metadata(
    self, spec: model_pb2.ModelSpec
  ) -> get_model_metadata_pb2.GetModelMetadataResponse:
    request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec)
    request.metadata_field.append(_SIGNATURES)
    until = time.monotonic() + self._limits.remote_timeout_s
    return self.server.metadata(request, until)

  def _manifest(self) -> dict[str, Any] | None:
    if self._bundle is None:
      return None
    return bundle_manifest.read_manifest(self._bundle)


def _signatures(
  answer: get_model_metadata_pb2.GetModelMetadataResponse,
) -> dict[str, Signature]:
  """The signatures from images to one tensor, by their names."""
  described = get_model_metadata_pb2.SignatureDefMap()
  if not answer.metadata[_SIGNATURES].Unpack(described):
    raise model_server.Refused('metadata without signatures')
  found = {}
  for name, signature in described.signature_def.items():
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
      continue
    ((input_name, taken),) = signature.inputs.items()
    ((output_name, given),) = signature.outputs.items()
    image, row = _row(taken), _row(given)
    if image and row and len(image) == 3 and image == (image[0],) * 2 + (3,):
      found[name] = Signature(name, input_name, output_name, image[0], row)
  return found


def _row(info: Any) -> tuple[int, ...] | None:
  """The shape of a row of a tensor for any number of rows of float32."""
  shape = [dim.size for dim in info.tensor_shape.dim]
  if info.dtype != tf.float32.as_datatype_enum or not shape or shape[0] != -1:
    return None
  return tuple(shape[1:]) if min(shape[1:], default=0) > 0 else None


def _directions(
  found: Mapping[str, Signature],
  manifest: Mapping[str, Any] | None,
  name: str,
) -> tuple[dict[tuple[str, str], Signature], int]:
  """{(source, target): what translates}, and the side of the images in px.

  Raises:
    ValueError: nothing translates, the images are of several sizes, or the
      manifest says something else.
  """
  by_direction = {
    key.removesuffix(saved_model.FLOATS): signature
    for key, signature in found.items()
    if (key == saved_model.TRANSLATE or key.endswith(saved_model.FLOATS))
    and signature.shape == (signature.side, signature.side, 3)
  }
  sides = {signature.side for signature in by_direction.values()}
  if len(sides) != 1:
    raise ValueError(
      f'the model {name} at the model server has '
      f'{"signatures of several sizes" if sides else "no signature"} that '
      f'translates images, such as {saved_model.TRANSLATE}; serve the '
      'saved_model/ of a bundle that `python -m export` wrote.'
    )
  (side,) = sides
  if saved_model.TRANSLATE in by_direction:
    # Of one direction, which gives the model its name, and no signature one.
    direction = name
    if manifest and not manifest.get('domains'):
      direction = bundle_manifest.direction(
        manifest['source'], manifest['target']
      )
    by_direction = {direction: by_direction[saved_model.TRANSLATE]}
  if not manifest:
    return {_split(d): by_direction[d] for d in sorted(by_direction)}, side
  pairs = {
    bundle_manifest.direction(*pair): pair
    for pair in bundle_manifest.directions(manifest)
    if pair[0] != pair[1]
  }
  said = manifest.get('resolution')
  if set(pairs) != set(by_direction) or said != side:
    raise ValueError(
      f'the model {name} at the model server is not that of the bundle: it '
      f'translates {", ".join(sorted(by_direction))} at {side} px, the bundle '
      f'{", ".join(sorted(pairs))} at {said} px; give --bundle the bundle that '
      'is served there.'
    )
  return {pair: by_direction[d] for d, pair in pairs.items()}, side


def _split(direction: str) -> tuple[str, str]:
  """(source, target) of a direction's name such as photo2anime.

  Raises:
    ValueError: there are several ways to read it, or none.
  """
  splits = [
    (direction[:i], direction[i + 1 :])
    for i in range(1, len(direction) - 1)
    if direction[i] == '2'
  ]
  if len(splits) != 1:
    raise ValueError(
      f'{direction} at the model server does not say from which domain it '
      'translates to which; give the bundle that is served there as '
      '--bundle=DIR.'
    )
  return splits[0]


def _described(
  directions: Mapping[tuple[str, str], Signature], side: int
) -> dict[str, Any]:
  """What a manifest would say of these directions."""
  if len(directions) == 1:
    ((source, target),) = directions
    return dict(source=source, target=target, resolution=side)
  domains = dict.fromkeys(domain for pair in directions for domain in pair)
  return dict(domains=list(domains), resolution=side)

"""A model server for tests: TensorFlow Serving's protocol, and its faults.

It listens on loopback and speaks the real protocol. What it answers is a
function of the tests, or a SavedModel; a `Wire` between it and its client can
be cut.
"""

import contextlib
import pathlib
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (
  get_model_metadata_pb2,
  predict_pb2,
  prediction_service_pb2_grpc,
)

from tf_twingan import image_arrays

PX = 8
# {signature: function from {input: array} to {output: array}}.
Functions = Mapping[str, Callable[..., dict[str, np.ndarray]]]


class Fault(Exception):
  """What a server answers instead of a result."""

  def __init__(self, code: grpc.StatusCode, details: str = 'at /secret/path'):
    super().__init__(code)
    self.code, self.details = code, details


class Version:
  """One version of a model.

  Attributes:
    functions: see `Functions`; may be changed.
    signatures: {signature: (inputs, outputs)}, each {name: (dtype, shape)}.
  """

  def __init__(self, functions: Functions, signatures: Mapping[str, Any]):
    self.functions, self.signatures = dict(functions), dict(signatures)


def inverting(
  names=('translate',), px=PX, offset=0.0, shape=None, dtype=types_pb2.DT_FLOAT
) -> Version:
  """A version whose translations are the negative images, plus `offset`."""
  shape = [-1, px, px, 3] if shape is None else shape

  def translate(image):
    return {'translation': offset - image}

  ends = ({'image': (dtype, shape)}, {'translation': (dtype, shape)})
  return Version(
    {name: translate for name in names}, {name: ends for name in names}
  )


def of_saved_model(folder: pathlib.Path) -> Version:
  """What a SavedModel of an export computes."""
  loaded = tf.saved_model.load(str(folder))

  def function(signature):
    def run(**inputs):
      outputs = signature(**{k: tf.constant(v) for k, v in inputs.items()})
      return {name: value.numpy() for name, value in outputs.items()}

    run.loaded = loaded
    return run

  def described(specs):
    return {
      name: (
        spec.dtype.as_datatype_enum,
        [-1 if n is None else n for n in spec.shape.as_list()],
      )
      for name, spec in specs.items()
      if spec.shape.rank is not None
    }

  return Version(
    {name: function(s) for name, s in loaded.signatures.items()},
    {
      name: (
        described(s.structured_input_signature[1]),
        described(s.structured_outputs),
      )
      for name, s in loaded.signatures.items()
    },
  )


class ModelServer(prediction_service_pb2_grpc.PredictionServiceServicer):
  """A model server; a context that stops it.

  Attributes:
    models: {name: {version: Version}}; may be changed while it runs.
    labels: {name: {label: version}}.
    before: called with each request for a prediction; may raise a Fault, or
      wait.
    specs: the model of each request for a prediction, in their order.
    address: host:port.
  """

  def __init__(self, models, *, labels=None, port=0, credentials=None):
    self.models, self.labels = models, labels or {}
    self.before = lambda request: None
    self.specs = []
    self._server = grpc.server(
      futures.ThreadPoolExecutor(8), options=[('grpc.so_reuseport', 0)]
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
      self, self._server
    )
    address = f'127.0.0.1:{port}'
    if credentials is None:
      port = self._server.add_insecure_port(address)
    else:
      port = self._server.add_secure_port(address, credentials)
    self.port, self.address = port, f'127.0.0.1:{port}'
    self._server.start()

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.stop()

  def stop(self):
    """Ends it, and whatever it was doing."""
    self._server.stop(None).wait()

  def Predict(self, request, context):  # noqa: N802, its name in the protocol.
    self.specs.append(request.model_spec)
    with _faults(context):
      self.before(request)
      name, number = self._find(request.model_spec)
      signature = request.model_spec.signature_name
      inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
      version = self.models[name][number]
      (of_image,) = version.signatures[signature][0].values()
      for value in inputs.values():
        if list(value.shape[1:]) != of_image[1][1:]:
          raise Fault(grpc.StatusCode.INVALID_ARGUMENT)
      answer = predict_pb2.PredictResponse()
      for key, value in version.functions[signature](**inputs).items():
        answer.outputs[key].CopyFrom(tf.make_tensor_proto(value))
      self._fill_in(answer.model_spec, name, number, signature)
      return answer

  def GetModelMetadata(self, request, context):  # noqa: N802
    with _faults(context):
      name, number = self._find(request.model_spec)
      described = get_model_metadata_pb2.SignatureDefMap()
      version = self.models[name][number]
      for signature, ends in version.signatures.items():
        definition = described.signature_def[signature]
        for place, tensors in zip(
          (definition.inputs, definition.outputs), ends
        ):
          for key, (dtype, shape) in tensors.items():
            place[key].dtype = dtype
            for size in shape:
              place[key].tensor_shape.dim.add(size=size)
      answer = get_model_metadata_pb2.GetModelMetadataResponse()
      answer.metadata['signature_def'].Pack(described)
      self._fill_in(answer.model_spec, name, number)
      return answer

  def _find(self, spec):
    """(name, version) of a model, as TensorFlow Serving finds it."""
    versions = self.models.get(spec.name, {})
    number = max(versions, default=None)
    if spec.HasField('version'):
      number = spec.version.value
    elif spec.version_label:
      number = self.labels.get(spec.name, {}).get(spec.version_label)
    if number not in versions:
      raise Fault(grpc.StatusCode.NOT_FOUND, f'Servable not found: {spec.name}')
    return spec.name, number

  @staticmethod
  def _fill_in(spec, name, number, signature=''):
    spec.name, spec.signature_name = name, signature
    spec.version.value = number


@contextlib.contextmanager
def _faults(context):
  try:
    yield
  except Fault as fault:
    context.abort(fault.code, fault.details)


class Wire:
  """Connections to a server that can be cut, as when its process dies.

  Attributes:
    address: host:port that is passed on to the server.
  """

  def __init__(self, port: int):
    self._port, self._pairs = port, []
    self._listener = socket.create_server(('127.0.0.1', 0))
    self.address = f'127.0.0.1:{self._listener.getsockname()[1]}'
    threading.Thread(target=self._accept, daemon=True).start()

  def __enter__(self):
    return self

  def __exit__(self, *_):
    # Wakes up the thread that waits for connections.
    with contextlib.suppress(OSError):
      self._listener.shutdown(socket.SHUT_RDWR)
    self._listener.close()
    self.cut()

  def cut(self):
    """Ends all connections at once; new ones can be made."""
    pairs, self._pairs = self._pairs, []
    for pair in pairs:
      for end in pair:
        with contextlib.suppress(OSError):
          end.shutdown(socket.SHUT_RDWR)

  def _accept(self):
    while True:
      try:
        client, _ = self._listener.accept()
      except OSError:
        return
      try:
        server = socket.create_connection(('127.0.0.1', self._port))
      except OSError:
        client.close()
        continue
      self._pairs.append((client, server))
      threading.Thread(
        target=_pass_on, args=(client, server), daemon=True
      ).start()


def _pass_on(client, server):
  other = {client: server, server: client}
  with selectors.DefaultSelector() as selector, client, server:
    for end in other:
      selector.register(end, selectors.EVENT_READ)
    while True:
      for key, _ in selector.select():
        try:
          content = key.fileobj.recv(2**16)
          if not content:
            return
          other[key.fileobj].sendall(content)
        except OSError:
          return


def images(count=3, px=PX, seed=0) -> np.ndarray:
  """Random images, uint8 [count, px, px, 3]."""
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, px, px, 3], np.uint8)


def inverted(images: np.ndarray) -> np.ndarray:
  """What `inverting` makes of images."""
  return image_arrays.to_uint8(-image_arrays.to_float(images))

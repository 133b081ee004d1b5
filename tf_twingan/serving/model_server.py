"""Calls of a TensorFlow model server by gRPC that end, whatever it does.

Each call has a deadline, within which an attempt that finds no server, or one
that hangs, is made again after a random pause that grows (full jitter, Brooker
2015). A circuit breaker refuses calls at once while the server is down.
"""

import collections
import json
import logging
import math
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from tf_twingan import extras
from tf_twingan.serving import circuit_breaker, problems, settings

with extras.needed('serve'):
  import grpc
  from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
  )

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
# A server that answers so can be asked again: nothing is changed by a question.
_TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
# What a server says that works, of a request that it does not take.
_ANSWERS = {
  grpc.StatusCode.FAILED_PRECONDITION,
  grpc.StatusCode.INVALID_ARGUMENT,
  grpc.StatusCode.NOT_FOUND,
  grpc.StatusCode.OUT_OF_RANGE,
  grpc.StatusCode.PERMISSION_DENIED,
  grpc.StatusCode.RESOURCE_EXHAUSTED,
  grpc.StatusCode.UNAUTHENTICATED,
  grpc.StatusCode.UNIMPLEMENTED,
}
_SECURE = 'grpcs://'


class Unavailable(problems.ClientError):
  """The model server does not answer."""

  def __init__(self, after_s: float):
    """Takes how soon to come again, seconds."""
    super().__init__(
      503,
      'model_unavailable',
      'The model server does not answer; try again in a moment.',
      {'Retry-After': str(max(1, math.ceil(after_s)))},
    )


class Refused(problems.ClientError):
  """The model server answers, and not with a result.

  Attributes:
    reason: name of a status of gRPC, or what is wrong with the answer.
    is_not_found: whether it has no such model or version.
  """

  def __init__(self, reason: str, *, is_not_found: bool = False):
    """Sets the attributes."""
    super().__init__(
      502,
      'model_server_error',
      f'The model server gave no result ({reason}); its log says why.',
    )
    self.reason, self.is_not_found = reason, is_not_found


class ModelServer:
  """One TensorFlow model server; several threads may use it at once.

  Attributes:
    address: host:port.
    breaker: its circuit breaker.
    attempts: {outcome: how many attempts had it}; 'OK' or a status of gRPC.
  """

  def __init__(
    self,
    address: str,
    limits: settings.Settings,
    *,
    certificates: bytes | None = None,
  ):
    """Does not connect yet.

    Args:
      address: host:port; `grpcs://host:port` for TLS.
      limits: the server's settings.
      certificates: PEM of the authorities to trust, for TLS; by default those
        that gRPC brings.

    Raises:
      ValueError: `address` is none.
    """
    self.address = check_address(address)
    self._limits = limits
    self.breaker = circuit_breaker.CircuitBreaker(
      limits.breaker_failures, limits.breaker_open_s
    )
    self.attempts: collections.Counter[str] = collections.Counter()
    self._lock = threading.Lock()
    options = list(_channel_options(limits).items())
    if certificates is not None or address.startswith(_SECURE):
      self._channel = grpc.secure_channel(
        self.address, grpc.ssl_channel_credentials(certificates), options
      )
    else:
      self._channel = grpc.insecure_channel(self.address, options)
    self._stub = prediction_service_pb2_grpc.PredictionServiceStub(
      self._channel
    )

  def close(self) -> None:
    """Ends the connection."""
    self._channel.close()

  def predict(
    self, request: predict_pb2.PredictRequest, until: float
  ) -> predict_pb2.PredictResponse:
    """Asks for a prediction.

    Args:
      request: what to predict.
      until: the deadline, in seconds of `time.monotonic`.

    Raises:
      ClientError: `Unavailable`, `Refused`, or the deadline has come.
    """
    return self._call(self._stub.Predict, request, until)

  def metadata(
    self, request: get_model_metadata_pb2.GetModelMetadataRequest, until: float
  ) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Asks what a model takes and gives; see `predict`."""
    return self._call(self._stub.GetModelMetadata, request, until)

  def _call(self, method: Callable[..., Any], request: Any, until: float):
    attempts = self._limits.remote_attempts
    for number in range(attempts):
      left = until - time.monotonic()
      if left <= 0:
        raise problems.late(self._limits)
      if not self.breaker.allows():
        raise Unavailable(self.breaker.retry_after_s)
      try:
        # What is left is shared by the attempts that are left: one that hangs
        # leaves time for another.
        answer = method(request, timeout=left / (attempts - number))
      except grpc.RpcError as error:
        code = self._note(error)
      else:
        self._count('OK')
        self.breaker.succeeded()
        return answer
      pause = random.uniform(
        0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**number)
      )
      if number + 1 < attempts and pause < until - time.monotonic():
        time.sleep(pause)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
      raise problems.late(self._limits)
    raise Unavailable(self.breaker.retry_after_s)

  def _note(self, error: grpc.RpcError) -> grpc.StatusCode:
    """Counts a failure; returns its status if another attempt may be made."""
    code = error.code()
    self._count(code.name)
    if code in _ANSWERS:
      self.breaker.succeeded()
    else:
      self.breaker.failed()
    # Its words may tell of machines that are no client's business.
    _log.warning(
      'model server %s: %s, %s', self.address, code.name, _one_line(error)
    )
    if code not in _TRANSIENT:
      not_found = code is grpc.StatusCode.NOT_FOUND
      raise Refused(code.name, is_not_found=not_found) from error
    return code

  def _count(self, outcome: str) -> None:
    with self._lock:
      self.attempts[outcome] += 1


def check_address(address: str) -> str:
  """Returns host:port of an address.

  Raises:
    ValueError: it is none.
  """
  plain = address.removeprefix(_SECURE)
  host, _, port = plain.rpartition(':')
  if not host or '/' in host or not port.isdecimal() or int(port) > 65535:
    raise ValueError(
      f'{address!r} is no address of a model server; give host:port, such as '
      'localhost:8500, or grpcs://host:port for TLS.'
    )
  return plain


def _channel_options(limits: settings.Settings) -> dict[str, Any]:
  # Where a name has several addresses, as of a headless service of Kubernetes,
  # requests go to all of them in turn.
  balancing: dict[str, Any] = {'loadBalancingConfig': [{'round_robin': {}}]}
  return {
    'grpc.max_send_message_length': limits.remote_message_bytes,
    'grpc.max_receive_message_length': limits.remote_message_bytes,
    'grpc.service_config': json.dumps(balancing),
    # Attempts are made and counted here.
    'grpc.enable_retries': 0,
    # A server that comes back is found soon; the default waits two minutes.
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2000,
    # The system gives up a connection that acknowledges nothing for so long,
    # as when a machine is gone. No call lasts until the first ping.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 10_000,
  }


def _one_line(error: grpc.RpcError) -> str:
  return ' '.join((error.details() or '').split())[:300]

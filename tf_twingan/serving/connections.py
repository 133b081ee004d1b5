"""Connections that a client cannot hold for ever, of a bounded number.

uvicorn waits without end for the head of a request, for a client that does not
read its answer, and for the rest of a body that nobody wants any more; and it
opens as many connections as come. Here each state of a connection has a time,
which a look at all connections every second holds it to, and whoever comes when
there are too many is told so.
"""

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from tf_twingan import extras
from tf_twingan.serving import metrics, problems, settings

with extras.needed('serve'):
  from uvicorn.protocols.http import h11_impl

h11 = h11_impl.h11

# Longest head of a request, bytes.
_MAX_HEAD_BYTES = 32 * 1024
# Connections that the system accepts ahead.
BACKLOG = 512
# A client that reads an answer takes at least as much of it in each
# `Settings.write_s`.
_LEAST_READ_BYTES = 64 * 1024
_LARGEST_TICK_S = 1.0
# How long whoever is refused has to take the answer, seconds.
_FAREWELL_S = 2.0
# How many may take it at once.
_MOST_REFUSED = 2048
# Files that the rest of the process may have open.
_OTHER_FILES = 256


def options(limits: settings.Settings) -> dict[str, Any]:
  """Arguments of `uvicorn.Config` that bring these connections.

  Args:
    limits: the server's settings.
  """
  return {
    'http': protocol(limits),
    'ws': 'none',
    'backlog': BACKLOG,
    'h11_max_incomplete_event_size': _MAX_HEAD_BYTES,
    'timeout_keep_alive': limits.keep_alive_s,
    'server_header': False,
    # Believing anybody, a client would choose its own address.
    'proxy_headers': bool(limits.trusted_proxies),
    'forwarded_allow_ips': list(limits.trusted_proxies),
  }


def protocol(limits: settings.Settings) -> type['Connection']:
  """The connections of one server.

  Args:
    limits: the server's settings. Where the system allows a process fewer open
      files, there are fewer connections.
  """
  return type(
    'LimitedConnection',
    (Connection,),
    {'limits': limits, 'group': _Group(*_allowed(limits.max_connections))},
  )


def count(kind: type['Connection'], figures: metrics.Metrics) -> None:
  """Lets figures say how many connections there are.

  Args:
    kind: what `protocol` gave.
    figures: the server's figures.
  """
  group = kind.group
  figures.measure('connections', 'Open connections.', lambda: len(group.open))
  figures.measure(
    'connections_refused',
    'Connections that were refused, as there were too many.',
    lambda: group.refusals,
  )


class _Group:
  """All connections of one server.

  Attributes:
    most: how many there may be.
    most_refused: how many may be told at once that there are too many.
    open: those that are.
    refused: those that are told that there are too many.
    refusals: how many were told so.
    is_watched: whether a look at all of them is due.
  """

  def __init__(self, most: int, most_refused: int):
    self.most, self.most_refused = most, most_refused
    self.open: set[Connection] = set()
    self.refused: set[Connection] = set()
    self.refusals = 0
    self.is_watched = False


class Connection(h11_impl.H11Protocol):
  """One connection; what of the name of a class is not said is uvicorn's.

  Attributes:
    limits: the server's settings.
    group: all connections of the server.
  """

  limits: settings.Settings
  group: _Group

  def connection_made(self, transport) -> None:
    """Begins to count the time, or refuses."""
    super().connection_made(transport)
    self._is_refused = False
    self._refused_since: float | None = None
    self._written: tuple[float, int] | None = None
    self._read_since: float | None = None
    self._waiting_since = self.loop.time()
    self._waits_s = self.limits.head_s
    if len(self.group.open) >= self.group.most:
      self._refuse()
    else:
      self.group.open.add(self)
    self._watch_all()

  def connection_lost(self, exc) -> None:
    """Ends counting."""
    self.group.open.discard(self)
    self.group.refused.discard(self)
    super().connection_lost(exc)

  def data_received(self, data: bytes) -> None:
    """Takes bytes."""
    # Closing before all has been read would take the answer away, too.
    if not self._is_refused:
      super().data_received(data)

  def on_response_complete(self) -> None:
    """Begins to wait for the next request, or the rest of this one."""
    self._waiting_since = self.loop.time()
    self._waits_s = self.limits.head_s + self.limits.keep_alive_s
    super().on_response_complete()

  def resume_writing(self) -> None:
    """Notes that the client has read nearly all."""
    self._written = self._read_since = None
    super().resume_writing()

  def send_400_response(self, msg: str) -> None:
    """Answers what is no HTTP."""
    del msg
    error = sys.exc_info()[1]
    if getattr(error, 'error_status_hint', 400) == 431:
      self._end(
        431,
        'head_too_large',
        f'The head of a request has at most {_MAX_HEAD_BYTES:,} bytes.',
      )
    else:
      self._end(400, 'bad_request', 'The request is no valid HTTP.')

  def _refuse(self) -> None:
    self._is_refused = True
    self.connections.discard(self)
    self.group.refusals += 1
    self.transport.write(
      _raw_answer(
        503,
        'too_many_connections',
        'Too many connections; try again in a moment.',
        {'Retry-After': str(self.limits.retry_after_s)},
      )
    )
    if (
      len(self.group.refused) < self.group.most_refused
      and self.transport.can_write_eof()
    ):
      self.group.refused.add(self)
      self._refused_since = self.loop.time()
      self.transport.write_eof()
    else:
      self.transport.close()

  def _end(self, status: int, code: str, message: str) -> None:
    """Answers a request that never became one, and closes."""
    if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
      if self.cycle is None or not self.cycle.response_started:
        self.transport.write(_raw_answer(status, code, message))
    if self.cycle is not None:
      self.cycle.disconnected = True
      self.cycle.message_event.set()
    self.transport.close()

  def _watch_all(self) -> None:
    """Has all connections looked at soon, if that is not due already."""
    group, limits = self.group, self.limits
    if not group.is_watched and (group.open or group.refused):
      group.is_watched = True
      shortest = min(limits.head_s, limits.write_s, limits.body_s)
      self.loop.call_later(min(_LARGEST_TICK_S, shortest / 4), self._look)

  def _look(self) -> None:
    self.group.is_watched = False
    now = self.loop.time()
    for connection in [*self.group.open, *self.group.refused]:
      connection._check(now)
    self._bound_unread()
    self._watch_all()

  def _bound_unread(self) -> None:
    """Ends connections whose answers take too much memory together."""
    sizes = {
      connection: connection.transport.get_write_buffer_size()
      for connection in self.group.open
    }
    excess = sum(sizes.values()) - self.limits.max_unread_bytes
    reading = [connection for connection in sizes if connection._read_since]
    for connection in sorted(reading, key=lambda one: one._read_since or 0):
      if excess <= 0:
        break
      excess -= sizes[connection]
      connection.transport.abort()

  def _check(self, now: float) -> None:
    """Ends the connection if its client takes too long."""
    if self._is_refused:
      if now - (self._refused_since or now) > _FAREWELL_S:
        self.transport.abort()
    elif not self._reads(now):
      self.transport.abort()
    elif self.transport.is_closing():
      pass  # When all has been read.
    elif self.cycle is None or self.cycle.response_complete:
      if now - self._waiting_since > self._waits_s:
        self._end_waiting()

  def _reads(self, now: float) -> bool:
    """Whether the client takes what is written for it."""
    size = self.transport.get_write_buffer_size()
    if not size:
      self._written = self._read_since = None
      return True
    self._read_since = self._read_since or now
    since, earlier = self._written or (now, size)
    if now - since > self.limits.write_s:
      if size > earlier - _LEAST_READ_BYTES:
        return False
      since, earlier = now, size
    self._written = since, earlier
    return True

  def _end_waiting(self) -> None:
    """Ends a connection whose next request does not come, or only slowly."""
    begun = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
    if begun:
      self._end(408, 'timeout', 'The head of the request did not come in time.')
    else:
      self.transport.close()


def _raw_answer(
  status: int,
  code: str,
  message: str,
  headers: Mapping[str, str] | None = None,
) -> bytes:
  """An answer for a client of which no request was read."""
  body = problems.content(code, message)
  lines = {
    'Content-Type': 'application/json',
    'Content-Length': str(len(body)),
    'Connection': 'close',
    'X-Content-Type-Options': 'nosniff',
    **(headers or {}),
  }
  head = f'HTTP/1.1 {status} {h11_impl.STATUS_PHRASES[status].decode()}\r\n'
  head += ''.join(f'{name}: {value}\r\n' for name, value in lines.items())
  return head.encode() + b'\r\n' + body


def _allowed(most: int) -> tuple[int, int]:
  """How many connections there may be, and how many refused ones.

  Args:
    most: how many there should be; fewer where the process may not have so many
      files open.
  """
  try:
    import resource
  except ImportError:  # Windows has no such limit.
    return most, _MOST_REFUSED
  others = BACKLOG + _OTHER_FILES
  needed = most + _MOST_REFUSED + others
  soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  if soft != resource.RLIM_INFINITY and soft < needed:
    raised = needed
    if hard != resource.RLIM_INFINITY:
      raised = max(soft, min(hard, needed))
    with contextlib.suppress(OSError, ValueError):
      resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
      soft = raised
    left = max(2, soft - others)
    most = min(most, left // 2)
    return most, min(_MOST_REFUSED, left - most)
  return most, _MOST_REFUSED

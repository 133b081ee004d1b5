"""Listens on a port, and stops without losing what was accepted."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

from tf_twingan import errors, extras
from tf_twingan.serving import connections, settings

with extras.needed('serve'):
  import fastapi
  import uvicorn


@contextlib.contextmanager
def opened(host: str, port: int) -> Iterator[socket.socket]:
  """Takes a port, before models are loaded in vain.

  Args:
    host: address of this computer in one of its networks, or a name of it.
    port: number of the port; 0 for any that is free.

  Raises:
    OSError: it is taken or not allowed, or there is no such address.
  """
  try:
    family, *_, address = socket.getaddrinfo(
      host, port, type=socket.SOCK_STREAM
    )[0]
    listener = socket.create_server(
      address[:2], family=family, backlog=connections.BACKLOG
    )
  except OSError as error:
    raise OSError(
      f'cannot listen on {errors.printable(host)}:{port} '
      f'({errors.reason(error)}); give another --port, or 0 for any that is '
      'free, or another --host.'
    ) from None
  with listener:
    yield listener


def address(listener: socket.socket) -> str:
  """The address of the page, as a browser takes it."""
  host, port = listener.getsockname()[:2]
  return f'http://[{host}]:{port}/' if ':' in host else f'http://{host}:{port}/'


class _Server(uvicorn.Server):
  """Takes what has arrived before it stops, and then simply ends."""

  def __init__(self, config: uvicorn.Config, drain_s: float):
    super().__init__(config)
    self._drain_s = drain_s

  @contextlib.contextmanager
  def capture_signals(self) -> Iterator[None]:
    # Without raising them again at the end: to be stopped is no failure.
    signals = signal.SIGINT, signal.SIGTERM
    before = {one: signal.signal(one, self.handle_exit) for one in signals}
    try:
      yield
    finally:
      for one, handler in before.items():
        signal.signal(one, handler)

  async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
    # Connections that were made, but of which nothing was read yet, are closed
    # by what follows.
    for server in self.servers:
      server.close()
    await asyncio.sleep(self._drain_s)
    await super().shutdown(sockets)


def serve(
  app: fastapi.FastAPI, listener: socket.socket, limits: settings.Settings
) -> None:
  """Serves until SIGTERM or Ctrl-C, then finishes what was accepted."""
  options = connections.options(limits)
  connections.count(options['http'], app.state.service.metrics)
  config = uvicorn.Config(
    app,
    access_log=False,
    log_level='warning',
    timeout_graceful_shutdown=int(limits.shutdown_s),
    **options,
  )
  print(f'Serving on {address(listener)} (Ctrl-C stops it)', flush=True)
  _Server(config, limits.drain_s).run(sockets=[listener])

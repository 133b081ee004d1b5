"""A real server on a port of its own, for tests that need sockets."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from tf_twingan.serving import connections, settings


@contextlib.contextmanager
def running(app, limits: settings.Settings) -> Iterator[tuple[str, int]]:
  """Serves an application in a thread.

  Args:
    app: an ASGI application.
    limits: its settings.

  Yields:
    The address and the port.
  """
  with socket.create_server(('127.0.0.1', 0)) as listener:
    server = uvicorn.Server(
      uvicorn.Config(
        app,
        log_level='critical',
        access_log=False,
        timeout_graceful_shutdown=5,
        **connections.options(limits),
      )
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
      time.sleep(0.01)
    try:
      yield listener.getsockname()
    finally:
      server.should_exit = True
      thread.join()

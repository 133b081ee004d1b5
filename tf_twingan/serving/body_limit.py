"""ASGI middleware: how long a body may be, and how long it may take.

A body is refused by what its header says before any of it is read, and else
when too much has come, in chunks or not. All bodies that are being read or
worked on have a limit together, too, so that many clients with allowed bodies
cannot fill the memory.
"""

import asyncio
import time

from tf_twingan.serving import problems, settings


class BodyLimit:
  """Refuses bodies that are too long, too slow, or too many at once.

  Attributes:
    held: bytes of all bodies that are being read or worked on.
  """

  def __init__(self, app, limits: settings.Settings):
    """Wraps an ASGI application."""
    self._app = app
    self._limits = limits
    self.held = 0

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if scope['type'] != 'http':
      return await self._app(scope, receive, send)
    length = dict(scope['headers']).get(b'content-length', b'')
    if length.isdigit() and int(length) > self._limits.max_body_bytes:
      return await problems.answer_to(self._too_large())(scope, receive, send)
    until = time.monotonic() + self._limits.body_s
    received, whole = 0, False

    async def limited_receive():
      nonlocal received, whole
      if whole:
        return await receive()
      # A task for each part of a body costs time, so at most those that have
      # not come yet are waited for in this way.
      try:
        message = await asyncio.wait_for(receive(), until - time.monotonic())
      except asyncio.TimeoutError:  # Another one than TimeoutError in 3.10.
        raise problems.ClientError(
          408,
          'timeout',
          f'The body took longer than {self._limits.body_s:g} seconds; send a '
          'smaller one.',
        ) from None
      if message['type'] == 'http.disconnect':
        # Nobody reads this; but it is no failure of the server's.
        raise problems.ClientError(
          400, 'cut_off', 'The connection was closed before the body ended.'
        )
      if message['type'] == 'http.request':
        size = len(message.get('body', b''))
        received += size
        self.held += size
        whole = not message.get('more_body', False)
        if received > self._limits.max_body_bytes:
          raise self._too_large()
        if self.held > self._limits.max_bodies_bytes:
          raise problems.ClientError(
            503,
            'overloaded',
            'Too many images arrive at once; try again in a moment.',
            {'Retry-After': str(self._limits.retry_after_s)},
          )
      return message

    try:
      await self._app(scope, limited_receive, send)
    finally:
      self.held -= received

  def _too_large(self) -> problems.ClientError:
    return problems.ClientError(
      413,
      'body_too_large',
      f'The body is over the limit of {self._limits.max_body_bytes:,} bytes; '
      'send a smaller image.',
    )

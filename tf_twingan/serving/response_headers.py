"""ASGI middleware: headers that every answer has.

They forbid browsers what this server does not need: scripts from elsewhere or
inside of the page, frames, guessing the type of a file. Each request has a name
that its answer repeats, `X-Request-Id`, by which a client and a log can speak
of the same one.
"""

import re
import uuid

_ALWAYS = (
  (b'x-content-type-options', b'nosniff'),
  (b'x-frame-options', b'DENY'),
  (b'referrer-policy', b'no-referrer'),
  (b'cross-origin-opener-policy', b'same-origin'),
  (b'cross-origin-resource-policy', b'same-origin'),
  (
    b'permissions-policy',
    b'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
  ),
)
_NOTHING = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
# Images that were dropped on the page, and results, are blobs.
_PAGE = (
  b"default-src 'none'; script-src 'self'; style-src 'self'; "
  b"img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
  b"manifest-src 'self'; worker-src 'self'; form-action 'none'; "
  b"frame-ancestors 'none'; base-uri 'none'; "
  b"require-trusted-types-for 'script'"
)
_PAGE_PATHS = re.compile(r'/(page(/.*)?|docs)?')
_GOOD_ID = re.compile(rb'[A-Za-z0-9._-]{1,64}')


class ResponseHeaders:
  """Adds the headers, and gives each request its name."""

  def __init__(self, app):
    """Wraps an ASGI application."""
    self._app = app

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if scope['type'] != 'http':
      return await self._app(scope, receive, send)
    name = dict(scope['headers']).get(b'x-request-id', b'')
    if not _GOOD_ID.fullmatch(name):
      name = uuid.uuid4().hex.encode()
    is_page = _PAGE_PATHS.fullmatch(scope['path'])
    added = [
      *_ALWAYS,
      (b'content-security-policy', _PAGE if is_page else _NOTHING),
      (b'x-request-id', name),
    ]

    async def send_with_headers(message):
      if message['type'] == 'http.response.start':
        headers = list(message.get('headers', ()))
        present = {key.lower() for key, _ in headers}
        more = [item for item in added if item[0] not in present]
        if not is_page and b'cache-control' not in present:
          # Results show people.
          more.append((b'cache-control', b'no-store'))
        message = {**message, 'headers': headers + more}
      await send(message)

    await self._app(scope, receive, send_with_headers)

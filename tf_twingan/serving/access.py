"""ASGI middlewares: who is answered.

`Token` asks for `Authorization: Bearer TOKEN` where a token is set. `Hosts`
answers browsers only on behalf of pages of this server: a web page anywhere can
make a browser send requests to a server that only its own machine can reach,
either by an address of its own that it lets point there (DNS rebinding) or by
posting a form.
"""

import hashlib
import hmac
import ipaddress
import re

from tf_twingan.serving import problems, settings

# Health checks, and the page, which has nothing secret and asks for the token.
_OPEN = re.compile(r'/(healthz|readyz|favicon\.ico|page/.*)?')
# What watches a server knows it by its number alone.
_WATCHED = ('/healthz', '/readyz', '/metrics')
_LOOPBACK_NAMES = ('localhost', '127.0.0.1', '[::1]')
_HARMLESS = ('GET', 'HEAD', 'OPTIONS')


class Token:
  """Refuses requests without the token."""

  def __init__(self, app, limits: settings.Settings):
    """Wraps an ASGI application."""
    self._app = app
    self._digest = _digest(limits.token.encode()) if limits.token else None

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if (
      self._digest is None
      or scope['type'] != 'http'
      or _OPEN.fullmatch(scope['path'])
    ):
      return await self._app(scope, receive, send)
    header = dict(scope['headers']).get(b'authorization', b'')
    kind, _, token = header.partition(b' ')
    # Digests have one length, so the time says nothing about that of the token.
    given = _digest(token.strip())
    if kind.lower() == b'bearer' and hmac.compare_digest(given, self._digest):
      return await self._app(scope, receive, send)
    response = problems.answer(
      401,
      'unauthorized',
      'This server asks for a token; send the header Authorization: Bearer '
      'TOKEN.',
      {'WWW-Authenticate': 'Bearer'},
    )
    await response(scope, receive, send)


def _digest(token: bytes) -> bytes:
  return hashlib.sha256(token).digest()


class Hosts:
  """Refuses foreign names of this server, and forms of foreign pages."""

  def __init__(self, app, limits: settings.Settings):
    """Wraps an ASGI application."""
    self._app = app
    self._origins = frozenset(limits.cors_origins)
    self._names: frozenset[str] | None = None
    if limits.allowed_hosts or is_loopback(limits.host):
      names = (*_LOOPBACK_NAMES, *limits.allowed_hosts)
      self._names = frozenset(name.lower() for name in names)

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    response = None
    if scope['type'] == 'http' and scope['path'] not in _WATCHED:
      headers = {name: value for name, value in scope['headers']}
      response = self._refusal(scope['method'], headers)
    await (response or self._app)(scope, receive, send)

  def _refusal(self, method, headers):
    host = headers.get(b'host', b'').decode('latin-1').lower()
    name = re.sub(r':\d*$', '', host)
    # Browsers always say for which host a request is.
    if self._names is not None and host and name not in self._names:
      return problems.answer(
        421,
        'unknown_host',
        f'This server is not known as {name!r}; use localhost, or start it '
        'with --allowed_hosts.',
      )
    if method in _HARMLESS:
      return None
    origin = headers.get(b'origin', b'').decode('latin-1')
    site = headers.get(b'sec-fetch-site')
    if not origin or site in (b'same-origin', b'none'):
      return None
    if '*' in self._origins or origin in self._origins:
      return None
    if site is None and origin.partition('://')[2].lower() == host:
      return None
    return problems.answer(
      403,
      'foreign_origin',
      f'Pages of {origin!r} may not use this server; start it with '
      '--cors_origins to allow it.',
    )


def is_loopback(host: str) -> bool:
  """Whether only this machine can reach a server that listens at an address."""
  if host == 'localhost':
    return True
  try:
    return ipaddress.ip_address(host.strip('[]')).is_loopback
  except ValueError:
    return False

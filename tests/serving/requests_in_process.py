"""Requests to an ASGI application, without sockets or another client."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
  """What came back."""

  status: int
  headers: dict[str, str]
  body: bytes

  def json(self) -> Any:
    return json.loads(self.body)

  @property
  def code(self) -> str:
    """The code of an error, whose shape is checked."""
    error = self.json()['error']
    assert set(error) == {'code', 'message'}, error
    assert (
      error['message'].rstrip('…').endswith('.') or len(error['message']) > 400
    ), error
    return error['code']


async def ask(
  app,
  method: str,
  path: str,
  body: bytes | Iterable[bytes] = b'',
  headers: Mapping[str, str] | None = None,
  *,
  client: str = '127.0.0.1',
  pause_s: float = 0,
) -> Answer:
  """Sends a request, whose body may come in parts."""
  parts = [body] if isinstance(body, bytes) else list(body)
  path, _, query = path.partition('?')
  given = {'host': 'localhost', **(headers or {})}
  if isinstance(body, bytes):
    given.setdefault('content-length', str(len(body)))
  scope = {
    'type': 'http',
    'asgi': {'version': '3.0', 'spec_version': '2.3'},
    'http_version': '1.1',
    'method': method,
    'scheme': 'http',
    'path': path,
    'raw_path': path.encode(),
    'root_path': '',
    'query_string': query.encode(),
    'headers': [
      (name.lower().encode(), value.encode('latin-1'))
      for name, value in given.items()
    ],
    'client': (client, 1234),
    'server': ('127.0.0.1', 80),
    'state': {},
  }

  async def receive():
    if not parts:
      return {'type': 'http.disconnect'}
    if pause_s:
      await asyncio.sleep(pause_s)
    part = parts.pop(0)
    return {'type': 'http.request', 'body': part, 'more_body': bool(parts)}

  sent = []

  async def send(message):
    sent.append(message)

  await app(scope, receive, send)
  start, *rest = sent
  return Answer(
    start['status'],
    {k.decode(): v.decode() for k, v in start['headers']},
    b''.join(message['body'] for message in rest),
  )


def ask_now(*args, **kwargs) -> Answer:
  """`ask`, in an event loop of its own."""
  return asyncio.run(ask(*args, **kwargs))


BOUNDARY = 'e2f0a9'
FORM = {'content-type': f'multipart/form-data; boundary={BOUNDARY}'}


def form(
  *parts: tuple[str, bytes | str] | tuple[str, bytes | str, bytes],
) -> bytes:
  """The body of a form.

  Args:
    *parts: (name, content), and the name of the file if it is one.
  """
  lines = []
  for name, content, *file_name in parts:
    line = b'Content-Disposition: form-data; name="%s"' % name.encode()
    if file_name:
      line += b'; filename="%s"' % file_name[0]
    if isinstance(content, str):
      content = content.encode()
    start = b'--%s\r\n%s\r\n\r\n' % (BOUNDARY.encode(), line)
    lines.append(start + content + b'\r\n')
  return b''.join(lines) + b'--%s--\r\n' % BOUNDARY.encode()

"""What goes wrong with a request, as JSON of one shape.

Every answer with a status of 400 or more is

  {"error": {"code": "unreadable_image", "message": "One sentence."}}

where `code` is for programs and never changes, and `message` for people. No
message and no line of the log repeats what a client sent beyond names of fields
and the path.
"""

import http
import json
import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

from tf_twingan import errors, extras
from tf_twingan.serving import settings

with extras.needed('serve'):
  import fastapi
  from fastapi import exceptions, responses

_log = logging.getLogger(__name__)
# What HTTP itself, or the framework, finds wrong.
_CODES = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'timeout',
  413: 'too_large',
  415: 'unsupported_media_type',
  422: 'invalid_request',
  429: 'busy',
}
# What a route, or something before it, may answer.
_STATUSES = (
  *(400, 401, 403, 404, 408, 413, 415, 421, 422, 429),
  *(500, 501, 502, 503, 504),
)
_MESSAGES = {
  404: 'There is nothing at this address; see /openapi.json for what there is.',
  405: 'This address takes other methods; the header Allow names them.',
}
_LONGEST_MESSAGE = 500


class ClientError(fastapi.HTTPException):
  """A request that is not answered as its client hopes.

  Attributes:
    status: HTTP status, 400 to 599.
    code: names the kind of error, for programs.
    headers: further headers of the answer.
  """

  def __init__(
    self,
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
  ):
    """Takes what `answer` takes."""
    # FastAPI makes 400 of whatever else is raised while it reads a body.
    super().__init__(status, message, dict(headers or {}))
    self.status, self.code = status, code

  def __str__(self) -> str:
    return str(self.detail)


def answer(
  status: int,
  code: str,
  message: str,
  headers: Mapping[str, str] | None = None,
) -> responses.Response:
  """The response that reports an error.

  Args:
    status: HTTP status.
    code: see the module.
    message: one sentence that names the value and the remedy.
    headers: further headers.
  """
  return responses.Response(
    content(code, message),
    status,
    {'Cache-Control': 'no-store', **(headers or {})},
    media_type='application/json',
  )


def content(code: str, message: str) -> bytes:
  """The body of such a response, in ASCII.

  Args:
    code: see the module.
    message: see `answer`.
  """
  message = errors.printable(message)
  if len(message) > _LONGEST_MESSAGE:
    message = message[:_LONGEST_MESSAGE] + '…'
  return json.dumps({'error': {'code': code, 'message': message}}).encode()


def answer_to(error: ClientError) -> responses.Response:
  """The response that reports a `ClientError`."""
  return answer(error.status, error.code, str(error), error.headers)


def documented(
  error: Mapping[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
  """What OpenAPI says of errors: `responses=` of a router.

  Args:
    error: the schema of what is called `error`, if it is not of this module's
      shape alone.
  """
  text = {'type': 'string'}
  own = {
    'type': 'object',
    'required': ['code', 'message'],
    'properties': {'code': text, 'message': text},
  }
  schema = {
    'type': 'object',
    'required': ['error'],
    'properties': {'error': error or own},
  }
  return {
    status: {
      'description': http.HTTPStatus(status).phrase,
      'content': {'application/json': {'schema': schema}},
    }
    for status in _STATUSES
  }


def install(app: fastapi.FastAPI) -> None:
  """Lets an application answer all errors in this shape."""

  @app.exception_handler(ClientError)
  async def client_error(request, error):
    del request
    return answer_to(error)

  @app.exception_handler(exceptions.StarletteHTTPException)
  async def http_error(request, error):
    del request
    status = error.status_code
    return answer(
      status,
      _CODES.get(status, 'http_error'),
      _MESSAGES.get(status) or _sentence(str(error.detail)),
      error.headers,
    )

  @app.exception_handler(extras.MissingPackage)
  async def missing(request, error):
    del request
    # What finds anime faces, say, is not there for each kind of processor.
    return answer(501, 'not_supported', _sentence(f'On the server, {error}'))

  @app.exception_handler(exceptions.RequestValidationError)
  async def invalid(request, error):
    del request
    # The values, which may be whole images, are not repeated.
    first = error.errors()[0]
    names = [str(name) for name in first['loc'] if name != 'body']
    field = '.'.join(names) or 'the body'
    return answer(
      422, 'invalid_request', f'{field}: {_sentence(str(first["msg"]))}'
    )


class CatchAll:
  """ASGI middleware that answers unexpected exceptions, and logs them.

  Frames alone are logged: the message of an exception may hold what a client
  sent.
  """

  def __init__(self, app):
    """Wraps an ASGI application."""
    self._app = app

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if scope['type'] != 'http':
      return await self._app(scope, receive, send)
    started = False

    async def watched_send(message):
      nonlocal started
      started = started or message['type'] == 'http.response.start'
      await send(message)

    try:
      return await self._app(scope, receive, watched_send)
    except ClientError as error:
      response = answer_to(error)
    except Exception as error:
      _log.error(
        '%s %s failed:\n%s',
        scope['method'],
        errors.printable(scope['path'])[:200],
        frames(error),
      )
      response = answer(
        500, 'internal_error', 'The server failed; its log says where.'
      )
    # A server that sees no end of an answer closes the connection.
    if not started:
      await response(scope, receive, send)


def frames(error: BaseException) -> str:
  """Where an exception comes from, and its causes, without their messages."""
  lines, seen = [], set()
  current: BaseException | None = error
  while current is not None and id(current) not in seen:
    seen.add(id(current))
    lines += traceback.format_tb(current.__traceback__)
    lines.append(f'{type(current).__name__}\n')
    current = current.__cause__ or current.__context__
  return ''.join(lines)


def _sentence(text: str) -> str:
  """A message of the framework, in the shape of the others."""
  text = re.sub(r'\s+', ' ', text).strip().rstrip('.') or 'invalid'
  return f'{text[0].upper()}{text[1:]}.'


def busy(limits: settings.Settings) -> ClientError:
  """What a client is told that comes when too many wait already."""
  return ClientError(
    429,
    'busy',
    'Too many images wait already; try again in a moment.',
    {'Retry-After': str(limits.retry_after_s)},
  )


def stopping() -> ClientError:
  """What a client is told whom a server that stops cannot answer any more."""
  return ClientError(
    503,
    'stopping',
    'The server stops; try again in a moment.',
    {'Retry-After': '1'},
  )


def late(limits: settings.Settings) -> ClientError:
  """What a client is told whose request was not done in time."""
  return ClientError(
    504,
    'deadline_exceeded',
    f'The answer was not ready within {limits.deadline_s:g} seconds; try '
    'again later, or send a smaller image.',
    {'Retry-After': str(limits.retry_after_s)},
  )

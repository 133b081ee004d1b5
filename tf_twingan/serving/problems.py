"""What goes wrong with a request, as JSON of one shape.

Every answer with a status of 400 or more is

  {"error": {"code": "unreadable_image", "message": "One sentence."}}

where `code` is for programs and never changes, and `message` for people.
"""

from collections.abc import Mapping

from tf_twingan import extras
from tf_twingan.serving import settings

with extras.needed('serve'):
  import fastapi
  from fastapi import exceptions, responses


class ClientError(Exception):
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
    super().__init__(message)
    self.status, self.code = status, code
    self.headers = dict(headers or {})


def answer(
  status: int,
  code: str,
  message: str,
  headers: Mapping[str, str] | None = None,
) -> responses.JSONResponse:
  """The response that reports an error.

  Args:
    status: HTTP status.
    code: see the module.
    message: one sentence that names the value and the remedy.
    headers: further headers.
  """
  return responses.JSONResponse(
    {'error': {'code': code, 'message': message}},
    status,
    dict(headers or {}),
  )


def install(app: fastapi.FastAPI) -> None:
  """Lets an application answer all errors in this shape."""

  @app.exception_handler(ClientError)
  async def client_error(request, error):
    del request
    return answer(error.status, error.code, str(error), error.headers)

  @app.exception_handler(exceptions.StarletteHTTPException)
  async def http_error(request, error):
    del request
    return answer(
      error.status_code, 'http_error', str(error.detail), error.headers
    )

  @app.exception_handler(exceptions.RequestValidationError)
  async def invalid(request, error):
    del request
    first = error.errors()[0]
    field = '.'.join(map(str, first['loc'][1:]))
    return answer(422, 'invalid_request', f'{field}: {first["msg"]}.')

  @app.exception_handler(Exception)
  async def unexpected(request, error):
    del request, error
    return answer(500, 'internal_error', 'The server failed; its log says why.')


def busy(limits: settings.Settings) -> ClientError:
  """What a client is told that comes when too many wait already."""
  return ClientError(
    429,
    'busy',
    'Too many images wait already; try again in a moment.',
    {'Retry-After': str(limits.retry_after_s)},
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

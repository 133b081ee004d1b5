"""Forms with images (multipart/form-data), read into memory within limits.

FastAPI's own reader keeps files above a megabyte on the disk, takes a thousand
fields and says nothing of a form that is cut off. Names of files and types
that a client gives are dropped here.
"""

import io
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from tf_twingan import extras
from tf_twingan.serving import problems

with extras.needed('serve'):
  import python_multipart
  from fastapi import datastructures, requests, responses, routing
  from python_multipart import exceptions, multipart

# It warns of each damaged form, with characters of what was sent.
logging.getLogger('python_multipart').setLevel(logging.ERROR)

_MAX_PARTS = 16
_MAX_FIELD_BYTES = 4096
_MAX_FIELD_NAME = 64
_KIND = b'multipart/form-data'


class FormRoute(routing.APIRoute):
  """A route whose forms are read by `read`: `APIRouter(route_class=…)`."""

  def get_route_handler(
    self,
  ) -> Callable[[requests.Request], Coroutine[Any, Any, responses.Response]]:
    """What FastAPI calls with each request."""
    handler = super().get_route_handler()

    async def handle(request: requests.Request) -> responses.Response:
      return await handler(_Request(request.scope, request.receive))

    return handle


class _Request(requests.Request):
  async def form(  # type: ignore[override]
    self, **_: Any
  ) -> datastructures.FormData:
    return await read(self)


class _File(io.BytesIO):
  # Tells an `UploadFile` that reading it needs no thread.
  _rolled = False


async def read(request: requests.Request) -> datastructures.FormData:
  """Reads the form of a request.

  Args:
    request: its body has not been read yet. How long that may be, the
      middleware `body_limit` sees to.

  Returns:
    Texts, and files as `UploadFile` without a name.

  Raises:
    ClientError: it is no such form, is over a limit, or cut off.
  """
  header = request.headers.get('content-type', '')
  kind, options = multipart.parse_options_header(header)
  if kind != _KIND:
    raise problems.ClientError(
      415,
      'unsupported_media_type',
      'Send the fields as multipart/form-data, for example by '
      'curl --form image=@photo.jpg.',
    )
  form = _Form()
  try:
    parser = python_multipart.MultipartParser(
      options.get(b'boundary', b''), form.callbacks()
    )
    async for chunk in request.stream():
      parser.write(chunk)
    parser.finalize()
  except exceptions.FormParserError:
    raise _bad('The form is damaged; send it as multipart/form-data.') from None
  if not form.ended:
    raise _bad(
      'The form is cut off: its last boundary is missing; send it again.'
    )
  return datastructures.FormData(form.items)


def _bad(message: str) -> problems.ClientError:
  return problems.ClientError(400, 'bad_form', message)


class _Form:
  """Collects the parts of a form from what its parser reports."""

  def __init__(self):
    self.items: list[tuple[str, Any]] = []
    self.ended = False
    self._parts = 0
    self._header, self._value = b'', b''
    self._disposition = b''
    self._name = ''
    self._is_file = False
    self._data = bytearray()

  def callbacks(self) -> 'multipart.MultipartCallbacks':
    """By the names that the parser gives them."""
    return {
      'on_part_begin': self._part_begin,
      'on_part_data': self._part_data,
      'on_part_end': self._part_end,
      'on_header_field': self._header_field,
      'on_header_value': self._header_value,
      'on_header_end': self._header_end,
      'on_headers_finished': self._headers_finished,
      'on_end': self._end,
    }

  def _part_begin(self) -> None:
    self._parts += 1
    if self._parts > _MAX_PARTS:
      raise _bad(f'A form has at most {_MAX_PARTS} fields; send fewer.')
    self._disposition, self._data = b'', bytearray()

  def _header_field(self, data: bytes, start: int, end: int) -> None:
    self._header += data[start:end]

  def _header_value(self, data: bytes, start: int, end: int) -> None:
    self._value += data[start:end]

  def _header_end(self) -> None:
    if self._header.lower() == b'content-disposition':
      self._disposition = self._value
    self._header, self._value = b'', b''

  def _headers_finished(self) -> None:
    _, options = multipart.parse_options_header(self._disposition)
    name = options.get(b'name')
    if name is None or len(name) > _MAX_FIELD_NAME:
      raise _bad('Every field of a form needs a name, and a short one.')
    self._name = name.decode('utf-8', 'replace')
    self._is_file = b'filename' in options

  def _part_data(self, data: bytes, start: int, end: int) -> None:
    self._data += memoryview(data)[start:end]
    if not self._is_file and len(self._data) > _MAX_FIELD_BYTES:
      raise _bad(
        f'A field that is no file has at most {_MAX_FIELD_BYTES} bytes; send '
        'images as files.'
      )

  def _part_end(self) -> None:
    if self._is_file:
      size = len(self._data)
      value = datastructures.UploadFile(_File(self._data), size=size)
    else:
      try:
        value = self._data.decode()
      except UnicodeDecodeError:
        raise _bad('The text of a field is not UTF-8.') from None
    self.items.append((self._name, value))
    self._data = bytearray()

  def _end(self) -> None:
    self.ended = True

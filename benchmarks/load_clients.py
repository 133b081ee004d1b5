"""Clients that keep a server busy, and hold what it answers against a list.

All share one event loop and send bytes that were made before, so that they
take little of a processor that the server needs, too.
"""

import asyncio
import collections
import dataclasses
import hashlib
import random
import time
from collections.abc import Sequence

_BOUNDARY = b'64e7c2a9d15b'


@dataclasses.dataclass(frozen=True)
class Upload:
  """A request, and what it must be answered.

  Attributes:
    request: its bytes.
    digest: SHA-256 of the right answer's body; None if it must be refused.
  """

  request: bytes
  digest: str | None = None


@dataclasses.dataclass
class Report:
  """What came back.

  Attributes:
    seconds: how long all clients worked.
    times: how long each good request took, seconds.
    statuses: how often each status came.
    refused: requests that must be refused, and were, with status 4xx.
    wrong: answers to good requests with the body of another one, or damaged.
    failed: good requests without status 200, or that were broken off; bad ones
      that were not refused.
  """

  seconds: float = 0.0
  times: list[float] = dataclasses.field(default_factory=list)
  statuses: collections.Counter = dataclasses.field(
    default_factory=collections.Counter
  )
  refused: int = 0
  wrong: int = 0
  failed: int = 0

  @property
  def server_errors(self) -> int:
    """Answers with status 5xx."""
    return sum(n for status, n in self.statuses.items() if status >= 500)


def post(path: str, image: bytes, **fields: str) -> bytes:
  """The bytes of a request that uploads an image.

  Args:
    path: where to.
    image: content of its file.
    **fields: the form's other fields.
  """
  parts = [
    b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    % (_BOUNDARY, name.encode(), value.encode())
    for name, value in fields.items()
  ]
  parts.append(
    b'--%s\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
    b'\r\n%s\r\n--%s--\r\n' % (_BOUNDARY, image, _BOUNDARY)
  )
  body = b''.join(parts)
  head = (
    f'POST {path} HTTP/1.1\r\nHost: localhost\r\n'
    f'Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n'
    f'Content-Length: {len(body)}\r\n\r\n'
  )
  return head.encode() + body


async def sequential(
  address: tuple[str, int], requests: Sequence[bytes]
) -> list[tuple[int, str]]:
  """Sends requests one after another; returns statuses and digests."""
  client = _Client(address)
  answers = [await client.ask(request) for request in requests]
  client.close()
  return answers


async def together(
  address: tuple[str, int],
  good: Sequence[Upload],
  bad: Sequence[Upload],
  *,
  clients: int,
  bad_share: float,
  seconds: float,
  seed: int = 0,
) -> Report:
  """Lets many clients send requests at random, each one after another.

  Args:
    address: of the server.
    good: uploads that must be answered.
    bad: uploads that must be refused.
    clients: how many there are.
    bad_share: share of bad uploads.
    seconds: how long.
    seed: of the choices.
  """
  report = Report()
  begun = time.monotonic()

  async def work(number: int) -> None:
    chance = random.Random(f'{seed} {number}')
    client = _Client(address)
    while time.monotonic() - begun < seconds:
      upload = chance.choice(bad if chance.random() < bad_share else good)
      await _try(client, upload, report)
    client.close()

  await asyncio.gather(*(work(number) for number in range(clients)))
  report.seconds = time.monotonic() - begun
  return report


async def _try(client: '_Client', upload: Upload, report: Report) -> None:
  begun = time.monotonic()
  try:
    status, digest = await client.ask(upload.request)
  except (OSError, EOFError, ValueError):
    report.failed += 1
    client.close()
    # One that is down is not asked a thousand times a second.
    await asyncio.sleep(0.1)
    return
  report.statuses[status] += 1
  if upload.digest is None:
    if 400 <= status < 500 and status != 429:
      report.refused += 1
    else:
      report.failed += 1
  elif status != 200:
    report.failed += 1
  elif digest != upload.digest:
    report.wrong += 1
  else:
    report.times.append(time.monotonic() - begun)


class _Client:
  """A connection that is opened again when it was closed."""

  def __init__(self, address: tuple[str, int]):
    self._address = address
    self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
    self._streams = None

  async def ask(self, request: bytes) -> tuple[int, str]:
    """Returns the status, and the SHA-256 of the body."""
    if self._streams is None:
      self._streams = await asyncio.open_connection(*self._address)
    reader, writer = self._streams
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b'\r\n\r\n')).lower()
    status = int(head.split(b' ', 2)[1])
    length = int(head.partition(b'\r\ncontent-length:')[2].split(b'\r')[0])
    body = await reader.readexactly(length)
    if b'\r\nconnection: close' in head:
      self.close()
    return status, hashlib.sha256(body).hexdigest()

  def close(self) -> None:
    """Closes the connection; the next request opens another one."""
    if self._streams is not None:
      self._streams[1].close()
      self._streams = None

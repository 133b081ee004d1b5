"""Slow, broken and too many connections, by sockets on the loopback."""

import asyncio
import collections
import contextlib
import importlib
import json
import re
import socket
import time
from collections.abc import Iterator
from unittest import mock

import fastapi
import pytest
from absl.testing import absltest, parameterized

from tests.serving import server_process
from tf_twingan.serving import connections, protection, settings
from tf_twingan.serving import metrics as metrics_lib

_HEAD = b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'


def _app(limits: settings.Settings) -> fastapi.FastAPI:
  app = fastapi.FastAPI()

  @app.get('/healthz')
  async def healthz():
    return {'status': 'ok'}

  @app.get('/large')
  async def large():
    return fastapi.Response(bytes(64_000_000))

  @app.post('/v1/body')
  async def body(request: fastapi.Request):
    return len(await request.body())

  protection.install(app, limits, metrics_lib.Metrics())
  return app


@contextlib.contextmanager
def _server(**values) -> Iterator[tuple[str, int]]:
  limits = settings.Settings(**values)
  with server_process.running(_app(limits), limits) as address:
    yield address


def _connect(address, received: int | None = None) -> socket.socket:
  client = socket.socket()
  if received:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
  client.settimeout(20)
  client.connect(address)
  return client


def _all_of(client: socket.socket) -> bytes:
  parts = []
  while part := client.recv(65536):
    parts.append(part)
  return b''.join(parts)


def _one_answer(client: socket.socket) -> bytes:
  answer = b''
  while b'\r\n\r\n' not in answer:
    answer += client.recv(65536)
  head, _, body = answer.partition(b'\r\n\r\n')
  length = int(re.search(rb'(?i)content-length: (\d+)', head)[1])
  while len(body) < length:
    body += client.recv(65536)
  return head + b'\r\n\r\n' + body


def _status(answer: bytes) -> int:
  return int(answer.split()[1])


def _code(answer: bytes) -> str:
  return json.loads(answer.partition(b'\r\n\r\n')[2])['error']['code']


def _raise_open_files() -> int:
  resource = importlib.import_module('resource')
  _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
  return hard


async def _ask_at_once(address, count: int) -> list[bytes]:
  """Connects all clients before any of them asks."""
  clients = await asyncio.gather(
    *(asyncio.open_connection(*address) for _ in range(count))
  )

  async def ask(reader, writer) -> bytes:
    with contextlib.suppress(OSError):
      writer.write(_HEAD + b'Connection: close\r\n\r\n')
      await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer

  return await asyncio.gather(*(ask(*client) for client in clients))


class ConnectionsTest(parameterized.TestCase):
  def test_a_good_request_keeps_its_connection(self):
    with _server() as address, _connect(address) as client:
      for _ in range(3):
        client.sendall(_HEAD + b'\r\n')
        self.assertEqual(_status(_one_answer(client)), 200)

  @parameterized.parameters(b'', b'GET / HT', _HEAD)
  def test_a_head_that_does_not_end_is_ended(self, sent):
    with _server(head_s=0.4) as address, _connect(address) as client:
      client.sendall(sent)
      begun = time.monotonic()
      answer = _all_of(client)
      self.assertLess(time.monotonic() - begun, 5)
    if sent:
      self.assertEqual(_status(answer), 408)
      self.assertEqual(_code(answer), 'timeout')
    else:
      self.assertEqual(answer, b'')

  def test_a_byte_now_and_then_does_not_help(self):
    with _server(head_s=0.6) as address, _connect(address) as client:
      begun = time.monotonic()
      with contextlib.suppress(OSError):
        client.sendall(_HEAD)
        while time.monotonic() - begun < 10:
          client.sendall(b'X-A: b\r\n')
          time.sleep(0.05)
      self.assertLess(time.monotonic() - begun, 5)

  def test_nor_after_an_answer(self):
    values = {'head_s': 0.4, 'keep_alive_s': 1}
    with _server(**values) as address, _connect(address) as client:
      client.sendall(_HEAD + b'\r\n')
      _one_answer(client)
      begun = time.monotonic()
      with contextlib.suppress(OSError):
        while time.monotonic() - begun < 10:
          client.sendall(b'G' if time.monotonic() - begun < 0.05 else b'E')
          time.sleep(0.05)
      self.assertLess(time.monotonic() - begun, 5)

  def test_a_slow_body_is_ended(self):
    with _server(body_s=0.4, head_s=0.4, keep_alive_s=1) as address:
      with _connect(address) as client:
        client.sendall(
          b'POST /v1/body HTTP/1.1\r\nHost: localhost\r\n'
          b'Content-Length: 1000\r\n\r\n'
        )
        begun, answer = time.monotonic(), b''
        client.settimeout(0.05)
        with contextlib.suppress(ConnectionError):
          while time.monotonic() - begun < 10:
            client.sendall(b'x')
            with contextlib.suppress(TimeoutError):
              part = client.recv(65536)
              answer += part
              if not part:
                break
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(_status(answer), 408)

  def test_a_body_that_nobody_reads_does_not_hold_the_connection(self):
    with _server(head_s=0.4, keep_alive_s=1) as address:
      with _connect(address) as client:
        client.sendall(
          b'POST /none HTTP/1.1\r\nHost: localhost\r\n'
          b'Transfer-Encoding: chunked\r\n\r\n'
        )
        begun = time.monotonic()
        self.assertEqual(_status(_one_answer(client)), 404)
        with contextlib.suppress(OSError):
          while time.monotonic() - begun < 10:
            client.sendall(b'1\r\nx\r\n')
            time.sleep(0.05)
        self.assertLess(time.monotonic() - begun, 5)

  def test_who_does_not_read_is_ended(self):
    with _server(write_s=0.4) as address:
      with _connect(address, received=4096) as client:
        client.sendall(
          b'GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
        )
        time.sleep(2)
        received = 0
        with contextlib.suppress(ConnectionError):
          while part := client.recv(65536):
            received += len(part)
        self.assertLess(received, 32_000_000)

  def test_answers_that_nobody_reads_are_bounded_together(self):
    ask = b'GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    with _server(max_unread_bytes=100_000_000) as address:
      with (
        _connect(address, received=4096) as first,
        _connect(address, received=4096) as second,
      ):
        received = {first: 0, second: 0}
        for client in received:
          client.sendall(ask)
          time.sleep(1.5)
        for client in received:
          with contextlib.suppress(ConnectionError):
            while part := client.recv(2**20):
              received[client] += len(part)
    self.assertLess(received[first], 32_000_000)
    self.assertGreater(received[second], 64_000_000)

  def test_who_reads_slowly_gets_all(self):
    with _server(write_s=1) as address:
      with _connect(address, received=65536) as client:
        client.sendall(
          b'GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
        )
        received, begun = 0, time.monotonic()
        while part := client.recv(2**20):
          received += len(part)
          if time.monotonic() - begun < 3:
            time.sleep(0.005)
        self.assertGreater(received, 64_000_000)

  def test_the_next_one_is_refused_politely(self):
    with _server(max_connections=3) as address:
      with contextlib.ExitStack() as held:
        clients = [held.enter_context(_connect(address)) for _ in range(3)]
        for client in clients:
          client.sendall(_HEAD + b'\r\n')
          self.assertEqual(_status(_one_answer(client)), 200)
        with _connect(address) as late:
          with contextlib.suppress(OSError):
            late.sendall(_HEAD + b'\r\n')
          answer = _all_of(late)
        self.assertEqual(_status(answer), 503)
        self.assertEqual(_code(answer), 'too_many_connections')
        self.assertIn(b'\r\nRetry-After: ', answer)
        # Those who came earlier are still served.
        clients[0].sendall(_HEAD + b'\r\n')
        self.assertEqual(_status(_one_answer(clients[0])), 200)
      for _ in range(50):
        with _connect(address) as client:
          client.sendall(_HEAD + b'Connection: close\r\n\r\n')
          status = _status(_all_of(client))
          if status == 200:
            break
        time.sleep(0.1)
      self.assertEqual(status, 200)

  def test_hundreds_at_once(self):
    with _server(max_connections=20, head_s=5) as address:
      with contextlib.ExitStack() as held:
        clients = [held.enter_context(_connect(address)) for _ in range(300)]
        statuses = []
        for client in clients:
          client.settimeout(10)
          with contextlib.suppress(OSError):
            client.sendall(_HEAD + b'Connection: close\r\n\r\n')
          statuses.append(_status(_all_of(client)))
    self.assertEqual(statuses.count(200), 20)
    self.assertEqual(statuses.count(503), 280)

  @pytest.mark.slow
  def test_ten_thousand_at_once(self):
    count = min(10_000, _raise_open_files() - 4000)
    if count < 10_000:
      self.skipTest('the system allows a process too few open files')
    with _server(max_connections=100) as address, _connect(address) as early:
      early.sendall(_HEAD + b'\r\n')
      self.assertEqual(_status(_one_answer(early)), 200)
      answers = asyncio.run(_ask_at_once(address, count))
      statuses = collections.Counter(map(_status, answers))
      self.assertEqual(statuses[200] + statuses[503], count, statuses)
      self.assertGreaterEqual(statuses[200], 99)
      with _connect(address) as late:
        late.sendall(_HEAD + b'\r\n')
        self.assertEqual(_status(_one_answer(late)), 200)

  @parameterized.named_parameters(
    ('tls', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400),
    ('two_hosts', b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400),
    ('control', b'GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400),
    ('negative_length', _HEAD + b'Content-Length: -1\r\n\r\n', 400),
    (
      'two_lengths',
      _HEAD + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ),
    ('long_header', _HEAD + b'X: ' + b'a' * 1_000_000 + b'\r\n\r\n', 431),
    ('many_headers', _HEAD + b'X: a\r\n' * 200_000 + b'\r\n', 431),
    ('long_address', b'GET /' + b'a' * 1_000_000 + b' HTTP/1.1\r\n\r\n', 431),
    (
      'bad_chunk',
      b'POST /v1/body HTTP/1.1\r\nHost: localhost\r\n'
      b'Transfer-Encoding: chunked\r\n\r\nZZ\r\n',
      400,
    ),
  )
  def test_what_is_no_http(self, sent, status):
    with _server() as address, _connect(address) as client:
      with contextlib.suppress(OSError):
        client.sendall(sent)
      answer = _one_answer(client)
      self.assertEqual(_status(answer), status)
      self.assertNotEmpty(_code(answer))

  def test_clients_do_not_choose_their_address(self):
    values = {'requests_per_minute': 6}
    with _server(**values) as address:
      statuses = []
      for index in range(3):
        with _connect(address) as client:
          client.sendall(
            b'POST /v1/body HTTP/1.1\r\nHost: localhost\r\n'
            b'Content-Length: 0\r\nConnection: close\r\n'
            b'X-Forwarded-For: 10.0.0.%d\r\n\r\n' % index
          )
          statuses.append(_status(_all_of(client)))
    self.assertEqual(statuses, [200, 429, 429])


class AllowedTest(parameterized.TestCase):
  @parameterized.parameters(
    (100, 100_000, (100, 2048)),
    (512, 3000, (512, 1720)),
    (512, 1024, (128, 128)),
    (512, 10, (1, 1)),
  )
  def test_open_files_limit_connections(self, most, files, expected):
    resource = mock.Mock(RLIM_INFINITY=-1, RLIMIT_NOFILE=7)
    resource.getrlimit.return_value = files, files
    resource.setrlimit.side_effect = ValueError
    with mock.patch.dict('sys.modules', resource=resource):
      self.assertEqual(connections._allowed(most), expected)

  def test_the_soft_limit_is_raised(self):
    resource = mock.Mock(RLIM_INFINITY=-1, RLIMIT_NOFILE=7)
    resource.getrlimit.return_value = 1024, 100_000
    with mock.patch.dict('sys.modules', resource=resource):
      self.assertEqual(connections._allowed(512), (512, 2048))
    ((_, (soft, hard)), _) = resource.setrlimit.call_args
    self.assertGreater(soft, 512 + 2048)
    self.assertEqual(hard, 100_000)


if __name__ == '__main__':
  absltest.main()

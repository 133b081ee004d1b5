"""A server's key: from the environment, to that server and nowhere else."""

import contextlib
import http.server
import os
import threading
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan.retrieval import qdrant, qdrant_access

SECRET = 'a-secret-key'


class _Server(http.server.BaseHTTPRequestHandler):
  """Answers like a Qdrant server that wants a key, and repeats what it got."""

  status = 401

  def do_GET(self):
    key = self.headers.get('api-key')
    self.server.keys.append(key)
    known = key == SECRET and self.status == 401
    body = (
      b'{"result":{"collections":[]},"status":"ok","time":0}'
      if known
      else f'No entry with {key}'.encode()
    )
    reason = None if known else f'Refused {key}'
    self.send_response(200 if known else self.status, reason)
    self.send_header('Content-Length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)

  def log_message(self, *args):
    pass


@contextlib.contextmanager
def server(status=401):
  """A server; its `keys` are those that it was sent."""
  handler = type('Handler', (_Server,), {'status': status})
  with http.server.HTTPServer(('localhost', 0), handler) as running:
    running.keys = []
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
      yield running, f'http://localhost:{running.server_port}'
    finally:
      running.shutdown()
      thread.join()


def environment(key):
  values = {} if key is None else {qdrant_access.KEY: key}
  cleared = {k: v for k, v in os.environ.items() if k != qdrant_access.KEY}
  return mock.patch.dict(os.environ, {**cleared, **values}, clear=True)


class QdrantAccessTest(parameterized.TestCase):
  @parameterized.parameters(SECRET, f' {SECRET}\n')
  def test_the_key_is_sent(self, value):
    with server() as (running, address), environment(value):
      qdrant.QdrantNeighbours.connect(address, 'test')
    self.assertEqual(running.keys, [SECRET])

  @parameterized.parameters(
    (None, 401, 'asks for a key .401.; put it into .* QDRANT_API_KEY'),
    ('wrong-key', 401, 'does not accept the key in QDRANT_API_KEY .401'),
    ('wrong-key', 403, 'does not allow this with the key in QDRANT_API_KEY'),
    ('wrong-key', 500, 'The Qdrant server at .* refused: .*500'),
  )
  def test_a_refusal_names_the_variable_and_not_the_key(
    self, key, status, message
  ):
    with server(status) as (_, address), environment(key):
      with self.assertRaisesRegex(OSError, message) as caught:
        qdrant.QdrantNeighbours.connect(address, 'test')
    self.assertNotIn('wrong-key', str(caught.exception))

  @parameterized.parameters(
    'http://faces.example.com:6333', 'faces.example.com', 'http://10.0.0.7'
  )
  def test_no_key_is_sent_unencrypted_to_another_machine(self, url):
    address = qdrant_access.check_address(url)
    with environment(SECRET):
      with self.assertRaisesRegex(ValueError, 'unencrypted; write https://'):
        qdrant_access.key_for(address)
    with environment(None):
      self.assertIsNone(qdrant_access.key_for(address))

  @parameterized.parameters(
    'https://faces.example.com',
    'http://localhost:6333',
    'localhost:6333',
    'http://127.0.0.1:1234',
    'http://[::1]:6333',
  )
  def test_where_a_key_is_sent(self, url):
    with environment(SECRET):
      address = qdrant_access.check_address(url)
      self.assertEqual(qdrant_access.key_for(address), SECRET)

  def test_an_encrypted_address_keeps_its_port(self):
    with mock.patch('qdrant_client.QdrantClient') as client:
      with environment(SECRET):
        qdrant.QdrantNeighbours.connect('https://there:7443/qdrant', 'test')
    self.assertEqual(
      client.call_args.kwargs['url'], 'https://there:7443/qdrant'
    )
    self.assertEqual(client.call_args.kwargs['api_key'], SECRET)

  def test_a_key_that_no_header_can_hold(self):
    for key in ('a\nb', 'schlüssel'):
      with environment(key):
        with self.assertRaisesRegex(ValueError, 'no key has') as caught:
          qdrant_access.key_for('https://there')
      self.assertNotIn(key, str(caught.exception))

  @parameterized.parameters(
    'https://me:a-secret-key@there:6333',
    'https://there?api-key=a-secret-key',
    'https://there#a-secret-key',
  )
  def test_an_address_holds_no_secret(self, url):
    with self.assertRaisesRegex(ValueError, 'QDRANT_API_KEY') as caught:
      qdrant_access.check_address(url)
    self.assertNotIn('secret', str(caught.exception))

  @parameterized.parameters('ftp://there', 'http://', 'http://here:there', '')
  def test_no_address(self, url):
    with self.assertRaisesRegex(ValueError, 'no address of a server'):
      qdrant_access.check_address(url)


if __name__ == '__main__':
  absltest.main()

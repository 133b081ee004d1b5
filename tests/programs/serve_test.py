"""The program serves until it is stopped, and loses nothing it accepted."""

import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from absl import flags
from absl.testing import absltest, flagsaver, parameterized

from tests import shared_artifacts, source_tree
from tests.serving import clients
from tf_twingan import serve, serve_flags

PATIENCE = 120  # Seconds.
BOUNDARY = 'boundary'


class Server:
  """A running program."""

  def __init__(self, *arguments):
    self.process = subprocess.Popen(
      [sys.executable, '-m', 'tf_twingan.serve', '--port=0', *arguments],
      cwd=source_tree.ROOT,
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
    )
    self.printed = ''
    for line in self.process.stdout:
      self.printed += line
      if found := re.search(r'http://\S+', line):
        self.address = urllib.parse.urlsplit(found[0])
        break
    else:
      raise AssertionError(f'It does not serve: {self.printed}')
    until = time.monotonic() + PATIENCE
    while self.ask('GET', '/readyz')[0] != 200:
      assert time.monotonic() < until, 'It does not become ready.'
      time.sleep(0.05)

  def connect(self):
    return http.client.HTTPConnection(
      self.address.hostname, self.address.port, timeout=PATIENCE
    )

  def ask(self, method, path, body=None, headers=None):
    """The status and body of an answer."""
    with contextlib.closing(self.connect()) as connection:
      connection.request(method, path, body, headers or {})
      answer = connection.getresponse()
      return answer.status, answer.read()

  def translate(self, content, **fields):
    body, headers = form(content, **fields)
    return self.ask('POST', '/v1/translate', body, headers)

  def stop(self, number=signal.SIGTERM):
    self.process.send_signal(number)

  def wait(self):
    """The exit code."""
    self.printed += self.process.communicate(timeout=PATIENCE)[0]
    return self.process.returncode


def form(content, **fields):
  """The body and headers of an upload."""
  parts = [
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    f'{value}\r\n'.encode()
    for name, value in fields.items()
  ]
  parts.append(
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; '
    'filename="a.png"\r\n\r\n'.encode()
    + content
    + f'\r\n--{BOUNDARY}--\r\n'.encode()
  )
  kind = f'multipart/form-data; boundary={BOUNDARY}'
  return b''.join(parts), {'Content-Type': kind}


@contextlib.contextmanager
def running(*arguments):
  server = Server(*arguments)
  try:
    yield server
  finally:
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()


class ProcessTest(parameterized.TestCase):
  @parameterized.parameters(signal.SIGTERM, signal.SIGINT)
  def test_what_was_accepted_is_answered_after_the_signal(self, number):
    image = clients.noise(8, 8, 3)
    png = clients.encoded(image)
    photo = clients.encoded(clients.noise(110, 110, 3))
    with (
      running(f'--run_dir={shared_artifacts.run()}') as server,
      concurrent.futures.ThreadPoolExecutor(12) as threads,
      contextlib.closing(server.connect()) as half,
    ):
      status, alone = server.translate(png, to='anime')
      self.assertEqual(status, 200)
      # One whose body has come in half, and some that take long.
      body, headers = form(png, to='anime')
      half.putrequest('POST', '/v1/translate')
      for name, value in headers.items():
        half.putheader(name, value)
      half.putheader('Content-Length', str(len(body)))
      half.endheaders(body[:50])
      slow = [
        threads.submit(server.translate, photo, to='anime', faces='none')
        for _ in range(6)
      ]
      time.sleep(0.2)
      self.assertFalse(all(one.done() for one in slow))
      server.stop(number)
      time.sleep(0.3)
      half.send(body[50:])
      answer = half.getresponse()
      self.assertEqual((answer.status, answer.read()), (200, alone))
      results = [one.result() for one in slow]
      self.assertEqual({status for status, _ in results}, {200})
      self.assertLen({content for _, content in results}, 1)
      self.assertEqual(server.wait(), 0, server.printed)
      with self.assertRaises(ConnectionRefusedError):
        server.ask('GET', '/healthz')
    self.assertNotIn('Traceback', server.printed)

  def test_the_shipped_model_is_served_if_nothing_is_named(self):
    with running() as server:
      self.assertIn(b'avatar_twins', server.ask('GET', '/v1/domains')[1])
      self.assertIn(b'<html', server.ask('GET', '/')[1])
      status, content = server.translate(
        clients.encoded(clients.noise(32, 32, 3)), to='anime'
      )
      self.assertEqual(status, 200)
      self.assertEqual(clients.decoded(content).shape, (32, 32, 3))
      server.stop()
      self.assertEqual(server.wait(), 0, server.printed)

  def test_the_example_of_a_bundle_works_by_copy_and_paste(self):
    folder = shared_artifacts.copy_of(shared_artifacts.bundle())
    readme = (folder / 'README.md').read_text()
    (example,) = re.findall(r'^printf .*?:predict$', readme, re.S | re.M)
    with running(f'--bundle={folder}') as server:
      example = example.replace('localhost:8501', server.address.netloc)
      printed = subprocess.run(
        ['bash', '-c', example], cwd=folder, capture_output=True, check=True
      ).stdout
    self.assertStartsWith(printed, b'{"predictions": [{"error": "", "png_bytes')


class FlagsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    if not flags.FLAGS.is_parsed():
      flags.FLAGS(['serve'])

  @parameterized.parameters(
    ('a=b/c', ('a', 'b/c')),
    ('b/c', (None, 'b/c')),
    ('b/x=y/c', (None, 'b/x=y/c')),
  )
  def test_paths_may_have_names(self, value, expected):
    self.assertEqual(serve_flags.split_name(value), expected)

  def test_a_folder_with_an_equals_sign_is_a_path(self):
    folder = pathlib.Path(tempfile.mkdtemp(), 'a=b')
    folder.mkdir()
    before = os.getcwd()
    os.chdir(folder.parent)
    self.addCleanup(os.chdir, before)
    self.assertEqual(serve_flags.split_name('a=b'), (None, 'a=b'))

  @flagsaver.flagsaver
  def test_several_models_are_served_under_their_names(self):
    run = shared_artifacts.run()
    flags.FLAGS.run_dir = [str(run), f'mine={run}']
    flags.FLAGS.bundle = [str(shared_artifacts.bundle())]
    served, _ = serve_flags.models(serve_flags.settings())
    self.assertEqual(
      [model.name for model in served], [run.name, 'mine', 'photo2anime']
    )

  def test_a_token_is_one_line(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'token')
    path.write_text('secret\n')
    self.assertEqual(serve_flags.read_token(str(path)), 'secret')
    with flagsaver.flagsaver(token_file=str(path)):
      settings = serve_flags.settings()
    self.assertEqual(settings.token, 'secret')
    self.assertNotIn('secret', repr(settings))
    for wrong in (b'', b'\n', b'a\nb', b'\xff', b'a' * 5000):
      path.write_bytes(wrong)
      with self.assertRaisesRegex(ValueError, 'holds no token'):
        serve_flags.read_token(str(path))

  def test_who_may_use_it(self):
    with flagsaver.flagsaver(
      host='0.0.0.0',
      allowed_hosts=['a.example', 'b.example'],
      cors_origins=['https://Page.example:8443'],
      requests_per_minute=90,
      trusted_proxies=['10.0.0.5'],
    ):
      settings = serve_flags.settings()
    self.assertEqual(settings.host, '0.0.0.0')
    self.assertEqual(settings.allowed_hosts, ('a.example', 'b.example'))
    self.assertEqual(settings.cors_origins, ('https://page.example:8443',))
    self.assertEqual(settings.requests_per_minute, 90)
    self.assertEqual(settings.trusted_proxies, ('10.0.0.5',))

  @parameterized.parameters(
    'page.example', 'https://page.example/', 'https://a b', 'file:///a', ''
  )
  def test_origins_are_checked(self, origin):
    with flagsaver.flagsaver(cors_origins=[origin]):
      with self.assertRaisesRegex(ValueError, 'is no origin'):
        serve_flags.settings()

  def test_a_port_that_is_taken_is_said_before_models_are_loaded(self):
    with socket.create_server(('127.0.0.1', 0)) as taken:
      port = taken.getsockname()[1]
      with flagsaver.flagsaver(port=port), self.assertRaises(SystemExit) as end:
        serve.main(['serve'])
    self.assertRegex(
      str(end.exception), f'cannot listen on 127.0.0.1:{port} .*give another'
    )


if __name__ == '__main__':
  absltest.main()

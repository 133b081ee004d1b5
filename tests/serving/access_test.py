"""Who is answered: tokens, names of the server, pages elsewhere."""

from unittest import mock

from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan.serving import access, problems, settings


async def _ok(scope, receive, send):
  await problems.answer(200, 'ok', 'Good.')(scope, receive, send)


class TokenTest(parameterized.TestCase):
  @parameterized.parameters(
    (None, 401),
    ('', 401),
    ('Bearer', 401),
    ('Bearer ', 401),
    ('Bearer wrong', 401),
    ('Basic right', 401),
    ('Bearer right', 200),
    ('bearer  right', 200),
    ('Bearer right right', 401),
    ('Bearer \xff', 401),
  )
  def test_tokens(self, header, status):
    app = access.Token(_ok, settings.Settings(token='right'))
    headers = {} if header is None else {'authorization': header}
    answer = asking.ask_now(app, 'POST', '/v1/translate', b'', headers)
    self.assertEqual(answer.status, status)
    if status == 401:
      self.assertEqual(answer.code, 'unauthorized')
      self.assertEqual(answer.headers['www-authenticate'], 'Bearer')

  @parameterized.parameters(
    ('/healthz', 200),
    ('/readyz', 200),
    ('/', 200),
    ('/page/page.js', 200),
    ('/metrics', 401),
    ('/openapi.json', 401),
    ('/v1/domains', 401),
    ('//v1/domains', 401),
    ('/healthz/../v1/domains', 401),
    ('/healthz\n', 401),
  )
  def test_what_is_open(self, path, status):
    app = access.Token(_ok, settings.Settings(token='right'))
    self.assertEqual(asking.ask_now(app, 'GET', path).status, status)

  def test_comparison_takes_the_same_time(self):
    with mock.patch.object(access.hmac, 'compare_digest') as compare:
      app = access.Token(_ok, settings.Settings(token='right'))
      for token in 'r', 'right', 'wrong' * 100:
        headers = {'authorization': f'Bearer {token}'}
        asking.ask_now(app, 'GET', '/metrics', b'', headers)
    self.assertEqual({len(c.args[0]) for c in compare.call_args_list}, {32})

  def test_settings_do_not_show_it(self):
    self.assertNotIn('right', repr(settings.Settings(token='right')))


class HostsTest(parameterized.TestCase):
  @parameterized.parameters(
    ('127.0.0.1', (), 'localhost:8000', 200),
    ('127.0.0.1', (), 'LOCALHOST', 200),
    ('127.0.0.1', (), '127.0.0.1:8000', 200),
    ('::1', (), '[::1]:8000', 200),
    ('localhost', (), 'evil.example', 421),
    ('127.0.0.1', (), 'evil.example:8000', 421),
    ('127.0.0.1', (), 'localhost.evil.example', 421),
    ('127.0.0.1', (), 'localhost:8000.evil.example', 421),
    ('127.0.0.1', (), 'evil.example\xff', 421),
    ('0.0.0.0', (), 'anything.example', 200),
    ('0.0.0.0', ('my.example',), 'my.example:80', 200),
    ('0.0.0.0', ('my.example',), 'localhost', 200),
    ('0.0.0.0', ('my.example',), 'evil.example', 421),
    ('10.1.2.3', (), '10.1.2.3:8000', 200),
  )
  def test_names(self, listens, allowed, host, status):
    limits = settings.Settings(host=listens, allowed_hosts=allowed)
    app = access.Hosts(_ok, limits)
    answer = asking.ask_now(app, 'GET', '/', b'', {'host': host})
    self.assertEqual(answer.status, status)

  @parameterized.parameters('/healthz', '/readyz', '/metrics')
  def test_who_watches_the_server_needs_no_name(self, path):
    app = access.Hosts(_ok, settings.Settings(allowed_hosts=('a.example',)))
    headers = {'host': '10.1.2.3:8000'}
    self.assertEqual(asking.ask_now(app, 'GET', path, b'', headers).status, 200)
    self.assertEqual(asking.ask_now(app, 'GET', '/', b'', headers).status, 421)

  @parameterized.parameters(
    ({}, 200),
    ({'origin': 'http://localhost:8000'}, 200),
    ({'origin': 'http://LOCALHOST:8000'}, 200),
    ({'origin': 'http://localhost:9000'}, 403),
    ({'origin': 'https://evil.example'}, 403),
    ({'origin': 'null'}, 403),
    ({'origin': 'https://evil.example\xff'}, 403),
    ({'origin': 'https://friend.example'}, 200),
    ({'origin': 'http://a', 'sec-fetch-site': 'same-origin'}, 200),
    ({'origin': 'http://localhost:8000', 'sec-fetch-site': 'cross-site'}, 403),
    ({'origin': 'http://localhost:8000', 'sec-fetch-site': 'same-site'}, 403),
  )
  def test_pages(self, headers, status):
    limits = settings.Settings(cors_origins=('https://friend.example',))
    app = access.Hosts(_ok, limits)
    headers = {'host': 'localhost:8000', **headers}
    answer = asking.ask_now(app, 'POST', '/v1/translate', b'', headers)
    self.assertEqual(answer.status, status)
    # What changes nothing may be asked for; browsers keep the answer.
    self.assertEqual(asking.ask_now(app, 'GET', '/', b'', headers).status, 200)

  def test_bad_origins_are_no_failure(self):
    app = access.Hosts(_ok, settings.Settings())
    for origin in 'http://[', 'http://[::1', '://', 'http://a:b:c':
      answer = asking.ask_now(app, 'POST', '/', b'', {'origin': origin})
      self.assertEqual((answer.status, answer.code), (403, 'foreign_origin'))


if __name__ == '__main__':
  absltest.main()

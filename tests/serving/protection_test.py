"""All middlewares together: headers of every answer, figures, their order."""

import re

import fastapi
from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan.serving import metrics, protection, settings

_POLICY = 'content-security-policy'


def _app(figures=None, **values):
  app = fastapi.FastAPI()

  @app.post('/v1/{name}')
  async def post(name: str, request: fastapi.Request):
    if name == 'fails':
      raise RuntimeError(name)
    return len(await request.body())

  @app.get('/')
  async def page():
    return fastapi.responses.HTMLResponse('<p>Hello')

  protection.install(
    app, settings.Settings(**values), figures or metrics.Metrics()
  )
  return app


class ProtectionTest(parameterized.TestCase):
  @parameterized.parameters(
    ('GET', '/', {}, 200),
    ('GET', '/none', {}, 404),
    ('PUT', '/', {}, 405),
    ('POST', '/v1/fails', {}, 500),
    ('POST', '/v1/a', {'host': 'evil.example'}, 421),
    ('POST', '/v1/a', {'origin': 'https://evil.example'}, 403),
    ('POST', '/v1/a', {'content-length': '999999999'}, 413),
    ('POST', '/v1/a', {'authorization': 'Bearer wrong'}, 401),
  )
  def test_every_answer_has_the_headers(self, method, path, headers, status):
    values = {'token': 'right'} if path != '/v1/fails' else {}
    headers = {'authorization': 'Bearer right', **headers}
    answer = asking.ask_now(_app(**values), method, path, b'', headers)
    self.assertEqual(answer.status, status)
    self.assertEqual(answer.headers['x-content-type-options'], 'nosniff')
    self.assertEqual(answer.headers['x-frame-options'], 'DENY')
    self.assertIn("default-src 'none'", answer.headers[_POLICY])
    self.assertRegex(answer.headers['x-request-id'], '^[0-9a-f]{32}$')
    if status >= 400:
      self.assertNotEmpty(answer.code)
      self.assertEqual(answer.headers['cache-control'], 'no-store')

  def test_the_page_runs_its_own_scripts_alone(self):
    policy = asking.ask_now(_app(), 'GET', '/').headers[_POLICY]
    for words in "script-src 'self';", "style-src 'self';":
      self.assertIn(words, policy)
    self.assertNotIn('unsafe', policy)
    self.assertNotIn('*', policy)
    policy = asking.ask_now(_app(), 'POST', '/v1/a').headers[_POLICY]
    self.assertNotIn('self', policy)

  def test_results_are_not_kept(self):
    answer = asking.ask_now(_app(), 'POST', '/v1/a')
    self.assertEqual(answer.status, 200)
    self.assertEqual(answer.headers['cache-control'], 'no-store')
    page = asking.ask_now(_app(), 'GET', '/')
    self.assertNotIn('cache-control', page.headers)

  @parameterized.parameters(
    ('a-b_c.1', True),
    ('a' * 65, False),
    ('a b', False),
    ('a\r\nSet-Cookie: b', False),
    ('', False),
  )
  def test_names_of_requests(self, name, is_kept):
    headers = {'x-request-id': name}
    answer = asking.ask_now(_app(), 'POST', '/v1/a', b'', headers)
    self.assertEqual(answer.headers['x-request-id'] == name, is_kept)

  def test_cors(self):
    preflight = {
      'origin': 'https://friend.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    values = {'token': 'right', 'cors_origins': ('https://friend.example',)}
    answer = asking.ask_now(_app(**values), 'OPTIONS', '/v1/a', b'', preflight)
    self.assertEqual(answer.status, 200)
    allowed = 'access-control-allow-origin'
    self.assertEqual(answer.headers[allowed], 'https://friend.example')
    # A page must be able to read why it was refused.
    headers = {'origin': 'https://friend.example'}
    refused = asking.ask_now(_app(**values), 'POST', '/v1/a', b'', headers)
    self.assertEqual(refused.status, 401)
    self.assertEqual(refused.headers[allowed], 'https://friend.example')
    headers = {'origin': 'https://evil.example'}
    refused = asking.ask_now(_app(**values), 'POST', '/v1/a', b'', headers)
    self.assertEqual(refused.status, 403)
    self.assertNotIn(allowed, refused.headers)
    off = asking.ask_now(_app(), 'OPTIONS', '/v1/a', b'', preflight)
    self.assertNotIn(allowed, off.headers)

  def test_guesses_of_a_token_count(self):
    app = _app(token='right', requests_per_minute=12)
    headers = {'authorization': 'Bearer wrong'}
    statuses = [
      asking.ask_now(app, 'POST', '/v1/a', b'', headers).status
      for _ in range(3)
    ]
    self.assertEqual(statuses, [401, 401, 429])


class MetricsTest(absltest.TestCase):
  def test_figures(self):
    figures = metrics.Metrics()
    app = _app(figures)
    for number in range(20):
      asking.ask_now(app, 'POST', f'/v1/{number}', b'a')
      asking.ask_now(app, 'GET', f'/none/{number}')
      asking.ask_now(app, f'M{number}', '/')
    figures.add_batch('mine', 'translate_a_b', 5, 0.02)
    figures.set_version('mine', 7)
    figures.measure('queue_images', 'Waiting.', lambda: 3)
    text = figures.text().decode()
    for line in (
      'requests_total{code="200",method="POST",route="/v1/{name}"} 20.0',
      'requests_total{code="404",method="GET",route="none"} 20.0',
      'request_seconds_count{route="/v1/{name}"} 20.0',
      'requests_in_progress 0.0',
      'images_total{model="mine",task="translate_a_b"} 5.0',
      'batch_images_bucket{le="8.0"} 1.0',
      'batch_images_bucket{le="4.0"} 0.0',
      'batch_seconds_count 1.0',
      'model_version{model="mine"} 7.0',
      'queue_images 3.0',
    ):
      self.assertIn(f'tf_twingan_{line}\n', text)
    self.assertIn('process_resident_memory_bytes', text)
    # Whatever clients ask for, there are no more lines.
    self.assertNotIn('none/1', text)
    self.assertLen(re.findall('(?m)^tf_twingan_requests_total', text), 3)

  def test_a_registry_of_its_own(self):
    first, second = metrics.Metrics(), metrics.Metrics()
    first.set_version('a', 1)
    self.assertNotIn(b'model="a"', second.text())


if __name__ == '__main__':
  absltest.main()

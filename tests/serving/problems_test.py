"""Errors: one shape for all, and nothing of what a client sent."""

import asyncio
import json

import fastapi
import pydantic
from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan import extras
from tf_twingan.serving import problems

_SECRET = 'a very private picture'


class _Body(pydantic.BaseModel):
  number: int


def _app():
  app = fastapi.FastAPI()
  problems.install(app)

  @app.post('/body')
  async def body(body: _Body):
    return body

  @app.get('/fails')
  async def fails():
    try:
      raise ValueError(f'cannot decode {_SECRET}')
    except ValueError as error:
      raise RuntimeError(_SECRET) from error

  @app.get('/refuses')
  async def refuses():
    raise problems.ClientError(
      418, 'teapot', 'No\ncoffee \u202e \udcff.', {'Retry-After': '3'}
    )

  @app.get('/lacks')
  async def lacks():
    raise extras.MissingPackage('animeface is not installed')

  @app.get('/breaks')
  async def breaks():
    async def parts():
      yield b'a'
      raise RuntimeError(_SECRET)

    return fastapi.responses.StreamingResponse(parts())

  app.add_middleware(problems.CatchAll)
  return app


class ProblemsTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('nothing_there', 'GET', '/none', b'', 404, 'not_found'),
    ('method', 'DELETE', '/body', b'', 405, 'method_not_allowed'),
    ('no_body', 'POST', '/body', b'', 422, 'invalid_request'),
    ('no_json', 'POST', '/body', b'{', 422, 'invalid_request'),
    ('no_utf8', 'POST', '/body', b'{"number": "\xff"}', 400, 'bad_request'),
    ('deep', 'POST', '/body', b'[' * 100_000, 400, 'bad_request'),
    ('wrong', 'POST', '/body', b'{"number": "xyz"}', 422, 'invalid_request'),
    ('nan', 'POST', '/body', b'{"number": NaN}', 422, 'invalid_request'),
    (
      'surrogate',
      'POST',
      '/body',
      b'{"number": "\\ud800"}',
      422,
      'invalid_request',
    ),
    (
      'digits',
      'POST',
      '/body',
      b'{"number": ' + b'1' * 10_000 + b'}',
      400,
      'bad_request',
    ),
    ('own', 'GET', '/refuses', b'', 418, 'teapot'),
    ('missing', 'GET', '/lacks', b'', 501, 'not_supported'),
    ('unexpected', 'GET', '/fails', b'', 500, 'internal_error'),
  )
  def test_all_have_one_shape(self, method, path, body, status, code):
    headers = {'content-type': 'application/json'}
    with self.assertLogs(level='ERROR') as logs:
      answer = asking.ask_now(_app(), method, path, body, headers)
      problems._log.error('so that there is one')
    self.assertEqual((answer.status, answer.code), (status, code))
    self.assertEqual(answer.headers['content-type'], 'application/json')
    self.assertNotIn(b'xyz', answer.body)
    self.assertNotIn(_SECRET.encode(), answer.body)
    self.assertNotIn(_SECRET, '\n'.join(logs.output))
    if status == 405:
      self.assertIn('allow', answer.headers)
    if status == 418:
      self.assertEqual(answer.headers['retry-after'], '3')
      self.assertTrue(answer.body.isascii())
      self.assertTrue(answer.json()['error']['message'].isprintable())

  def test_the_log_says_where(self):
    with self.assertLogs(level='ERROR') as logs:
      asking.ask_now(_app(), 'GET', '/fails')
    (line,) = logs.output
    self.assertIn('GET /fails failed', line)
    self.assertIn('in fails', line)
    self.assertIn('RuntimeError', line)
    self.assertIn('ValueError', line)

  def test_an_answer_that_breaks_does_not_end(self):
    sent = []

    async def send(message):
      sent.append(message)

    async def ask():
      scope = {
        'type': 'http',
        'method': 'GET',
        'path': '/breaks',
        'query_string': b'',
        'headers': [],
        'asgi': {'spec_version': '2.4'},
      }

      async def receive():
        return {'type': 'http.request', 'body': b'', 'more_body': False}

      await _app()(scope, receive, send)

    with self.assertLogs(level='ERROR') as logs:
      asyncio.run(ask())
    self.assertNotIn(_SECRET, logs.output[0])
    self.assertEqual(sent[0]['status'], 200)
    self.assertTrue(sent[-1]['more_body'])

  def test_long_messages_are_cut(self):
    body = json.loads(problems.content('a', 'b' * 10_000))
    self.assertLess(len(body['error']['message']), 600)

  def test_openapi_knows_the_shape(self):
    app = fastapi.FastAPI()

    @app.post('/', responses=problems.documented())
    async def post(number: int):
      return number

    answers = app.openapi()['paths']['/']['post']['responses']
    for status in '404', '413', '422':
      schema = answers[status]['content']['application/json']['schema']
      self.assertEqual(schema['required'], ['error'])
    self.assertEqual(answers['404']['description'], 'Not Found')


if __name__ == '__main__':
  absltest.main()

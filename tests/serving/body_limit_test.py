"""Bodies that are too long, too slow, or too many."""

import asyncio

import fastapi
from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan.serving import body_limit, problems, settings


def _app(**values):
  app = fastapi.FastAPI()
  problems.install(app)

  @app.post('/')
  async def post(request: fastapi.Request):
    return len(await request.body())

  @app.post('/json')
  async def post_json(body: dict):
    return len(body)

  @app.post('/waits')
  async def waits(request: fastapi.Request):
    await request.body()
    await asyncio.sleep(0.3)

  return body_limit.BodyLimit(app, settings.Settings(**values))


class BodyLimitTest(parameterized.TestCase):
  @parameterized.parameters(
    (100, 200),
    (101, 413),
    (5000, 413),
  )
  def test_length(self, length, status):
    app = _app(max_body_bytes=100)
    whole = asking.ask_now(app, 'POST', '/', bytes(length))
    parts = asking.ask_now(app, 'POST', '/', [b'a'] * length)
    for answer in whole, parts:
      self.assertEqual(answer.status, status)
      if status == 413:
        self.assertEqual(answer.code, 'body_too_large')
    self.assertEqual(app.held, 0)

  def test_the_header_alone_decides(self):
    headers = {'content-length': '1' * 30}

    async def never(*_):
      raise AssertionError('the body was read')

    app = body_limit.BodyLimit(never, settings.Settings())
    answer = asking.ask_now(app, 'POST', '/', b'', headers)
    self.assertEqual(answer.status, 413)

  def test_json_too(self):
    app = _app(max_body_bytes=100)
    headers = {'content-type': 'application/json'}
    body = [b'{"a": "', b'b' * 200, b'"}']
    answer = asking.ask_now(app, 'POST', '/json', body, headers)
    self.assertEqual((answer.status, answer.code), (413, 'body_too_large'))

  def test_time(self):
    app = _app(body_s=0.3)
    slow = asking.ask_now(app, 'POST', '/', [b'a'] * 20, pause_s=0.05)
    self.assertEqual((slow.status, slow.code), (408, 'timeout'))
    fast = asking.ask_now(app, 'POST', '/', [b'a'] * 20, pause_s=0.001)
    self.assertEqual(fast.status, 200)
    # Work is not part of it.
    app = _app(body_s=0.1)
    self.assertEqual(asking.ask_now(app, 'POST', '/waits').status, 200)

  def test_a_body_that_is_cut_off(self):
    # Nothing comes after the first part, not even its end.
    answer = asking.ask_now(
      _cut(_app()), 'POST', '/', b'a', {'content-length': '2'}
    )
    self.assertEqual((answer.status, answer.code), (400, 'cut_off'))

  def test_after_its_end_the_client_may_go(self):
    seen = []

    async def app(scope, receive, send):
      while True:
        message = await receive()
        seen.append(message['type'])
        if seen[-1] == 'http.disconnect':
          break
      await problems.answer(200, 'ok', 'Good.')(scope, receive, send)

    limited = body_limit.BodyLimit(app, settings.Settings())
    self.assertEqual(asking.ask_now(limited, 'POST', '/', b'a').status, 200)
    self.assertEqual(seen, ['http.request', 'http.disconnect'])

  def test_all_together(self):
    async def both():
      app = _app(max_bodies_bytes=150)
      asked = [asking.ask(app, 'POST', '/waits', bytes(100)) for _ in range(2)]
      first, second = await asyncio.gather(*asked)
      later = await asking.ask(app, 'POST', '/waits', bytes(100))
      return first, second, later, app.held

    first, second, later, held = asyncio.run(both())
    self.assertEqual(first.status, 200)
    self.assertEqual((second.status, second.code), (503, 'overloaded'))
    self.assertIn('retry-after', second.headers)
    self.assertEqual(later.status, 200)
    self.assertEqual(held, 0)


def _cut(app):
  async def wrapped(scope, receive, send):
    async def cut():
      message = await receive()
      if message['type'] == 'http.request':
        message['more_body'] = True
      return message

    await app(scope, cut, send)

  return wrapped


if __name__ == '__main__':
  absltest.main()

"""Applications whose models change, or run at a model server, over HTTP."""

import re
import shutil
import threading
import time
from concurrent import futures

import numpy as np
import tensorflow as tf

from tests.serving import clients, exports, model_servers
from tf_twingan.serving import (
  bundle_versions,
  model_server,
  remote_model,
  settings,
  versions,
)

NAME = exports.NAME
FAST = dict(poll_s=0.05, batch_sizes=(1, 4))


def until(happened):
  """Waits until a function returns something true; returns that."""
  end = time.monotonic() + clients.PATIENCE
  while not (result := happened()):
    assert time.monotonic() < end, 'It does not happen.'
    time.sleep(0.02)
  return result


def translate(client, image):
  return client.post(
    '/v1/translate',
    files=clients.upload(clients.encoded(image)),
    data={'to': 'anime'},
    headers={'Accept': 'application/json'},
  )


def figure(client, line):
  """The value of a line of /metrics."""
  return float(
    re.search(
      rf'^{re.escape(line)} (.*)$', client.get('/metrics').text, re.MULTILINE
    )[1]
  )


class BundleTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.bundle = exports.bundle(1)
    source = bundle_versions.BundleSource(str(self.bundle))
    model, watched = versions.open_newest(source)
    self.client = self.enter_context(
      clients.client(model, watched=[watched], **FAST)
    )

  def version(self):
    (model,) = self.client.get('/v1/domains').json()['models']
    return model['version']

  def test_no_request_fails_while_a_version_takes_the_place_of_another(self):
    expected = {v: exports.expected(v).astype(int) for v in (1, 2)}
    ended = threading.Event()

    def ask(number):
      seen = []
      while not ended.is_set():
        row = (number + len(seen)) % len(exports.IMAGES)
        answer = translate(self.client, exports.IMAGES[row])
        self.assertEqual(answer.status_code, 200, answer.text)
        seen.append(answer.json()['version'])
        pixels = clients.decoded(
          tf.io.decode_base64(
            answer.json()['image'].replace('+', '-').replace('/', '_')
          ).numpy()
        )
        off = np.abs(pixels - expected[seen[-1]][row])
        self.assertLessEqual(off.max(), 1)
      return seen

    with futures.ThreadPoolExecutor(4) as threads:
      asking = [threads.submit(ask, number) for number in range(4)]
      try:
        exports.export(self.bundle, 2)
        until(lambda: self.version() == 2)
        time.sleep(0.2)
      finally:
        ended.set()
      for seen in asking:
        # All of the old one, then all of the new one.
        self.assertEqual(seen.result(), sorted(seen.result()))
        self.assertEqual(set(seen.result()), {1, 2})
    swaps = f'tf_twingan_version_swaps_total{{model="{NAME}"}}'
    self.assertEqual(figure(self.client, swaps), 1)

  def test_a_damaged_version_shows_and_the_old_one_answers(self):
    damaged = exports.add_damaged(self.bundle, 2)
    refused = until(lambda: self.client.get('/readyz').json().get('refused'))
    self.assertLen(refused, 1)
    self.assertEqual((refused[0]['model'], refused[0]['version']), (NAME, '2'))
    self.assertIn('saved_model/2 is not the one', refused[0]['reason'])
    self.assertNotIn(str(self.bundle), refused[0]['reason'])
    answer = translate(self.client, exports.IMAGES[0])
    self.assertEqual(answer.json()['version'], 1)
    old, new = self.client.get(f'/v1/models/{NAME}').json()[
      'model_version_status'
    ]
    self.assertEqual((old['version'], old['state']), ('1', 'AVAILABLE'))
    self.assertEqual((new['version'], new['state']), ('2', 'END'))
    self.assertEqual(new['status']['error_message'], refused[0]['reason'])
    is_refused = f'tf_twingan_version_refused{{model="{NAME}"}}'
    self.assertEqual(figure(self.client, is_refused), 1)
    original = self.bundle / 'saved_model' / '1' / 'variables' / damaged.name
    shutil.copyfile(original, damaged)
    until(lambda: self.version() == 2)
    self.assertEqual(self.client.get('/readyz').json(), {'status': 'ready'})
    self.assertEqual(figure(self.client, is_refused), 0)


class ModelServerTest(tf.test.TestCase):
  def test_a_server_that_goes_away_shows_and_comes_back(self):
    served = self.enter_context(
      model_servers.ModelServer({NAME: {1: model_servers.inverting()}})
    )
    limits = settings.Settings(
      remote_timeout_s=2.0, breaker_failures=2, breaker_open_s=0.3, **FAST
    )
    server = model_server.ModelServer(served.address, limits)
    self.addCleanup(server.close)
    model, watched = remote_model.RemoteModel(server, limits, name=NAME).wait()
    client = self.enter_context(
      clients.client(model, watched=[watched], **FAST)
    )
    image = model_servers.images(1)[0]
    answer = translate(client, image)
    self.assertEqual(answer.status_code, 200, answer.text)
    circuit = f'tf_twingan_model_server_circuit{{model="{NAME}",state="%s"}}'
    self.assertEqual(figure(client, circuit % 'closed'), 1)
    served.stop()
    answer = translate(client, image)
    self.assertEqual(answer.status_code, 503)
    self.assertEqual(answer.json()['error']['code'], 'model_unavailable')
    self.assertGreaterEqual(int(answer.headers['Retry-After']), 1)
    ready = client.get('/readyz')
    self.assertEqual(ready.status_code, 503)
    self.assertIn('does not answer', ready.json()['error']['message'])
    self.assertEqual(client.get('/healthz').status_code, 200)
    self.assertEqual(figure(client, circuit % 'closed'), 0)
    failed = f'model="{NAME}",outcome="UNAVAILABLE"'
    self.assertGreaterEqual(
      figure(client, f'tf_twingan_model_server_attempts_total{{{failed}}}'), 2
    )
    # It is looked for without any request.
    self.enter_context(
      model_servers.ModelServer(served.models, port=served.port)
    )
    until(lambda: client.get('/readyz').status_code == 200)
    self.assertEqual(translate(client, image).status_code, 200)
    self.assertEqual(figure(client, circuit % 'closed'), 1)


if __name__ == '__main__':
  tf.test.main()

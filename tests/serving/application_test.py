"""The application as a whole: readiness, description, errors, page, end."""

import threading
from unittest import mock

from absl.testing import absltest

from tests.serving import clients
from tf_twingan.serving import application, models, settings
from tf_twingan.serving.routes import page


class ApplicationTest(absltest.TestCase):
  def test_it_is_ready_once_each_direction_was_tried_at_each_size(self):
    free, calls = threading.Event(), []
    translator = clients.model().translator

    def translate(images, to, source):
      free.wait()
      calls.append((source, to, len(images)))
      return images

    with mock.patch.object(translator, 'translate', translate):
      app = application.create(
        models.Models([clients.model()]), settings.Settings(batch_sizes=(1, 2))
      )
      with clients.client_of(app) as client:
        self.assertEqual(client.get('/healthz').status_code, 200)
        answer = client.get('/readyz')
        self.assertEqual(answer.status_code, 503)
        self.assertEqual(answer.json()['error']['code'], 'not_ready')
        free.set()
        clients.wait_until(lambda: client.get('/readyz').status_code == 200)
    self.assertEqual(
      calls,
      [
        ('photo', 'anime', 1),
        ('photo', 'anime', 2),
        ('anime', 'photo', 1),
        ('anime', 'photo', 2),
      ],
    )

  def test_a_model_that_fails_is_never_ready_and_the_reason_is_said(self):
    translator = clients.model().translator
    fail = mock.Mock(side_effect=FloatingPointError('it is NaN'))
    with mock.patch.object(translator, 'translate', fail):
      app = application.create(
        models.Models([clients.model()]), settings.Settings()
      )
      with (
        self.assertLogs(level='ERROR'),
        clients.client_of(app) as client,
      ):
        clients.wait_until(lambda: 'loaded' not in client.get('/readyz').text)
        answer = client.get('/readyz')
    self.assertEqual(answer.status_code, 503)
    self.assertEqual(answer.json()['error']['code'], 'model_failed')

  def test_all_addresses_are_described_with_what_they_take(self):
    with clients.client() as client:
      described = client.get('/openapi.json').json()
    self.assertContainsSubset(
      {
        *('/v1/translate', '/v1/faces', '/v1/encode', '/v1/search'),
        *('/v1/domains', '/v1/models/{name}:predict', '/v1/models/{name}'),
        *('/healthz', '/readyz'),
      },
      described['paths'],
    )
    answers = described['paths']['/v1/translate']['post']['responses']
    self.assertIn('image/png', answers['200']['content'])
    for path, methods in described['paths'].items():
      if not path.startswith('/v1/models') and path.startswith('/v1/'):
        (method,) = methods.values()
        answer = method['responses']['200']['content']['application/json']
        self.assertIn('example', answer, path)

  def test_errors_have_one_shape(self):
    with clients.client() as client:
      for answer in (
        client.get('/nothing'),
        client.get('/v1/translate'),
        client.post('/v1/translate'),
        client.post('/v1/translate', content=b'x'),
        client.get('/page/../serve.py'),
        client.get('/page/%2e%2e/routes/page.py'),
      ):
        self.assertIn(answer.status_code, (404, 405, 415, 422), answer.text)
        self.assertEqual(set(answer.json()), {'error'})
        self.assertEqual(set(answer.json()['error']), {'code', 'message'})

  def test_a_bug_is_no_business_of_clients(self):
    translator = clients.model().translator
    with clients.client() as client:
      with mock.patch.object(translator, 'translate', side_effect=KeyError):
        answer = client.post(
          '/v1/translate',
          data={'to': 'anime'},
          files=clients.upload(clients.encoded(clients.noise(8, 8, 3))),
        )
    self.assertEqual(answer.status_code, 500)
    self.assertEqual(answer.json()['error']['code'], 'internal_error')

  def test_the_page_comes_from_the_package(self):
    with clients.client() as client:
      answer = client.get('/')
      self.assertEqual(answer.status_code, 200)
      self.assertStartsWith(answer.headers['content-type'], 'text/html')
      self.assertEqual(
        answer.content, (page.FOLDER / 'index.html').read_bytes()
      )
      same = client.get('/', headers={'If-None-Match': answer.headers['etag']})
      self.assertEqual(same.status_code, 304)
      self.assertEqual(client.get('/page/index.html').content, answer.content)

  def test_the_domains_say_what_a_model_can_do(self):
    with clients.client() as client:
      described = client.get('/v1/domains').json()
    self.assertEqual(described['default'], 'tiny')
    (model,) = described['models']
    self.assertEqual(model['domains'], ['photo', 'anime'])
    self.assertEqual(
      model['directions'],
      [{'source': 'photo', 'to': 'anime'}, {'source': 'anime', 'to': 'photo'}],
    )
    self.assertEqual(model['resolution'], 8)
    self.assertTrue(model['abilities']['encode'])
    self.assertEqual(model['abilities']['faces'], [])


class ModelsTest(absltest.TestCase):
  def test_names_are_unique_and_the_first_is_the_default(self):
    model = clients.model()
    other = models.ServedModel('other', model.translator)
    served = models.Models([model, other])
    self.assertIs(served.default, model)
    self.assertIs(served.find('other'), other)
    with self.assertRaisesRegex(ValueError, "'tiny'; give one another name"):
      models.Models([model, model])
    with self.assertRaisesRegex(ValueError, 'no model'):
      models.Models([])

  def test_a_new_version_takes_the_place_of_the_old_one(self):
    model = clients.model()
    served = models.Models([model])
    newer = models.ServedModel('tiny', model.translator, version=2)
    served.replace(newer)
    self.assertIs(served.default, newer)
    with self.assertRaises(KeyError):
      served.replace(models.ServedModel('new', model.translator))


if __name__ == '__main__':
  absltest.main()

"""`:predict` answers as TensorFlow Serving does, right or wrong."""

import base64
import functools
import json

import numpy as np
from absl.testing import absltest, parameterized

from tests import shared_artifacts
from tests.serving import clients
from tf_twingan import image_arrays
from tf_twingan.inference.exported import bundle_manifest, saved_model
from tf_twingan.serving import models


def b64(content):
  return {'b64': base64.b64encode(content).decode()}


@functools.cache
def bundle():
  return models.from_bundle(str(shared_artifacts.bundle()))


def golden(end):
  folder = shared_artifacts.bundle()
  name = bundle_manifest.read_manifest(folder)['golden'][end]
  return (folder / name).read_bytes()


@functools.cache
def saved():
  (version,) = (shared_artifacts.bundle() / 'saved_model').iterdir()
  return saved_model.SavedModel(version)


class PredictTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.client = cls.enterClassContext(
      clients.client(bundle(), clients.model(), max_images=4)
    )

  def predict(self, asked, name='photo2anime'):
    # As curl -d sends it.
    return self.client.post(
      f'/v1/models/{name}:predict',
      content=asked if isinstance(asked, bytes) else json.dumps(asked),
      headers={'Content-Type': 'application/x-www-form-urlencoded'},
    )

  def pixels(self, prediction):
    self.assertEqual(prediction['error'], '')
    return clients.decoded(base64.b64decode(prediction['png_bytes']['b64']))

  @parameterized.parameters(b64, lambda c: {'image_bytes': b64(c)})
  def test_files_by_rows(self, form):
    answer = self.predict({'instances': [form(golden('input'))] * 2})
    self.assertEqual(answer.status_code, 200, answer.text)
    for prediction in answer.json()['predictions']:
      np.testing.assert_allclose(
        self.pixels(prediction).astype(int),
        clients.decoded(golden('output')),
        atol=1,
      )

  @parameterized.parameters(lambda v: v, lambda v: {'image_bytes': v})
  def test_files_by_columns(self, form):
    answer = self.predict({'inputs': form([b64(golden('input'))])})
    outputs = answer.json()['outputs']
    self.assertEqual(outputs['error'], [''])
    np.testing.assert_allclose(
      clients.decoded(base64.b64decode(outputs['png_bytes'][0]['b64'])),
      clients.decoded(golden('output')),
      atol=1,
    )

  def test_a_file_that_cannot_be_read_does_no_harm_to_the_others(self):
    answer = self.predict(
      {'instances': [b64(b'hello'), b64(golden('input')), b64(b'')]}
    )
    bad, good, empty = answer.json()['predictions']
    self.pixels(good)
    for one in (bad, empty):
      self.assertNotEmpty(one['error'])
      self.assertEqual(one['png_bytes'], {'b64': ''})

  @parameterized.parameters('translate', 'photo2anime_floats')
  def test_numbers_are_what_the_saved_model_gives(self, signature):
    floats = image_arrays.to_float(clients.noise(2, 8, 8, 3))
    answer = self.predict(
      {'signature_name': signature, 'instances': floats.tolist()}
    )
    (function,) = saved().float_functions.values()
    np.testing.assert_allclose(
      answer.json()['predictions'], function(floats), atol=1e-5
    )

  def test_embeddings_are_what_the_saved_model_gives(self):
    floats = image_arrays.to_float(clients.noise(2, 8, 8, 3))
    answer = self.predict(
      {'signature_name': 'embed', 'inputs': {'image': floats.tolist()}}
    )
    np.testing.assert_allclose(
      answer.json()['outputs'], saved().embed(floats), atol=1e-5
    )

  def test_a_run_has_the_signatures_of_all_directions(self):
    png = clients.encoded(clients.noise(8, 8, 3))
    for signature in ('anime2photo', 'serving_default'):
      answer = self.predict(
        {'signature_name': signature, 'instances': [b64(png)]}, 'tiny'
      )
      self.pixels(answer.json()['predictions'][0])
    floats = image_arrays.to_float(clients.noise(1, 8, 8, 3))
    answer = self.predict(
      {'signature_name': 'anime2photo_floats', 'instances': floats.tolist()},
      'tiny',
    )
    np.testing.assert_allclose(
      answer.json()['predictions'],
      clients.model().translator.translate_floats(floats, 'photo', 'anime'),
      atol=1e-5,
    )

  @parameterized.named_parameters(
    ('no_json', b'{', 'JSON Parse error'),
    ('deep', b'[' * 100_000, 'JSON Parse error'),
    ('list', [], 'not an object'),
    ('nothing', {}, "Missing 'inputs' or 'instances' key"),
    ('both', {'inputs': [], 'instances': []}, 'expecting only one of'),
    ('no_list', {'instances': {}}, 'to be an list'),
    ('none', {'instances': []}, "No values in 'instances'"),
    ('signature', {'signature_name': 'x', 'instances': [1]}, 'not found in'),
    ('kind', {'signature_name': 3, 'instances': [1]}, 'not found in'),
    ('base64', {'instances': [{'b64': '!'}]}, 'Unable to base64 decode'),
    ('number', {'instances': [3]}, 'no bytes'),
    ('name', {'instances': [{'x': {'b64': ''}}]}, 'named input: image_bytes'),
    ('too_many', {'instances': [{'b64': ''}] * 5}, 'over the limit of 4'),
    (
      'shape',
      {'signature_name': 'translate', 'instances': [[1, 2]]},
      r'\[8, 8, 3\] numbers',
    ),
    (
      'ragged',
      {'signature_name': 'translate', 'instances': [[1], [1, 2]]},
      r'\[8, 8, 3\] numbers',
    ),
    (
      'not_finite',
      {'signature_name': 'translate', 'inputs': [[[[np.nan] * 3] * 8] * 8]},
      'not finite',
    ),
  )
  def test_a_wrong_request_is_said_as_tensorflow_serving_does(
    self, asked, message
  ):
    answer = self.predict(asked)
    self.assertEqual(answer.status_code, 400, answer.text)
    self.assertEqual(list(answer.json()), ['error'])
    self.assertRegex(answer.json()['error'], message)

  def test_half_a_character_is_no_image(self):
    answer = self.predict(b'{"instances": ["\\ud800"]}')
    self.assertEqual(answer.status_code, 200, answer.text)
    (prediction,) = answer.json()['predictions']
    self.assertIn('not an image', prediction['error'])

  def test_versions(self):
    asked = {'instances': [b64(golden('input'))]}
    self.assertEqual(
      self.predict(asked, 'photo2anime/versions/1').status_code, 200
    )
    missing = 'photo2anime/versions/'
    for name in (f'{missing}7', f'{missing}x', missing + '9' * 5000, 'nothing'):
      answer = self.predict(asked, name)
      self.assertEqual(answer.status_code, 404)
      self.assertRegex(answer.json()['error'], 'Servable not found')
    status = self.client.get('/v1/models/photo2anime').json()
    self.assertEqual(
      status['model_version_status'],
      [
        {
          'version': '1',
          'state': 'AVAILABLE',
          'status': {'error_code': 'OK', 'error_message': ''},
        }
      ],
    )
    self.assertEqual(
      self.client.get('/v1/models/photo2anime/versions/1').json(), status
    )
    self.assertEqual(self.client.get('/v1/models/x').status_code, 404)
    described = self.client.get('/v1/models/photo2anime/metadata').json()
    self.assertEqual(described['model_spec']['name'], 'photo2anime')
    self.assertCountEqual(
      described['metadata']['signature_def']['signature_def'],
      [
        *('serving_default', 'translate', 'embed'),
        *('photo2anime', 'photo2anime_floats'),
      ],
    )


if __name__ == '__main__':
  absltest.main()

"""`/v1/encode` gives the content code, where the model has one."""

import numpy as np
from absl.testing import absltest

from tests import shared_artifacts
from tests.serving import clients
from tf_twingan.serving import models


class EncodeTest(absltest.TestCase):
  def encode(self, client, **fields):
    content = clients.encoded(clients.noise(8, 8, 3))
    return client.post('/v1/encode', data=fields, files=clients.upload(content))

  def test_it_is_the_mean_of_the_content_code(self):
    with clients.client() as client:
      first = self.encode(client).json()
      anime = self.encode(client, source='anime').json()
    model = clients.model()
    image = clients.noise(8, 8, 3)[None]
    for answer, domain in ((first, 'photo'), (anime, 'anime')):
      code = model.translator.encode(image, domain)[0].mean(axis=(0, 1))
      np.testing.assert_allclose(
        answer['embedding'], code, rtol=1e-4, atol=1e-5
      )
      self.assertEqual(answer['source'], domain)
      self.assertEqual(answer['fingerprint'], model.fingerprint)

  def test_a_bundle_has_none_and_says_so(self):
    bundle = models.from_bundle(str(shared_artifacts.bundle()))
    with clients.client(bundle) as client:
      answer = self.encode(client)
      abilities = client.get('/v1/domains').json()['models'][0]['abilities']
    self.assertEqual(answer.status_code, 422)
    self.assertEqual(answer.json()['error']['code'], 'not_supported')
    self.assertFalse(abilities['encode'])


if __name__ == '__main__':
  absltest.main()

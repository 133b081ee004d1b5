"""`/v1/search` finds what the index finds, with and without one."""

import base64
import pathlib
import tempfile

from absl.testing import absltest

import tf_twingan
from tests import shared_artifacts
from tests.serving import clients
from tf_twingan.data.sources import registry
from tf_twingan.retrieval import search_index
from tf_twingan.serving import models, served_index


class SearchTest(absltest.TestCase):
  def search(self, client, image, **fields):
    return client.post(
      '/v1/search', data=fields, files=clients.upload(clients.encoded(image))
    )

  def opened(self, folder):
    return served_index.ServedIndex(folder, models.Models([clients.model()]))

  def test_the_neighbours_are_those_of_the_index(self):
    folder = str(shared_artifacts.search_index())
    index = search_index.SearchIndex.load(folder, clients.model().translator)
    image = clients.noise(8, 8, 3)
    with clients.client(index=self.opened(folder)) as client:
      answer = self.search(client, image, k=3).json()
      plain = self.search(client, image, k=3, thumbnails=False).json()
      many = self.search(client, image, k=100).json()
      own = self.search(client, image, k=1, by='own', source='photo').json()
    (expected,) = index.query(image[None], 'photo', k=3)
    self.assertEqual(answer['source'], 'photo')
    for found, (record, distance) in zip(
      answer['neighbours'], expected, strict=True
    ):
      self.assertEqual(found['name'], record.name)
      self.assertEqual(found['domain'], 'anime')
      self.assertAlmostEqual(found['distance'], distance, places=4)
      self.assertEqual(
        clients.decoded(base64.b64decode(found['thumbnail'])).tolist(),
        index.image(record.number).tolist(),
      )
    self.assertNotIn('thumbnail', plain['neighbours'][0])
    self.assertLen(many['neighbours'], len(index))
    self.assertLen(own['neighbours'], 1)

  def test_the_served_model_is_used_and_another_one_is_loaded(self):
    folder = str(shared_artifacts.search_index())
    index = self.opened(folder)
    self.assertIs(index._index.translator, clients.model().translator)
    other = models.ServedModel(
      'other', tf_twingan.Translator(str(shared_artifacts.run(seed=2)))
    )
    index = served_index.ServedIndex(folder, models.Models([other]))
    self.assertEqual(
      index._index.translator.fingerprint, clients.model().fingerprint
    )

  def test_an_index_that_another_program_changes_is_opened_anew(self):
    folder = pathlib.Path(tempfile.mkdtemp(), 'index')
    translator = clients.model().translator
    built = search_index.SearchIndex.build(str(folder), translator)
    images = registry.load('avatars:lorelei?limit=6', translator.resolution)
    named = [(str(i), image) for i, image in enumerate(images.images)]
    built.add('anime', named)
    built.finish()
    with clients.client(index=self.opened(str(folder))) as client:
      image = clients.noise(8, 8, 3)
      before = self.search(client, image, k=6).json()['neighbours']
      self.assertLen(before, 6)
      gone = before[0]['name']
      built.remove([gone])
      after = self.search(client, image, k=6)
    self.assertEqual(after.status_code, 200, after.text)
    self.assertNotIn(gone, [n['name'] for n in after.json()['neighbours']])

  def test_without_an_index_it_is_said_how_to_get_one(self):
    with clients.client() as client:
      answer = self.search(client, clients.noise(8, 8, 3))
      self.assertEqual(answer.status_code, 404)
      self.assertEqual(answer.json()['error']['code'], 'no_index')
      self.assertFalse(client.get('/v1/domains').json()['search'])

  def test_wrong_fields_are_said(self):
    folder = str(shared_artifacts.search_index())
    with clients.client(index=self.opened(folder), max_neighbours=9) as client:
      for fields in ({'k': 0}, {'k': 10}, {'source': 'x'}, {'by': 'x'}):
        answer = self.search(client, clients.noise(8, 8, 3), **fields)
        self.assertEqual(answer.status_code, 422, answer.text)


if __name__ == '__main__':
  absltest.main()

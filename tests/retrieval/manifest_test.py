"""The manifest keeps the keys of its file; it names all files of an index."""

import types

from absl.testing import absltest

from tf_twingan.retrieval import manifest


def entry(name):
  return {'name': name, 'sha256': '0'}


# As version 0.1.0 wrote it.
VALUES = {
  'id': 'ab12',
  'embedding_version': 1,
  'fingerprint': 'f' * 64,
  'origin': 'pretrained:avatar_twins',
  'kind': None,
  'server': None,
  'embedding': entry('index-embedding.npz'),
  'shards': [
    {
      'domain': 'anime',
      'source': 'avatars:lorelei',
      'count': 2,
      'pictures': entry('index-0.pictures.npy'),
      'names': entry('index-0.names.json'),
      'vectors': entry('index-0.vectors.npy'),
      'key': 'k1',
    },
    {
      'domain': 'photo',
      'source': 'folder:/photos',
      'count': 1,
      'pictures': entry('index-1.pictures.npy'),
      'names': entry('index-1.names.json'),
      'vectors': None,
      'key': None,
    },
  ],
  'findable': {
    'anime': {
      'key': 'k1',
      'kind': 'flat',
      'count': 2,
      'file': entry('index-2.faiss'),
    },
    'photo': {'key': 'k2', 'kind': 'qdrant', 'count': 0, 'file': None},
  },
}


class ManifestTest(absltest.TestCase):
  def test_the_keys_of_the_file_stay(self):
    read = manifest.Manifest.from_json({**VALUES, 'format': 1})
    self.assertEqual(read.shards[1].images, entry('index-1.pictures.npy'))
    self.assertEqual(read.findable['anime'].count, 2)
    self.assertEqual(read.to_json(), VALUES)

  def test_an_empty_index_is_of_its_model(self):
    model = types.SimpleNamespace(fingerprint='a' * 64, origin='/runs/mine')
    values = manifest.Manifest.of_empty_index(model).to_json()
    self.assertEqual(set(values), set(VALUES))
    self.assertEqual(values['origin'], '/runs/mine')
    self.assertRegex(values['id'], '^[0-9a-f]{32}$')
    self.assertEmpty(values['shards'])

  def test_every_file_is_named(self):
    names = [e['name'] for e in manifest.Manifest.from_json(VALUES).entries()]
    self.assertLen(names, 7)
    self.assertContainsSubset(
      ['index-embedding.npz', 'index-1.names.json', 'index-2.faiss'], names
    )


if __name__ == '__main__':
  absltest.main()

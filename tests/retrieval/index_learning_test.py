"""What an index learns, when it learns again, and from whose images."""

import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf

from tests import shared_artifacts
from tf_twingan import inference
from tf_twingan.retrieval import embeddings, index_learning, records, storage


def images(count, seed=0):
  return np.random.default_rng(seed).integers(
    0, 256, [count, 8, 8, 3], dtype=np.uint8
  )


class LearningTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = inference.Translator(str(shared_artifacts.run()))

  def setUp(self):
    super().setUp()
    self.records = records.Records(storage.Storage(tempfile.mkdtemp()), [], 8)

  def add(self, domain, some):
    self.records.append(domain, '', [str(i) for i in range(len(some))], some)

  def learn(self, old=None):
    return index_learning.learn(self.records, self.translator, old)

  def mean(self, *parts):
    return embeddings.mean(
      [self.translator.scales(some, domain) for domain, some in parts]
    )[4]

  def test_means_are_the_domains_own_where_there_are_enough(self):
    anime, photo = images(70, 1), images(64, 2)
    self.add('anime', anime)
    self.add('photo', photo)
    learned = self.learn()
    for domain, some in (('anime', anime), ('photo', photo)):
      self.assertAllClose(learned.means[domain][4], self.mean((domain, some)))
    self.assertEqual(learned.learned_from, {'photo': 64, 'anime': 70})
    # Codes of 4 x 4 places and 8 channels span no more.
    self.assertEqual(learned.projection.shape, (128, 128))

  def test_a_small_sample_is_filled_up_with_translations(self):
    anime = images(70)
    self.add('anime', anime)
    translated = self.translator.translate(anime, to='photo')
    learned = self.learn()
    self.assertAllClose(
      learned.means['photo'][4], self.mean(('photo', translated))
    )
    few = images(3, 5)
    self.add('photo', few)
    self.assertAllClose(
      self.learn(learned).means['photo'][4],
      self.mean(('photo', few), ('photo', translated)),
    )

  def test_it_learns_again_at_twice_as_many(self):
    self.add('anime', images(10))
    first = self.learn()
    self.add('anime', images(9, 1))
    self.assertIsNone(self.learn(first))
    self.add('anime', images(1, 2))
    second = self.learn(first)
    self.assertNotEqual(second.key('anime'), first.key('anime'))
    self.assertEqual(second.learned_from['anime'], 20)

  def test_enough_is_enough_but_not_for_another_domain(self):
    with mock.patch.object(index_learning, 'ENOUGH', 16):
      self.add('anime', images(16))
      first = self.learn()
      self.add('anime', images(100, 1))
      self.assertIsNone(self.learn(first))
      self.add('photo', images(64, 2))
      second = self.learn(first)
    # What decides the anime images' vectors has stayed.
    self.assertEqual(second.key('anime'), first.key('anime'))
    self.assertNotEqual(second.key('photo'), first.key('photo'))


if __name__ == '__main__':
  tf.test.main()

"""The shipped model reaches the figures of its card on held-out characters."""

import re
import tempfile

import numpy as np
import pytest
import tensorflow as tf

import tf_twingan
from tf_twingan import image_arrays
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.metrics import nearest_counterpart
from tf_twingan.runs import loading

COUNT = 100
STYLES = {'photo': 'toon-head', 'anime': 'lorelei'}


class PretrainedTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = tf_twingan.Translator.from_pretrained('avatar_twins')
    cls.folder = loading.pretrained_dir('avatar_twins')
    cls.card = (cls.folder / 'MODEL_CARD.md').read_text()
    # Numbers from 0 on are the test split; all styles hold them.
    cls.images = {
      domain: np.stack(
        [
          drawing.draw(characters.character(number), style)
          for number in range(COUNT)
        ]
      )
      for domain, style in STYLES.items()
    }

  def recall(self, source, target, translate):
    images = self.images[source]
    if translate:
      images = self.translator.translate(images, to=target)
    small, targets = (
      image_arrays.downsample(p, 32) for p in (images, self.images[target])
    )
    return [
      nearest_counterpart.recall(small, targets, remove_mean=remove)
      for remove in (False, True)
    ]

  def test_translations_find_their_counterpart_as_the_card_says(self):
    for source, target in (('photo', 'anime'), ('anime', 'photo')):
      row = re.search(rf'{source} to {target} \| (\d+) % \| (\d+) %', self.card)
      translated = self.recall(source, target, True)
      untranslated = self.recall(source, target, False)
      for recall, percent, floor in zip(translated, row.groups(), untranslated):
        # Processors round differently, which may change a few characters.
        self.assertAllClose(recall, int(percent) / 100, atol=0.04)
        self.assertGreater(recall, floor + 0.2)

  @pytest.mark.slow
  def test_search_finds_portraits_among_anime_faces(self):
    folder = tempfile.mkdtemp()
    index = tf_twingan.SearchIndex.build(folder, self.translator)
    index.add(
      'anime',
      ((str(i), image) for i, image in enumerate(self.images['anime'])),
    )
    index.finish()
    results = index.query(self.images['photo'], 'photo', k=1)
    recall = np.mean([n.record.name == str(i) for i, [n] in enumerate(results)])
    self.assertGreaterEqual(recall, 0.75)
    self.assertGreater(recall, max(self.recall('photo', 'anime', False)) + 0.2)

  def test_it_is_small_and_has_a_card(self):
    size = sum(p.stat().st_size for p in self.folder.rglob('*') if p.is_file())
    self.assertLess(size, 5e6)
    for topic in ('Data', 'Schedule', 'Figures', 'Licence', 'Limits'):
      self.assertIn(f'## {topic}', self.card)
    self.assertIn(f'{self.translator.images_seen:,}', self.card)


if __name__ == '__main__':
  tf.test.main()

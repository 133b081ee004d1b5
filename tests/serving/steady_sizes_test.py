"""Batches whose size or order would show in results are not computed."""

import numpy as np
from absl.testing import absltest

from tests.serving import clients
from tf_twingan.serving import models, settings, steady_sizes

LIMITS = settings.Settings(batch_sizes=(1, 4, 8))


class Translator:
  """Gives its images, and a little more."""

  domains = ('photo', 'anime')
  resolution = 2
  takes_floats = True

  def __init__(self, more):
    self._more = more

  def supports(self, source, to):
    return to == 'anime'

  def translate_floats(self, images, to, source):
    return images + 1e-6 * np.float32(self._more(images))


def sizes(more):
  model = models.ServedModel('a', Translator(more))
  steady_sizes.settle(model, LIMITS)
  return model.batch_sizes


class SteadySizesTest(absltest.TestCase):
  def test_all_sizes_are_used_where_they_give_the_same(self):
    self.assertEqual(sizes(lambda images: 0), (1, 4, 8))
    model = models.ServedModel('a', clients.model().translator)
    steady_sizes.settle(model, LIMITS)
    self.assertEqual(model.batch_sizes, (1, 4, 8))

  def test_one_size_is_used_where_another_one_shows(self):
    for odd in (1, 4, 8):
      with self.assertLogs(level='WARNING'):
        self.assertEqual(sizes(lambda images, n=odd: len(images) == n), (4,))

  def test_images_are_computed_alone_where_their_place_shows(self):
    place = lambda images: np.arange(len(images))[:, None, None, None]  # noqa: E731
    with self.assertLogs(level='WARNING'):
      self.assertEqual(sizes(place), (1,))

  def test_what_cannot_be_tried_is_computed_one_by_one(self):
    translator = Translator(lambda images: 0)
    translator.takes_floats = False
    model = models.ServedModel('a', translator)
    steady_sizes.settle(model, LIMITS)
    self.assertEqual(model.batch_sizes, (1,))

  def test_what_is_served_keeps_to_the_sizes(self):
    used = []

    class Counting(Translator):
      def translate(self, images, to, source):
        used.append(len(images))
        return images

    model = models.ServedModel('a', Counting(len))
    with self.assertLogs(level='WARNING'):
      with clients.client(model, batch_sizes=(1, 4, 8)):
        pass
    self.assertEqual(used, [4])


if __name__ == '__main__':
  absltest.main()

"""People are cut out of portraits, alone; what is no portrait is rejected."""

import concurrent.futures
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest
from tensorflow.lite.python import schema_py_generated as schema

from benchmarks import person_model
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import cutout

MAGENTA = np.array([255, 0, 255], np.uint8)
SIZE = 96


def portraits(count):
  """Drawn portraits that the network takes for people, and who is where."""
  images, subjects = [], []
  for number in range(count):
    character = characters.character(number)
    image = drawing.draw(character, 'toon-head', SIZE)
    behind = np.frombuffer(bytes.fromhex(character.background_color), np.uint8)
    images.append(image)
    subjects.append((image != behind).any(axis=-1))
  return images, subjects


class CutoutTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.segmenter = cutout.Segmenter()
    cls.images, cls.subjects = portraits(8)

  def test_a_person_stays_and_the_rest_becomes_the_colour(self):
    for image, subject in zip(self.images, self.subjects):
      result = self.segmenter.cut_out(image, MAGENTA)
      self.assertEqual(result.reason, '')
      self.assertEqual(result.image.dtype, np.uint8)
      self.assertEqual(result.image.shape, image.shape)
      found = result.alpha > 0.5
      overlap = (found & subject).sum() / (found | subject).sum()
      self.assertGreater(overlap, 0.8)
      opaque = result.alpha == 1
      np.testing.assert_array_equal(result.image[opaque], image[opaque])
      empty = result.alpha == 0
      np.testing.assert_array_equal(
        result.image[empty], np.broadcast_to(MAGENTA, [empty.sum(), 3])
      )
      self.assertGreater(empty.mean(), 0.1)

  def test_probabilities_have_the_size_of_any_image(self):
    wide = np.concatenate([self.images[0]] * 2, axis=1)[:80]
    probabilities = self.segmenter.person(wide)
    self.assertEqual(probabilities.shape, (80, 2 * SIZE))
    self.assertEqual(probabilities.dtype, np.float32)
    self.assertBetween(probabilities.min(), 0, 1)
    self.assertBetween(probabilities.max(), 0.9, 1)

  def test_haze_is_background_and_neighbours_are_not_the_person(self):
    mask = np.zeros([256, 256], np.float32)
    mask[80:180, 80:180] = 1
    mask[200:, :] = 0.15
    neighbour = (slice(0, 40), slice(0, 40))
    mask[neighbour] = 1
    with mock.patch.object(self.segmenter, '_mask', return_value=mask):
      result = self.segmenter.cut_out(
        np.zeros([256, 256, 3], np.uint8), MAGENTA
      )
    expected = np.zeros([256, 256])
    expected[80:180, 80:180] = 1
    np.testing.assert_array_equal(result.alpha, expected)

  def test_nobody_in_the_middle_is_rejected(self):
    shade = np.linspace(60, 200, SIZE, dtype=np.uint8)
    image = np.broadcast_to(shade[:, None, None], [SIZE, SIZE, 3])
    result = self.segmenter.cut_out(image, MAGENTA)
    self.assertEqual(result.reason, 'no_person')
    self.assertIsNone(result.image)
    self.assertLess(result.score, 0.5)

  def test_a_mask_that_is_unsure_everywhere_is_rejected(self):
    mask = np.full([256, 256], 0.6, np.float32)
    with mock.patch.object(self.segmenter, '_mask', return_value=mask):
      result = self.segmenter.cut_out(self.images[0], MAGENTA)
    self.assertEqual(result.reason, 'unclear_person')
    self.assertIsNone(result.image)
    self.assertAlmostEqual(result.score, 4 * 0.6 * 0.4, places=5)

  def test_threads_share_it_and_get_the_same(self):
    alone = [self.segmenter.person(image) for image in self.images]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
      together = list(pool.map(self.segmenter.person, self.images * 3))
    for index, probabilities in enumerate(together):
      np.testing.assert_array_equal(probabilities, alone[index % 8])

  def test_a_damaged_file_is_refused_in_one_line(self):
    path = pathlib.Path(tempfile.mkdtemp()) / 'person.tflite'
    path.write_bytes(cutout._PATH.read_bytes()[:-100])
    with self.assertRaisesRegex(
      ValueError, r'^.*tflite is damaged; install .*$'
    ):
      cutout.Segmenter(path)

  def test_the_file_says_that_it_was_changed(self):
    model = schema.Model.GetRootAsModel(cutout._PATH.read_bytes(), 0)
    self.assertEqual(model.Description(), person_model.NOTICE)
    card = cutout._PATH.with_name('MODEL_CARD.md').read_text()
    self.assertIn('Apache-2.0', card)


if __name__ == '__main__':
  absltest.main()

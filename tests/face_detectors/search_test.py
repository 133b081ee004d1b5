"""Which windows of an image are searched, and how their boxes are merged."""

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.face_detectors.planted_faces import Planted, detections
from tf_twingan.face_detectors import search


class SearchTest(parameterized.TestCase):
  def test_a_large_image_is_made_smaller(self):
    image, scale = search.shrunk(np.zeros((4000, 6144, 3), np.uint8))
    self.assertEqual(image.size, (3072, 2000))
    self.assertEqual(scale, 0.5)

  @parameterized.parameters((1, 1), (4, 20000), (30000, 1), (50, 70))
  def test_no_size_is_refused(self, height, width):
    image, scale = search.shrunk(np.zeros((height, width, 3), np.uint8))
    self.assertLessEqual(max(image.size), search.LONGEST_SIDE)
    self.assertGreaterEqual(min(image.size), 1)
    self.assertLessEqual(scale, 1)
    self.assertLess(len(search.search_windows(*image.size)), 70)

  def test_a_small_image_is_no_tile_of_itself(self):
    sides = [window.side for window in search.search_windows(96, 80)]
    self.assertEqual(sides, [120, 192])

  @parameterized.parameters(
    ((1500, 1000), 70),
    ((1500, 1000), 330),
    ((1500, 1000), 950),
    ((3000, 2000), 130),
    ((300, 2000), 120),
    ((128, 128), 100),
  )
  def test_a_face_is_found_wherever_it_is(self, size, side):
    random = np.random.default_rng(side)
    for _ in range(10):
      place = random.uniform(0, np.array(size) - side)
      network = Planted([[*place, *(place + side)]])
      found = search.candidates(network, Image.new('RGB', size), 0.5)
      np.testing.assert_allclose(found.boxes, network.boxes)

  def test_boxes_of_one_face_become_their_weighted_mean(self):
    merged = search.merged(
      detections(
        [[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.75, 0.25, 0.5]
      )
    )
    np.testing.assert_allclose(
      merged.boxes, [[0.25, 0, 10.25, 10], [50, 50, 60, 60]]
    )
    np.testing.assert_allclose(merged.points[0], [[0.25, 0]] * 6)
    np.testing.assert_allclose(merged.scores, [0.75, 0.5])

  def test_nothing_is_merged_to_nothing(self):
    merged = search.merged(detections([], []))
    self.assertEqual(merged.points.shape, (0, 6, 2))


if __name__ == '__main__':
  absltest.main()

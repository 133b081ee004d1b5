"""A second look keeps what all windows show, and finds the whole of a part."""

import math

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests.face_detectors.planted_faces import Planted, detections
from tf_twingan.face_detectors import closer_look
from tf_twingan.face_detectors.windows import Window

IMAGE = Image.new('RGB', (200, 200))


class Fickle(Planted):
  """Sees its boxes in the first windows alone."""

  def __init__(self, boxes, looks):
    super().__init__(boxes)
    self.looks = looks

  def detect(self, image, window, threshold, mirrored=False):
    seen = super().detect(image, window, threshold, mirrored)
    return seen if len(self.windows) <= self.looks else detections([], [])


class CloserLookTest(absltest.TestCase):
  def test_roll(self):
    points = np.zeros((6, 2))
    points[1] = (10, 10)
    self.assertAlmostEqual(closer_look.roll(points), math.pi / 4)

  def test_a_window_around_a_box(self):
    self.assertEqual(
      closer_look.around(np.array([10, 20, 30, 50]), 2.0, 0.5),
      Window(20, 35, 60, 0.5),
    )

  def test_a_face_keeps_its_score(self):
    network = Planted([[80, 80, 120, 120]])
    seen = closer_look.confirm(network, IMAGE, network.boxes[0], 0.0)
    np.testing.assert_allclose(seen.boxes, network.boxes)
    np.testing.assert_allclose(seen.scores, [0.9])

  def test_what_few_windows_show_has_a_low_score(self):
    network = Fickle([[80, 80, 120, 120]], looks=3)
    seen = closer_look.confirm(network, IMAGE, network.boxes[0], 0.0)
    np.testing.assert_allclose(seen.scores, [0.9 * 2 / 4])

  def test_what_no_window_shows_is_no_face(self):
    box = np.array([80, 80, 120, 120])
    for looks in (0, 1):
      network = Fickle([box], looks)
      self.assertIsNone(closer_look.confirm(network, IMAGE, box, 0.0))

  def test_a_part_leads_to_the_whole_face(self):
    network = Planted([[60, 60, 140, 140]])
    part = np.array([70, 90, 120, 140])
    seen = closer_look.confirm(network, IMAGE, part, 0.0)
    np.testing.assert_allclose(seen.boxes, network.boxes)

  def test_another_face_nearby_does_not_count(self):
    network = Planted([[100, 80, 140, 120]])
    box = np.array([60, 80, 100, 120])
    self.assertIsNone(closer_look.confirm(network, IMAGE, box, 0.0))

  def test_boxes_that_keep_their_score_are_confirmed(self):
    network = Planted([[60, 60, 120, 120]])
    ((seen, angle),) = closer_look.confirmed(
      network, IMAGE, candidate=0.3, least=0.9
    )
    np.testing.assert_allclose(seen.boxes, network.boxes)
    self.assertEqual(angle, 0)
    self.assertEmpty(
      [*closer_look.confirmed(network, IMAGE, candidate=0.3, least=0.91)]
    )


if __name__ == '__main__':
  absltest.main()

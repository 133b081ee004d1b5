"""Faces of any roll are found, each once and at its place."""

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.prepare import drawn_faces
from tf_twingan.data.prepare import alignment
from tf_twingan.face_detectors import base, turned


class Upright(base.FaceDetector):
  """Finds the drawn face, if it is rolled by at most 50 degrees."""

  def find(self, image):
    marks = drawn_faces.find_marks(image)
    face = base.Face(
      np.float32([*marks.min(0) - 9, *marks.max(0) + 9]),
      0.9,
      marks[:2].astype(np.float32),
      marks[2].astype(np.float32),
    )
    template = alignment.Template(
      eyes=((0.35, 0.3), (0.7, 0.33)), mouth=(0.5, 0.75)
    )
    roll = alignment.roll(alignment.matrix(face, template, 0, 64))
    return [face._replace(score=1 - abs(roll) / 90)] if abs(roll) < 50 else []


class EyelessBox(base.FaceDetector):
  def find(self, image):
    return [base.Face(np.float32([5, 5, 20, 20]), 0.9)]


class TurnedTest(parameterized.TestCase):
  @parameterized.parameters(0, 40, 85, 90, 130, 180, -100)
  def test_a_face_of_any_roll_is_found_once(self, roll):
    image, face = drawn_faces.draw((220, 300), (170, 110), 120, roll)
    (found,) = turned.TurnedDetector(Upright()).find(image)
    np.testing.assert_allclose(found.eyes, face.eyes, atol=0.5)
    np.testing.assert_allclose(found.mouth, face.mouth, atol=0.5)
    middle = found.box.reshape(2, 2).mean(axis=0)
    marks = np.stack([*face.eyes, face.mouth])
    np.testing.assert_allclose(
      middle, (marks.min(0) + marks.max(0)) / 2, atol=0.5
    )

  def test_without_eyes_only_the_upright_image_counts(self):
    image = np.zeros([50, 80, 3], np.uint8)
    (found,) = turned.TurnedDetector(EyelessBox()).find(image)
    self.assertEqual(found.box.tolist(), [5, 5, 20, 20])


if __name__ == '__main__':
  absltest.main()

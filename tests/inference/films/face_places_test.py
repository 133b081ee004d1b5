"""Faces moved and blended by hand, and as numbers."""

import numpy as np
from absl.testing import absltest

from tf_twingan import faces
from tf_twingan.inference.films import face_places

EYES, MOUTH = np.array([[15.0, 15], [25, 15]]), np.array([20.0, 25])
FACE = faces.Face(np.array([10.0, 10, 30, 40]), 0.5, EYES, MOUTH)


class FacePlacesTest(absltest.TestCase):
  def test_a_box_stays_upright_where_a_face_turns(self):
    turn = np.array([[0.0, -2.0, 10.0], [2.0, 0.0, 20.0]])
    moved = face_places.moved(FACE, turn)
    np.testing.assert_allclose(face_places.middle(FACE), [20, 25])
    np.testing.assert_allclose(moved.box, [-60, 30, -20, 90])
    np.testing.assert_allclose(moved.eyes, [[-20, 50], [-20, 70]])
    np.testing.assert_allclose(moved.mouth, [-40, 60])
    bare = face_places.moved(faces.Face(FACE.box, 0.5), turn)
    self.assertIsNone(bare.eyes)
    self.assertIsNone(bare.mouth)

  def test_blends_what_both_have(self):
    found = faces.Face(FACE.box + 10, 0.9, EYES + 10)
    blended = face_places.blended(FACE, found, 0.3)
    np.testing.assert_allclose(blended.box, FACE.box + 3)
    np.testing.assert_allclose(blended.eyes, EYES + 3)
    np.testing.assert_array_equal(blended.mouth, MOUTH)
    self.assertEqual(blended.score, 0.9)

  def test_comes_back_from_numbers(self):
    for face in (FACE, faces.Face(FACE.box, 0.5)):
      back = face_places.from_numbers(face_places.to_numbers(face))
      for one, other in zip(face, back):
        np.testing.assert_equal(one, other)


if __name__ == '__main__':
  absltest.main()

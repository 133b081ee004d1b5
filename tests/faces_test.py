"""Tests of the registry of face detectors."""

import sys
import types

import numpy as np
from absl.testing import absltest

from tf_twingan import faces


class Nobody(faces.FaceDetector):
  def find(self, image):
    del image
    return []


class FacesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    known = dict(faces.DETECTORS)
    self.addCleanup(faces.DETECTORS.update, known)
    self.addCleanup(faces.DETECTORS.clear)

  def test_a_registered_detector_is_made_anew_each_time(self):
    faces.register('nobody', Nobody)
    first, second = faces.detector('nobody'), faces.detector('nobody')
    self.assertIsInstance(first, Nobody)
    self.assertIsNot(first, second)

  def test_registering_twice_is_allowed_only_for_the_same_factory(self):
    faces.register('nobody', Nobody)
    faces.register('nobody', Nobody)
    with self.assertRaisesRegex(ValueError, "'nobody' is there already"):
      faces.register('nobody', lambda: Nobody())

  def test_none_is_no_name_of_a_detector(self):
    with self.assertRaisesRegex(ValueError, "'none' is there already"):
      faces.register('none', Nobody)

  def test_an_unknown_detector_names_those_that_there_are(self):
    with self.assertRaisesRegex(
      ValueError,
      "'humans' is unknown; use one of human, anime, cat; did you mean 'human'",
    ):
      faces.detector('humans')

  def test_a_command_line_may_name_a_factory(self):
    module = types.ModuleType('detector_of_a_user')
    module.Nobody = Nobody
    sys.modules[module.__name__] = module
    self.addCleanup(sys.modules.pop, module.__name__)
    name = faces.load('detector_of_a_user:Nobody')
    self.assertEqual(name, 'detector_of_a_user:Nobody')
    self.assertIsInstance(faces.detector(name), Nobody)

  def test_a_record_cannot_have_a_module_imported(self):
    self.assertNotIn('this', sys.modules)
    with self.assertRaisesRegex(ValueError, "'this:s' is not registered"):
      faces.detector('this:s')
    self.assertNotIn('this', sys.modules)

  def test_what_cannot_be_imported_is_refused(self):
    for name in ('no_such_module:f', 'math:f', ':f', 'math:'):
      with self.subTest(name), self.assertRaisesRegex(ValueError, 'imported'):
        faces.load(name)
    self.assertEqual(faces.load('human'), 'human')

  def test_a_face_knows_its_side(self):
    face = faces.Face(np.float32([10, 20, 40, 70]), 0.5)
    self.assertEqual(face.side, 40)
    self.assertIsNone(face.eyes)


if __name__ == '__main__':
  absltest.main()

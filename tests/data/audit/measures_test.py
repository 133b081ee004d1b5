"""Measures of images and faces, against values worked out by hand."""

import math

import numpy as np
from absl.testing import absltest

from tests.data.audit import measured_sets
from tf_twingan import faces, framing
from tf_twingan.data.audit import (
  dataset_measures,
  face_measures,
  image_measures,
  outliers,
  repeats,
)
from tf_twingan.data.prepare import near_duplicates


class ImageMeasuresTest(absltest.TestCase):
  def test_halves_of_two_colours(self):
    square = np.zeros([128, 128, 3], np.uint8)
    square[:, 64:] = (255, 0, 0)
    measured = image_measures.measure(square, 200, 100)
    self.assertEqual((measured.width, measured.height), (200, 100))
    self.assertAlmostEqual(measured.brightness, 0.299 / 2, places=3)
    self.assertAlmostEqual(measured.contrast, 0.299 / 2, places=3)
    self.assertAlmostEqual(measured.saturation, 0.5, places=3)
    self.assertAlmostEqual(measured.red, 0.5, places=3)
    self.assertEqual((measured.green, measured.blue), (0, 0))

  def test_a_border_is_plain_whatever_is_below(self):
    square = np.full([128, 128, 3], 90, np.uint8)
    square[70:] = np.random.default_rng(0).integers(0, 256, [58, 128, 3])
    square[20:, 20:-20] = 200
    self.assertEqual(image_measures.measure(square, 9, 9).plain_border, 1)
    square[:64, :10] = 200
    self.assertLess(image_measures.measure(square, 9, 9).plain_border, 0.8)


class FaceMeasuresTest(absltest.TestCase):
  def face(self, **changes):
    face = faces.Face(
      np.float32([80, 30, 120, 90]),
      1.0,
      np.float32([[90, 50], [110, 50]]),
      np.float32([100, 75]),
    )
    return face._replace(**changes)

  def measure(self, face, framed=None):
    framed = framed or framing.Framing()
    return face_measures.measure([face, face], 200, 100, framed)

  def test_a_face_in_the_middle_of_a_wide_image(self):
    measured = self.measure(self.face())
    expected = dict(faces=2, scale=0.5, x=0.5, y=0.6, eyes=0.2)
    expected |= dict(eyes_x=0.5, eyes_y=0.5, roll=0, yaw=0)
    np.testing.assert_allclose(measured, [*expected.values()], atol=1e-9)

  def test_what_the_framing_keeps_is_the_measure(self):
    cropped = self.measure(self.face(), framing.Framing(crop=0.5))
    self.assertAlmostEqual(cropped.scale, 1.0)
    self.assertAlmostEqual(cropped.y, 0.7)
    padded = self.measure(self.face(), framing.Framing(fit='pad'))
    self.assertAlmostEqual(padded.scale, 0.25)
    self.assertAlmostEqual(padded.y, 0.55)

  def test_roll_and_yaw(self):
    rolled = self.face(eyes=np.float32([[90, 40], [110, 60]]))
    self.assertAlmostEqual(self.measure(rolled).roll, 45)
    turned = self.face(
      eyes=np.float32([[100, 50], [120, 50]]), mouth=np.float32([110, 75])
    )
    # Half of half the width of 40 px: the sine of 30 degrees.
    self.assertAlmostEqual(self.measure(turned).yaw, 30)
    self.assertAlmostEqual(self.measure(turned).roll, 0)

  def test_unknown_parts(self):
    measured = self.measure(self.face(eyes=None, mouth=None))
    self.assertAlmostEqual(measured.scale, 0.5)
    self.assertTrue(math.isnan(measured.eyes) and math.isnan(measured.yaw))
    framed = framing.Framing()
    self.assertEqual(face_measures.measure([], 9, 9, framed).faces, 0)
    nowhere = face_measures.measure(None, 9, 9, framed)
    self.assertTrue(math.isnan(nowhere.faces))


class DatasetMeasuresTest(absltest.TestCase):
  def test_a_sample_is_even(self):
    self.assertEqual(dataset_measures.evenly(10, 4), [0, 2, 5, 7])
    self.assertEqual(dataset_measures.evenly(3, 4), [0, 1, 2])
    self.assertEqual(dataset_measures.evenly(0, 4), [])


class OutliersTest(absltest.TestCase):
  def test_the_worst_come_first_with_what_they_differ_by(self):
    rng = np.random.default_rng(0)
    columns = {
      'brightness': rng.normal(0.5, 0.01, 100),
      'contrast': rng.normal(0.2, 0.01, 100),
    }
    columns['brightness'][7] = 0.8
    columns['contrast'][3] = 0.4
    thumbnails = rng.normal(size=[100, 4]).astype(np.float32)
    thumbnails[50] += 1000
    measured = measured_sets.measured(
      columns=columns, count=100, thumbnails=thumbnails
    )
    found = outliers.find(measured, 3)
    self.assertCountEqual(
      [(one.image, one.measure) for one in found],
      [(7, 'brightness'), (3, 'contrast'), (50, 'colours')],
    )
    deviations = [one.deviations for one in found]
    self.assertEqual(deviations, sorted(deviations, reverse=True))
    self.assertLen(outliers.find(measured, 1), 1)

  def test_images_that_are_alike_and_few_ones_have_none(self):
    self.assertEmpty(outliers.find(measured_sets.measured(), 9))
    few = measured_sets.measured(count=5, columns={'x': [1, 1, 1, 1, 9]})
    self.assertEmpty(outliers.find(few, 9))


class RepeatsTest(absltest.TestCase):
  def test_copies_and_look_alikes(self):
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 200, [3, 32, 32, 3], np.uint8)
    a, b, c = map(near_duplicates.fingerprint, shown)
    like_a = near_duplicates.fingerprint(shown[0] + 20)
    first = measured_sets.measured(
      count=4, digests=['a', 'b', 'a', 'c'], fingerprints=[a, b, a, c]
    )
    second = measured_sets.measured(
      count=2, digests=['d', 'b'], fingerprints=[like_a, b]
    )
    found = repeats.find([first, second])
    self.assertEqual(
      found,
      [
        repeats.Group(((0, 0), (0, 2)), True),
        repeats.Group(((0, 1), (1, 1)), True),
        repeats.Group(((0, 0), (1, 0)), False),
      ],
    )
    self.assertEqual(found[0].within(0), found[0])
    self.assertIsNone(found[2].within(1))
    self.assertEqual(found[2].datasets, {0, 1})


if __name__ == '__main__':
  absltest.main()

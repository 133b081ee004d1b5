"""Frames become the RGB that their tags say, and YUV again."""

import av
import numpy as np
import pytest
from absl.testing import absltest, parameterized

from tf_twingan.inference.films import colors

# Codes of ITU-T H.273: matrix, range, primaries, transfer.
BT709, BT601 = (1, 1, 1, 1), (6, 1, 6, 6)
PQ, HLG = (9, 1, 9, 16), (9, 1, 9, 18)


def frame(values, tags, pixels='yuv420p', width=16, height=16):
  """A frame of one colour, given as the values of its planes."""
  made = av.VideoFrame(width, height, pixels)
  kind = np.uint16 if '10' in pixels else np.uint8
  for plane, value in zip(made.planes, values):
    count = plane.buffer_size // np.dtype(kind).itemsize
    plane.update(np.full(count, value, kind).tobytes())
  made.colorspace, made.color_range, made.color_primaries, made.color_trc = tags
  return made


def perceptual_quantizer(light):
  """SMPTE ST 2084: the share of the range that stands for light in cd/m2."""
  power = (light / 10_000) ** (2610 / 16384)
  return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (
    2523 / 32
  )


class ColorsTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('white', (235, 128, 128), BT709, (255, 255, 255)),
    ('black', (16, 128, 128), BT709, (0, 0, 0)),
    ('full_range', (235, 128, 128), (1, 2, 1, 1), (235, 235, 235)),
    ('no_range', (235, 128, 128), (1, 0, 1, 1), (255, 255, 255)),
    # The same numbers are another blue by another matrix.
    ('blue', (32, 240, 118), BT709, (0, 0, 255)),
    ('blue_of_601', (41, 240, 110), BT601, (0, 0, 255)),
    ('blue_of_2020', (29, 240, 119), (9, 1, 9, 14), (0, 0, 255)),
    ('small_without_matrix', (41, 240, 110), (2, 0, 2, 2), (0, 0, 255)),
  )
  def test_rgb(self, values, tags, expected):
    made = frame(values, tags)
    image = colors.Colors(made).to_rgb(made)
    self.assertEqual(image.shape, (16, 16, 3))
    np.testing.assert_allclose(image[8, 8], expected, atol=1)

  @parameterized.parameters(
    (BT709, BT709),
    (BT601, BT601),
    ((1, 2, 1, 1), (1, 2, 1, 1)),
    ((9, 1, 9, 14), (9, 1, 9, 14)),
    # What players assume.
    ((2, 0, 2, 2), (6, 1, 2, 2)),
    (PQ, BT709),
    (HLG, BT709),
  )
  def test_tags_of_the_result(self, tags, expected):
    self.assertEqual(colors.Colors(frame((50,) * 3, tags)).result, expected)

  def test_large_films_without_a_matrix_are_bt709(self):
    made = frame((32, 240, 118), (2, 0, 2, 2), width=1280, height=720)
    converter = colors.Colors(made)
    self.assertEqual(converter.result, (1, 1, 2, 2))
    np.testing.assert_allclose(converter.to_rgb(made)[8, 8], (0, 0, 255), 0, 1)

  @parameterized.parameters(BT709, BT601, (1, 2, 1, 1), (9, 1, 9, 14), PQ)
  def test_there_and_back(self, *tags):
    converter = colors.Colors(frame((100, 110, 140), tags))
    made = av.VideoFrame(64, 48, 'yuv420p')
    y, x = np.mgrid[:48, :64]
    smooth = 60 + x + y, 100 + x[:24, :32] // 2, 150 - y[:24, :32]
    for plane, values in zip(made.planes, smooth):
      rows = np.zeros([plane.height, plane.line_size], np.uint8)
      rows[:, : plane.width] = values
      plane.update(rows.tobytes())
    made.colorspace, made.color_range, *_ = converter.result
    back = converter.from_rgb(converter.to_rgb(_resized(made, converter)))
    self.assertEqual(back.format.name, 'yuv420p')
    self.assertEqual(back.colorspace, converter.result.matrix)
    self.assertEqual(back.color_range, converter.result.range)
    for plane, original in zip(back.planes, _resized(made, converter).planes):
      np.testing.assert_allclose(_values(plane), _values(original), atol=1)

  def test_high_dynamic_range_keeps_the_white(self):
    light = np.array([0, 10, 100, 203, 1000])
    values = np.rint(64 + 876 * perceptual_quantizer(light))
    made = frame((0, 512, 512), PQ, 'yuv420p10le', width=80)
    rows = np.zeros([16, made.planes[0].line_size // 2], np.uint16)
    rows[:, :80] = np.repeat(values, 16)
    made.planes[0].update(rows.tobytes())
    image = colors.Colors(made).to_rgb(made)
    # A display of gamma 2.4 shows 203 cd/m2 as its white.
    expected = 255 * np.minimum(1, light / 203) ** (1 / 2.4)
    np.testing.assert_allclose(
      image[8, 8::16], np.repeat(expected[:, None], 3, axis=1), atol=2.5
    )

  @pytest.mark.slow
  def test_hybrid_log_gamma_has_its_white_at_three_quarters(self):
    made = frame((64 + 876 * 3 // 4, 512, 512), HLG, 'yuv420p10le')
    image = colors.Colors(made).to_rgb(made)
    np.testing.assert_allclose(image[8, 8], [255] * 3, atol=2)

  def test_ten_bits(self):
    made = frame((502, 512, 512), BT709, 'yuv420p10le')
    image = colors.Colors(made).to_rgb(made)
    np.testing.assert_allclose(image[8, 8], [127.5] * 3, atol=1)

  def test_frames_take_the_size_of_the_first(self):
    converter = colors.Colors(frame((235, 128, 128), BT709))
    other = frame((235, 128, 128), BT709, width=32, height=48)
    self.assertEqual(converter.to_rgb(other).shape, (16, 16, 3))

  def test_an_unknown_matrix_is_refused(self):
    with self.assertRaisesRegex(colors.UnknownColors, 'matrix 14 of .* first'):
      colors.Colors(frame((50, 50, 50), (14, 1, 9, 16)))


def _resized(made, converter):
  return made.reformat(*converter.size, interpolation='AREA')


def _values(plane):
  rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
  return rows[:, : plane.width].astype(int)


if __name__ == '__main__':
  absltest.main()

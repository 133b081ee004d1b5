"""Cuts of films that are made of moved, brightened and changed images."""

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan.inference.films import cuts


def scene(seed, size=(320, 180), detail=(20, 12)):
  """A smooth random image, uint8 [height, width, 3]."""
  spots = np.random.default_rng(seed).integers(
    30, 170, [detail[1], detail[0], 3], np.uint8
  )
  return np.asarray(
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
  )


def noisy(frame, seed):
  noise = np.random.default_rng(seed).normal(0, 8, frame.shape)
  return np.clip(frame + noise, 0, 255).astype(np.uint8)


def found(frames):
  detector = cuts.CutDetector()
  return [i for i, frame in enumerate(frames) if detector.begins_shot(frame)]


def brightened(frame, levels):
  return np.clip(frame.astype(int) + levels, 0, 255).astype(np.uint8)


class CutsTest(parameterized.TestCase):
  def test_finds_hard_cuts_alone(self):
    frames = [
      noisy(scene(shot), 10 * shot + i) for shot in range(6) for i in range(4)
    ]
    self.assertEqual(found(frames), [0, 4, 8, 12, 16, 20])

  @parameterized.parameters(10, 40, 100)
  def test_a_pan_is_no_cut(self, step):
    wide = scene(0, (320 + 8 * step, 180), (20 + step // 2, 12))
    frames = [wide[:, step * i : step * i + 320] for i in range(9)]
    frames = [noisy(frame, i) for i, frame in enumerate(frames)]
    self.assertEqual(found(frames), [0])

  def test_a_zoom_is_no_cut(self):
    large = Image.fromarray(scene(0, (640, 360)))
    frames = []
    for i in range(12):
      x, y = 16 * i, 9 * i
      frame = large.resize((320, 180), box=(x, y, 640 - x, 360 - y))
      frames.append(noisy(np.asarray(frame), i))
    self.assertEqual(found(frames), [0])

  @parameterized.parameters(60, 150, 255)
  def test_a_flash_is_no_cut(self, levels):
    frames = [noisy(scene(0), i) for i in range(8)]
    frames[3] = brightened(frames[3], levels)
    frames[4] = brightened(frames[4], levels)
    self.assertEqual(found(frames), [0])

  @parameterized.parameters(10, 14, 16, 18, 24)
  def test_a_wall_in_soft_light_is_one_shot(self, levels):
    light = 128 + levels * np.linspace(-0.5, 0.5, 640)
    wall = np.broadcast_to(light[:, None], [360, 640, 3])
    rng = np.random.default_rng(0)
    frames = [np.rint(wall + rng.normal(0, 2, wall.shape)) for _ in range(9)]
    frames = [frame.astype(np.uint8) for frame in frames]
    self.assertEqual(found(frames), [0])
    other = scene(0, (640, 360))
    self.assertEqual(found([*frames, other, other]), [0, 9])

  def test_a_wall_in_soft_light_is_not_the_scene_before(self):
    light = 100 + 16 * np.linspace(-0.5, 0.5, 320)
    wall = np.broadcast_to(light[:, None], [180, 320, 3]).astype(np.uint8)
    self.assertEqual(found([scene(0)] * 3 + [wall] * 3), [0, 3])

  def test_a_light_that_goes_off_is_no_cut(self):
    frames = [scene(0), (scene(0) * 0.3).astype(np.uint8), scene(0)]
    self.assertEqual(found(frames), [0])

  def test_a_fade_to_black_is_a_cut_where_another_scene_follows(self):
    def faded(shot):
      return [
        (scene(shot) * share).astype(np.uint8) for share in (1, 0.6, 0.2, 0)
      ]

    black = [np.zeros_like(scene(0))] * 5
    same = faded(0) + black + faded(0)[::-1]
    self.assertEqual(found(same), [0])
    other = faded(0) + black + faded(1)[::-1]
    self.assertLen(found(other), 2)

  def test_a_cut_to_a_bright_scene_is_found_late_but_found(self):
    frames = [scene(0)] * 3 + [brightened(scene(1), 80)] * 5
    self.assertEqual(found(frames), [0, 5])

  def test_forgets_at_reset(self):
    detector = cuts.CutDetector()
    self.assertTrue(detector.begins_shot(scene(0)))
    self.assertFalse(detector.begins_shot(scene(0)))
    detector.reset()
    self.assertTrue(detector.begins_shot(scene(0)))

  def test_a_frame_of_few_pixels_is_compared(self):
    frames = [scene(i, (16, 16), (8, 8)) for i in (0, 0, 1)]
    self.assertEqual(found(frames), [0, 2])


if __name__ == '__main__':
  absltest.main()

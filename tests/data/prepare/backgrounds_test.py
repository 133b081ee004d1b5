"""Backgrounds: what users type, random colours, subjects without a halo."""

import dataclasses

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import backgrounds


class ColorTest(parameterized.TestCase):
  @parameterized.parameters(
    ('keep', 'keep'),
    ('random', 'random'),
    ('#80C0ff', '#80c0ff'),
    ('#fff', '#ffffff'),
    ('lightgray', '#d3d3d3'),
  )
  def test_what_users_type(self, text, expected):
    self.assertEqual(backgrounds.parse(text), expected)

  @parameterized.parameters(
    ('randam', "'randam' is no background; use keep, .*did you mean 'random'"),
    ('magnta', "did you mean 'magenta'"),
    ('#12345', "'#12345' is no background"),
  )
  def test_other_words_are_refused(self, text, message):
    with self.assertRaisesRegex(ValueError, message):
      backgrounds.parse(text)

  @parameterized.parameters('anime', 'cat', 'none', 'dog')
  def test_other_faces_are_refused_but_keep_their_background(self, faces):
    backgrounds.check('keep', faces)
    backgrounds.check('random', 'human')
    with self.assertRaisesRegex(ValueError, f'faces is {faces}: .* keep'):
      backgrounds.check('random', faces)

  def test_colours(self):
    self.assertEqual(backgrounds.color('plain').tolist(), [255, 255, 255])
    self.assertEqual(backgrounds.color('#8001ff').tolist(), [128, 1, 255])
    with self.assertRaisesRegex(ValueError, "'keep' is no colour"):
      backgrounds.color('keep')

  def test_a_random_colour_follows_from_the_name_and_the_face(self):
    # Prepared images must not change with later versions.
    self.assertEqual(
      backgrounds.color('random', 'a.png', 0).tolist(), [168, 155, 154]
    )
    colours = {
      tuple(backgrounds.color('random', name, index).tolist())
      for name in ('a.png', 'b.png', 'caf\udce9.png')
      for index in range(3)
    }
    self.assertLen(colours, 9)

  def test_random_colours_are_pale_and_varied(self):
    values = np.array(
      [backgrounds.color('random', str(n)) for n in range(300)], float
    )
    most, least = values.max(axis=1), values.min(axis=1)
    self.assertBetween(most.min(), 126, 140)
    self.assertBetween(most.max(), 235, 243)
    self.assertLessEqual((1 - least / most).max(), 0.41)
    # Each channel is the largest in about a third.
    shares = np.bincount(values.argmax(axis=1), minlength=3) / len(values)
    self.assertGreater(shares.min(), 0.2)


class JoinTest(absltest.TestCase):
  def test_a_colour_unlike_a_subject_s(self):
    image = np.zeros([4, 5, 3], np.uint8)
    alpha = np.ones([4, 5])
    alpha[:, 4] = 0
    seen = set()
    for _ in range(3):
      colour = backgrounds.unlike(image, alpha)
      self.assertNotIn(tuple(colour.tolist()), seen)
      seen.add(tuple(colour.tolist()))
      # Now some of the subject has it, and what is behind it has another.
      image[:, len(seen)] = colour
      image[:, 4] = 255
    distances = np.abs(
      image[0, :4].astype(int) - backgrounds.unlike(image, alpha)
    )
    self.assertGreater(distances.max(axis=-1).min(), 40)

  def test_a_halo_does_not_stay(self):
    """Avatars on two backgrounds say what is right, and how opaque they are."""
    for number in range(4):
      character = characters.character(number)
      image, target, black = (
        drawing.draw(
          dataclasses.replace(character, background_color=colour),
          'toon-head',
          96,
        )
        for colour in ('ffffff', '2040c0', '000000')
      )
      difference = image.astype(float).mean(-1) - black.astype(float).mean(-1)
      alpha = 1 - difference / 255
      edge = (alpha > 0.1) & (alpha < 0.9)
      self.assertGreater(edge.sum(), 50)
      colour = np.array([0x20, 0x40, 0xC0], np.uint8)
      joined = backgrounds.join(image, alpha, colour)
      naive = alpha[..., None] * image + (1 - alpha[..., None]) * colour

      def error(values, edge=edge, target=target):
        return np.abs(values - target.astype(float))[edge].mean()

      self.assertLess(error(joined), 11)
      self.assertLess(error(joined), 0.45 * error(naive))
      np.testing.assert_allclose(
        joined[~edge].astype(float), target[~edge], atol=30
      )

  def test_all_or_nothing(self):
    image = np.random.default_rng(0).integers(0, 256, [8, 9, 3], np.uint8)
    colour = np.array([1, 2, 3], np.uint8)
    np.testing.assert_array_equal(
      backgrounds.join(image, np.ones([8, 9]), colour), image
    )
    np.testing.assert_array_equal(
      backgrounds.join(image, np.zeros([8, 9]), colour),
      np.broadcast_to(colour, image.shape),
    )


if __name__ == '__main__':
  absltest.main()

"""Characters: the same for a number everywhere, and of every kind."""

import dataclasses

import numpy as np
from absl.testing import absltest

from tf_twingan.data.avatars import characters


class CharactersTest(absltest.TestCase):
  def test_follows_from_the_number_alone(self):
    np.random.seed(1)
    first = [characters.character(n) for n in range(20)]
    np.random.seed(2)
    self.assertEqual(first, [characters.character(n) for n in range(20)])
    self.assertLen(set(first), 20)

  def test_does_not_change_between_versions(self):
    self.assertEqual(
      characters.character(7),
      characters.Character(
        number=7,
        hair_color='b48a52',
        hair_shape='curly',
        skin_color='e3ae88',
        clothes_color='7a1222',
        background_color='d1eaa4',
        glasses=False,
        mouth='smile',
        eyes='open',
        facing='left',
        tilt=6.88,
        scale=1.06,
        x=0.4,
        y=-0.58,
      ),
    )

  def test_vivid_changes_the_hair_only_and_of_a_few(self):
    vivid = 0
    for number in range(1000):
      natural = characters.character(number)
      other = characters.character(number, vivid=True)
      self.assertIn(natural.hair_color, characters.NATURAL_HAIR.values())
      if other != natural:
        vivid += 1
        self.assertIn(other.hair_color, characters.VIVID_HAIR.values())
        self.assertEqual(
          dataclasses.replace(other, hair_color=natural.hair_color), natural
        )
    self.assertAlmostEqual(vivid / 1000, 0.04, delta=0.015)

  def test_every_value_of_a_factor_occurs(self):
    seen = [characters.character(n) for n in range(1000)]
    for factor, values in [
      ('hair_shape', characters.HAIR_SHAPES),
      ('mouth', characters.MOUTHS),
      ('eyes', characters.EYES),
      ('facing', characters.FACINGS),
      ('skin_color', characters.SKIN),
      ('glasses', (False, True)),
      ('background_color', characters.BACKGROUND),
    ]:
      self.assertSetEqual({getattr(c, factor) for c in seen}, set(values))

  def test_negative_number(self):
    with self.assertRaisesRegex(ValueError, 'got -1'):
      characters.character(-1)

  def test_identity_is_hair_and_skin_alone(self):
    people = [
      characters.Character(hair_shape='bun', skin_color=characters.SKIN[0]),
      characters.Character(
        hair_color=characters.VIVID_HAIR['pink'],
        facing='left',
        mouth='sad',
        glasses=True,
        tilt=5.0,
      ),
    ]
    factors = {
      name: np.array([getattr(p, name) for p in people])
      for name in ('hair_color', 'hair_shape', 'skin_color', 'facing')
    }
    rows = characters.identity_vectors(factors)
    self.assertEqual(rows.shape, (2, 16 + 7 + 6))
    self.assertEqual(
      [np.flatnonzero(row).tolist() for row in rows],
      [[2, 16 + 6, 23 + 0], [8 + 5, 16 + 1, 23 + 1]],
    )
    self.assertEqual(set(rows.ravel()), {0.0, 1.0})


if __name__ == '__main__':
  absltest.main()

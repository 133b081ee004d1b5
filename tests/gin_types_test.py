"""Values of gin files whose type a parameter does not take."""

import pathlib
import tempfile

from absl.testing import absltest, parameterized

import gin
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_files,
)


class GinTypesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)

  @parameterized.parameters(
    (
      "Growth.batch_size='8'",
      "Growth.batch_size is '8'; it takes a whole number or a dict of a whole "
      'number to a whole number. Without quotes: '
      '--gin_param="Growth.batch_size=8".',
    ),
    (
      'Growth.stable_images={4: 8.5}',
      'Growth.stable_images is {4: 8.5}; it takes a whole number or a dict of '
      'a whole number to a whole number.',
    ),
    ("train.mirror='no'", "train.mirror is 'no'; it takes True or False."),
    (
      "train.mirror='False'",
      "train.mirror is 'False'; it takes True or False. Without quotes: "
      '--gin_param="train.mirror=False".',
    ),
    ('train.seed=1.5', 'train.seed is 1.5; it takes a whole number.'),
    (
      "train.stop_after_images='x'",
      "train.stop_after_images is 'x'; it takes a whole number or None.",
    ),
    ('TwinGAN.norm=None', 'TwinGAN.norm is None; it takes a string.'),
    ('train.domains=None', 'train.domains is None; it takes a list.'),
    (
      'train.growth=3',
      'train.growth is 3; it takes a reference such as @NAME or @NAME().',
    ),
    (
      'Objective.cycle_weight=True',
      'Objective.cycle_weight is True; it takes a number.',
    ),
  )
  def test_a_value_of_another_type_is_refused(self, param, message):
    with self.assertRaises(ValueError) as caught:
      gin_files.parse('tiny.gin', [param])
    self.assertEqual(str(caught.exception), message)

  def test_a_value_of_a_file_is_held_against_what_its_macro_is_used_for(self):
    mine = pathlib.Path(tempfile.mkdtemp(), 'mine.gin')
    mine.write_text("include 'tiny.gin'\nsize = '8'\nGrowth.batch_size = %size")
    with self.assertRaisesRegex(ValueError, "Growth.batch_size is '8'"):
      gin_files.parse(str(mine))
    gin_files.parse(str(mine), ['size=4'])

  @parameterized.parameters(
    ('Growth.stable_images=1e2', 'Growth.stable_images', 100),
    ('Growth.fade_images={8: 2e1}', 'Growth.fade_images', {8: 20}),
    ('train.mirror=0', 'train.mirror', False),
    ('train.checkpoint_minutes=5', 'train.checkpoint_minutes', 5),
    ('train.stop_after_images=None', 'train.stop_after_images', None),
    ('Objective.augmentation=None', 'Objective.augmentation', None),
  )
  def test_a_value_that_can_be_meant_is_taken(self, param, name, expected):
    gin_files.parse('tiny.gin', [param])
    value = gin.query_parameter(name)
    self.assertEqual(repr(value), repr(expected))


if __name__ == '__main__':
  absltest.main()

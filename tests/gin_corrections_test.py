"""Values of --gin_param that can't be read, and what to type instead."""

import re
import shlex

from absl.testing import absltest, parameterized

from tf_twingan import gin_corrections

MACROS = {'photo': 'folder:a', 'final_resolution': 64}


def message(param):
  try:
    gin_corrections.check(param, MACROS, 'mine.gin')
  except ValueError as error:
    return str(error)
  return None


class GinCorrectionsTest(parameterized.TestCase):
  @parameterized.parameters(
    "photo='folder:/my/portraits'",
    "photo=r'folder:C:\\Users\\me'",
    'photo="folder:/it\'s mine"',
    'final_resolution=32',
    "train.domains=[('a', 'folder:/x'), ('b', %photo)]",
    'Growth.stable_images={8: 4_000, 16: 10_000}',
    'Objective.augmentation=@Augmentation()',
    'scope/TwinGAN.norm="batch"',
  )
  def test_bindings_pass(self, param):
    self.assertIsNone(message(param))

  @parameterized.parameters(
    (
      'photo=folder:/my/portraits',
      '--gin_param=photo=folder:/my/portraits does not parse: '
      'folder:/my/portraits has no quotes; write --photo=folder:/my/portraits '
      'or --gin_param="photo=\'folder:/my/portraits\'".',
    ),
    (
      'photo=avatars:lorelei?limit=5',
      '--photo="avatars:lorelei?limit=5" or ',
    ),
    ("photo=folder:/it's mine", 'write --photo="folder:/it\'s mine" or '),
    (
      'TwinGAN.norm=batch',
      'batch has no quotes; write --gin_param="TwinGAN.norm=\'batch\'".',
    ),
    (
      "photo='folder:C:\\Users\\me'",
      'slashes, which Windows takes, too: '
      '--gin_param="photo=\'folder:C:/Users/me\'", or r before',
    ),
    # Python takes this one, for a folder with a line end in its name.
    (
      "photo='folder:C:\\temp\\new'",
      '--gin_param="photo=\'folder:C:/temp/new\'", or r before',
    ),
    ('photo=folder:C:\\new', 'write --photo=folder:C:/new or '),
    (
      "photo='folder:/x",
      'its quotes do not match; write --gin_param="photo=\'folder:/x\'".',
    ),
    ('photo=\'folder:/x"', '--gin_param="photo=\'folder:/x\'".'),
    (
      "train.domains=[('a', 'x'), ('b', 'y')",
      'a bracket is missing; write '
      "--gin_param=\"train.domains=[('a', 'x'), ('b', 'y')]\".",
    ),
    (
      'train.domains=[(a, folder:/x), (b, %photo)]',
      'strings in it have no quotes; write '
      "--gin_param=\"train.domains=[('a', 'folder:/x'), ('b', %photo)]\".",
    ),
    (
      'final_resolution=32px',
      "'32px' is no number; write --gin_param=final_resolution=64.",
    ),
    ('Growth.batch_size=', 'write NAME=VALUE'),
    ('photo', 'is no binding; write NAME=VALUE'),
    (
      "phto='x'",
      "no macro 'phto' in mine.gin; did you mean 'photo'? It has: "
      'final_resolution, photo.',
    ),
  )
  def test_others_are_refused_with_the_line_to_type(self, param, expected):
    self.assertIn(expected, message(param))

  @parameterized.parameters(
    'photo=folder:/a b',
    "photo=folder:/it's $mine",
    'train.domains=[(a, folder:/x), (b, y)',
    "photo='C:\\Users'",
  )
  def test_the_line_to_type_is_right(self, param):
    told = message(param).split('write ', 1)[1]
    (line,) = re.findall(r'--gin_param=(.*?)(?:\.|, or r .*)$', told)
    (typed,) = shlex.split(line)
    self.assertIsNone(message(typed), typed)


if __name__ == '__main__':
  absltest.main()

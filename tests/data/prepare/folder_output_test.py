"""Names of prepared images: plain, unique, and those of their photos."""

import os

from absl.testing import absltest, parameterized

from tf_twingan import plain_names
from tf_twingan.data.prepare import folder_output


def names(*photos, faces=None, split='train'):
  found = folder_output.image_names(
    photos, faces or [0] * len(photos), [split] * len(photos)
  )
  for name in found:
    plain_names.check_path(name)
  return [name.removeprefix(f'{split}/') for name in found]


class FolderOutputTest(parameterized.TestCase):
  def test_photos_give_their_names(self):
    self.assertEqual(names('a.jpg', 'b/c.PNG'), ['a.png', 'b/c.png'])

  def test_further_faces_have_numbers(self):
    found = names('a.jpg', 'a.jpg', 'a_1.jpg', faces=[0, 1, 0])
    self.assertEqual(found, ['a.png', 'a_1.png', 'a_1.jpg.png'])

  def test_equal_names_are_told_apart(self):
    found = names('a.jpg', 'a.png', 'A.jpg', 'a.jpg.png')
    self.assertEqual(found[:2], ['a.jpg.png', 'a.png.png'])
    self.assertLen({name.casefold() for name in found}, 4)

  def test_a_folder_may_be_called_like_an_image(self):
    found = names('x.jpg', 'X.png/deep/a.jpg', 'y.jpg', 'y_1.png/b.jpg')
    self.assertEqual(
      found, ['x.jpg.png', 'X.png/deep/a.png', 'y.png', 'y_1.png/b.png']
    )
    found = names('y.jpg', 'y.jpg', 'y_1.png/b.jpg', faces=[0, 1, 0])
    self.assertEqual(found, ['y.png', 'y.jpg_1.png', 'y_1.png/b.png'])

  def test_a_folder_of_the_split_is_left_out(self):
    self.assertEqual(names('train/a.jpg'), ['a.png'])
    self.assertEqual(names('val/a.jpg', split='test'), ['a.png'])
    self.assertEqual(names('test/a.jpg'), ['test/a.png'])

  @parameterized.parameters(
    ('a b.c', 'a b.c'),
    ('é漢', 'é漢'),
    ('.hidden', '_hidden'),
    ('a:b*c?"<>|\\d', 'a_b_c______d'),
    ('a\udcff\n\u202eb', 'a___b'),
    ('dots...', 'dots'),
    ('...', '_'),
    ('con. ', 'con'),
  )
  def test_names_become_plain(self, name, expected):
    self.assertEqual(folder_output.plain_name(name), expected)

  def test_long_names_are_cut_and_told_apart(self):
    photos = ['é' * 120 + f'{i}.jpg' for i in range(3)] + ['x' * 251 + '.jpg']
    found = names(*photos)
    self.assertLen({*found}, 4)
    for name in found:
      self.assertLess(len(os.fsencode(name)), 200)
      self.assertEndsWith(name, '.png')

  def test_names_that_lead_elsewhere_do_not(self):
    self.assertEqual(names('../../etc/a.png', '/b.png'), ['etc/a.png', 'b.png'])


if __name__ == '__main__':
  absltest.main()

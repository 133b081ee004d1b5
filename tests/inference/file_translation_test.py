"""Which images are translated, and what their outputs are called."""

import contextlib
import io
import os
import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan.inference import file_translation


class FilesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp(), 'in')
    self.output = self.root.parent / 'out'

  def names(self, *images):
    """The name of each image's output, the images made and found first."""
    for name in images:
      path = self.root / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(b'content')
    found = file_translation.find_images(self.root, self.output)
    outputs = file_translation.output_paths(found, self.root, self.output)
    return {
      path.relative_to(self.root).as_posix(): output.relative_to(
        self.output
      ).as_posix()
      for path, output in outputs.items()
    }

  def test_what_is_not_there(self):
    for path, expected in (
      ('no/photos', 'no/photos: no such file or folder; check'),
      ('https://x.org/a.png', 'https://x.org/a.png: addresses are not opened'),
      ('no/*.png', r'no/\*.png: .* patterns are not looked for; give the'),
    ):
      with self.assertRaisesRegex(FileNotFoundError, expected):
        file_translation.find_images(path, self.output)

  def test_names_are_those_of_the_images(self):
    self.assertEqual(
      self.names('a.jpg', 'b.PNG', 'deep/a.png'),
      {'a.jpg': 'a.png', 'b.PNG': 'b.png', 'deep/a.png': 'deep/a.png'},
    )

  def test_no_two_are_the_same_on_any_disk(self):
    for images in (
      ['a.jpg', 'a.png'],
      ['a.jpg', 'a.png', 'a.jpg.png', 'a.jpg.webp'],
      ['A.png', 'a.png', 'a.PNG'],
      ['B/a.png', 'b/A.jpg'],
      ['\u00e9.png', 'e\u0301.png'],
      ['a.jpg', 'a.png/b.jpg'],
    ):
      with self.subTest(str(images)):
        self.setUp()
        names = self.names(*images)
        self.assertLen(names, len(images))
        taken = [
          name.casefold().replace('e\u0301', '\u00e9')
          for name in names.values()
        ]
        self.assertLen(set(taken), len(images))
        for name in taken:
          self.assertFalse(any(n.startswith(f'{name}/') for n in taken))

  def test_endings_and_then_numbers_tell_them_apart(self):
    self.assertEqual(
      self.names('a.jpg', 'a.png', 'B.png', 'b.png'),
      {
        'a.jpg': 'a.jpg.png',
        'a.png': 'a.png.png',
        'B.png': 'B.png.png',
        'b.png': 'b.png-2.png',
      },
    )

  def test_earlier_outputs_are_left_out(self):
    self.output = self.root / 'out'
    self.assertEqual(self.names('a.jpg', 'out/a.png'), {'a.jpg': 'a.png'})
    # Wherever the way there leads through a link.
    link = self.root.parent / 'link'
    link.symlink_to(self.root)
    found = file_translation.find_images(link, self.output)
    self.assertEqual(found, [link / 'a.jpg'])
    # The images may lie in the folder for the outputs.
    self.output = self.root.parent
    self.assertLen(self.names(), 2)

  def test_films_are_left_out_and_counted(self):
    self.output = self.root / 'out'
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
      names = self.names('a.jpg', 'b.mp4', 'deep/c.MOV', 'out/d.mp4')
    self.assertEqual(names, {'a.jpg': 'a.png'})
    self.assertEqual(
      printed.getvalue(),
      f'2 films in {self.root} are left out: give each by itself, '
      f'--input={self.root / "b.mp4"}.\n',
    )
    (self.root / 'a.jpg').unlink()
    with contextlib.redirect_stdout(printed):
      with self.assertRaisesRegex(ValueError, 'holds no images; these'):
        self.names()
    self.assertEqual(printed.getvalue().count('2 films in'), 2)

  def test_outputs_never_stand_among_the_images(self):
    self.output = self.root
    with self.assertRaisesRegex(ValueError, 'taken for images, too; choose'):
      self.names('a.jpg')
    with self.assertRaisesRegex(ValueError, 'would be overwritten; choose'):
      self.names('b.png')
    # One image alone may have its output beside it.
    one = [self.root / 'a.jpg']
    self.assertEqual(
      file_translation.output_paths(one, one[0], self.root),
      {one[0]: self.root / 'a.png'},
    )

  def test_odd_entries_are_named_too(self):
    self.root.mkdir()
    (self.root / 'loop.png').symlink_to('loop.png')
    (self.root / 'dangling.png').symlink_to('/no/such.png')
    os.mkfifo(self.root / 'pipe.png')
    self.assertEqual(self.names('a.png')['a.png'], 'a.png')


if __name__ == '__main__':
  absltest.main()

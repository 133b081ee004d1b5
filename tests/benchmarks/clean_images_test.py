"""The benchmark of near-duplicates and blur, on images that are made for it."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from benchmarks import clean_images
from tests.data.prepare import drawn_faces
from tf_twingan import image_io


def textures(count=4):
  """Images with detail of every size, each another one."""
  fur = drawn_faces.fur(128)
  return [
    Image.fromarray(np.rot90(np.roll(fur, 16 * i, axis=0), i % 4).copy())
    for i in range(count)
  ]


def rows(table):
  return {row[0]: row[1:] for row in table.rows}


class CleanImagesTest(absltest.TestCase):
  def test_copies_are_found_and_others_are_not(self):
    sheets = tempfile.mkdtemp()
    copy = clean_images.cut(textures(1)[0], 'left', 'top')
    strict, loose = clean_images.duplicate_tables(
      {'a': textures(2), 'b': [*textures(2), copy]},
      [10, 60],
      sheets,
    )
    self.assertEqual(strict.columns, ['', 'a', 'b'])
    self.assertIn('duplicate_distance=10', strict.title)
    self.assertEqual(
      rows(strict)['saved as JPEG of quality 30'], ['100.0 %', '100.0 %']
    )
    # Detail of every size is lost by a cut to one side, but not to 60 %.
    corner = 'cut by 2 % on two sides that meet'
    self.assertEqual(rows(strict)[corner][0], '0.0 %')
    self.assertEqual(rows(loose)[corner][0], '100.0 %')
    near = 'images near to another one'
    self.assertEqual(rows(strict)[near], ['0 of 2', '0 of 3'])
    self.assertEqual(rows(loose)[near], ['0 of 2', '2 of 3'])
    # Of what is near: the two, side by side.
    self.assertEqual(
      [p.name for p in pathlib.Path(sheets).iterdir()], ['b_60.png']
    )
    shown = image_io.read(pathlib.Path(sheets, 'b_60.png'))
    self.assertEqual(shown.shape, (128, 256, 3))

  def test_blur_is_found_from_some_radius_on(self):
    (table,) = clean_images.blur_tables({'a': textures(1)}, [0.15])
    found = rows(table)
    self.assertEqual(found['as they are'], ['0.0 %'])
    self.assertEqual(found['blurred by 3 % of the side'], ['100.0 %'])
    self.assertEqual(found['enlarged from 32 px'], ['100.0 %'])

  def test_what_is_cut_by_hand(self):
    image = Image.fromarray(
      np.arange(100 * 50 * 3, dtype=np.uint32)
      .astype(np.uint8)
      .reshape(100, 50, 3)
    )
    values = np.asarray(image)
    for sides, expected in (
      (('left',), values[:, 1:]),
      (('left', 'top'), values[2:, 1:]),
      (('left', 'top', 'right', 'bottom'), values[2:-2, 1:-1]),
    ):
      np.testing.assert_array_equal(clean_images.cut(image, *sides), expected)

  def test_a_folder_without_images_is_refused(self):
    folder = tempfile.mkdtemp()
    with self.assertRaisesRegex(ValueError, 'holds no image file'):
      clean_images.read(folder, 2)
    for name in ('b.png', 'a.png', 'c.png'):
      image_io.write_png(
        pathlib.Path(folder, name), np.full([4, 4, 3], ord(name[0]), np.uint8)
      )
    pathlib.Path(folder, 'SOURCE.md').write_text('no image')
    values = [im.getpixel((0, 0))[0] for im in clean_images.read(folder, 2)]
    self.assertEqual(values, [ord('a'), ord('b')])


if __name__ == '__main__':
  absltest.main()

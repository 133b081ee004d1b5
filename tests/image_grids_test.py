"""Contact sheets: cells, headers, captions."""

import numpy as np
from absl.testing import absltest

from tf_twingan import image_grids


class ContactSheetTest(absltest.TestCase):
  def _content(self, sheet):
    """Rows and columns of the sheet that hold anything but white."""
    ink = (sheet < 250).any(-1)
    return ink.any(1), ink.any(0)

  def test_small_images_show_their_pixels(self):
    image = np.zeros((32, 32, 3), np.uint8)
    image[::2, ::2] = (250, 0, 0)
    sheet = image_grids.contact_sheet([[image]], ['a'], cell=100)
    self.assertEqual(sheet.dtype, np.uint8)
    exact = image.repeat(3, 0).repeat(3, 1)
    found = any(
      np.array_equal(sheet[y : y + 96, x : x + 96], exact)
      for y in range(sheet.shape[0] - 95)
      for x in range(sheet.shape[1] - 95)
    )
    self.assertTrue(found)

  def test_large_images_are_reduced(self):
    image = np.zeros((300, 600, 3), np.uint8)
    sheet = image_grids.contact_sheet([[image, image]], ['a', 'b'], cell=60)
    self.assertBetween(sheet.shape[1], 120, 140)
    self.assertLess(sheet.shape[0], 80)

  def test_text_stays_in_its_column(self):
    white = np.full((64, 64, 3), 255, np.uint8)
    texts = [
      'translated to anime, from the photograph beside it',
      '',
      'Donaudampfschifffahrtsgesellschaftskapitän',
    ]
    sheet = image_grids.contact_sheet([[white] * 3] * 2, texts, cell=64)
    ink = (sheet < 200).any(-1)
    gap = 2
    for edge in range(4):
      x = gap + edge * (64 + gap)
      self.assertFalse(ink[:, x - gap : x].any(), f'ink in gap {edge}')
    self.assertFalse(ink[:, 68:132].any())
    self.assertTrue(ink[:, 2:66].any() and ink[:, 134:198].any())
    # Nothing of it runs into the images either.
    self.assertFalse(ink[-2 * 66 :].any())

  def test_headers_of_rows_and_title(self):
    black = np.zeros((32, 32, 3), np.uint8)
    plain = image_grids.contact_sheet([[black]] * 2, ['a'], cell=32)
    sided = image_grids.contact_sheet(
      [[black]] * 2, ['a'], ['first', 'second one'], cell=32
    )
    titled = image_grids.contact_sheet(
      [[black]] * 2, ['a'], cell=32, title='What this shows'
    )
    self.assertGreater(sided.shape[1], plain.shape[1] + 10)
    self.assertGreater(titled.shape[0], plain.shape[0] + 10)
    rows, _ = self._content(titled)
    self.assertTrue(rows[: titled.shape[0] - plain.shape[0]].any())

  def test_captions_stand_below_their_images(self):
    black = np.zeros((32, 32, 3), np.uint8)
    plain = image_grids.contact_sheet([[black, black]], ['', ''], cell=32)
    sheet = image_grids.contact_sheet(
      [[black, black]], ['', ''], cell=32, captions=[['0.25', '']]
    )
    self.assertGreater(sheet.shape[0], plain.shape[0] + 8)
    np.testing.assert_array_equal(sheet[: plain.shape[0] - 2], plain[:-2])
    below = (sheet[plain.shape[0] :] < 200).any((0, 2))
    self.assertTrue(below[:34].any())
    self.assertFalse(below[34:].any())

  def test_missing_images_leave_their_cell_empty(self):
    black = np.zeros((16, 16, 3), np.uint8)
    sheet = image_grids.contact_sheet(
      [[black, None], [None]], ['a', 'b'], cell=16
    )
    self.assertEqual((sheet == 0).all(-1).sum(), 256)

  def test_bad_arguments(self):
    black = np.zeros((16, 16, 3), np.uint8)
    with self.assertRaisesRegex(ValueError, 'at least one image'):
      image_grids.contact_sheet([], [])
    with self.assertRaisesRegex(ValueError, '1 column headers for 2 columns'):
      image_grids.contact_sheet([[black, black]], ['a'])
    with self.assertRaisesRegex(ValueError, '2 row headers for 1 rows'):
      image_grids.contact_sheet([[black]], ['a'], ['b', 'c'])
    with self.assertRaisesRegex(ValueError, r'captions for \[2\]'):
      image_grids.contact_sheet([[black]], ['a'], captions=[['b', 'c']])
    with self.assertRaisesRegex(ValueError, r'float32 \[16, 16, 3\]'):
      image_grids.contact_sheet([[black.astype(np.float32)]], ['a'])


if __name__ == '__main__':
  absltest.main()

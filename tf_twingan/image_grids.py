"""Contact sheets: images laid out as a grid with captions."""

import bisect
import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tf_twingan import errors, image_arrays

_TEXT_COLOR = (40, 40, 40)
_SMALLEST_TEXT = 9
_LONGEST_TEXT = 200  # Characters.


def contact_sheet(
  rows: Sequence[Sequence[np.ndarray | None]],
  column_headers: Sequence[str],
  row_headers: Sequence[str] | None = None,
  *,
  captions: Sequence[Sequence[str]] | None = None,
  cell: int = 128,
  title: str | None = None,
) -> np.ndarray:
  """Lays images out as a grid under a row of headers.

  Args:
    rows: images, uint8 RGB, [height, width, 3], of any size; None leaves a
      cell empty. Small ones are enlarged by a whole factor, so that pixels stay
      sharp; those larger than `cell` are reduced.
    column_headers: one text for each column; wrapped, then shrunk, to fit.
    row_headers: one text for each row, at its left; None for no headers.
    captions: one text for each image, below it; '' for no caption of one image,
      None for no captions at all.
    cell: largest side of an image on the sheet, in pixels.
    title: text above everything; None for no title.

  Returns:
    The sheet, uint8 RGB, [height, width, 3].
  """
  columns = max((len(row) for row in rows), default=0)
  _check_texts(rows, columns, column_headers, row_headers, captions)
  cells = [
    [
      None if image is None else _to_cell(image_arrays.check_image(image), cell)
      for image in row
    ]
    for row in rows
  ]
  sizes = [image.size for row in cells for image in row if image is not None]
  cell_width = max((w for w, _ in sizes), default=cell)
  cell_height = max((h for _, h in sizes), default=cell)

  gap = max(2, cell // 32)
  column_texts = [_Text(text, cell_width, 15) for text in column_headers]
  row_texts = [_Text(text, cell_width, 14) for text in row_headers or ()]
  caption_texts = [
    [_Text(text, cell_width, 13) for text in row]
    for row in captions or [()] * len(rows)
  ]
  left = max((text.width for text in row_texts), default=0)
  left += 2 * gap if left else gap
  width = left + columns * (cell_width + gap)
  title_text = _Text(title or '', width - 2 * gap, 18)
  top = gap + (title_text.height + 2 * gap if title else 0)
  first_row = top + max(text.height for text in column_texts) + gap
  row_heights = [
    max(
      [cell_height + max([text.height for text in row], default=0)]
      + [text.height for text in row_texts[i : i + 1]]
    )
    for i, row in enumerate(caption_texts)
  ]
  sheet = Image.new(
    'RGB', (width, first_row + sum(row_heights) + gap * len(rows)), 'white'
  )
  canvas = ImageDraw.Draw(sheet)

  def centered(column: int, inner_width: int) -> int:
    return left + column * (cell_width + gap) + (cell_width - inner_width) // 2

  title_text.write(canvas, gap, gap)
  for column, text in enumerate(column_texts):
    # Headers stand on their images, however many lines each takes.
    y = first_row - gap - text.height
    text.write(canvas, centered(column, text.width), y)
  y = first_row
  for i, (row, row_height) in enumerate(zip(cells, row_heights, strict=True)):
    if row_texts:
      text = row_texts[i]
      text.write(canvas, gap, y + (row_height - text.height) // 2)
    for column, text in enumerate(caption_texts[i]):
      text.write(canvas, centered(column, text.width), y + cell_height)
    # Over captions, images are centred in the part of the row above them.
    height = cell_height if captions else row_height
    for column, image in enumerate(row):
      if image is not None:
        x = centered(column, image.width)
        sheet.paste(image, (x, y + (height - image.height) // 2))
    y += row_height + gap
  return np.asarray(sheet)


def _check_texts(rows, columns, column_headers, row_headers, captions) -> None:
  """Raises ValueError unless there is one text for each of everything."""
  if columns == 0:
    raise ValueError('a contact sheet needs at least one image; got none')
  if len(column_headers) != columns:
    raise ValueError(
      f'{len(column_headers)} column headers for {columns} '
      'columns; give one for each'
    )
  if row_headers is not None and len(row_headers) != len(rows):
    raise ValueError(
      f'{len(row_headers)} row headers for {len(rows)} rows; give one for each'
    )
  if captions is not None and [len(row) for row in captions] != [
    len(row) for row in rows
  ]:
    raise ValueError(
      f'captions for {[len(row) for row in captions]} images a row, and '
      f'{[len(row) for row in rows]} images; give one for each'
    )


def _to_cell(image: np.ndarray, cell: int) -> Image.Image:
  whole = Image.fromarray(image)
  factor = cell // max(whole.size)
  if factor >= 1:
    return whole.resize(
      (whole.width * factor, whole.height * factor),
      Image.Resampling.NEAREST,
    )
  return ImageOps.contain(whole, (cell, cell), Image.Resampling.LANCZOS)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
  font = ImageFont.load_default(size=size)
  # Pillow without FreeType has a bitmap font, which has no sizes.
  assert isinstance(font, ImageFont.FreeTypeFont), 'Pillow lacks FreeType'
  return font


class _Text:
  """A text wrapped to a width, in the largest font whose words all fit.

  Attributes:
    width: width of the longest line in pixels.
    height: height of all lines in pixels.
  """

  def __init__(self, text: str, width: int, size: int):
    # Names may hold what no font draws, and be as long as they like.
    text = '\n'.join(map(errors.printable, text[:_LONGEST_TEXT].splitlines()))
    self._font = _font(size)
    self._lines: list[str] = []
    while not self._wrap(text, width) and size > _SMALLEST_TEXT:
      size -= 1
      self._font = _font(size)
    self._line_height = sum(self._font.getmetrics())
    self.width = max((self._length(line) for line in self._lines), default=0)
    self.height = self._line_height * len(self._lines)

  def _length(self, text: str) -> int:
    return int(np.ceil(self._font.getlength(text)))

  def _fitting(self, word: str, width: int) -> int:
    """How many characters of a word fit, or 1 if none does."""
    ends = range(1, min(len(word), width + 1))
    fitting = bisect.bisect(
      ends, width, key=lambda end: self._length(word[:end])
    )
    return max(fitting, 1)

  def _wrap(self, text: str, width: int) -> bool:
    """Fills `_lines`; returns False if a word had to be broken."""
    self._lines, unbroken = [], True
    for paragraph in text.splitlines():
      line = ''
      for word in paragraph.split():
        joined = f'{line} {word}' if line else word
        if self._length(joined) <= width:
          line = joined
          continue
        if line:
          self._lines.append(line)
        while len(word) > 1 and self._length(word) > width:
          unbroken = False
          end = self._fitting(word, width)
          self._lines.append(word[:end])
          word = word[end:]
        line = word
      self._lines.append(line)
    return unbroken

  def write(self, canvas: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """Writes the lines, centred to each other, from (x, y) on."""
    for i, line in enumerate(self._lines):
      indent = (self.width - self._length(line)) // 2
      canvas.text(
        (x + indent, y + i * self._line_height),
        line,
        font=self._font,
        fill=_TEXT_COLOR,
      )

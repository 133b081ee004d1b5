"""Contact sheets: images laid out as a grid with captions."""

import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tf_twingan import image_arrays

_TEXT_COLOR = (40, 40, 40)
_SMALLEST_TEXT = 9


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
      cell empty. Small ones are enlarged by a whole factor, so that every pixel
      shows as itself; those larger than `cell` are reduced.
    column_headers: a text a column; wrapped, then shrunk, to fit its column.
    row_headers: a text a row, at the left; none if None.
    captions: a text an image, below it; '' leaves one out, None all.
    cell: largest side of an image on the sheet, in pixels.
    title: a line above everything.

  Returns:
    The sheet, uint8 RGB, [height, width, 3].
  """
  columns = max((len(row) for row in rows), default=0)
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
  cells = [
    [
      None if image is None else _to_cell(image_arrays.check_image(image), cell)
      for image in row
    ]
    for row in rows
  ]
  sizes = [p.size for row in cells for p in row if p is not None]
  cell_width = max((w for w, _ in sizes), default=cell)
  cell_height = max((h for _, h in sizes), default=cell)

  gap = max(2, cell // 32)
  headers = [_Text(text, cell_width, 15) for text in column_headers]
  sides = [_Text(text, cell_width, 14) for text in row_headers or ()]
  below = [
    [_Text(text, cell_width, 13) for text in row] for row in captions or ()
  ]
  left = max((text.width for text in sides), default=0)
  left += 2 * gap if left else gap
  width = left + columns * (cell_width + gap)
  heading = _Text(title or '', width - 2 * gap, 18)
  top = gap + (heading.height + 2 * gap if title else 0)
  first = top + max(text.height for text in headers) + gap
  heights = [
    max(
      [cell_height + max([t.height for t in row], default=0)]
      + [text.height for text in sides[i : i + 1]]
    )
    for i, row in enumerate(below or [[]] * len(rows))
  ]
  sheet = Image.new(
    'RGB', (width, first + sum(heights) + gap * len(rows)), 'white'
  )
  draw = ImageDraw.Draw(sheet)
  heading.draw(draw, gap, gap)
  for column, text in enumerate(headers):
    x = left + column * (cell_width + gap)
    # Headers stand on their images, however many lines each takes.
    text.draw(
      draw, x + (cell_width - text.width) // 2, first - gap - text.height
    )
  y = first
  for i, row in enumerate(cells):
    if sides:
      sides[i].draw(draw, gap, y + (heights[i] - sides[i].height) // 2)
    for column, text in enumerate(below[i] if below else ()):
      x = left + column * (cell_width + gap)
      text.draw(draw, x + (cell_width - text.width) // 2, y + cell_height)
    for column, in_cell in enumerate(row):
      if in_cell is not None:
        x = left + column * (cell_width + gap)
        sheet.paste(
          in_cell,
          (
            x + (cell_width - in_cell.width) // 2,
            # Over a caption, in the middle of its own part of the row.
            y + ((cell_height if below else heights[i]) - in_cell.height) // 2,
          ),
        )
    y += heights[i] + gap
  return np.asarray(sheet)


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
  return ImageFont.load_default(size=size)


class _Text:
  """A text wrapped to a width: the largest font whose words all fit."""

  def __init__(self, text: str, width: int, size: int):
    self._font, self._lines = _font(size), []
    while not self._wrap(text, width) and size > _SMALLEST_TEXT:
      size -= 1
      self._font = _font(size)
    self._line_height = sum(self._font.getmetrics())
    self.width = max((self._length(line) for line in self._lines), default=0)
    self.height = self._line_height * len(self._lines)

  def _length(self, text: str) -> int:
    return int(np.ceil(self._font.getlength(text)))

  def _wrap(self, text: str, width: int) -> bool:
    """Fills `_lines`; False if that took breaking a word."""
    self._lines, whole = [], True
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
          whole = False
          end = len(word) - 1
          while end > 1 and self._length(word[:end]) > width:
            end -= 1
          self._lines.append(word[:end])
          word = word[end:]
        line = word
      self._lines.append(line)
    return whole

  def draw(self, draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    for i, line in enumerate(self._lines):
      indent = (self.width - self._length(line)) // 2
      draw.text(
        (x + indent, y + i * self._line_height),
        line,
        font=self._font,
        fill=_TEXT_COLOR,
      )

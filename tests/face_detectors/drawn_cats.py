"""Draws faces of cats that OpenCV's cascade takes for cats."""

from PIL import Image, ImageDraw, ImageFilter

# Places as shares of the side of the drawing.
EYES = ((0.33, 0.46), (0.67, 0.46))
_BACKGROUND, _FUR, _MUZZLE = (200, 205, 200), (130, 100, 80), (230, 190, 150)
_DARK, _EYE, _BLACK = (40, 30, 30), (190, 200, 90), (10, 10, 10)


def draw(side: int) -> Image.Image:
  """Draws a face that fills a square.

  Args:
    side: side of the square in pixels.
  """
  image = Image.new('RGB', (side, side), _BACKGROUND)
  canvas = ImageDraw.Draw(image)

  def scaled(*places):
    return [(x * side, y * side) for x, y in places]

  def ellipse(x, y, width, height, colour):
    corners = ((x - width, y - height), (x + width, y + height))
    canvas.ellipse(scaled(*corners), fill=colour)

  outer_ear = (0.18, 0.45), (0.16, 0.06), (0.44, 0.25)
  inner_ear = (0.21, 0.36), (0.2, 0.14), (0.36, 0.26)
  for ear, colour in ((outer_ear, _FUR), (inner_ear, _DARK)):
    canvas.polygon(scaled(*ear), fill=colour)
    canvas.polygon(scaled(*((1 - x, y) for x, y in ear)), fill=colour)
  ellipse(0.5, 0.53, 0.36, 0.33, _FUR)
  for x, y in EYES:
    ellipse(x, y, 0.1, 0.1, _EYE)
    ellipse(x, y, 0.055, 0.08, _BLACK)
  ellipse(0.5, 0.68, 0.14, 0.1, _MUZZLE)
  canvas.polygon(scaled((0.45, 0.6), (0.55, 0.6), (0.5, 0.66)), fill=_DARK)
  for x in (0.45, 0.55):
    corners = scaled((x - 0.05, 0.64), (x + 0.05, 0.73))
    canvas.arc(corners, 0, 180, fill=_DARK, width=max(1, side // 75))
  return image.filter(ImageFilter.GaussianBlur(side / 300))

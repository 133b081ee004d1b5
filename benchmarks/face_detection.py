r"""How many faces each detector finds, how many boxes are false, and how fast.

  python -m benchmarks.face_detection --human=CROPS --anime=CROPS \
      --cat=PHOTOS --backgrounds=ANIMALS

Crops are images of one face each. They are searched as they are, and pasted
onto canvases of 1500x1000 pixels, 2 to 6 of them, with sides of 110 to 300
pixels: before blended colours, before noise, and before photos that show no
such face (`--backgrounds`), which are searched without faces, too. A face
counts as found if the middle of a box lies in its square, and the side of that
box is a quarter to 1.3 times the square's. All other boxes are false, and so is
a second box in a square.

`--sheets=DIR` writes what was found as contact sheets, to look at.
"""

import pathlib
import re
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from absl import flags
from PIL import Image, ImageDraw

from benchmarks import face_composites, measurements
from tf_twingan import cli, faces, image_io
from tf_twingan.face_detectors import nvxs

_FACES = {'human': 'human face', 'anime': 'drawn face', 'cat': 'cat'}


class Flags(NamedTuple):
  """The values of the flags; see `define_flags`."""

  human: str | None
  anime: str | None
  cat: str | None
  backgrounds: Sequence[str]
  images: int
  canvases: int
  sheets: str | None


def define_flags() -> None:
  """Defines the flags, some of which other benchmarks have, too."""
  for name, what in _FACES.items():
    cli.define_path(name, f'Folder of images of one {what} each.')
  cli.define_paths('backgrounds', 'Folder of photos without such faces.')
  flags.DEFINE_integer('images', 300, 'Images of each folder.', 1)
  flags.DEFINE_integer('canvases', 20, 'Canvases of each kind.', 1)
  cli.define_path('sheets', 'Folder for contact sheets.')


_COLUMNS = (
  'detector',
  'images',
  'how many',
  'faces',
  'found',
  'false boxes',
  'ms/image',
)
_SIZES = (0.25, 1.3)  # Of a box, in sides of the pasted square.
_ROLL = 30.0
_SHEET_COLUMNS = 8
_SHEET_SIDE = 200


class Count(NamedTuple):
  """What a detector found in some images.

  Attributes:
    images: how many there are.
    faces: how many these show; None if that is unknown.
    found: how many of these were found.
    false: boxes that show none.
    seconds: of the detector, altogether.
  """

  images: int
  faces: int
  found: int
  false: int
  seconds: float


def main(argv) -> None:
  """Prints a table in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    values = Flags(*(flags.FLAGS[name].value for name in Flags._fields))
    backgrounds = [
      image
      for folder in values.backgrounds
      for image in _read(folder, values.images)
    ]
    printed = measurements.PrintedTable(_COLUMNS)
    for name in _FACES:
      folder = getattr(values, name)
      if folder is not None:
        crops = _read(folder, values.images)
        _measure(name, crops, backgrounds, values, printed)
    measurements.save(
      [printed.table],
      group='Data',
      title='Face detection',
      what='Faces that each detector finds in images of one face each, and on '
      'canvases of 1500x1000 px with 2 to 6 of these images, 110 to 300 px '
      'large; boxes that show no face, or a face again, are false.',
      note=None
      if nvxs.available()
      else 'Without the package animeface, which decides on drawn faces.',
    )


def _measure(
  name: str,
  crops: Sequence[np.ndarray],
  backgrounds: Sequence[np.ndarray],
  values: Flags,
  printed: measurements.PrintedTable,
) -> None:
  """Measures one detector on all images."""
  detector = faces.detector(name)
  detector.find(crops[0])  # Loads and compiles.
  whole = [
    face_composites.Composite(image, _whole_square(image)) for image in crops
  ]
  kinds = {'one each': whole}
  if name != 'cat':
    kinds |= _canvases(crops, backgrounds, values.canvases)
  if backgrounds:
    nothing = np.zeros((0, 4))
    kinds['without faces'] = [
      face_composites.Composite(image, nothing) for image in backgrounds
    ]
  for kind, images in kinds.items():
    sheet = values.sheets and pathlib.Path(
      values.sheets, f'{name}_{re.sub("[^a-z0-9]+", "_", kind)}.png'
    )
    count = _count(detector, images, sheet)
    share = f'{count.found / count.faces:.1%}' if count.faces else ''
    printed.add(
      name,
      kind,
      f'{count.images}',
      f'{count.faces}',
      share,
      f'{count.false}',
      f'{1000 * count.seconds / count.images:.0f}',
    )


def _canvases(
  crops: Sequence[np.ndarray], backgrounds: Sequence[np.ndarray], count: int
) -> dict[str, list[face_composites.Composite]]:
  """Canvases of every kind, the same in every run."""
  kinds = {
    'on colours': (face_composites.gradient, 0.0),
    'on noise': (face_composites.noise, 0.0),
  }
  if backgrounds:
    kinds['on photos'] = (
      lambda generator: face_composites.photo(generator, backgrounds),
      0.0,
    )
  kinds[f'rolled by up to {_ROLL:.0f}°'] = (face_composites.gradient, _ROLL)
  made = {}
  for index, (kind, (canvas, roll)) in enumerate(kinds.items()):
    generator = np.random.default_rng(index)
    made[kind] = [
      face_composites.compose(generator, canvas(generator), crops, roll)
      for _ in range(count)
    ]
  return made


def _count(
  detector: faces.FaceDetector,
  images: Sequence[face_composites.Composite],
  sheet: pathlib.Path | None,
) -> Count:
  total = np.zeros(3, int)
  seconds = 0.0
  looks = []
  for image, squares in images:
    begun = time.perf_counter()
    found = detector.find(image)
    seconds += time.perf_counter() - begun
    right = matches(found, squares)
    total += (len(squares), len(right), len(found) - len(right))
    if sheet:
      looks.append(_drawn(image, found, right))
  if sheet:
    _write_sheet(looks, sheet)
  return Count(len(images), *map(int, total), seconds)


def matches(found: Iterable[faces.Face], squares: np.ndarray) -> set[int]:
  """Indices of the faces that are the first in a square of their size.

  Args:
    found: the best or largest first.
    squares: [n, 4].
  """
  taken: set[int] = set()
  right = set()
  for index, face in enumerate(found):
    x, y = (face.box[:2] + face.box[2:]) / 2
    for place, (left, top, end, bottom) in enumerate(squares):
      if (
        place not in taken
        and left <= x <= end
        and top <= y <= bottom
        and _SIZES[0] <= face.side / (end - left) <= _SIZES[1]
      ):
        taken.add(place)
        right.add(index)
        break
  return right


def _whole_square(image: np.ndarray) -> np.ndarray:
  height, width = image.shape[:2]
  return np.array([[0, 0, width, height]])


def _read(folder: str, count: int) -> list[np.ndarray]:
  """The first images of a folder."""
  paths = sorted(pathlib.Path(folder).rglob('*'))
  images = [path for path in paths if path.suffix.lower() in ('.jpg', '.png')]
  if not images:
    raise ValueError(f'{folder} holds no JPEG or PNG file; name another folder')
  return [image_io.read(path) for path in images[:count]]


def _drawn(
  image: np.ndarray, found: Sequence[faces.Face], right: set[int]
) -> Image.Image:
  """A small image with boxes, green or red, eyes and mouths."""
  look = Image.fromarray(image)
  scale = 2 * _SHEET_SIDE / max(look.size)
  look = look.resize([max(round(side * scale), 1) for side in look.size])
  pen = ImageDraw.Draw(look)
  for index, face in enumerate(found):
    box = (face.box * scale).tolist()
    pen.rectangle(box, outline='lime' if index in right else 'red', width=3)
    points = [] if face.eyes is None else [*face.eyes]
    points += [] if face.mouth is None else [face.mouth]
    for (x, y), colour in zip(points, ('red', 'blue', 'yellow'), strict=False):
      x, y = x * scale, y * scale
      pen.ellipse([x - 4, y - 4, x + 4, y + 4], fill=colour)
  look.thumbnail((_SHEET_SIDE, _SHEET_SIDE))
  return look


def _write_sheet(looks: Sequence[Image.Image], path: pathlib.Path) -> None:
  rows = -(-len(looks) // _SHEET_COLUMNS)
  sheet = Image.new('RGB', (_SHEET_COLUMNS * _SHEET_SIDE, rows * _SHEET_SIDE))
  for index, look in enumerate(looks):
    row, column = divmod(index, _SHEET_COLUMNS)
    sheet.paste(look, (column * _SHEET_SIDE, row * _SHEET_SIDE))
  path.parent.mkdir(parents=True, exist_ok=True)
  sheet.save(path)


if __name__ == '__main__':
  define_flags()
  cli.run(main)

r"""How well a preparation tells near-duplicates and blurred images.

  python -m benchmarks.clean_images --images=/my/portraits --images=/my/drawings

Of every image copies are made: saved, resized, cut, brightened. A copy is found
if it is as near to its image as the `--duplicate_distance` of
`tf_twingan.prepare` says. Images that are that near to another one count, too:
that is wrong unless they show the same, so `--sheets=DIR` writes them side by
side, to look at. Then every image is blurred and enlarged, and what is less
sharp than `--blur` is rejected; of the images as they are that should be none.

Images are compared as they are. A preparation that aligns faces compares whole
photos in the same way, and the aligned faces, too.
"""

import io
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tqdm.auto
from absl import flags
from PIL import Image, ImageEnhance, ImageFilter

from benchmarks import measurements
from tf_twingan import cli, image_io
from tf_twingan.data.prepare import near_duplicates, options, quality

_DEFAULTS = options.Options(faces='none')
_CUT = 0.02  # Of the side.
_BLURS = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03)
_SMALL = 32
_SHEET_SIDE = 128
Change = Callable[[Image.Image], Image.Image]


class Flags(NamedTuple):
  """The values of the flags; see `define_flags`."""

  images: Sequence[str]
  count: int
  duplicate_distance: Sequence[float]
  blur: Sequence[float]
  sheets: str | None


def define_flags() -> None:
  """Defines the flags."""
  cli.define_paths('images', 'Folder of images, no two of which are the same.')
  flags.DEFINE_integer('count', 10_000, 'Images of each folder at most.', 2)
  flags.DEFINE_multi_float(
    'duplicate_distance',
    [_DEFAULTS.duplicate_distance, 14],
    'As that of prepare; a table for each.',
  )
  flags.DEFINE_multi_float(
    'blur', [_DEFAULTS.blur, 0.2], 'As that of prepare; a table for each.'
  )
  cli.define_path('sheets', 'Folder for images that are near to another one.')


def saved(image: Image.Image, quality: int = 30) -> Image.Image:
  """The image as a JPEG file gives it."""
  stream = io.BytesIO()
  image.save(stream, 'JPEG', quality=quality)
  return Image.open(stream).convert('RGB')


def resized(image: Image.Image, factor: float) -> Image.Image:
  """The image at another size."""
  size = [max(1, round(factor * side)) for side in image.size]
  return image.resize(size, Image.Resampling.BICUBIC)


def cut(image: Image.Image, *sides: str) -> Image.Image:
  """What is left without 2 % at some of the sides."""
  width, height = image.size
  return image.crop(
    (
      round(_CUT * width) if 'left' in sides else 0,
      round(_CUT * height) if 'top' in sides else 0,
      width - (round(_CUT * width) if 'right' in sides else 0),
      height - (round(_CUT * height) if 'bottom' in sides else 0),
    )
  )


def brightened(image: Image.Image) -> Image.Image:
  """The image, brighter by a quarter."""
  return ImageEnhance.Brightness(image).enhance(1.25)


def cut_around(image: Image.Image) -> Image.Image:
  """What is left without 2 % on every side."""
  return cut(image, 'left', 'top', 'right', 'bottom')


COPIES: Mapping[str, Change] = {
  'saved as JPEG of quality 30': saved,
  'halved': lambda image: resized(image, 0.5),
  'doubled': lambda image: resized(image, 2),
  'made grey': lambda image: image.convert('L').convert('RGB'),
  'mirrored': lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
  'brightened by a quarter': brightened,
  'cut by 2 % on every side': cut_around,
  'cut, shrunk, brightened and saved': lambda image: saved(
    brightened(resized(cut_around(image), 0.7)), 60
  ),
  'cut by 2 % on one side alone': lambda image: cut(image, 'left'),
  'cut by 2 % on two sides that meet': lambda image: cut(image, 'left', 'top'),
}


def main(argv) -> None:
  """Prints the tables."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    given = Flags(*(flags.FLAGS[name].value for name in Flags._fields))
    if not given.images:
      raise ValueError('no --images are given; name a folder')
    sets = {
      pathlib.Path(folder).name.replace('_', ' '): read(folder, given.count)
      for folder in given.images
    }
    tables = [
      *duplicate_tables(sets, given.duplicate_distance, given.sheets),
      *blur_tables(sets, given.blur),
    ]
    for table in tables:
      print(f'\n{table.title}:\n\n{table.markdown()}')
    measurements.save(
      tables,
      group='Data',
      title='Near-duplicates and blur',
      what='Which copies of an image `prepare` takes for its near-duplicates, '
      'which other images, and which images it rejects as blurred.',
      floor='images as they are: none is a copy of another one or blurred',
      ceiling='copies and blurred images: all of them',
    )


def read(folder: str, count: int) -> list[Image.Image]:
  """The first images of a folder, in the order of their names.

  Args:
    folder: its path.
    count: how many at most.

  Raises:
    ValueError: there are none.
  """
  paths = image_io.list_files(folder)
  if not paths:
    raise ValueError(f'{folder} holds no image file; name another folder')
  return [Image.fromarray(image_io.read(path)) for path in paths[:count]]


def duplicate_tables(
  sets: Mapping[str, Sequence[Image.Image]],
  distances: Sequence[float],
  sheets: str | None = None,
) -> list[measurements.Table]:
  """Which copies are found, and which other images are taken for copies.

  Args:
    sets: {title: images} of each column.
    distances: how far near-duplicates may be apart, for each table.
    sheets: folder for what is taken for copies; None for none.
  """
  prints, apart = {}, {}
  for title, images in sets.items():
    prints[title] = [_fingerprint(image) for image in images]
    for name, change in COPIES.items():
      apart[title, name] = [
        near_duplicates.distance(one, _fingerprint(change(image)))
        for one, image in zip(
          prints[title],
          tqdm.auto.tqdm(images, desc=f'{title}, {name}', delay=1),
        )
      ]
  tables = []
  for distance in distances:
    others = []
    for title, images in sets.items():
      groups = near_duplicates.groups(prints[title], distance)
      others.append(f'{sum(map(len, groups))} of {len(images):,}')
      if sheets and groups:
        path = pathlib.Path(sheets, f'{title}_{distance:g}.png')
        image_io.write_png(path, _sheet(images, groups))
    tables.append(
      measurements.Table(
        ['', *sets],
        [
          *(
            [
              name,
              *(_share(np.less_equal(apart[t, name], distance)) for t in sets),
            ]
            for name in COPIES
          ),
          ['images near to another one', *others],
        ],
        f'Copies that are found by --duplicate_distance={distance:g}',
      )
    )
  return tables


def blur_tables(
  sets: Mapping[str, Sequence[Image.Image]], limits: Sequence[float]
) -> list[measurements.Table]:
  """Which images are rejected as blurred.

  Args:
    sets: {title: images} of each column.
    limits: the least sharpness, for each table.
  """
  changes: dict[str, Change] = {
    f'blurred by {100 * radius:g} % of the side'
    if radius
    else 'as they are': lambda image, radius=radius: blurred(image, radius)
    for radius in _BLURS
  }
  changes[f'enlarged from {_SMALL} px'] = enlarged
  measured = {
    (title, name): [
      quality.measure(np.asarray(change(image)))
      for image in tqdm.auto.tqdm(images, desc=f'{title}, {name}', delay=1)
    ]
    for title, images in sets.items()
    for name, change in changes.items()
  }
  tables = []
  for limit in limits:
    chosen = _DEFAULTS.model_copy(update={'blur': limit})
    rejected = {
      key: [
        (quality.problem(m, chosen) or ('',))[0] == 'blurred' for m in found
      ]
      for key, found in measured.items()
    }
    tables.append(
      measurements.Table(
        ['', *sets],
        [
          [name, *(_share(rejected[t, name]) for t in sets)] for name in changes
        ],
        f'Images that are rejected by --blur={limit:g}',
      )
    )
  return tables


def blurred(image: Image.Image, radius: float) -> Image.Image:
  """The image, blurred.

  Args:
    image: any image.
    radius: standard deviation of the Gaussian, as a share of the shorter side.
  """
  return image.filter(ImageFilter.GaussianBlur(radius * min(image.size)))


def enlarged(image: Image.Image) -> Image.Image:
  """The image as one of 32 px is when it is enlarged."""
  return image.resize((_SMALL, _SMALL), Image.Resampling.LANCZOS).resize(
    image.size, Image.Resampling.BICUBIC
  )


def _fingerprint(image):
  return near_duplicates.fingerprint(np.asarray(image))


def _share(found: Sequence[bool]) -> str:
  return f'{100 * float(np.mean(found)):.1f} %'


def _sheet(images, groups):
  """A row for each group of images."""
  most = max(map(len, groups))
  size = (_SHEET_SIDE, _SHEET_SIDE)
  white = np.full([*size, 3], 255, np.uint8)
  return np.concatenate(
    [
      np.concatenate(
        [np.asarray(images[i].resize(size)) for i in group]
        + [white] * (most - len(group)),
        axis=1,
      )
      for group in groups
    ]
  )


if __name__ == '__main__':
  define_flags()
  cli.run(main)

r"""Draws images from noise with a trained run, as of pggan.gin.

  python -m tf_twingan.sample --run_dir=runs/pggan --count=64 --output=sampled
  python -m tf_twingan.sample --run_dir=runs/pggan --count=9 --interpolate=8 \
      --output=between

Each domain gets a folder of PNGs and a sheet of all of them, `DOMAIN.png`; the
same number in two domains is drawn from the same noise. With --interpolate a
row of the sheet leads from one noise to the next.
"""

import pathlib

import numpy as np
from absl import flags

from tf_twingan import cli, image_grids, image_io, inference

_RUN_DIR = flags.DEFINE_string(
  'run_dir', None, "A training's directory.", required=True
)
_COUNT = flags.DEFINE_integer(
  'count', 64, 'How many noises to draw.', lower_bound=1
)
_SEED = flags.DEFINE_integer('seed', 0, 'Of the noise.', lower_bound=0)
_DOMAIN = flags.DEFINE_string('domain', None, 'What to draw; all if not given.')
_INTERPOLATE = flags.DEFINE_integer(
  'interpolate',
  None,
  'Draw so many images on the way from each noise to the next.',
  lower_bound=2,
)
_OUTPUT = flags.DEFINE_string(
  'output', None, 'The folder for the results.', required=True
)

_COLUMNS = 8


def main(argv) -> None:
  """Draws, and writes images and sheets."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    sampler = inference.Sampler(_RUN_DIR.value)
    names, latents, columns = _latents(sampler)
    domains = sampler.domains if _DOMAIN.value is None else [_DOMAIN.value]
    for domain in domains:
      images = sampler.draw(latents, domain)
      folder = pathlib.Path(_OUTPUT.value)
      for name, image in zip(names, images):
        image_io.write_png(folder / domain / f'{name}.png', image)
      image_io.write_png(
        folder / f'{domain}.png', _sheet(images, columns, sampler, domain)
      )
      print(f'{len(images)} images of {domain} in {folder / domain}')


def _latents(sampler):
  """File names, what to draw from, and how many stand in a row."""
  noise = sampler.noise(_COUNT.value, _SEED.value)
  if _INTERPOLATE.value is None:
    return [f'{i:04d}' for i in range(len(noise))], noise, _COLUMNS
  if len(noise) < 2:
    raise ValueError(
      f'--interpolate goes from one noise to the next, but --count is '
      f'{_COUNT.value}; give 2 or more.'
    )
  count = _INTERPOLATE.value
  from tf_twingan.inference import sampler as sampler_lib

  ways = [sampler_lib.between(*pair, count) for pair in zip(noise, noise[1:])]
  names = [f'{i:04d}_{j:02d}' for i in range(len(ways)) for j in range(count)]
  return names, np.concatenate(ways), count


def _sheet(images, columns, sampler, domain):
  rows = [list(images[i : i + columns]) for i in range(0, len(images), columns)]
  return image_grids.contact_sheet(
    rows,
    [''] * len(rows[0]),
    cell=96,
    title=f'{domain}, seed {_SEED.value}, {sampler.images_seen:,} images seen',
  )


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

r"""Generates images from noise with a trained run, as of pggan.gin.

  python -m tf_twingan.sample --run_dir=runs/pggan --count=64 --output=sampled
  python -m tf_twingan.sample --run_dir=runs/pggan --count=9 --interpolate=8 \
      --output=between

Each domain gets a folder of PNGs and a sheet of all of them, `DOMAIN.png`;
images of the same number in two domains come from the same noise. With
--interpolate a row of the sheet leads from one noise vector to the next. Ctrl-C
keeps what is written; the same command begins again.
"""

from absl import flags

from tf_twingan import cli, files

_RUN_DIR = cli.define_run_dir(required=True)
_COUNT = flags.DEFINE_integer(
  'count', 64, 'Number of noise vectors.', lower_bound=1
)
_SEED = flags.DEFINE_integer('seed', 0, 'Seed of the noise.', lower_bound=0)
_DOMAIN = flags.DEFINE_string(
  'domain', None, 'The domain to generate; all of them if not given.'
)
_INTERPOLATE = flags.DEFINE_integer(
  'interpolate',
  None,
  'Number of images from each noise vector to the next.',
  lower_bound=2,
)
_OUTPUT = cli.define_path(
  'output', 'The folder for the results.', required=True
)


def main(argv) -> None:
  """Generates images, and writes them and their sheets."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    if _INTERPOLATE.value and _COUNT.value < 2:
      raise ValueError(
        '--interpolate goes from one noise vector to the next, but --count is '
        f'{_COUNT.value}; give 2 or more.'
      )
    files.check_writable(_OUTPUT.value)
    from tf_twingan.inference import sample_files, sampler

    model = sampler.Sampler(_RUN_DIR.value)
    random = (model, _COUNT.value, _SEED.value)
    latents = (
      sample_files.interpolated_latents(*random, steps=_INTERPOLATE.value)
      if _INTERPOLATE.value
      else sample_files.independent_latents(*random)
    )
    title = f'seed {_SEED.value}, {model.images_seen:,} images seen'
    for domain in [_DOMAIN.value] if _DOMAIN.value else model.domains:
      folder = sample_files.write(
        model, latents, domain, _OUTPUT.value, title=f'{domain}, {title}'
      )
      print(f'{len(latents.names)} images of {domain} in {folder}')


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

r"""Trains a twin network or another model, or continues a training.

  python -m tf_twingan.train --gin_file=anime.gin
  python -m tf_twingan.train --gin_file=photos.gin --run_dir=runs/mine \
      --photo=folder:/my/portraits --anime=folder:/my/anime
  python -m tf_twingan.train --gin_file=finetune.gin --run_dir=runs/few \
      --anime=folder:/my/50_images
  tensorboard --logdir=runs/mine/summaries

The first trains on images that come with the package. Ctrl-C, SIGTERM and a
closed terminal save, and a second Ctrl-C ends without; the same command
continues, on the same machine to the same bits. A finished run trains on at
its last stage with --gin_param=Growth.extra_images=N. The run directory holds
sample grids (`samples/`), curves (`summaries/`, `metrics.jsonl`), checkpoints
and the configuration. gin/README.md lists the gin files and what they train;
a dataset is `avatars:STYLE`, `folder:PATH`, or another of docs/datasets.md.

The macros of a gin file, such as `photo = ...` in photos.gin, are flags:
`--gin_file=photos.gin --help` lists them. Any other value takes --gin_param.

--init_from=RUN starts a new run from the weights of another one: with other
images, other domains (--init_domains=cat=anime), or a finer resolution
(final_resolution=64, Growth.start_resolution=32). docs/training.md says how.
"""

import os
import signal
import sys

from absl import flags

from tf_twingan import cli, gin_files, gin_flags

_GIN_FILE = cli.define_path(
  gin_flags.FILE,
  'The experiment: a name from gin/ or a path.',
  required=True,
)
_GIN_PARAM = flags.DEFINE_multi_string(
  'gin_param',
  [],
  'Changes one value of it: NAME=VALUE, where VALUE is '
  'Python, so a string has quotes. May be repeated.',
)
_RUN_DIR = cli.define_path(
  'run_dir',
  'Where the run is kept; runs/<gin name> if not given. A '
  'run that is there is continued.',
)
_INIT = gin_flags.define_init()


def main(argv) -> None:
  """Trains, and says what to do next."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    # Here, not above: they import TensorFlow, which --help need not wait for.
    from tf_twingan import gin_training
    from tf_twingan.models import registry
    from tf_twingan.runs import config_files
    from tf_twingan.training import console, loop

    params = gin_flags.bindings([*_GIN_PARAM.value, *_INIT()])
    gin_file = gin_files.find(_GIN_FILE.value)
    run_dir = _RUN_DIR.value or os.path.join('runs', gin_file.stem)
    try:
      gin_training.train(run_dir, str(gin_file), params)
    except loop.Stopped as stopped:
      console.say(str(stopped), to_stderr=True)
      sys.exit(128 + (stopped.signum or signal.SIGINT))
    model_class = registry.kind_of(config_files.read_model(run_dir))
  program, values = 'sample', ['--output=DIR', '--count=64']
  if model_class.translates:
    program = 'translate'
    values = ['--input=DIR_OR_FILE', '--output=DIR', '--to=DOMAIN']
  run_flag = f'--run_dir={run_dir}'
  samples = os.path.join(run_dir, 'samples')
  console.say(
    f'The run is in {run_dir}. Next:\n'
    f'  look at the newest grid in {samples}\n'
    f'  {cli.command("tensorboard.main", f"--logdir={run_dir}/summaries")}\n'
    f'  {cli.command(f"tf_twingan.{program}", run_flag, *values)}'
  )


def run() -> None:
  """The console script."""
  cli.run(main, gin_flags.parse)


if __name__ == '__main__':
  run()

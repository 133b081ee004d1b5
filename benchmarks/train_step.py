r"""What an update costs, of any gin configuration and of variants of it.

  python -m benchmarks.train_step --gin_file=anime.gin
  python -m benchmarks.train_step --gin_file=anime.gin --resolution=32 \
      --variant="bfloat16: TwinGAN.precision='bfloat16'" \
      --variant="always penalized: Objective.penalty_interval=1"

One update trains all networks once. A variant is a name and bindings, with
semicolons between them. Each row is measured by a process of its own: how many
multiply-accumulates (MAC) the convolutions need, a lazy penalty's share
included; seconds; how near two operations for each MAC come to what a
convolution alone reaches there; and the most memory that was in use.
"""

import concurrent.futures
import multiprocessing

from absl import flags

from benchmarks import step_costs, updates
from tf_twingan import cli

_GIN_FILE = flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string('gin_param', [], 'As for training.')
_VARIANT = flags.DEFINE_multi_string(
  'variant', [], 'What else to measure: "NAME: BINDING; BINDING".'
)
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [], 'Which stages to time, px; all if not given.'
)
_STEPS = flags.DEFINE_integer('steps', 64, 'Updates to time.')

_COLUMNS = (
  '| px | variant | batch | first s | GMAC | s/update | images/s per domain '
  '| GFLOP/s | of the peak | peak GB |'
)


def main(argv) -> None:
  """Prints a table in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    variants = {'as it is': []} | dict(map(_variant, _VARIANT.value))
    resolutions = _RESOLUTION.value or updates.resolutions(
      _GIN_FILE.value, _GIN_PARAM.value
    )
    print(f'{_COLUMNS}\n{"|---" * _COLUMNS.count(" |")}|', flush=True)
    for resolution in resolutions:
      for name, params in variants.items():
        cost = _alone(
          step_costs.measure,
          _GIN_FILE.value,
          [*_GIN_PARAM.value, *params],
          resolution,
          _STEPS.value,
        )
        print(_row(resolution, name, cost), flush=True)


def _variant(text):
  name, colon, params = text.partition(':')
  if not colon:
    raise ValueError(
      f'--variant={text!r} has no name; write "NAME: BINDING; BINDING".'
    )
  return name.strip(), [param.strip() for param in params.split(';')]


def _alone(function, *arguments):
  """Calls it in a new process."""
  with concurrent.futures.ProcessPoolExecutor(
    1, mp_context=multiprocessing.get_context('spawn')
  ) as pool:
    return pool.submit(function, *arguments).result()


def _row(resolution, name, cost):
  cells = (
    resolution,
    name,
    cost.batch_size,
    f'{cost.first:.1f}',
    f'{cost.macs / 1e9:.1f}',
    f'{cost.seconds:.3f}',
    f'{cost.batch_size / cost.seconds:.1f}',
    f'{2 * cost.macs / cost.seconds / 1e9:.0f}',
    f'{cost.of_peak:.0%} of {2 * cost.peak / 1e9:.0f}',
    f'{cost.memory / 1e9:.2f}',
  )
  return f'| {" | ".join(map(str, cells))} |'


if __name__ == '__main__':
  cli.run(main)

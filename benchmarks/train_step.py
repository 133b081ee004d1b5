r"""Cost of a training update: multiplications, seconds, memory, as a table.

  python -m benchmarks.train_step --gin_file=anime.gin
  python -m benchmarks.train_step --gin_file=anime.gin --resolution=32 \
      --variant="bfloat16: TwinGAN.precision='bfloat16'" \
      --variant="always penalized: Objective.penalty_interval=1"

One update trains all networks once. The configuration is measured, and each
variant of it: a name and bindings, with semicolons between them. Each row is
measured in a process of its own: multiply-accumulates (MAC) of the
convolutions, the share of a lazy penalty included; seconds; what share of the
speed of a convolution alone two operations for each MAC reach; and peak memory.
Environments are compared by their Pythons, one run after the other:

  for python in .venv/bin/python .venv-other-lane/bin/python; do
    $python -m benchmarks.train_step --gin_file=anime.gin --resolution=32
  done

--record writes the table to a JSON file.
"""

import concurrent.futures
import multiprocessing

from absl import flags

from benchmarks import measurements, step_costs, updates
from tf_twingan import cli

_GIN_FILE = flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string(
  'gin_param', [], 'Gin binding, as for training.'
)
_VARIANT = flags.DEFINE_multi_string(
  'variant', [], 'Variants to measure: "NAME: BINDING; BINDING".'
)
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [], 'Resolutions to time, px; all stages by default.'
)
_STEPS = flags.DEFINE_integer('steps', 64, 'Updates to time.')

_COLUMNS = (
  'px',
  'variant',
  'batch',
  'first s',
  'GMAC',
  's/update',
  'images/s per domain',
  'GFLOP/s',
  'of the peak',
  'peak GB',
)


def main(argv) -> None:
  """Prints a table in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    variants = {'as it is': []} | dict(map(_variant, _VARIANT.value))
    resolutions = _RESOLUTION.value or updates.resolutions(
      _GIN_FILE.value, _GIN_PARAM.value
    )
    printed = measurements.PrintedTable(_COLUMNS)
    for resolution in resolutions:
      for name, params in variants.items():
        cost = _in_new_process(
          step_costs.measure,
          _GIN_FILE.value,
          [*_GIN_PARAM.value, *params],
          resolution,
          _STEPS.value,
        )
        printed.add(*_row(resolution, name, cost))
    measurements.save(
      [printed.table],
      group='The training step',
      title=f'An update of {_GIN_FILE.value}',
      what=f'Cost of an update of `{_GIN_FILE.value}` and its variants.',
    )


def _variant(text):
  name, colon, params = text.partition(':')
  if not colon:
    raise ValueError(
      f'--variant={text!r} has no name; write "NAME: BINDING; BINDING".'
    )
  return name.strip(), [param.strip() for param in params.split(';')]


def _in_new_process(function, *arguments):
  """Returns the result of a function that is called in a new process."""
  with concurrent.futures.ProcessPoolExecutor(
    1, mp_context=multiprocessing.get_context('spawn')
  ) as pool:
    return pool.submit(function, *arguments).result()


def _row(resolution, name, cost):
  return [
    f'{resolution}',
    name,
    f'{cost.batch_size}',
    f'{cost.first:.1f}',
    f'{cost.macs / 1e9:.1f}',
    f'{cost.seconds:.3f}',
    f'{cost.batch_size / cost.seconds:.1f}',
    f'{2 * cost.macs / cost.seconds / 1e9:.0f}',
    f'{cost.of_peak:.0%} of {2 * cost.peak / 1e9:.0f}',
    f'{cost.memory / 1e9:.2f}',
  ]


if __name__ == '__main__':
  cli.run(main)

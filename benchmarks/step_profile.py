r"""Milliseconds of a training update, by kind of operation.

  python -m benchmarks.step_profile --gin_file=anime.gin

TensorFlow's profiler records every operation of a few updates. Two operations
run at a time: what they leave of two slots counts as waiting, the time of
Python and of the profiler included. So profile a configuration with
`share_cores.halves`: where each operation has all cores, two that run at once
wait for each other, and that time is counted as theirs. --record writes the
table to a JSON file.
"""

import re
from collections import Counter

from absl import flags

from benchmarks import measurements, op_times, updates
from tf_twingan import cli, configurables

_GIN_FILE = flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string(
  'gin_param', [], 'Gin binding, as for training.'
)
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [], 'Resolutions to profile, px; all stages by default.'
)
_STEPS = flags.DEFINE_integer(
  'steps', 16, 'Updates; a multiple of the interval of a lazy penalty.'
)

_SLOTS = 2  # Operations that run at a time: see `strategies.share_cores`.

# An operation is of the first kind whose pattern matches its scope and type.
_KINDS = {
  'Adam and EMA': r'(Adam|average)\w*/',
  'convolutions, by input': r':.*Conv2DBackpropInput',
  'convolutions, by kernel': r':.*Conv2DBackpropFilter',
  'convolutions, forward': r':.*(Conv2D|MatMul)',
  'norms': r'/norm/|:.*BatchNorm',
  'resampling': r':.*(AvgPool|Resize|Depthwise)|/(Repeat|upsample)\w*/',
  'activations': r':.*LeakyRelu',
  'copies': r':.*(Concat|Slice|Split|Pad|Transpose|Tile|Stack|Reverse)',
  'sums': r':.*(Sum|Mean|AddN|BiasAdd)',
  'all others': r':',
}
_WAITING = 'waiting'


def main(argv) -> None:
  """Prints a table in Markdown: milliseconds, and shares of the update."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    updates.configure(_GIN_FILE.value, _GIN_PARAM.value)
    configurables.share_cores()
    columns, rows = [], {kind: [] for kind in (*_KINDS, _WAITING)}
    for stage in updates.each_resolution(
      _GIN_FILE.value, _GIN_PARAM.value, _RESOLUTION.value
    ):
      wall, kinds = _profile(stage, _STEPS.value)
      columns.append(f'{stage.resolution} px: {1000 * wall:.0f} ms')
      for kind, cells in rows.items():
        taken = kinds[kind] / _SLOTS
        cells.append(f'{1000 * taken:.1f} ({taken / wall:.0%})')
    table = measurements.Table(
      ['', *columns], [[kind, *cells] for kind, cells in rows.items()]
    )
    print(table.markdown())
    measurements.save(
      [table],
      group='The training step',
      title=f'Where the milliseconds of {_GIN_FILE.value} go',
      what='Milliseconds of an update by kind of operation.',
    )


def _profile(stage, steps):
  """Seconds of an update, and of each kind over all slots."""
  wall = 0.0

  def run():
    nonlocal wall
    wall = stage.seconds(steps) / steps

  kinds = Counter()
  for name, seconds in op_times.record(run).items():
    kinds[_kind(name)] += seconds / steps
  kinds[_WAITING] = _SLOTS * wall - kinds.total()
  return wall, kinds


def _kind(name):
  return next(k for k, pattern in _KINDS.items() if re.search(pattern, name))


if __name__ == '__main__':
  cli.run(main)

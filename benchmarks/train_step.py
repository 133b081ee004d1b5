r"""Seconds per update and images per second, of any gin configuration.

  python -m benchmarks.train_step --gin_file=anime.gin
  python -m benchmarks.train_step --gin_file=anime.gin \
      --gin_param="TwinGAN.precision='bfloat16'" --resolution=32

One update trains all networks once. The last columns time the input alone
(cut, mirror, batch, hand over; from memory, no update running) and say how
many times faster it is than the update.
"""

import tensorflow as tf
from absl import flags

from benchmarks import updates
from tf_twingan import command_line
from tf_twingan.training import distribution

_GIN_FILE = flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string('gin_param', [], 'As for training.')
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [], 'Which stages to time, px; all if not given.'
)
_STEPS = flags.DEFINE_integer('steps', 32, 'Updates to time.')


def main(argv) -> None:
  """Prints one row for each stage."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    distribution.share_cores()
    print(
      f'{"px":>4} {"batch":>5} {"first s":>8} {"s/update":>9} {"images/s":>9} '
      f'{"input images/s":>15} {"input is faster":>16}'
    )
    for stage in updates.of(
      _GIN_FILE.value, _GIN_PARAM.value, _RESOLUTION.value
    ):
      _print(stage, _STEPS.value)


def _print(stage: updates.Updates, steps: int) -> None:
  size = stage.batch_size
  seconds = stage.seconds(steps) / steps
  waiting = stage.input_seconds(steps) / steps
  print(
    f'{stage.resolution:4d} {size:5d} {stage.first:8.1f} {seconds:9.4f} '
    f'{size / seconds:9.1f} {size / waiting:15.0f} '
    f'{seconds / waiting:15.0f}x',
    flush=True,
  )


if __name__ == '__main__':
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  command_line.run(main)

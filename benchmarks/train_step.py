r"""Seconds per update and images per second, of any gin configuration.

  python -m benchmarks.train_step --gin_file=anime.gin
  python -m benchmarks.train_step --gin_file=anime.gin \
      --gin_param="TwinGAN.precision='bfloat16'" --resolution=32

One update trains all networks once. The last columns time the input alone
(cut, mirror, batch, hand over; from memory, no update running) and say how
many times faster it is than the update.
"""

import time

import numpy as np
import tensorflow as tf
from absl import flags

import gin
from tf_twingan import command_line, configs
from tf_twingan.data import pipeline
from tf_twingan.training import distribution, loop  # noqa: F401 (for gin)

_GIN_FILE = flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string('gin_param', [], 'As for training.')
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [], 'Which stages to time, px; all if not given.'
)
_STEPS = flags.DEFINE_integer('steps', 32, 'Updates to time.')
_PICTURES = 512  # Noise, of each domain.


def main(argv) -> None:
  """Prints one row for each stage."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    distribution.share_cores()
    configs.parse(_GIN_FILE.value, _GIN_PARAM.value)
    domains = [name for name, _ in gin.query_parameter('train.domains')]
    growth = gin.get_configurable('Growth')()
    strategy = distribution.make(gin.query_parameter('train.strategy'))
    trainer = gin.get_configurable('Trainer')(
      tuple(domains), growth.final_resolution, strategy=strategy
    )
    print(
      f'{"px":>4} {"batch":>5} {"first s":>8} {"s/update":>9} {"images/s":>9} '
      f'{"input images/s":>15} {"input is faster":>16}'
    )
    generator = np.random.default_rng(0)
    for resolution in sorted({p.resolution for p in growth.phases}):
      if _RESOLUTION.value and resolution not in _RESOLUTION.value:
        continue
      pictures = {
        d: generator.integers(
          0, 256, [_PICTURES, resolution, resolution, 3], dtype=np.uint8
        )
        for d in domains
      }
      _row(trainer, growth, resolution, pipeline.Batches(pictures))


def _row(trainer, growth, resolution, batches):
  size = next(p.batch_size for p in growth.phases if p.resolution == resolution)
  stream = iter(
    trainer.strategy.experimental_distribute_dataset(
      batches.stream(0, resolution=resolution, batch_size=size)
    )
  )

  def update(step):
    terms = trainer.step(
      next(stream),
      step=step,
      resolution=resolution,
      alpha=0.5,
      average_decay=0.9,
    )
    return next(iter(terms.values()))

  begun = time.perf_counter()
  update(0)
  first = time.perf_counter() - begun
  update(1)
  begun = time.perf_counter()
  for step in range(_STEPS.value):
    last = update(step)
  last.numpy()  # One wait for the device, as the loop has it.
  seconds = (time.perf_counter() - begun) / _STEPS.value
  begun = time.perf_counter()
  for _ in zip(range(_STEPS.value), stream):
    pass
  waiting = (time.perf_counter() - begun) / _STEPS.value
  print(
    f'{resolution:4d} {size:5d} {first:8.1f} {seconds:9.4f} '
    f'{size / seconds:9.1f} {size / waiting:15.0f} '
    f'{seconds / waiting:15.0f}x',
    flush=True,
  )


if __name__ == '__main__':
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  command_line.run(main)

"""Where a training runs: distribution strategies by name."""

import tensorflow as tf


def make(name: str) -> tf.distribute.Strategy:
  """Makes a strategy.

  Args:
    name: 'default' (one device), 'mirrored' (all devices of this machine) or
      'multi_worker' (the machines in the environment variable TF_CONFIG; each
      runs the same command). The last must be made before anything else runs
      in TensorFlow.

  Raises:
    ValueError: the name is unknown.
  """
  makers = {
    'default': tf.distribute.get_strategy,
    'mirrored': _mirrored,
    'multi_worker': tf.distribute.MultiWorkerMirroredStrategy,
  }
  if name not in makers:
    raise ValueError(
      f'Unknown strategy {name!r}; choose one of {", ".join(makers)}.'
    )
  return makers[name]()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
  """Whether this process writes the run directory: one of all workers does."""
  resolver = strategy.cluster_resolver
  if resolver is None or resolver.task_type is None:
    return True
  if resolver.task_type == 'chief':
    return True
  has_chief = 'chief' in resolver.cluster_spec().jobs
  return resolver.task_id == 0 and not has_chief


def _mirrored():
  gpus = tf.config.list_logical_devices('GPU')
  devices = gpus or tf.config.list_logical_devices('CPU')
  return tf.distribute.MirroredStrategy([d.name for d in devices])

"""Distribution strategies by name, CPU threads, and emulated precisions."""

import os
import pathlib

import tensorflow as tf

from tf_twingan.training import console

# What an x86 CPU must have to convolve in half precision; others emulate it.
_CPU_FLAGS = {
  'bfloat16': {'avx512_bf16', 'amx_bf16'},
  'float16': {'avx512_fp16', 'amx_fp16'},
}
_CPU_INFO = pathlib.Path('/proc/cpuinfo')


def share_cores(*, halves: bool = False) -> None:
  """Lets two operations run at a time, on the same cores or on half of them.

  A backward pass always has two things to do (a convolution's gradient by its
  kernel and by its input, one discriminator and the other), and an operation
  on few threads wastes less of them. A forward pass has one thing to do after
  the other. So what a small network loses to threads it wins by halves, and
  what a wide one computes is better done by all cores: see the benchmarks.
  Where there is a GPU, or one of TF_NUM_INTRAOP_THREADS and
  TF_NUM_INTEROP_THREADS is set, it does nothing. Nor does it where TensorFlow
  has begun to work already, in a notebook say; it says so then.

  Args:
    halves: each operation has half of the cores, for small networks.
  """
  chosen = {'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'} & set(
    os.environ
  )
  if chosen or tf.config.list_physical_devices('GPU'):
    return
  cores = os.cpu_count() or 1
  if hasattr(os, 'sched_getaffinity'):  # Not on every system.
    cores = len(os.sched_getaffinity(0))
  threads = max(1, cores // 2) if halves else cores
  try:
    tf.config.threading.set_inter_op_parallelism_threads(2)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
  except RuntimeError:
    console.say(
      f'TensorFlow has begun to work, so its threads stay as they are; in a '
      f'new process, each operation would have {threads} of them.'
    )


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
  if not is_multi_worker(strategy):
    return True
  resolver = strategy.cluster_resolver
  if resolver.task_type == 'chief':
    return True
  has_chief = 'chief' in resolver.cluster_spec().jobs
  return resolver.task_id == 0 and not has_chief


def is_multi_worker(strategy: tf.distribute.Strategy) -> bool:
  """Whether this process is one of a cluster."""
  resolver = strategy.cluster_resolver
  return resolver is not None and resolver.task_type is not None


def any_worker(strategy: tf.distribute.Strategy, flag: bool) -> bool:
  """Whether the flag is up on any worker; all must ask at the same step."""
  if not is_multi_worker(strategy):
    return flag
  # Not as a tf.function: there the reduction finds no device to go to.
  votes = strategy.run(
    lambda vote: tf.distribute.get_replica_context().all_reduce(
      tf.distribute.ReduceOp.SUM, vote
    ),
    (tf.constant(float(flag)),),
  )
  return float(strategy.experimental_local_results(votes)[0]) > 0


def emulates(precision: str, cpu_info: pathlib.Path = _CPU_INFO) -> bool:
  """Whether this machine has to emulate a precision, many times more slowly.

  Args:
    precision: 'float32', 'bfloat16' or 'float16'.
    cpu_info: the kernel's description of the CPU; without such a file, or if
      it is no x86 CPU, the answer is no.
  """
  if precision not in _CPU_FLAGS or tf.config.list_logical_devices('GPU'):
    return False
  words = (
    set(cpu_info.read_text('utf-8').split()) if cpu_info.exists() else set()
  )
  return 'flags' in words and not _CPU_FLAGS[precision] & words


def _mirrored():
  gpus = tf.config.list_logical_devices('GPU')
  devices = gpus or tf.config.list_logical_devices('CPU')
  return tf.distribute.MirroredStrategy([d.name for d in devices])

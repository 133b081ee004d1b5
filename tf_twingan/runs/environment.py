"""What the last bits of a training depend on, `environment.json` in a run.

An operation on more threads, on another processor or of another version of
TensorFlow sums in another order. So a training that is continued on another
machine goes on as well as before, but not in the same bits.
"""

import os
import pathlib
import platform

import tensorflow as tf
from absl import logging

from tf_twingan import errors, files, json_files

FILE = 'environment.json'
_CPU_INFO = pathlib.Path('/proc/cpuinfo')


class Environment(json_files.Model):
  """Where a training runs.

  Attributes:
    tensorflow: its version.
    onednn: the variable TF_ENABLE_ONEDNN_OPTS; '' if it is not set.
    processor: the model of the CPU.
    devices: the GPUs, or else the CPU, that compute.
    intra_op_threads: threads of one operation.
    inter_op_threads: operations that run at a time.
  """

  tensorflow: str
  onednn: str
  processor: str
  devices: list[str]
  intra_op_threads: int
  inter_op_threads: int


def here() -> Environment:
  """Describes this process; TensorFlow's threads must have been chosen."""
  threading = tf.config.threading
  devices = tf.config.list_physical_devices('GPU') or ['CPU']
  return Environment(
    tensorflow=tf.__version__,
    onednn=os.environ.get('TF_ENABLE_ONEDNN_OPTS', ''),
    processor=_processor(),
    devices=[getattr(d, 'name', d) for d in devices],
    intra_op_threads=_threads(
      threading.get_intra_op_parallelism_threads(), 'TF_NUM_INTRAOP_THREADS'
    ),
    inter_op_threads=_threads(
      threading.get_inter_op_parallelism_threads(), 'TF_NUM_INTEROP_THREADS'
    ),
  )


def record(run_dir: str, *, begins: bool) -> None:
  """Writes the environment of a run that begins, and compares it later.

  Args:
    run_dir: the run directory.
    begins: whether the training begins here. If it goes on in another
      environment than it began in, a warning says so.

  Raises:
    OSError: it could not be written.
  """
  path = os.path.join(run_dir, FILE)
  now = here()
  if not begins:
    try:
      began = json_files.read(path, Environment, remedy='it is written anew')
    except FileNotFoundError:
      pass  # An older version began the run.
    except ValueError as error:
      logging.warning('%s', error)
    else:
      _compare(run_dir, began, now)
      return
  files.atomic_write(path, now.model_dump_json(indent=2) + '\n')


def _compare(run_dir: str, began: Environment, now: Environment) -> None:
  differences = [
    f'{name} was {errors.printable(str(getattr(began, name)))} and is '
    f'{getattr(now, name)} here'
    for name in Environment.model_fields
    if getattr(began, name) != getattr(now, name)
  ]
  if differences:
    logging.warning(
      'The bits of %s will differ from those of an uninterrupted training, '
      'which changes no loss by more than rounding: %s. The variables '
      'TF_NUM_INTRAOP_THREADS=%d TF_NUM_INTEROP_THREADS=%d set the threads as '
      'they were.',
      run_dir,
      '; '.join(differences),
      began.intra_op_threads,
      began.inter_op_threads,
    )


def _threads(chosen: int, variable: str) -> int:
  """As TensorFlow does it: what was set, the variable, or all cores."""
  if chosen:
    return chosen
  value = os.environ.get(variable, '')
  if value.isdecimal() and int(value):
    return int(value)
  if hasattr(os, 'sched_getaffinity'):  # Not on every system.
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def _processor() -> str:
  if _CPU_INFO.exists():
    for line in _CPU_INFO.read_text('utf-8').splitlines():
      name, _, value = line.partition(':')
      if name.strip() == 'model name':
        return value.strip()
  return platform.processor() or platform.machine()

"""Tells a process that was forked where TensorFlow would wait for ever.

A fork copies TensorFlow without its threads, so that a call there waits for
them for ever, once TensorFlow has run in the process that was forked: web
servers that load a model before they fork their workers hang at the first
request, and workers that load one themselves hang, too, if anything ran before
they were forked.
"""

import os
import sys

# Whether TensorFlow had run in a process that this one was forked from.
_ran_before_fork = False


class Forked(RuntimeError):
  """A model is used where TensorFlow would wait for ever."""


class Owner:
  """The process that makes it, and in which alone a model can be used."""

  def __init__(self):
    """Takes this process."""
    self._process = os.getpid()

  def check(self) -> None:
    """Raises Forked unless this is the process that made it."""
    if os.getpid() != self._process:
      raise Forked(
        'the model was loaded before this process was forked, where TensorFlow '
        'would wait for ever; load it in each worker and not before they '
        "start, by multiprocessing.get_context('spawn') or a web server that "
        'loads the application in its workers.'
      )


def check_can_run() -> None:
  """Raises Forked if TensorFlow ran before this process was forked."""
  if _ran_before_fork:
    raise Forked(
      'TensorFlow ran before this process was forked, and would wait here for '
      "ever; start it by multiprocessing.get_context('spawn'), or run nothing "
      'of TensorFlow before workers are forked.'
    )


def _note_fork() -> None:
  global _ran_before_fork
  _ran_before_fork = _ran_before_fork or _tensorflow_has_run()


def _tensorflow_has_run() -> bool:
  """Whether TensorFlow has started its threads, as its first operation does."""
  config = getattr(sys.modules.get('tensorflow'), 'config', None)
  if config is None:
    return False
  # Nothing public says so, but from then on their number is fixed.
  number = config.threading.get_inter_op_parallelism_threads()
  try:
    config.threading.set_inter_op_parallelism_threads(number + 1)
  except RuntimeError:
    return True
  config.threading.set_inter_op_parallelism_threads(number)
  return False


if hasattr(os, 'register_at_fork'):  # Windows has no forks.
  os.register_at_fork(after_in_child=_note_fork)

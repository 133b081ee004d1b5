"""Tells a process that was forked from the one that loaded a model.

A fork copies TensorFlow without its threads, so that a call there waits for
them for ever: web servers that load a model before they fork their workers
hang at the first request.
"""

import os


class Forked(RuntimeError):
  """A model is used in another process than the one that loaded it."""


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

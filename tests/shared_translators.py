"""Loads models that no test changes once in a process, for programs and all.

Loading and tracing a network takes seconds, and many tests run programs, or
open search indexes, of the same few models.
"""

import functools
import pathlib
from unittest import mock

from tests import shared_artifacts
from tf_twingan import inference
from tf_twingan.inference import translator
from tf_twingan.runs import loading


def loaded_once():
  """Lets `inference.Translator` load each shared model once, see `_Shared`."""
  return mock.patch.object(inference, 'Translator', _Shared)


class _Shared(translator.Translator):
  """A Translator whose network is shared, if its run never changes."""

  def __init__(self, run_dir: str):
    path = pathlib.Path(run_dir).resolve()
    if not (shared_artifacts.holds(path) or path == _shipped()):
      super().__init__(run_dir)
      return
    self.__dict__.update(_load(run_dir).__dict__)
    # May be changed.
    self.framings = dict(self.framings)


@functools.cache
def _load(run_dir: str) -> translator.Translator:
  return translator.Translator(run_dir)


@functools.cache
def _shipped() -> pathlib.Path:
  return loading.pretrained_dir('avatar_twins').resolve()

"""Runs a program's `main` in this process, as starting TensorFlow takes long.

Programs define flags of the same names, so each one's are there only while it
runs. What it needs a process for, say signals or its import time, is tested
with `program_process`. Models that all tests share are loaded once, too.
"""

import contextlib
import functools
import importlib
import io
from collections.abc import Callable, Iterator
from unittest import mock

from absl import flags

from tests import shared_translators

FLAGS = flags.FLAGS


def run(name: str, *arguments: object) -> tuple[int, str]:
  """Runs `tf_twingan.NAME`, or `export`: its exit code and what it printed."""
  main, own_flags = _load(name)
  output, code = io.StringIO(), 0
  with (
    _defined(own_flags),
    shared_translators.loaded_once(),
    contextlib.redirect_stdout(output),
    contextlib.redirect_stderr(output),
  ):
    try:
      main(FLAGS([name, *map(str, arguments)]))
    except SystemExit as stop:
      code = stop.code or 0
  if isinstance(code, str):  # A message, which Python prints for code 1.
    return 1, f'{output.getvalue()}{code}\n'
  return code, output.getvalue()


@contextlib.contextmanager
def few_steps() -> Iterator[None]:
  """Trains the networks by which `evaluate` looks at images for fewer steps.

  What they find is tested where they are.
  """
  from tf_twingan.evaluation import attribute_probe, own_features

  with (
    mock.patch.object(attribute_probe, '_STEPS', 80),
    mock.patch.object(own_features, '_STEPS', 40),
  ):
    yield


@functools.cache
def _load(name: str) -> tuple[Callable, dict[str, flags.Flag]]:
  """The `main` of a program, and its flags, which are removed again."""
  with _removed(_of_other_modules()):
    module = importlib.import_module(
      'export.__main__' if name == 'export' else f'tf_twingan.{name}'
    )
    own_flags = {
      flag.name: flag for flag in FLAGS.flags_by_module_dict()[module.__name__]
    }
    FLAGS.remove_flag_values(own_flags)
  return module.main, own_flags


@contextlib.contextmanager
def _defined(own_flags: dict[str, flags.Flag]) -> Iterator[None]:
  with _removed(_of_other_modules()):
    for name, flag in own_flags.items():
      FLAGS[name] = flag
      flag.unparse()
    try:
      yield
    finally:
      FLAGS.remove_flag_values(own_flags)


def _of_other_modules() -> list[str]:
  """The flags of benchmarks, say, that other tests of this process import.

  They may have the same names, or be required.
  """
  return [
    name
    for name in FLAGS
    if not (FLAGS.find_module_defining_flag(name) or '').startswith('absl')
  ]


@contextlib.contextmanager
def _removed(names: list[str]) -> Iterator[None]:
  """Takes flags away for a while."""
  others = {name: FLAGS[name] for name in names}
  FLAGS.remove_flag_values(others)
  try:
    yield
  finally:
    for name, flag in others.items():
      FLAGS[name] = flag

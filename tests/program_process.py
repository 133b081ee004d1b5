"""Runs a program as a user would, for tests of what it says."""

import pathlib
import subprocess
import sys

_ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(name, *arguments):
  """Runs `python -m tf_twingan.NAME`; see `run_module`."""
  return run_module(f'tf_twingan.{name}', *arguments)


def run_module(module, *arguments):
  """Runs `python -m MODULE`: its exit code and all that it printed."""
  done = subprocess.run(
    [sys.executable, '-m', module, *map(str, arguments)],
    cwd=_ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    check=False,
  )
  return done.returncode, done.stdout

"""Starts trainings as a user would, for tests of what they do and leave."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What hangs is stopped; nothing here takes a tenth of it.
PATIENCE = 600  # Seconds.
_ON_TWO_CPUS = """
import runpy
from tests import two_devices
two_devices.configure()
runpy.run_module('tf_twingan.train', run_name='__main__', alter_sys=True)
"""


def start(
  run_dir,
  *params,
  gin_file='tiny.gin',
  two_cpus=False,
  environment=None,
  before=None,
):
  """Starts a training; `before` runs in the new process first."""
  program = ['-c', _ON_TWO_CPUS] if two_cpus else ['-m', 'tf_twingan.train']
  return subprocess.Popen(
    [
      sys.executable,
      *program,
      f'--gin_file={gin_file}',
      f'--run_dir={run_dir}',
      *(f'--gin_param={p}' for p in params),
    ],
    cwd=ROOT,
    env={**os.environ, **(environment or {})},
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    preexec_fn=before,
  )


def train(run_dir, *params, **options):
  """Runs a training to its end: its exit code and what it printed."""
  process = start(run_dir, *params, **options)
  try:
    output, _ = process.communicate(timeout=PATIENCE)
  finally:
    process.kill()
  return process.returncode, output


def wait_for(process, path):
  """Waits until a file is there, or fails if the process ends first."""
  deadline = time.monotonic() + PATIENCE
  while not path.exists():
    assert process.poll() is None, process.communicate()[0]
    assert time.monotonic() < deadline, f'{path} never came'
    time.sleep(0.01)


def new_run():
  """A run directory that is not there yet."""
  return pathlib.Path(tempfile.mkdtemp(), 'run')

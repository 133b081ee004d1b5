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
ON_TWO_CPUS = """
import os
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
from tf_twingan import cli
cli.prepare_tensorflow()
from tests import two_devices
two_devices.configure()
"""
_RUN = """
import runpy
runpy.run_module('tf_twingan.train', run_name='__main__', alter_sys=True)
"""


def start(
  run_dir,
  *params,
  gin_file='tiny.gin',
  environment=None,
  prologue='',
):
  """Starts a training; Python code in `prologue` runs before it."""
  program = ['-c', prologue + _RUN] if prologue else ['-m', 'tf_twingan.train']
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
  )


def train(run_dir, *params, **options):
  """Runs a training to its end: its exit code and what it printed."""
  process = start(run_dir, *params, **options)
  try:
    output, _ = process.communicate(timeout=PATIENCE)
  finally:
    process.kill()
  return process.returncode, output


def wait_until(process, condition):
  """Waits for something, or fails if the process ends first."""
  deadline = time.monotonic() + PATIENCE
  while not condition():
    assert process.poll() is None, process.communicate()[0]
    assert time.monotonic() < deadline, 'what was waited for never came'
    time.sleep(0.01)


def new_run():
  """A run directory that is not there yet."""
  return pathlib.Path(tempfile.mkdtemp(), 'run')

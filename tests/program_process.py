"""Runs programs as a user would, for tests of what they print and write."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parent.parent
# A prologue of `evaluate`: trains the networks that look at images for fewer
# steps; what they find is tested where they are.
FEW_STEPS = """
from tf_twingan.evaluation import attribute_probe, own_features
attribute_probe._STEPS, own_features._STEPS = 80, 40
"""

# Runs a program with one list of arguments after the other, each with
# its flags at their defaults before, and writes what came of each as JSON.
_EACH = """
import contextlib, importlib, io, json, sys
import gin
from absl import flags

_, name, calls, results_file, prologue = sys.argv
run = importlib.import_module(name).run
exec(prologue)
results = []
for arguments in json.loads(calls):
  for flag in list(flags.FLAGS):
    flags.FLAGS[flag].unparse()
  gin.clear_config()
  printed, code = io.StringIO(), 0
  with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
    try:
      sys.argv = [name, *arguments]
      run()
    except SystemExit as stop:
      code = stop.code
    if isinstance(code, str):
      print(code)
      code = 1
  results.append([code or 0, printed.getvalue()])
with open(results_file, 'w') as file:
  json.dump(results, file)
"""


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


def run_each(name, *calls, prologue=''):
  """Runs `python -m tf_twingan.NAME` with one list of arguments after another.

  All in one process, as TensorFlow takes seconds to start: for calls that
  share nothing but what is loaded. Python code in `prologue` runs first.

  Returns:
    [(exit code, what it printed from Python)], in order.
  """
  with tempfile.TemporaryDirectory() as folder:
    results = pathlib.Path(folder, 'results.json')
    subprocess.run(
      [
        sys.executable,
        '-c',
        _EACH,
        f'tf_twingan.{name}',
        json.dumps([[str(a) for a in call] for call in calls]),
        str(results),
        prologue,
      ],
      cwd=_ROOT,
      # Threads can be chosen once a process only; so no call does.
      env={**os.environ, 'TF_NUM_INTRAOP_THREADS': '2'},
      check=True,
    )
    return [tuple(r) for r in json.loads(results.read_text('utf-8'))]

"""Runs the package's programs for benchmarks, each with a log of its own."""

import pathlib
import subprocess
import sys


def run(log: pathlib.Path, module: str, *arguments: str) -> None:
  """Runs a program to its end.

  Args:
    log: file that its output is written to.
    module: name of the program, such as 'train'.
    *arguments: what follows it on the command line.

  Raises:
    ValueError: it failed; names the log and its last line.
  """
  print(f'{module}: see {log}', flush=True)
  log.parent.mkdir(parents=True, exist_ok=True)
  with open(log, 'w', encoding='utf-8') as file:
    done = subprocess.run(
      [sys.executable, '-m', f'tf_twingan.{module}', *arguments],
      stdout=file,
      stderr=file,
      check=False,
    )
  if done.returncode:
    lines = log.read_text('utf-8', 'replace').strip().splitlines() or ['']
    raise ValueError(f'{module} failed ({lines[-1]}); see {log}')

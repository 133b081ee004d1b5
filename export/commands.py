"""The commands of `python -m export`: checks the flags and runs one.

TensorFlow takes seconds to import, so whatever needs it is imported when a
command runs.
"""

import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from export import checks
from tf_twingan import cli, files
from tf_twingan.data import dataset_strings

# {command: its flags}; --threads belongs to plan and benchmark.
FLAGS_OF = {
  'export': 'run_dir model to from formats output source run_datasets index '
  'qdrant by version author licence litert_js',
  'plan': 'resolution max_mb max_ms format',
  'benchmark': '',
}


def run(argv: Sequence[str], values: flags.FlagValues) -> None:
  """Runs the command that the first argument names, or else exports.

  Args:
    argv: the program, and its arguments.
    values: values of the flags of `python -m export`.

  Raises:
    OSError: something could not be read or written.
    ValueError: a flag's value is wrong; says which.
  """
  command, *arguments = argv[1:] or ['export']
  if command not in FLAGS_OF:
    raise ValueError(
      f'{command!r} is no command; leave it out to export, or write plan or '
      'benchmark BUNDLE.'
    )
  for other, names in FLAGS_OF.items():
    for name in names.split():
      if other != command and values[name].present:
        raise ValueError(f'--{name} is a flag of `{other}`, not {command}.')
  if command == 'benchmark':
    _benchmark(arguments, values)
    return
  cli.reject_arguments([command, *arguments])
  _plan(values) if command == 'plan' else _export(values)


def _plan(values) -> None:
  from export import plan

  if values.resolution is None:
    raise ValueError('give --resolution, the side of the images in px.')
  plan.print_plan(
    values.resolution,
    plan.Limits(values.max_mb, values.max_ms),
    kind=values.format,
    threads=_thread_counts(values)[-1],
  )


def _benchmark(arguments, values) -> None:
  from export import benchmark

  if len(arguments) != 1:
    raise ValueError('write benchmark BUNDLE, the folder of a direction.')
  benchmark.print_benchmark(pathlib.Path(arguments[0]), _thread_counts(values))


def _thread_counts(values) -> list[int]:
  if not all(t.isdecimal() and int(t) for t in values.threads):
    raise ValueError(f'--threads={",".join(values.threads)} are no numbers.')
  return [int(t) for t in values.threads]


def _export(values) -> None:
  for name in ('to', 'output'):
    if not values[name].value:
      raise ValueError(f'give --{name}; --help says what it is.')
  formats = checks.formats(
    values.formats,
    to=values.to,
    source=values['from'].value,
    index=values.index,
    qdrant=values.qdrant,
    by=values.by,
    litert_js=values.litert_js,
  )
  files.check_writable(pathlib.Path(values.output, values.to))
  translator = cli.load_translator(values.run_dir, values.model)
  from export import exporting

  exported = exporting.export(
    translator,
    to=values.to,
    output=values.output,
    source=values['from'].value,
    formats=formats,
    datasets=dict(map(dataset_strings.parse_flag, values.source)),
    run_datasets=values.run_datasets,
    index=values.index,
    qdrant=values.qdrant,
    by=values.by,
    version=values.version,
    author=values.author,
    licence=values.licence,
    litert_js=values.litert_js,
  )
  left_out, written = len(exported.failures), len(exported.manifest['files'])
  if left_out:
    sys.exit(
      f'Error: {left_out} of {left_out + written} formats failed their gate; a '
      'longer training, or one without pixel norm, may help.'
    )

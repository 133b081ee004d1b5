"""The commands of `python -m export`: checks the flags and runs one.

TensorFlow takes seconds to import, so whatever needs it is imported when a
command runs.
"""

import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from absl import flags

from export.formats import registry
from tf_twingan import cli, files

if TYPE_CHECKING:
  from export import exporter

# {command: its flags}; --threads belongs to plan and benchmark.
FLAGS_OF = {
  'export': 'run_dir model to from formats output source run_datasets index '
  'qdrant by version author licence',
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
  of_all = values.to == registry.ALL
  if of_all:
    for name in ('from', 'index', 'qdrant', 'by'):
      if values[name].present:
        raise ValueError(f'--{name} does not go with --to={registry.ALL}.')
  formats = values.formats
  if formats is None:
    formats = registry.defaults(all_directions=of_all)
  registry.check(formats, registry.names(all_directions=of_all))
  if 'search' in formats and not values.index:
    raise ValueError(
      'format search needs --index, what `python -m tf_twingan.search build` '
      'made.'
    )
  if values['by'].present and 'search' not in formats:
    raise ValueError('--by is for format search; name it in --formats.')
  files.check_writable(pathlib.Path(values.output, values.to))
  from export import exporter, inputs

  chosen = inputs.Inputs(values)
  context = chosen.all_directions() if of_all else chosen.one_direction()
  try:
    manifest, failures = exporter.export(context, formats, values.output)
  except ImportError as error:
    raise ValueError(str(error)) from error
  _report(pathlib.Path(values.output, values.to), manifest, failures)


def _report(
  folder: pathlib.Path,
  manifest: Mapping[str, Any],
  failures: Sequence['exporter.Failure'],
) -> None:
  print(_table(manifest['files']))
  print(f'\n{folder}: {len(manifest["files"])} files; see its README.md')
  for failure in failures:
    print(
      f'  left out {failure.format}: {failure.figures}, but it needs '
      f'{failure.gate}',
      file=sys.stderr,
    )
  if failures:
    sys.exit(
      f'Error: {len(failures)} of {len(failures) + len(manifest["files"])} '
      'formats failed their gate; a longer training, or one without pixel '
      'norm, may help.'
    )


def _table(entries: Mapping[str, Any]) -> str:
  lines = [f'{"file":40} {"bytes":>11} {"PSNR, dB":>9} {"largest":>8}']
  for name, entry in entries.items():
    note = '  experimental' if entry.get('experimental') else ''
    figures = _figures(entry['parity'])
    lines.append(f'{name:40} {entry["bytes"]:11,} {figures}{note}')
  return '\n'.join(lines)


def _figures(parity: Mapping[str, Any]) -> str:
  if 'cosine' in parity:
    return f'cosine {parity["cosine"]:.5f}'
  if 'top_1' in parity:
    return f'same neighbour {parity["top_1"]:.1%} of the time'
  psnr = 'equal' if parity['psnr'] is None else f'{parity["psnr"]:.1f}'
  return f'{psnr:>9} {parity["max_difference"]:8.2g}'

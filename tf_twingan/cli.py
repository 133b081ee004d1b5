"""Shared command-line helpers: flags, error reporting, model loading.

A program defines its flags when it is imported, from modules that do without
TensorFlow, and imports the others in `main`. So `--help` and a mistyped flag
are answered at once, and `run` can prepare TensorFlow before it is imported.
"""

import contextlib
import io
import logging as stdlib_logging
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from absl import app, flags, logging

from tf_twingan import errors, extras, home_folder, inference, shell_words

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()


class _PrintableStream:
  """A text stream whose lines cannot steer a terminal, see `errors.printable`.

  What programs print holds names of files, and what files say. A reader that
  has seen enough, such as `head`, ends no program before its work is done.
  """

  def __init__(self, stream: TextIO):
    self._stream = stream

  def write(self, text: str) -> int:
    # A progress bar, of a download say, goes back before it writes.
    lines = text.lstrip('\b\r').split('\n')
    back = text[: len(text) - len('\n'.join(lines))]
    with self._reader_may_end():
      self._stream.write(back + '\n'.join(map(errors.printable, lines)))
    return len(text)

  def flush(self) -> None:
    with self._reader_may_end():
      self._stream.flush()

  @contextlib.contextmanager
  def _reader_may_end(self) -> Iterator[None]:
    try:
      yield
    except BrokenPipeError:
      nowhere = os.open(os.devnull, os.O_WRONLY)
      os.dup2(nowhere, self._stream.fileno())
      os.close(nowhere)

  def __getattr__(self, name: str) -> Any:
    return getattr(self._stream, name)


def _make_printable(record: stdlib_logging.LogRecord) -> bool:
  """Makes a log message of this package one line that is safe to print."""
  if pathlib.Path(__file__).parent in pathlib.Path(record.pathname).parents:
    record.msg, record.args = errors.printable(record.getMessage()), ()
  return True


def prepare_tensorflow() -> None:
  """Sets environment variables that TensorFlow reads when it is imported.

  For programs, tests and benchmarks, each in its own process; values that are
  set already stay, except that Keras computes with TensorFlow.
  """
  # TensorFlow reports missing GPUs on every start; its errors are raised, too.
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  # Whatever a user's other programs compute with.
  os.environ['KERAS_BACKEND'] = 'tensorflow'
  choose_kernels()


def choose_kernels() -> None:
  """Lets TensorFlow use oneDNN's kernels; before it is imported.

  Without AVX-512 it leaves them off, although they take a quarter off a
  training step there, too. They change the last bits.
  """
  os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')


def run(
  main: Callable[[list[str]], None],
  parse: Callable[[list[str]], list[str]] = app.parse_flags_with_usage,
) -> None:
  """Parses the flags and runs a program.

  Args:
    main: the program, a function of its name and what is no flag.
    parse: parses the flags, and returns what `main` is given.
  """
  prepare_tensorflow()
  if main.__module__ != '__main__':
    # A console script: --help shows what it knows of the module that was
    # started, by its documentation and by the first argument.
    program = sys.modules[main.__module__]
    sys.modules['__main__'].__doc__ = program.__doc__
    sys.argv[0] = program.__name__
  # Libraries report every step at level INFO; warnings are still shown.
  logging.set_verbosity(logging.WARNING)
  logging.get_absl_handler().addFilter(_make_printable)
  # Names may have characters that the output's encoding has not, as in a
  # container without a locale; the standard error stream escapes them already.
  if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors='backslashreplace')
  # Not the standard error stream, where progress bars move the cursor.
  if not isinstance(sys.stdout, _PrintableStream):
    sys.stdout = _PrintableStream(sys.stdout)
  app.run(main, flags_parser=parse)


@contextlib.contextmanager
def escaped_output() -> Iterator[None]:
  """What the block prints is escaped where the output's encoding lacks it.

  For calls from Python, whose tables and names would else raise
  UnicodeEncodeError once the work is done: in a container without a locale, or
  where Windows writes the output to a file.
  """
  stream = sys.stdout
  if not isinstance(stream, io.TextIOWrapper):
    yield
    return
  before = stream.errors
  stream.reconfigure(errors='backslashreplace')
  try:
    yield
  finally:
    # Whoever read it may have ended, which is no concern of a training.
    with contextlib.suppress(OSError):
      stream.reconfigure(errors=before)


@contextlib.contextmanager
def untouched_logging() -> Iterator[None]:
  """Leaves Python's logging to the calling program.

  absl and gin configure it by their first message where no program has, even by
  one that is not shown; the program's own `logging.basicConfig` would then do
  nothing. In the block, warnings are printed as Python prints those of programs
  that configure nothing.
  """
  root = stdlib_logging.getLogger()
  handler = None if root.handlers else stdlib_logging.lastResort
  if handler is None:
    yield
    return
  root.addHandler(handler)
  try:
    yield
  finally:
    root.removeHandler(handler)


class _PathParser(flags.ArgumentParser):
  """Replaces a `~` at the beginning of a path, see `home_folder`.

  An empty path is refused: elsewhere it means the current folder, which nobody
  means who types `--input=$UNSET`. With `named`, the path may stand behind a
  name: `photo=~/portrait.jpg`.
  """

  def __init__(self, named: bool = False):
    self._named = named

  def parse(self, argument: str) -> str:
    if not argument:
      raise ValueError(
        'no path is given; where it comes from a variable, set that (. is the '
        'current folder)'
      )
    name, equals, path = argument.partition('=')
    if self._named and equals and path.startswith('~'):
      return f'{name}={home_folder.expand(path)}'
    return home_folder.expand(argument)


def define_path(
  name: str,
  help_text: str,
  *,
  default: str | None = None,
  required: bool = False,
) -> flags.FlagHolder:
  """Defines a flag that takes a path, whose `~` is the home folder.

  It may take a name instead of a path, too.
  """
  return flags.DEFINE(
    _PathParser(),
    name,
    default,
    help_text,
    serializer=flags.ArgumentSerializer(),
    required=required,
  )


def define_paths(
  name: str, help_text: str, *, named: bool = False
) -> flags.FlagHolder:
  """Defines a flag that takes a path, may be repeated, and is a list.

  Args:
    name: name of the flag.
    help_text: what --help says.
    named: whether a path may stand behind NAME=.
  """
  return flags.DEFINE_multi(
    _PathParser(named), flags.ArgumentSerializer(), name, [], help_text
  )


def define_run_dir(*, required: bool = False) -> flags.FlagHolder:
  """Defines --run_dir, for `load_translator`."""
  return define_path('run_dir', "A training's directory.", required=required)


def define_model(more: str = '') -> flags.FlagHolder:
  """Defines --model, for `load_translator`.

  Args:
    more: what else its help says.
  """
  return flags.DEFINE_string(
    'model',
    None,
    f'A model that ships with the package: avatar_twins. {more}'.strip(),
  )


def define_bundle() -> flags.FlagHolder:
  """Defines --bundle, for `load_translator`."""
  return define_path(
    'bundle', 'An exported bundle, OUTPUT/<to>, or one of its files.'
  )


def define_from() -> flags.FlagHolder:
  """Defines --from, the source domain."""
  return flags.DEFINE_string(
    'from',
    None,
    'The domain of the images; may be left out if the model has two.',
  )


def define_runner() -> None:
  """Defines --runner and --beam_option."""
  flags.DEFINE_string(
    'runner',
    None,
    'A runner of Apache Beam: FnApiRunner on this computer, FlinkRunner, '
    'SparkRunner or DataflowRunner for many; see docs/data.md.',
  )
  flags.DEFINE_multi_string(
    'beam_option',
    [],
    'An option of Apache Beam or the runner, such as direct_num_workers=2.',
  )


def check_beam_options() -> None:
  """Refuses --beam_option without --runner.

  Raises:
    ValueError: they do not go together.
  """
  if flags.FLAGS.beam_option and flags.FLAGS.runner is None:
    raise ValueError(
      '--beam_option is of Apache Beam: give --runner=FnApiRunner, too'
    )


def define_run_datasets() -> flags.FlagHolder:
  """Defines --run_datasets, for `run_datasets.check`."""
  return flags.DEFINE_bool(
    'run_datasets',
    False,
    "Read the folders and TFDS datasets that the run's record names. By "
    'default only embedded avatars are; others --source has to name.',
  )


def command(module: str, *arguments: str) -> str:
  """A command line that runs a module with this Python, quoted for a shell."""
  python = sys.executable
  with contextlib.suppress(ValueError):  # It is on another drive of Windows.
    python = min(python, os.path.relpath(python), key=len)
  return shell_words.join([python, '-m', module, *arguments])


@contextlib.contextmanager
def report_errors() -> Iterator[None]:
  """Ends the program with one line instead of a traceback.

  For what a user can cause and cure: wrong values, missing files or packages,
  a full disk or memory, a training that diverged. Any other exception is a bug
  and passes.
  """
  try:
    yield
  except (
    ValueError,
    OSError,
    FloatingPointError,
    extras.MissingPackage,
  ) as error:
    said = str(error).split(errors.GIN_CONTEXT)[0]
    sys.exit(f'Error: {errors.printable(said)}')
  except KeyboardInterrupt as error:
    # Some say how far they came.
    said = ' '.join(['Interrupted.', *map(str, error.args)])
    sys.exit(errors.printable(said))
  except Exception as error:
    message = _tensorflow_message(error)
    if message is None:
      raise
    sys.exit(f'Error: {errors.printable(message)}')


def _tensorflow_message(error: Exception) -> str | None:
  """The message of an error that TensorFlow raised; None for any other."""
  # Whoever has not imported it raises none of its errors.
  tf = sys.modules.get('tensorflow')
  if tf is None or not isinstance(error, tf.errors.OpError):
    return None
  first_line = error.message.splitlines()[0]
  if isinstance(error, tf.errors.ResourceExhaustedError):
    return (
      f'out of memory or disk ({first_line}). Lower Growth.batch_size or free '
      'some space.'
    )
  return first_line


def reject_arguments(argv: Sequence[str]) -> None:
  """Refuses what is no flag; a value without its flag would be dropped."""
  if len(argv) > 1:
    sys.exit(
      f'Error: unexpected argument {argv[1]!r}; every value has a flag '
      '(--help lists them).'
    )


def parse_command(
  argv: Sequence[str], flags_of: Mapping[str, Iterable[str]], remedy: str
) -> str:
  """The command of a program that has several, its only argument.

  Args:
    argv: what `main` is given.
    flags_of: for each command the names of the flags that only it takes.
    remedy: what to type if it is missing or unknown, for the message.

  Raises:
    ValueError: there is no such command, or a flag belongs to another one.
  """
  command, *rest = argv[1:] or ['']
  if command not in flags_of:
    raise ValueError(f'{command!r} is no command; {remedy}.')
  reject_arguments([command, *rest])
  reject_flags_of_other_commands(command, flags_of)
  return command


def reject_flags_of_other_commands(
  command: str, flags_of: Mapping[str, Iterable[str]]
) -> None:
  """Refuses flags that belong to another command of the same program.

  Args:
    command: the command that was given.
    flags_of: for each command the names of the flags that only it takes.

  Raises:
    ValueError: such a flag was given.
  """
  for other, names in flags_of.items():
    for name in names:
      if other != command and flags.FLAGS[name].present:
        raise ValueError(f'--{name} is a flag of `{other}`, not {command}.')


def load_translator(
  run_dir: str | None, model: str | None, bundle: str | None = None
) -> Any:
  """The translator that --run_dir, --model or --bundle asks for.

  Args:
    run_dir: directory of a training, finished or not.
    model: name of a model that ships with the package.
    bundle: folder of an exported bundle, or a file in it.

  Returns:
    A `Translator`; for a bundle, a `BundleTranslator`.

  Raises:
    ValueError: several or none are given, there is no such model, or the bundle
      is damaged.
    FileNotFoundError: the directory holds no run, or there is no bundle.
  """
  if model and not (run_dir or bundle):
    return inference.Translator.from_pretrained(model)
  if run_dir and not (model or bundle):
    return inference.Translator(run_dir)
  if bundle and not (run_dir or model):
    from tf_twingan.inference.exported import bundle_translator

    return bundle_translator.BundleTranslator.load(bundle)
  raise ValueError(
    "give either --run_dir=DIR, a training's directory, or "
    '--model=avatar_twins, the model that ships with '
    'tf_twingan.'
  )

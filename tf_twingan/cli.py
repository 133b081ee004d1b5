"""What all programs share at their edge: clear errors, no stray arguments."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
from absl import app, logging

from tf_twingan import inference
from tf_twingan.runs import loading


def run(main: Callable[[Sequence[str]], None]) -> None:
  """Parses the flags and runs a program."""
  # Libraries tell at length of every step; warnings are still shown.
  logging.set_verbosity(logging.WARNING)
  app.run(main)


def strip_gin_context(error: BaseException) -> str:
  """A message without gin's note of the configurable it came through."""
  return str(error).split('\n  In call to configurable')[0]


@contextlib.contextmanager
def report_errors() -> Iterator[None]:
  """Ends the program with one line instead of a traceback.

  For what a user can cause and cure: wrong values, missing files, a full disk
  or memory, a training that diverged.
  """
  try:
    yield
  except (ValueError, OSError, FloatingPointError) as error:
    sys.exit(f'Error: {strip_gin_context(error)}')
  except tf.errors.ResourceExhaustedError as error:
    sys.exit(
      f'Error: out of memory or disk ({error.message.splitlines()[0]})'
      '. Lower Growth.batch_size or free some space.'
    )
  except tf.errors.OpError as error:
    sys.exit(f'Error: {error.message.splitlines()[0]}')
  except KeyboardInterrupt:
    sys.exit('Interrupted.')


def reject_arguments(argv: Sequence[str]) -> None:
  """Refuses what is no flag; a value without its flag would be dropped."""
  if len(argv) > 1:
    sys.exit(
      f'Error: unexpected argument {argv[1]!r}; every value has a flag '
      '(--help lists them).'
    )


def load_translator(
  run_dir: str | None, model: str | None
) -> inference.Translator:
  """The translator that --run_dir or --model asks for.

  Raises:
    ValueError: both or neither are given, or there is no such model.
    FileNotFoundError: the directory holds no run.
  """
  if bool(run_dir) == bool(model):
    raise ValueError(
      "give either --run_dir=DIR, a training's directory, or "
      '--model=avatar_twins, the model that ships with '
      'tf_twingan.'
    )
  if model:
    return inference.Translator.from_pretrained(model)
  return inference.Translator(run_dir)


def model_folder(run_dir: str | None, model: str | None) -> str:
  """The folder of the model that --run_dir or --model asks for."""
  return str(loading.pretrained_dir(model)) if model else run_dir or ''

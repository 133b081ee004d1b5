"""Flags that set values of a gin file, which then need no inner quotes.

`photo = 'folder:data/portraits'` in photos.gin makes `--gin_file=photos.gin`
take `--photo=folder:/my/portraits`. A macro that has the name of another flag
gets none, and is set by --gin_param alone. --init_from and --init_domains set
what a new run starts from.
"""

from collections.abc import Callable, Sequence
from typing import Any

from absl import app, flags

from tf_twingan import cli, gin_bindings, gin_files, home_folder

FILE = 'gin_file'

# What is defined here is shown by the program's --help.
flags.disclaim_key_flags()


class _MacroFlag(flags.Flag):
  """A flag that sets a macro."""


class _StringParser(flags.ArgumentParser):
  """Takes a string with the quotes of Python or without."""

  def parse(self, argument: str) -> str:
    try:
      (binding,) = gin_bindings.read(f'x={argument}')
    except ValueError:
      pass
    else:
      if isinstance(binding.value, str):
        return binding.value
    return home_folder.expand(argument)


class _PythonParser(flags.ArgumentParser):
  """Takes what --gin_param takes, and leaves it as it is."""

  syntactic_help = 'Python, as for --gin_param'

  def parse(self, argument: Any) -> Any:
    if isinstance(argument, str):
      try:
        list(gin_bindings.read(f'x={argument}'))
      except gin_bindings.Malformed:
        raise ValueError(
          'it is no value of Python; strings need quotes, and lists brackets'
        ) from None
    return argument


class _NumberParser(flags.ArgumentParser):
  """Takes a number; `gin_types` tells which parameters need whole ones."""

  syntactic_help = 'a number'

  def parse(self, argument: Any) -> int | float:
    for number in (int, float):
      try:
        return number(argument) if isinstance(argument, str) else argument
      except ValueError:
        pass
    raise ValueError('it is no number')


def parse(argv: Sequence[str]) -> list[str]:
  """Parses flags, those of the macros of --gin_file among them.

  Args:
    argv: the program and its arguments.

  Returns:
    The program and what is no flag.
  """
  for name in _names():
    delattr(flags.FLAGS, name)
  with cli.report_errors():
    gin_file = _gin_file(argv)
    if gin_file:
      _define(gin_file)
  return app.parse_flags_with_usage(argv)


def bindings(gin_params: Sequence[str]) -> list[str]:
  """The bindings of --gin_param, and those that flags of macros set.

  Args:
    gin_params: the values of --gin_param.

  Raises:
    ValueError: both set the same macro.
  """
  given = [param.split('=')[0].strip() for param in gin_params]
  result = list(gin_params)
  for name in _names():
    flag = flags.FLAGS[name]
    if not flag.present:
      continue
    if name in given:
      raise ValueError(f'--{name} and --gin_param={name} are given; keep one.')
    is_python = isinstance(flag.parser, _PythonParser)
    result.append(f'{name}={flag.value if is_python else repr(flag.value)}')
  return result


def define_init() -> Callable[[], list[str]]:
  """Defines --init_from and --init_domains, of what a new run starts from.

  Returns:
    A function that gives the gin bindings of both, once flags are parsed.
  """
  origin = cli.define_path(
    'init_from',
    'Starts a new run from the weights of another: a run directory, or '
    'pretrained:avatar_twins. A run that is there is continued.',
  )
  domains = flags.DEFINE_list(
    'init_domains',
    [],
    'Domains that start from one of another name there: NEW=OLD,...',
  )

  def bindings_of_both() -> list[str]:
    found = []
    if origin.value:
      found.append(f'train.init_from={origin.value!r}')
    if domains.value:
      pairs = dict(_pair('init_domains', text) for text in domains.value)
      found.append(f'train.init_domains={pairs!r}')
    return found

  return bindings_of_both


def _names() -> list[str]:
  names = list(flags.FLAGS)
  return [name for name in names if isinstance(flags.FLAGS[name], _MacroFlag)]


def _gin_file(argv: Sequence[str]) -> str | None:
  """The value of --gin_file, which is needed before flags are parsed."""
  try:
    arguments = flags.FLAGS.read_flags_from_files(argv[1:], force_gnu=False)
  except flags.Error:
    return None  # Parsing reports it.
  value = None
  for argument, following in zip(arguments, [*arguments[1:], None]):
    if argument == '--':
      break
    name, equals, text = argument.lstrip('-').partition('=')
    if argument.startswith('-') and name == FILE:
      value = text if equals else following
  return value


def _define(gin_file: str) -> None:
  """Defines flags for the macros of a file, of the program's module."""
  module = flags.FLAGS.find_module_defining_flag(FILE)
  path = gin_files.find(home_folder.expand(gin_file))
  for name, value in gin_files.macros(path).items():
    if name in flags.FLAGS:
      continue
    flag = _MacroFlag(
      _parser(value),
      flags.ArgumentSerializer(),
      name,
      value,
      f'A value of {path.name}.',
      boolean=isinstance(value, bool),
    )
    flags.FLAGS[name] = flag
    flags.FLAGS.register_flag_by_module(module, flag)


def _parser(value: Any) -> flags.ArgumentParser:
  """What parses the flag of a macro, by the macro's value in the file."""
  if isinstance(value, bool):
    return flags.BooleanParser()
  if isinstance(value, (int, float)):
    return _NumberParser()
  return _StringParser() if isinstance(value, str) else _PythonParser()


def _pair(flag: str, text: str) -> tuple[str, str]:
  left, separator, right = (part.strip() for part in text.partition('='))
  if not (left and separator and right):
    raise ValueError(
      f'--{flag}: {text!r} is no pair; write NEW=OLD, several joined by '
      f'commas: --{flag}=cat=anime,photo=photo.'
    )
  return left, right

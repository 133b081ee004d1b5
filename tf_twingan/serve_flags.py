"""Flags of `serve`: which models, where it listens, what it allows."""

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

from absl import flags

from tf_twingan import cli, errors, regular_files

if TYPE_CHECKING:
  from tf_twingan.serving import models as models_lib
  from tf_twingan.serving import served_index
  from tf_twingan.serving import settings as settings_lib

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()

_DEFAULT_MODEL = 'avatar_twins'
_LONGEST_TOKEN = 4096


def define() -> None:
  """Defines the flags, for the functions below."""
  cli.define_paths(
    'run_dir',
    "A training's directory, DIR or NAME=DIR; may be repeated.",
    named=True,
  )
  flags.DEFINE_multi_string(
    'model',
    [],
    'A model that ships with the package; without any model, '
    f'{_DEFAULT_MODEL}.',
  )
  cli.define_paths(
    'bundle',
    'An exported bundle, DIR or NAME=DIR; may be repeated.',
    named=True,
  )
  cli.define_path('index', 'A search index, for "who looks like me".')
  flags.DEFINE_string(
    'host', '127.0.0.1', 'The address to listen on; 0.0.0.0 for all networks.'
  )
  flags.DEFINE_integer(
    'port',
    8000,
    'The port to listen on; 0 takes any that is free.',
    lower_bound=0,
    upper_bound=65535,
  )
  cli.define_path(
    'token_file',
    'A file whose only line clients have to send, as Authorization: Bearer.',
  )

  flags.DEFINE_list(
    'allowed_hosts',
    [],
    'Names that the server answers to, as browsers know it; by default, any '
    'unless --host is of this computer alone.',
  )
  flags.DEFINE_list(
    'cors_origins',
    [],
    'Pages elsewhere that may use the API, such as https://example.org.',
  )
  flags.DEFINE_float(
    'requests_per_minute',
    0,
    'Most requests of one address to the API; 0 sets no limit.',
    lower_bound=0,
  )
  flags.DEFINE_list(
    'trusted_proxies',
    [],
    'Addresses of proxies whose X-Forwarded-For says who the client is.',
  )


def models() -> 'models_lib.Models':
  """Loads the models that the flags ask for.

  Raises:
    FileNotFoundError: one is missing.
    ValueError: one is damaged, or two have one name.
  """
  from tf_twingan.serving import models as models_lib

  values = flags.FLAGS
  loaded = [models_lib.from_pretrained(name) for name in values.model]
  loaded += [
    models_lib.from_run(path, name)
    for name, path in map(split_name, values.run_dir)
  ]
  loaded += [
    models_lib.from_bundle(path, name)
    for name, path in map(split_name, values.bundle)
  ]
  if not loaded:
    loaded = [models_lib.from_pretrained(_DEFAULT_MODEL)]
  return models_lib.Models(loaded)


def index(models: 'models_lib.Models') -> 'served_index.ServedIndex | None':
  """Opens the index of --index; None without it.

  Raises:
    FileNotFoundError: there is none, or its model has gone.
    ValueError: it is damaged.
  """
  if flags.FLAGS.index is None:
    return None
  from tf_twingan.serving import served_index

  return served_index.ServedIndex(flags.FLAGS.index, models)


def settings() -> 'settings_lib.Settings':
  """The settings that the flags ask for.

  Raises:
    OSError: --token_file cannot be read.
    ValueError: it holds no token, or --cors_origins is wrong.
  """
  from tf_twingan.serving import settings as settings_lib

  values = flags.FLAGS
  made = settings_lib.Settings(
    host=values.host,
    allowed_hosts=tuple(values.allowed_hosts),
    cors_origins=tuple(map(_origin, values.cors_origins)),
    requests_per_minute=values.requests_per_minute,
    trusted_proxies=tuple(values.trusted_proxies),
  )
  if flags.FLAGS.token_file is not None:
    token = read_token(flags.FLAGS.token_file)
    made = dataclasses.replace(made, token=token)
  return made


def read_token(path: str) -> str:
  """The token in a file of one line.

  Raises:
    OSError: it cannot be read.
    ValueError: it is empty, or no text of one line.
  """
  content = regular_files.read(path).strip()
  try:
    token = content.decode('ascii')
  except UnicodeDecodeError:
    token = ''
  if not token or not token.isprintable() or len(token) > _LONGEST_TOKEN:
    raise ValueError(
      f'{errors.printable(path)} holds no token; write one line of letters and '
      'digits to it, such as `openssl rand -hex 32` gives.'
    )
  return token


def _origin(value: str) -> str:
  """An origin as browsers write it.

  Raises:
    ValueError: it is none.
  """
  if value != '*' and not re.fullmatch(r'https?://[^/?#\s]+', value):
    raise ValueError(
      f'--cors_origins={errors.printable(value)} is no origin; write it as '
      'https://example.org, without a path.'
    )
  return value.lower()


def split_name(value: str) -> tuple[str | None, str]:
  """NAME=PATH or PATH, split; what is there with a `=` in it is a path."""
  name, equals, path = value.partition('=')
  if not equals or '/' in name or pathlib.Path(value).exists():
    return None, value
  return name, path

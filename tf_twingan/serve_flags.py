"""Flags of `serve`: which models, where it listens, what it allows."""

import dataclasses
import pathlib
import re
from typing import TYPE_CHECKING

from absl import flags

from tf_twingan import cli, errors, regular_files

if TYPE_CHECKING:
  from tf_twingan.serving import models as models_lib
  from tf_twingan.serving import remote_model, served_index, versions
  from tf_twingan.serving import settings as settings_lib

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()

_DEFAULT_MODEL = 'avatar_twins'
_LONGEST_TOKEN = 4096
# Batches that are at a model server at once.
_REMOTE_BATCHES = 4


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
  flags.DEFINE_string(
    'tf_serving',
    None,
    'host:port of a TensorFlow model server, for gRPC, or grpcs://host:port. '
    'With it, --bundle is the bundle that is served there.',
  )
  flags.DEFINE_string(
    'tf_serving_model',
    None,
    'Name of the model at --tf_serving; by default that of --bundle.',
  )
  flags.DEFINE_string(
    'tf_serving_label',
    None,
    'Label of the version at --tf_serving, such as stable; by default the '
    'newest version.',
  )
  cli.define_path(
    'tf_serving_ca',
    'Certificates (PEM) of the authorities to trust, for grpcs://.',
  )
  flags.DEFINE_float(
    'poll_seconds',
    5.0,
    'How often runs, bundles and the model server are asked for new versions, '
    'which take the place of the old ones; 0 for never.',
    lower_bound=0,
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


def models(
  settings: 'settings_lib.Settings',
) -> 'tuple[models_lib.Models, list[versions.Watched]]':
  """Loads the models that the flags ask for.

  Args:
    settings: the server's settings.

  Returns:
    The models, and those of them that new versions take the place of.

  Raises:
    ConnectionError: a model server does not answer.
    FileNotFoundError: a model is missing.
    ValueError: one is damaged, or two have one name.
  """
  from tf_twingan.serving import bundle_versions, run_versions, versions
  from tf_twingan.serving import models as models_lib

  values = flags.FLAGS
  loaded = [models_lib.from_pretrained(name) for name in values.model]
  opened = [
    run_versions.RunSource(path, name).open()
    for name, path in map(split_name, values.run_dir)
  ]
  if values.tf_serving is not None:
    opened.append(_model_server(values, settings).wait())
  else:
    for name, path in map(split_name, values.bundle):
      if pathlib.Path(path, 'manifest.json').is_file():
        source = bundle_versions.BundleSource(path, name)
        opened.append(versions.open_newest(source))
      else:
        # A file of a bundle, which has no versions.
        loaded.append(models_lib.from_bundle(path, name))
  loaded += [model for model, _ in opened]
  if not loaded:
    loaded = [models_lib.from_pretrained(_DEFAULT_MODEL)]
  return models_lib.Models(loaded), [watched for _, watched in opened]


def _model_server(
  values: flags.FlagValues, settings: 'settings_lib.Settings'
) -> 'remote_model.RemoteModel':
  """The model of --tf_serving.

  Raises:
    OSError: a file cannot be read.
    ValueError: a flag is wrong.
  """
  from tf_twingan.serving import model_server, remote_model

  if len(values.bundle) > 1:
    raise ValueError(
      f'--bundle is given {len(values.bundle)} times; with --tf_serving, give '
      'the one bundle that is served there.'
    )
  name, bundle = split_name(values.bundle[0]) if values.bundle else (None, None)
  certificates = None
  if values.tf_serving_ca is not None:
    certificates = regular_files.read(values.tf_serving_ca)
  return remote_model.RemoteModel(
    model_server.ModelServer(
      values.tf_serving, settings, certificates=certificates
    ),
    settings,
    name=values.tf_serving_model or name,
    label=values.tf_serving_label,
    bundle=bundle,
  )


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
    poll_s=values.poll_seconds,
  )
  if values.tf_serving is not None:
    # It joins batches itself, and the way there takes time.
    made = dataclasses.replace(made, model_threads=_REMOTE_BATCHES)
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

"""What of an index is opened: its last whole state, its model, its server.

An index may come from a stranger. It names the model that it was built with,
and perhaps a server; a model is read as data, and a server is connected to only
if the user names it.
"""

import os
from typing import Any

from absl import logging

from tf_twingan import errors, inference, plain_names, shell_words
from tf_twingan.retrieval import manifest, storage
from tf_twingan.runs import loading

# How an index that a server searches is kept, see `manifest.Findable`.
SERVED = 'qdrant'


def read_manifest(files: storage.Storage) -> manifest.Manifest:
  """The manifest of an index.

  Raises:
    FileNotFoundError: there is no index.
    ValueError: it is damaged.
  """
  return manifest.Manifest.from_json(
    files.read_manifest(),
    name=errors.printable(files.folder / 'manifest.json'),
  )


def last_whole(
  files: storage.Storage, parts: manifest.Manifest
) -> manifest.Manifest:
  """The parts of an index when all its images could be found last.

  Args:
    files: the files of the index.
    parts: its manifest, which another program may just be adding to.

  Raises:
    storage.Changed: another program has finished meanwhile.
    ValueError: a file is damaged.
  """
  if parts.finished is None:
    return parts
  whole = manifest.Manifest.from_json(
    files.read_json(parts.finished, dict[str, Any]),
    name=errors.printable(files.folder / parts.finished['name']),
  )
  is_served = any(s.kind == SERVED for s in whole.findable.values())
  if is_served and whole.embedding != parts.embedding:
    return parts  # The server may hold vectors of either embedding.
  return whole


def choose_search(
  parts: manifest.Manifest,
  folder: str | os.PathLike,
  *,
  kind: str | None,
  server: str | None,
) -> None:
  """Chooses what searches an index: what the user names, or what it says.

  Args:
    parts: the index; changed to what was chosen.
    folder: its folder, for messages.
    kind: one of `options.KINDS`; None leaves it as it is.
    server: address of a Qdrant server; None leaves it as it is.

  Raises:
    ValueError: the index is searched by a server that the user did not name.
  """
  if kind or server:
    if parts.server and not server:
      logging.warning(
        'The Qdrant server at %s still holds the vectors of the index in %s; '
        'delete its collection %s.',
        errors.printable(parts.server),
        errors.printable(folder),
        collection(parts),
      )
    parts.kind, parts.server = kind, server
  elif parts.server:
    flag = shell_words.quote(f'--qdrant={parts.server}')
    raise ValueError(
      f'The index in {errors.printable(folder)} is searched by the Qdrant '
      f'server at {errors.printable(parts.server)}. If you trust that server, '
      f'name it: add {flag}, or server=... in Python. `search build` with '
      '--kind=flat does without any.'
    )


def collection(parts: manifest.Manifest) -> str:
  """Name of an index on its server."""
  return f'tf_twingan_{parts.id}'


def recorded_model(
  parts: manifest.Manifest, folder: str | os.PathLike
) -> inference.Translator:
  """Loads the model that an index was built with, from where it was then.

  Args:
    parts: the index.
    folder: its folder, for messages.

  Raises:
    FileNotFoundError: the model has gone; says how to name its new place.
    ValueError: it is no model of this machine.
  """
  origin = parts.origin
  index = f'The index in {errors.printable(folder)}'
  new_place = (
    'add --run_dir=DIR, or --model=NAME for a model that ships with the '
    'package (in Python, give a Translator).'
  )
  if origin.startswith(loading.PRETRAINED_PREFIX):
    name = origin.removeprefix(loading.PRETRAINED_PREFIX)
    try:
      plain_names.check_name(name)
    except ValueError as error:
      raise ValueError(f'{index} names a model that {error}.') from None
    return inference.Translator.reopen(origin)
  is_local = os.path.isabs(origin) and not origin.startswith(('//', '\\\\'))
  if not is_local or '://' in origin or '\0' in origin:
    raise ValueError(
      f'{index} names the model {errors.printable(origin)}, which is no folder '
      f'of this machine; {new_place}'
    )
  if not os.path.isfile(os.path.join(origin, 'model.json')):
    raise FileNotFoundError(
      f'{index} was built with the run {errors.printable(origin)}, which is '
      f'not there. If it moved, say where it is now: {new_place}'
    )
  return inference.Translator.reopen(origin)

"""Loads what --against names: runs, models that ship, and exported files."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tf_twingan.evaluation import candidates, names

# `cli.load_translator`: function of a run's directory or a model's name.
LoadTranslator = Callable[[str | None, str | None], Any]


def check_names(against: Sequence[str]) -> None:
  """Raises if a value would give two rows of a table the same name.

  Args:
    against: values of --against.

  Raises:
    ValueError: a value is reserved, or given twice.
  """
  for name in against:
    if name in (names.TRANSLATION, *names.BASELINES) or against.count(name) > 1:
      raise ValueError(
        f'--against={name} would give two columns one name; name each once, '
        'and a folder by its whole path.'
      )


def load(
  name: str,
  domains: Sequence[str],
  load_translator: LoadTranslator,
  direction: tuple[str, str] | None = None,
) -> dict[str, candidates.Translates]:
  """Loads what one value of --against names; a bundle has several formats.

  Args:
    name: directory of a run, name of a model that ships, or path of an export.
    domains: names of the two domains.
    load_translator: `cli.load_translator`.
    direction: (from, to) of an exported file that does not tell them.

  Returns:
    {name of the row: translator}.

  Raises:
    FileNotFoundError: a file is missing.
    ValueError: the value names none of them.
  """
  if is_folder(name):
    raise ValueError(
      f'--against={name} holds no run (no model.json) and no export '
      '(no manifest.json, no saved_model.pb); a folder of translations goes '
      'with --translations.'
    )
  if _is_export(name):
    from tf_twingan.inference.exported import exported_translator

    files = exported_translator.open_export(name).translators
    return {
      f'{name}, {kind}' if kind else name: file.between(*domains, direction)
      for kind, file in files.items()
    }
  translator = (
    load_translator(name, None)
    if _is_run(name)
    else load_translator(None, name)
  )
  for domain in domains:
    translator.check_domain(domain)
  return {name: translator}


def is_folder(name: str) -> bool:
  """Whether a folder holds neither a run nor an export."""
  path = pathlib.Path(name)
  return path.is_dir() and not _is_run(name) and not _is_export(name)


def run_directories(rows: Mapping[str, Any]) -> dict[str, str]:
  """{name of the row: directory of its run}, of those that are runs."""
  return {name: name for name in rows if _is_run(name)}


def _is_run(name: str) -> bool:
  return pathlib.Path(name, 'model.json').is_file()


def _is_export(name: str) -> bool:
  path = pathlib.Path(name)
  # The name of a model that ships is no path, and needs no TFLite.
  if _is_run(name) or not (path.exists() or path.suffix):
    return False
  from tf_twingan.inference.exported import exported_translator

  return exported_translator.is_export(name)

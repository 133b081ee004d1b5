"""The interface of a format: build a file, run it, describe it."""

import abc
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from export import contexts, parity


class Format(abc.ABC):
  """One format of a model's file.

  Attributes:
    name: name of the format in --formats, in the manifest and in
      `parity.GATES`.
  """

  def __init__(self, name: str):
    """Creates the format.

    Args:
      name: name of the format.
    """
    self.name = name

  def check(self, context: contexts.Context, target: pathlib.Path) -> None:
    """Raises ValueError if the file cannot be built.

    Args:
      context: directions to export.
      target: folder of the bundle, which may hold an older one.
    """
    del context, target

  @abc.abstractmethod
  def file_name(self, context: contexts.Context) -> str:
    """The file's name in the bundle."""

  @abc.abstractmethod
  def build(
    self, context: contexts.Context, scratch: pathlib.Path
  ) -> bytes | pathlib.Path:
    """Builds the file.

    Args:
      context: directions to export.
      scratch: an empty folder that is deleted afterwards.

    Returns:
      The file's content, or the path of a folder in `scratch`, which is moved
      into the bundle.
    """

  def load(self, built: bytes | pathlib.Path) -> Any:
    """Loads a built file for `run`; by default the file itself."""
    return built

  @abc.abstractmethod
  def run(
    self,
    loaded: Any,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> np.ndarray:
    """Runs a loaded file on the held-out images of a direction's source."""

  def compare(
    self,
    loaded: Any,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> parity.Parity:
    """Compares a loaded file with the model in one direction."""
    return parity.compare(
      self.run(loaded, context, direction), context.expected[direction]
    )

  @abc.abstractmethod
  def manifest_entry(
    self, built: bytes | pathlib.Path, loaded: Any, context: contexts.Context
  ) -> dict[str, Any]:
    """The file's entry in the manifest, without its parity."""

  def parity_notes(self, found: parity.Parity) -> dict[str, Any]:
    """Further entries in the manifest that depend on the parity."""
    del found
    return {}

  def more_files(self, context: contexts.Context) -> Mapping[str, str]:
    """{name: text} of further files in the bundle."""
    del context
    return {}

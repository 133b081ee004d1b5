"""The checkpoints of a training that goes on, as versions of its model."""

import os
from typing import NamedTuple

from tf_twingan.runs import checkpoints, weight_files
from tf_twingan.serving import models, versions


class Key(NamedTuple):
  """What tells one state of a run from another.

  Attributes:
    version: images seen by the newest checkpoint; None if there is none.
    stamps: path, size and time of the files by which it may differ.
  """

  version: int | None
  stamps: tuple[tuple[str, int, int], ...]


class RunSource:
  """The newest checkpoint of a run; a `versions.Source`.

  Attributes:
    name: name of the model.
  """

  def __init__(self, run_dir: str, name: str | None = None):
    """Names a run.

    Args:
      run_dir: directory of a training.
      name: name of the model; by default that of the folder.
    """
    self._run_dir = run_dir
    self.name = name or os.path.basename(os.path.abspath(run_dir))
    self._checkpoints = checkpoints.Checkpoints(
      os.path.join(run_dir, 'checkpoints')
    )

  def newest(self) -> Key:
    """The run as it is now.

    Raises:
      OSError: there is neither a checkpoint nor a file of weights.
    """
    prefixes = self._checkpoints.prefixes()
    paths = [f'{prefixes[0]}.index'] if prefixes else []
    if weight_files.is_in(self._run_dir):
      paths.append(str(weight_files.path_in(self._run_dir)))
    if not paths:
      raise FileNotFoundError(f'there is no checkpoint in {self._run_dir}')
    stats = [(path, os.stat(path)) for path in paths]
    return Key(
      int(os.path.basename(prefixes[0])) if prefixes else None,
      tuple((path, s.st_size, s.st_mtime_ns) for path, s in stats),
    )

  def open(self) -> tuple[models.ServedModel, versions.Watched]:
    """Loads the newest checkpoint that can be used, to be followed from there.

    Raises:
      OSError: there is none.
      ValueError: none can be used.
    """
    try:
      key = self.newest()
    except FileNotFoundError:
      models.from_run(self._run_dir, self.name)  # Says what there is instead.
      raise
    model = models.from_run(self._run_dir, self.name)
    return model, versions.Watched(self, key)

  def load(self, key: Key) -> models.ServedModel:
    """Loads the newest checkpoint.

    Raises:
      InvalidVersion: it is damaged; an older one is not taken for it.
      OSError: it is gone.
      ValueError: none can be used.
    """
    model = models.from_run(self._run_dir, self.name)
    if key.version is not None and model.version < key.version:
      raise versions.InvalidVersion(
        f'its checkpoint of {key.version:,} images is damaged.'
      )
    return model

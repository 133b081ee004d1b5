"""The best checkpoint by one score, kept beside the newest ones.

`best/` is a run directory of its own, so that `Translator('runs/anime/best')`
and every command's `--run_dir` take it. What it holds was scored at
the finest resolution reached so far: scores of two resolutions do not compare.
Nothing of it is in the run's own checkpoints; a run that was killed and does
some steps again finds the same scores again.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from tf_twingan import files
from tf_twingan.runs import checkpoints, config_files

_FOLDER = 'best'
_FILE = 'score.json'


class Best:
  """The best checkpoint of a run."""

  def __init__(self, run_dir: str, *, by: str, more_is_better: bool):
    """Opens what a run has; it need not have one yet.

    Args:
      run_dir: the run directory.
      by: the score's name. If the run's best was chosen by another one, the
        next one is the best.
      more_is_better: how to compare.
    """
    self._folder = os.path.join(run_dir, _FOLDER)
    self._by = by
    self._sign = 1 if more_is_better else -1
    self._store = checkpoints.Checkpoints(
      os.path.join(self._folder, 'checkpoints')
    )

  def is_beaten(self, value: float, resolution: int) -> bool:
    """Whether a score, at a resolution, is better than what is kept."""
    kept = self._read()
    if kept.get('by') != self._by:
      return True
    if kept['resolution'] != resolution:
      return resolution > kept['resolution']
    return self._sign * value > self._sign * kept['value']

  def keep(
    self,
    images_seen: int,
    state: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    value: float,
    resolution: int,
  ) -> None:
    """Writes a checkpoint in the place of the one that is kept.

    Args:
      images_seen: of each domain; its name.
      state: trackable objects by name.
      config: for `model.json`.
      value: its score.
      resolution: of the stage, px.

    Raises:
      OSError: it could not be written; the one kept is untouched.
    """
    config_files.write_model(self._folder, config)
    config_files.write_operative(self._folder)
    self._store.save_alone(images_seen, state)
    path = os.path.join(self._folder, _FILE)
    score = dict(
      by=self._by,
      value=value,
      resolution=resolution,
      images_seen=images_seen,
    )
    files.atomic_write(path, json.dumps(score))

  def _read(self):
    path = os.path.join(self._folder, _FILE)
    if not (os.path.exists(path) and self._store.prefixes()):
      return {}
    with open(path, encoding='utf-8') as file:
      return json.load(file)

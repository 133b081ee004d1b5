"""The best checkpoint of a run by one score, in a run directory of its own.

It is kept in `best/`, beside the newest ones, so that
`Translator('runs/anime/best')` and every command's `--run_dir` take it. What
they need of it is in `weights.safetensors`; what training on needs, in the
checkpoint. It was scored at the finest resolution trained so far: scores of two
resolutions do not compare, and neither do those of other images. The run's own
checkpoints hold nothing of it; a run that was killed and repeats some steps
finds the same scores again.
"""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from absl import logging

from tf_twingan import files, framing, json_files
from tf_twingan.runs import (
  checkpoints,
  config_files,
  recorded_framing,
  weight_files,
)

FOLDER = 'best'
_FILE = 'score.json'


class _Score(json_files.Model):
  """The score of the stored checkpoint.

  Attributes:
    by: name of the score.
    value: the model's score.
    resolution: resolution of the stage, px.
    images_seen: images of each domain seen.
    images: fingerprint of the images that it was scored on; '' of a version
      that did not note it.
  """

  by: str
  value: float
  resolution: int
  images_seen: int
  images: str = ''


class Best:
  """The best checkpoint of a run."""

  def __init__(
    self,
    run_dir: str,
    *,
    by: str,
    more_is_better: bool,
    framings: Mapping[str, framing.Framing],
    images: str = '',
  ):
    """Opens the best checkpoint of a run, which need not have one yet.

    Args:
      run_dir: the run directory.
      by: name of the score. A stored checkpoint that was chosen by another one
        has to be scored anew, or the next one replaces it.
      more_is_better: whether a higher score is better.
      framings: {domain: how its images are made square for training}.
      images: fingerprint of the images that are scored on. With others than
        those of the stored checkpoint it is as with another score.
    """
    self._folder = os.path.join(run_dir, FOLDER)
    self._by = by
    self._images = images
    self._sign = 1 if more_is_better else -1
    self._framings = framings
    self._store = checkpoints.Checkpoints(
      os.path.join(self._folder, 'checkpoints')
    )

  def is_beaten(self, value: float, resolution: int) -> bool:
    """Whether a score at a resolution is better than the stored one's.

    One that is not finite never is. A stored one that can't be read is, with
    a warning.
    """
    if not math.isfinite(value):
      return False
    stored = self._read()
    if stored is None:
      return True
    if stored.resolution != resolution:
      return resolution > stored.resolution
    if not self._is_comparable(stored):
      return True
    return self._sign * value > self._sign * stored.value

  def lacks_score(self, resolution: int) -> bool:
    """Whether the stored one is of this resolution, and has to be scored anew.

    Its score is another one, or was taken on other images.
    """
    stored = self._read()
    return (
      stored is not None
      and stored.resolution == resolution
      and not self._is_comparable(stored)
    )

  def set_score(self, value: float) -> None:
    """Notes the score of the stored one, scored anew.

    Args:
      value: the score, finite.

    Raises:
      OSError: it could not be written.
    """
    stored = self._read()
    if stored is not None:
      self._write(value, stored.resolution, stored.images_seen)

  @property
  def folder(self) -> str:
    """The run directory of the stored checkpoint."""
    return self._folder

  @property
  def is_there(self) -> bool:
    """Whether there is a stored checkpoint."""
    return bool(self._store.prefixes())

  def keep(
    self,
    images_seen: int,
    state: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    value: float,
    resolution: int,
  ) -> None:
    """Writes a checkpoint in the place of the stored one.

    Args:
      images_seen: images of each domain seen; names the checkpoint.
      state: trackable objects by name; the EMA model is 'average', and 'alpha'
        how far the resolution is faded in.
      config: description of the model, for `model.json`.
      value: the model's score.
      resolution: resolution of the stage, px.

    Raises:
      FloatingPointError: a weight is not finite, or larger than in any healthy
        training; the stored checkpoint is untouched.
      OSError: it could not be written; the stored checkpoint is untouched.
    """
    config_files.write_model(self._folder, config)
    config_files.write_operative(self._folder)
    recorded_framing.write(self._folder, self._framings)
    # First, as a disk may be full. It does not count beside the checkpoint
    # before, of other images seen.
    weight_files.write(
      self._folder,
      state['average'],
      weight_files.Stage(
        resolution, float(state['alpha'].numpy()), images_seen
      ),
    )
    self._store.save_alone(images_seen, state)
    self._write(value, resolution, images_seen)

  def _write(self, value, resolution, images_seen):
    score = dict(
      by=self._by,
      value=value,
      resolution=resolution,
      images_seen=images_seen,
      images=self._images,
    )
    files.atomic_write(os.path.join(self._folder, _FILE), json.dumps(score))

  def _is_comparable(self, stored: _Score) -> bool:
    return (stored.by, stored.images) == (self._by, self._images)

  def _read(self) -> _Score | None:
    if not self.is_there:
      return None
    try:
      return json_files.read(
        os.path.join(self._folder, _FILE),
        _Score,
        remedy='the next score replaces it',
      )
    except FileNotFoundError:
      return None
    except (OSError, ValueError) as error:
      logging.warning('%s', error)
      return None

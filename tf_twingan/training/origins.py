"""Reads the checkpoint or saved model that a training starts from."""

import dataclasses
import datetime
import glob
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_twingan import files, framing
from tf_twingan.models import resolutions
from tf_twingan.runs import (
  checkpoint_values,
  checkpoints,
  config_files,
  loading,
  recorded_framing,
  weight_files,
)
from tf_twingan.training import weight_matching


@dataclasses.dataclass(frozen=True)
class Origin:
  """A checkpoint to start from.

  Attributes:
    name: as the user named it: a run directory, or 'pretrained:NAME'.
    config: description of its model, see `models.registry.describe`.
    checkpoint: name of the checkpoint, the images seen.
    sha256: checksum of the checkpoint's data, or of the file of weights.
    saved: when it was written, ISO 8601.
    images_seen: images of each domain seen.
    resolution: px of the stage it is in.
    alpha: how far that resolution is faded in, in [0, 1].
    framings: {domain: how its images were made square}.
    weights: {name: value}, see `weight_matching`.
  """

  name: str
  config: Mapping[str, Any]
  checkpoint: str
  sha256: str
  saved: str
  images_seen: int
  resolution: int
  alpha: float
  framings: Mapping[str, framing.Framing]
  weights: Mapping[str, np.ndarray]

  @property
  def trained_resolution(self) -> int:
    """The finest resolution that is faded in wholly, px."""
    if self.alpha < 1 and self.resolution > resolutions.SMALLEST:
      return self.resolution // 2
    return max(self.resolution, resolutions.SMALLEST)


def read(name: str) -> Origin:
  """Reads the newest checkpoint of a run that can be read.

  Args:
    name: a run directory, in training or not, or the `best` in it; or
      'pretrained:NAME'.

  Raises:
    FileNotFoundError: it holds no run, or no checkpoint yet.
    ValueError: there is no such pretrained model, or no checkpoint can be
      read, or its weights are not finite.
  """
  folder = _folder(name)
  config = config_files.read_model(folder)
  store = checkpoints.Checkpoints(os.path.join(folder, 'checkpoints'))
  if weight_files.is_in(folder) and not store.prefixes():
    weights, stage = _of_saved_model(folder)
    paths = [weight_files.path_in(folder)]
  else:
    try:
      prefix, weights, stage = _of_checkpoint(store)
    except FileNotFoundError as error:
      raise loading.no_checkpoint(folder, error) from error
    paths = sorted(glob.glob(f'{glob.escape(prefix)}.data-*'))
  return Origin(
    name=name,
    config=config,
    checkpoint=f'{stage.images_seen:09d}',
    sha256=files.sha256(b''.join(pathlib.Path(p).read_bytes() for p in paths)),
    saved=datetime.datetime.fromtimestamp(
      os.path.getmtime(paths[0]), datetime.timezone.utc
    ).isoformat(timespec='seconds'),
    images_seen=stage.images_seen,
    resolution=stage.resolution,
    alpha=stage.alpha,
    framings=recorded_framing.read(folder, config['domains']),
    weights=weights,
  )


def _of_saved_model(folder):
  values, stage = weight_files.read(folder)
  ema = weight_matching.EMA
  return {f'{ema}/{name}': value for name, value in values.items()}, stage


def _of_checkpoint(store):
  prefix, tensors = store.read_newest()
  weights = {
    k.removesuffix(checkpoint_values.SUFFIX): v for k, v in tensors.items()
  }
  missing = [
    n for n in ('images_seen', 'resolution', 'alpha') if n not in weights
  ]
  if missing:
    raise ValueError(
      f'{prefix} is no checkpoint of a training: it holds no '
      f'{", ".join(missing)}.'
    )
  return (
    prefix,
    weights,
    weight_files.Stage(
      int(weights['resolution']),
      float(weights['alpha']),
      int(weights['images_seen']),
    ),
  )


def _folder(name):
  if not os.path.exists(name) and name in loading.pretrained_names():
    raise FileNotFoundError(
      f'--init_from={name}: there is no such run directory; did you mean '
      f'{loading.PRETRAINED_PREFIX}{name}, a model that ships with tf_twingan?'
    )
  return loading.folder(name)

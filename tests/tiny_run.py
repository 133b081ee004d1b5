"""Run directories of untrained networks, for tests that need no training."""

import pathlib
import tempfile

import keras
import tensorflow as tf

from tf_twingan.models import pggan, registry, twingan
from tf_twingan.runs import checkpoints, config_files

RESOLUTION = 8


def make(
  domains=('photo', 'anime'),
  alpha=1.0,
  precision='float32',
  resolution=RESOLUTION,
  seed=1,
  **options,
) -> pathlib.Path:
  """Writes a run of an untrained network; returns its directory."""
  keras.utils.set_random_seed(seed)
  model = twingan.TwinGAN(
    domains,
    max_resolution=16,
    channels_base=16,
    channels_max=8,
    precision=precision,
    **options,
  )
  # Domains start out equal; a training would have made them differ.
  for index, domain in enumerate(domains):
    for variable in model.domain_variables(domain):
      variable.assign(variable + 0.3 * index)
  # Likewise, styles start out without effect, and unknown.
  for variable in model.variables:
    if 'condition_kernel' in variable.name:
      variable.assign(tf.random.stateless_normal(variable.shape, [seed, 0]))
    elif variable.name.startswith('anime_mean'):
      variable.assign(tf.random.stateless_normal(variable.shape, [seed, 1]))
  return _write(model, resolution, alpha)


def make_of_noise(domains=('photo', 'anime')) -> pathlib.Path:
  """Writes a run of an untrained network that generates from noise."""
  keras.utils.set_random_seed(1)
  model = pggan.ProgressiveGAN(
    domains,
    max_resolution=16,
    latent_size=6,
    channels_base=16,
    channels_max=8,
  )
  for index, domain in enumerate(domains):
    for variable in model.first_layer.norm.parameters[domain].values():
      variable.assign(variable + 0.3 * index)
  return _write(model, RESOLUTION, 1.0)


def _write(model, resolution, alpha):
  run = pathlib.Path(tempfile.mkdtemp(), 'run')
  config_files.write_model(str(run), registry.describe(model))
  checkpoints.Checkpoints(str(run / 'checkpoints')).save(
    1000,
    {
      'average': model,
      'resolution': tf.Variable(resolution, dtype=tf.int64),
      'alpha': tf.Variable(alpha),
      'images_seen': tf.Variable(1000, dtype=tf.int64),
      'more': tf.Variable(1.0),
    },
  )
  return run

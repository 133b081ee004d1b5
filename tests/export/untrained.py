"""Untrained models to export, small ones whose domains differ, and bundles.

A bundle is built once a test run, and must not be changed.
"""

import functools
import pathlib
import tempfile
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

import tf_twingan
from export import directions, exporter, parity
from export.bundle_files import texts
from export.formats import embedding, registry
from tests import shared_artifacts
from tf_twingan.models import twingan
from tf_twingan.runs import checkpoints, config_files

PX = 8
DOMAINS = ('photo', 'anime')
THREE_DOMAINS = ('photo', 'anime', 'cat')
BUNDLE_FORMATS = ('saved_model', 'float32', 'dynamic', 'int8', 'embed', 'onnx')
# Noise to translate; untrained networks tell smooth images hardly apart.
FLOATS = np.float32(np.random.default_rng(0).uniform(-1, 1, [3, 16, 16, 3]))


def run(
  alpha=1.0, resolution=PX, domains=DOMAINS, max_resolution=16, **options
) -> str:
  """Writes a run of an untrained network whose statistics differ by domain."""
  keras.utils.set_random_seed(2)
  model = twingan.TwinGAN(
    domains,
    max_resolution=max_resolution,
    channels_base=24,
    channels_max=8,
    **{'pixel_norm': False, **options},
  )
  rng = np.random.default_rng(3)
  for domain in domains:
    for variable in model.domain_variables(domain):
      shape = variable.shape
      variable.assign(rng.uniform(0.5, 1.5, shape).astype(np.float32))
  if model.generator_of(domains[1]).attention is not None:
    model.generator_of(domains[1]).attention.gamma.assign(2.0)
  folder = tempfile.mkdtemp()
  config_files.write_model(folder, {'model': 'twingan', **model.get_config()})
  checkpoints.Checkpoints(f'{folder}/checkpoints').save(
    10,
    {
      'average': model,
      'resolution': tf.Variable(resolution, dtype=tf.int64),
      'alpha': tf.Variable(alpha),
      'images_seen': tf.Variable(10, dtype=tf.int64),
    },
  )
  return folder


def new_translator(**options) -> tf_twingan.Translator:
  """Loads such a run, to be changed; see `run`."""
  return tf_twingan.Translator(run(**options))


@functools.cache
def translator(**options) -> tf_twingan.Translator:
  """Loads such a run once; see `run`."""
  return new_translator(**options)


def images(px=PX, count=4, seed=5) -> np.ndarray:
  """Random images, uint8."""
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, px, px, 3], dtype=np.uint8)


def about(name='n', version='1') -> texts.About:
  """Texts of a bundle."""
  return texts.About(name, 'd', version, 'a', 'l', '# card')


def one_direction(
  model=None, source='photo', target='anime', version='1', name='n'
) -> directions.OneDirection:
  """Returns a direction to export, of `translator()` unless told otherwise."""
  model = model or translator(smooth=True)
  held_out = images(model.resolution)
  return directions.OneDirection(
    model,
    source,
    target,
    held_out=held_out,
    calibration=held_out,
    learn_embedding=lambda: embedding.learn(model, {source: held_out}),
    about=about(name, version),
  )


def all_directions(
  domains=THREE_DOMAINS, version='1', resolution=4
) -> directions.AllDirections:
  """Returns all directions of a model to export."""
  return directions.AllDirections(
    translator(domains=domains, resolution=resolution),
    {d: images(resolution, 2, i) for i, d in enumerate(domains)},
    about('all', version),
  )


def lower_gates():
  """Lets formats of 8 bits pass, which are harder on an untrained network."""
  gates = dict(dynamic=parity.Gate(psnr=25.0), int8=parity.Gate(psnr=15.0))
  return mock.patch.dict(parity.GATES, gates)


def bundle() -> pathlib.Path:
  """Returns the bundle of `one_direction`, in BUNDLE_FORMATS."""
  folder = _export_once(
    'export_one', lambda: one_direction(name='photo2anime'), BUNDLE_FORMATS
  )
  return folder / 'anime'


def bundle_of_all() -> pathlib.Path:
  """Returns the bundle of `all_directions`, in all its formats."""
  formats = registry.names(all_directions=True)
  return _export_once('export_all', all_directions, formats) / 'all'


def _export_once(name, make_context, formats):
  def export(path):
    with lower_gates():
      _, failures = exporter.export(make_context(), formats, path)
    assert not failures, failures

  return shared_artifacts.build_once(name, export)

"""Runs, bundles and indexes that many tests read, each built once a test run.

All workers of pytest share them: the first that asks for one builds it under a
lock, the others wait for it. What is returned must not be changed; `copy_of`
gives a test its own.
"""

import hashlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

import filelock

import tf_twingan
from tests import program_process, tiny_run, training_process
from tf_twingan.data.sources import registry

# tests/conftest.py sets it, so that all workers have the same folder.
FOLDER = 'TF_TWINGAN_TEST_ARTIFACTS'
# No thousands of images to compare with.
DATASETS = {
  'photo': 'avatars:toon-head?limit=16',
  'anime': 'avatars:lorelei?limit=16',
}
# As many as ranges of activations are taken from.
SOURCES = (
  '--source=photo=avatars:toon-head?limit=100',
  '--source=anime=avatars:lorelei?limit=100',
)


def build_once(name: str, build: Callable[[pathlib.Path], None]):
  """Returns the folder that `build` filled, in this process or in another one.

  Args:
    name: Name of the artifact, unique in a test run.
    build: Writes the artifact to the path that it is called with, which does
      not exist. If it fails, the next caller tries again.
  """
  folder = pathlib.Path(os.environ.get(FOLDER) or tempfile.mkdtemp())
  os.environ[FOLDER] = str(folder)
  artifact = folder / name
  lock = filelock.FileLock(
    folder / f'{name}.lock', timeout=training_process.PATIENCE
  )
  with lock:
    if not artifact.exists():
      unfinished = pathlib.Path(tempfile.mkdtemp(dir=folder), name)
      build(unfinished)
      unfinished.rename(artifact)
  return artifact


def holds(path: pathlib.Path) -> bool:
  """Whether a path is one of these artifacts, which never change."""
  folder = os.environ.get(FOLDER)
  return folder is not None and path.parent == pathlib.Path(folder).resolve()


def copy_of(artifact: pathlib.Path) -> pathlib.Path:
  """Returns a copy in a new folder, under the same name, to be changed."""
  copy = pathlib.Path(tempfile.mkdtemp(), artifact.name)
  if artifact.is_file():
    shutil.copyfile(artifact, copy)
  else:
    shutil.copytree(artifact, copy)
  return copy


def copy_as_of(images_seen: int, run: pathlib.Path) -> pathlib.Path:
  """Returns a copy of a run without the checkpoints of later images."""
  copy = copy_of(run)
  for path in (copy / 'checkpoints').glob('0*'):
    if int(path.name.split('.')[0]) > images_seen:
      path.unlink()
  return copy


def run(**options) -> pathlib.Path:
  """Returns the directory of an untrained run; see `tiny_run.make`."""
  return build_once(
    _name('run', options),
    lambda path: shutil.move(tiny_run.make(**options), path),
  )


def run_of_noise(domains=('photo', 'anime')) -> pathlib.Path:
  """Returns the directory of an untrained run that translates from noise."""
  return build_once(
    _name('run_of_noise', domains),
    lambda path: shutil.move(tiny_run.make_of_noise(domains), path),
  )


def finished_run(*params: str) -> pathlib.Path:
  """Returns the directory of a whole training of tiny.gin.

  Args:
    *params: Gin bindings that change it; one training for each set of them.
  """
  return _training(*params) / 'run'


def output_of_finished_run(*params: str) -> str:
  """Returns what the training of `finished_run` printed."""
  return (_training(*params) / 'output.txt').read_text()


def bundle() -> pathlib.Path:
  """Returns an exported bundle of `run()`, from photos to anime faces.

  A SavedModel and a float32 TFLite file, compared on `DATASETS`.
  """
  sources = [f'--source={domain}={name}' for domain, name in DATASETS.items()]
  formats = ('saved_model', 'float32')
  return _export(f'--run_dir={run()}', formats, sources) / 'anime'


SHIPPED_FORMATS = ('saved_model', 'float32', 'dynamic', 'int8')


def shipped_bundle() -> pathlib.Path:
  """Returns a bundle of the shipped model, from photos to anime faces."""
  return _export('--model=avatar_twins', SHIPPED_FORMATS, SOURCES) / 'anime'


def search_index() -> pathlib.Path:
  """Returns a search index of `run()` over eight anime faces."""

  def build(path):
    translator = tf_twingan.Translator(str(run()))
    index = tf_twingan.SearchIndex.build(str(path), translator)
    images = registry.load('avatars:lorelei?limit=8', translator.resolution)
    index.add('anime', ((str(i), p) for i, p in enumerate(images.images)))
    index.finish()

  return build_once('search_index', build)


def _training(*params):
  def train(path):
    path.mkdir()
    code, output = training_process.train(path / 'run', *params)
    assert code == 0, output
    (path / 'output.txt').write_text(output)

  return build_once(_name('training', params), train)


def _export(model, formats, sources):
  def export(path):
    code, output = program_process.run_module(
      'export',
      model,
      '--to=anime',
      f'--output={path}',
      f'--formats={",".join(formats)}',
      *sources,
    )
    assert code == 0, output
    (path / 'output.txt').write_text(output)

  return build_once(_name('export', (model, formats)), export)


def _name(kind, options):
  """Names an artifact by what it is made with."""
  if not options:
    return kind
  digest = hashlib.sha256(repr(options).encode()).hexdigest()
  return f'{kind}_{digest[:12]}'

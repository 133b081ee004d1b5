"""Runs, models, gin names and bundles of version 0.1.0 still work.

The fixtures were written by that version. `frozen.json` holds the final weights
of three trainings, every value of every gin file and the layout of a bundle;
`run_0_1.tar.xz` a training of tiny.gin that was stopped half-way;
`shipped_model_pixels.npz` translations by the shipped model.
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import signal
import tarfile
import tempfile

import numpy as np
import pytest
from absl.testing import absltest, parameterized

import gin
import tf_twingan
from tests import lanes, program_process, shared_artifacts, training_process
from tests.programs import in_process
from tf_twingan import (
  compat,
  configurables,  # noqa: F401 (registers what gin files name)
  gin_files,
  image_io,
)
from tf_twingan.runs import checkpoint_values, checkpoints

FIXTURES = pathlib.Path(__file__).resolve().parent / 'fixtures'
FROZEN = json.loads((FIXTURES / 'frozen.json').read_text())
NARROW = (
  'TwinGAN.channels_base=8',
  'TwinGAN.channels_max=4',
  'Discriminator.channels_base=8',
  'Discriminator.channels_max=4',
  'train.checkpoints_kept=1',
)


def machine() -> str:
  """Returns what the bits of a training depend on: Keras and the processor."""
  info = pathlib.Path('/proc/cpuinfo')
  text = info.read_text() if info.exists() else ''
  name, family, model = (
    re.findall(rf'^{field}\s*: (.*)', text, re.MULTILINE)
    for field in ('model name', 'cpu family', 'model')
  )
  return (
    f'Keras {compat.KERAS}, {len(name)} of {", ".join(sorted(set(name)))}, '
    f'family {"".join(set(family))}, model {"".join(set(model))}'
  )


def old_run() -> pathlib.Path:
  """Returns a new copy of the run of version 0.1.0."""
  run = pathlib.Path(tempfile.mkdtemp(), 'run')
  with tarfile.open(FIXTURES / 'run_0_1.tar.xz') as archive:
    archive.extractall(run)
  return run


@functools.cache
def resumed_run() -> pathlib.Path:
  """Returns the run of version 0.1.0, trained to its end."""
  run = old_run()
  code, output = training_process.train(run, *NARROW)
  assert code == 0, output
  assert '48 images seen' in output, output
  return run


class CompatibilityTest(parameterized.TestCase):
  def assert_final_weights(self, run, expected):
    prefix = checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()[0]
    tensors = checkpoint_values.tensors(prefix)
    self.assertEqual(len(tensors), expected['tensors'])
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
      digest.update(name.encode() + np.asarray(value).tobytes())
    for described, known in expected['sha256'].items():
      if machine().startswith(described):
        self.assertEqual(digest.hexdigest(), known)
    for name, means in expected.get('means', {}).items():
      value = tensors[name].astype(np.float64)
      np.testing.assert_allclose(
        [value.mean(), np.abs(value).mean()], means, rtol=0.05, atol=0.02
      )

  def test_the_shipped_model_gives_the_same_pixels(self):
    stored = np.load(FIXTURES / 'shipped_model_pixels.npz')
    translator = tf_twingan.Translator.from_pretrained('avatar_twins')
    for source, target in (('photo', 'anime'), ('anime', 'photo')):
      images = translator.translate(stored[source], to=target)
      expected = stored[f'{source}_to_{target}'].astype(int)
      self.assertLessEqual(np.abs(images - expected).max(), 1)

  def test_tiny_gin_ends_in_the_same_weights(self):
    run = shared_artifacts.finished_run()
    self.assert_final_weights(run, FROZEN['weights']['tiny.gin'])

  @pytest.mark.slow
  def test_anime_gin_begins_with_the_same_weights(self):
    run = training_process.new_run()
    code, output = training_process.train(
      run, 'train.stop_after_images=2000', gin_file='anime.gin'
    )
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assert_final_weights(run, FROZEN['weights']['anime.gin, 2,000 images'])

  @lanes.needs_keras(2)
  def test_an_old_run_resumes_to_the_same_end(self):
    self.assert_final_weights(resumed_run(), FROZEN['weights']['resumed'])

  def test_an_old_run_translates_and_exports(self):
    run = old_run()
    images = pathlib.Path(tempfile.mkdtemp())
    stored = np.load(FIXTURES / 'shipped_model_pixels.npz')
    for number, image in enumerate(stored['photo']):
      image_io.write_png(images / f'{number}.png', image)
    output = tempfile.mkdtemp()
    code, printed = in_process.run(
      'translate',
      f'--run_dir={run}',
      f'--input={images}',
      '--to=anime',
      f'--output={output}',
    )
    self.assertEqual(code, 0, printed)
    self.assertLen([*pathlib.Path(output).glob('*.png')], 2)
    code, printed = in_process.run(
      'export',
      f'--run_dir={run}',
      '--to=anime',
      f'--output={output}',
      '--formats=float32',
    )
    self.assertEqual(code, 0, printed)

  @pytest.mark.slow
  def test_an_old_run_is_evaluated(self):
    output = tempfile.mkdtemp()
    code, printed = program_process.run(
      'evaluate',
      f'--run_dir={old_run()}',
      f'--output={output}',
      '--count=12',
    )
    self.assertEqual(code, 0, printed)
    self.assertIn('evaluation.html', os.listdir(output))

  @parameterized.parameters(*sorted(FROZEN['gin']))
  def test_every_value_of_a_gin_file_is_as_before(self, name):
    self.addCleanup(gin.clear_config)
    gin.clear_config()
    gin_files.parse(name)
    for key, expected in {
      **FROZEN['gin']['base.gin'],
      **FROZEN['gin'][name],
    }.items():
      self.assertEqual(repr(gin_files.value_of(key)), expected, key)

  @pytest.mark.slow
  def test_a_bundle_is_laid_out_as_before(self):
    expected = FROZEN['bundle']
    bundle = shared_artifacts.shipped_bundle()
    files = sorted(
      p.relative_to(bundle).as_posix() for p in bundle.rglob('*') if p.is_file()
    )
    left_out = [
      name
      for name in expected['entry_keys']
      if name.endswith('.tflite')
      and name.split('_')[-1].removesuffix('.tflite')
      not in shared_artifacts.SHIPPED_FORMATS
    ]
    self.assertEqual(files, sorted(set(expected['layout']) - set(left_out)))
    manifest = json.loads((bundle / 'manifest.json').read_text())
    self.assertEqual(sorted(manifest), expected['keys'])
    for name, entry in manifest['files'].items():
      self.assertEqual(sorted(entry), expected['entry_keys'][name], name)


if __name__ == '__main__':
  absltest.main()

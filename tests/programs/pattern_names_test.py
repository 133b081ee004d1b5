"""Programs read and write folders that are named like patterns."""

import pathlib
import shutil
import signal
import tempfile

import numpy as np
import pytest
from absl.testing import absltest

from tests import program_process, shared_artifacts, training_process
from tests.programs import in_process
from tf_twingan import image_io

# A question mark begins the options of a dataset.
NAME = 'exp[1] {a,b} *\\'


class PatternNamesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp(), NAME)
    self.folder.mkdir()
    self.images = self.folder / 'images[0-9]'
    image = np.full([16, 16, 3], 200, np.uint8)
    for name in ('a[1].png', 'b*.png'):
      image_io.write_png(self.images / name, image)

  def run_in_process(self, program, *arguments):
    code, output = in_process.run(program, *arguments)
    self.assertEqual(code, 0, output)

  def test_translate_and_search(self):
    run = shutil.copytree(shared_artifacts.run(), self.folder / 'run')
    output = self.folder / 'output'
    self.run_in_process(
      'translate',
      f'--run_dir={run}',
      f'--input={self.images}',
      '--to=anime',
      f'--output={output}',
    )
    self.assertContainsSubset(
      ['a[1].png', 'b*.png'], [p.name for p in output.iterdir()]
    )
    index = self.folder / 'index'
    self.run_in_process(
      'search',
      'build',
      f'--run_dir={run}',
      f'--source=anime=folder:{self.images}',
      f'--index={index}',
    )
    self.run_in_process(
      'search',
      'query',
      f'--index={index}',
      f'--image={self.images / "a[1].png"}',
      '--k=1',
      f'--output={self.folder / "found?"}',
    )
    self.assertTrue((self.folder / 'found?' / 'neighbours.json').exists())

  @pytest.mark.slow
  def test_train_and_export(self):
    run, bundles = self.folder / 'run', self.folder / 'bundles'
    for stop, code in ((8, 128 + signal.SIGINT), (None, 0)):
      found, output = training_process.train(
        run, f'train.stop_after_images={stop}'
      )
      self.assertEqual(found, code, output)
    self.assertIn('Continuing from', output)
    self.assertNotIn('starting anew', output)
    code, output = program_process.run_module(
      'export',
      f'--run_dir={run}',
      '--to=anime',
      f'--output={bundles}',
      '--formats=saved_model,float32',
      *shared_artifacts.SOURCES,
    )
    self.assertEqual(code, 0, output)
    code, output = program_process.run(
      'evaluate',
      f'--exported={bundles / "anime"}',
      f'--output={self.folder / "scores"}',
      '--count=12',
      *shared_artifacts.SOURCES,
    )
    self.assertEqual(code, 0, output)


if __name__ == '__main__':
  absltest.main()

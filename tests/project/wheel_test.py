"""The wheel has all that the programs read, and they run from any folder."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

import numpy as np
from absl.testing import absltest

from tests import source_tree
from tf_twingan import image_io


def wheel(folder):
  """Builds the wheel, without what pip would install to build it."""
  subprocess.run(
    [sys.executable, '-m', 'hatchling', 'build', '--target', 'wheel']
    + ['--directory', str(folder)],
    cwd=source_tree.ROOT,
    capture_output=True,
    check=True,
  )
  (path,) = folder.glob('*.whl')
  return path


class WheelTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(tempfile.mkdtemp())
    cls.wheel = wheel(cls.folder)
    # The packages that it needs are those of this environment.
    cls.installed = cls.folder / 'installed'
    subprocess.run(
      [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps']
      + ['--no-index', '--target', str(cls.installed), str(cls.wheel)],
      check=True,
    )

  def run_script(self, name, *arguments):
    """Runs a console script from an empty folder: its code and output."""
    done = subprocess.run(
      [self.installed / 'bin' / name, *arguments],
      cwd=tempfile.mkdtemp(),
      env={**os.environ, 'PYTHONPATH': str(self.installed)},
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
      check=False,
    )
    return done.returncode, done.stdout

  def test_it_has_every_file_that_is_no_test(self):
    with zipfile.ZipFile(self.wheel) as archive:
      packed = set(archive.namelist())
    moved = ('gin/', 'tf_twingan/gin/')
    expected = {
      path.replace(*moved) if path.startswith('gin/') else path
      for path in source_tree.files()
      if path.startswith(('tf_twingan/', 'export/', 'gin/'))
    }
    missing = {
      path
      for path in expected - packed
      if not path.endswith(('.md', '.gitignore'))
    }
    self.assertEmpty(missing)
    self.assertContainsSubset(
      {'tf_twingan/gin/models/mobile_64.gin', 'export/__main__.py'}, packed
    )
    top_folders = {path.partition('/')[0] for path in packed}
    self.assertLen(top_folders, 3, top_folders)  # With its own metadata.

  def test_the_shipped_model_translates_from_any_folder(self):
    image = self.folder / 'image.png'
    image_io.write_png(image, np.full([64, 64, 3], 128, np.uint8))
    output = self.folder / 'translated'
    code, printed = self.run_script(
      'tf_twingan-translate',
      '--model=avatar_twins',
      '--to=anime',
      f'--input={image}',
      f'--output={output}',
    )
    self.assertEqual(code, 0, printed)
    self.assertLen(list(output.iterdir()), 1)

  def test_gin_files_are_found_from_any_folder(self):
    code, printed = self.run_script(
      'tf_twingan-train', '--gin_file=photos.gin', '--help'
    )
    self.assertEqual(code, 1)  # As absl's --help ends.
    self.assertIn('--photo', printed)
    self.assertNotIn('Error', printed)

  def test_the_server_has_its_page_and_model(self):
    server = subprocess.Popen(
      [self.installed / 'bin' / 'tf_twingan-serve', '--port=0'],
      cwd=tempfile.mkdtemp(),
      env={**os.environ, 'PYTHONPATH': str(self.installed)},
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
    )
    self.addCleanup(server.stdout.close)
    self.addCleanup(server.wait)
    self.addCleanup(server.kill)
    printed = ''
    while not (found := re.search(r'http://\S+', printed)):
      line = server.stdout.readline()
      self.assertTrue(line, printed)
      printed += line
    page = source_tree.ROOT / 'tf_twingan/serving/page/index.html'
    for path, expected in (
      ('', page.read_bytes()),
      ('v1/domains', b'avatar_twins'),
    ):
      with urllib.request.urlopen(found[0] + path) as answer:
        self.assertIn(expected, answer.read())

  def test_the_export_program_runs(self):
    _, printed = self.run_script('tf_twingan-export', '--help')
    self.assertIn('python -m export --model=avatar_twins', printed)


if __name__ == '__main__':
  absltest.main()

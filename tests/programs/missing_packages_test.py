"""Programs without the extras: translating works, others say what to install.

In a process where no package can be imported that the core does without.
"""

import json
import pathlib
import subprocess
import sys

from absl.testing import absltest, parameterized

from tests import extra_packages, source_tree

_PROGRAMS = """
import json, pathlib, sys

_, names, folder = sys.argv
for name in json.loads(names):
  sys.modules[name] = None  # An import of it raises ModuleNotFoundError.

from tf_twingan import cli
cli.prepare_tensorflow()
import numpy as np
import tf_twingan
from tests.programs import in_process
from tf_twingan import image_io

results = {}
images = np.full([1, 64, 64, 3], 200, np.uint8)
translator = tf_twingan.Translator.from_pretrained('avatar_twins')
(translated,) = translator.translate(images, to='anime')
results['translator'] = [0, str(translated.shape)]

folder = pathlib.Path(folder)
(folder / 'sources').mkdir()
for i in range(12):
  image_io.write_png(folder / 'sources' / f'{i}.png', images[0] - 5 * i)
model = '--model=avatar_twins'
images, output = folder / 'sources', folder / 'output'
source = f'folder:{images}'
pair = [f'--source=photo={source}', f'--source=anime={source}']
for case, program, *arguments in (
  ('translate', 'translate', model, '--to=anime', f'--input={images}',
   f'--output={output}'),
  ('train', 'train', '--gin_file=tiny.gin', f'--run_dir={folder}/run'),
  ('search', 'search', 'build', model, f'--source=photo={source}',
   f'--index={folder}/index'),
  ('qdrant', 'search', 'build', model, f'--source=photo={source}',
   f'--index={folder}/index', '--qdrant=http://localhost:6333'),
  ('evaluate', 'evaluate', model, *pair, f'--output={folder}/scored'),
  ('avatars', 'search', 'build', model, '--source=avatars:adventurer',
   f'--index={folder}/index'),
  ('prepare none', 'prepare', f'--input={images}', '--faces=none',
   '--uniform=1', '--blur=0', f'--output={folder}/prepared'),
  ('prepare', 'prepare', f'--input={images}', '--faces=human',
   f'--output={folder}/faces'),
  ('video', 'translate', model, '--to=anime', f'--input={folder}/clip.mp4',
   f'--output={folder}/translated.mp4'),
  ('beam', 'prepare', f'--input={images}', '--faces=none',
   f'--output={folder}/through_beam', '--runner=FnApiRunner'),
  ('serve', 'serve', model, '--port=0'),
  ('export', 'export', model, '--to=anime', *pair,
   f'--output={folder}/bundles', '--formats=saved_model'),
):
  results[case] = in_process.run(program, *arguments)
print(json.dumps(results))
"""


class MissingPackagesTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(absltest.get_default_test_tmpdir(), 'no_extras')
    cls.folder.mkdir(parents=True)
    optional = extra_packages.optional() | (
      extra_packages.imported_as('beam') - extra_packages.imported_as()
    )
    assert optional >= {'faiss', 'apache_beam'}, optional
    done = subprocess.run(
      [
        sys.executable,
        '-c',
        _PROGRAMS,
        json.dumps(sorted(optional)),
        cls.folder,
      ],
      cwd=source_tree.ROOT,
      capture_output=True,
      text=True,
      check=False,
    )
    assert not done.returncode, done.stderr
    cls.results = json.loads(done.stdout.splitlines()[-1])

  def test_the_translator_works(self):
    self.assertEqual(self.results['translator'], [0, '(32, 32, 3)'])

  def test_translate_works(self):
    code, output = self.results['translate']
    self.assertEqual(code, 0, output)
    self.assertLen(list((self.folder / 'output').glob('*.png')), 12)

  def test_prepare_works_on_whole_photos(self):
    code, output = self.results['prepare none']
    self.assertEqual(code, 0, output)
    self.assertTrue((self.folder / 'prepared' / 'dataset.json').exists())

  @parameterized.parameters(
    'avatars',
    'beam',
    'evaluate',
    'export',
    'prepare',
    'qdrant',
    'search',
    'serve',
    'train',
    'video',
  )
  def test_what_needs_an_extra_says_so_in_one_line(self, case):
    code, output = self.results[case]
    self.assertEqual(code, 1, output)
    self.assertRegex(
      output.splitlines()[-1],
      r'^Error: \w+ is not installed; get it by '
      rf"pip install 'tf_twingan\[{case}\]'$",
    )
    self.assertNotIn('Traceback', output)


if __name__ == '__main__':
  absltest.main()

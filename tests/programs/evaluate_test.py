"""The program scores runs and folders, and names what is wrong with its flags.

All calls but one are made in one process, as its start takes seconds.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from absl.testing import absltest

from tests import program_process, shared_artifacts, source_tree
from tests.programs import in_process
from tf_twingan import image_io
from tf_twingan.data.sources import registry

COUNT = 16
NAMED = {
  'photo': f'avatars:toon-head?limit={COUNT}',
  'anime': f'avatars:lorelei?limit={COUNT}',
}
SOURCES = [f'--source={domain}={dataset}' for domain, dataset in NAMED.items()]
DIRECTION = [*SOURCES, '--from=photo', '--to=anime']
# Runs the program where what only exports and searches need is not installed.
WITHOUT_EXPORT_PACKAGES = f"""
import runpy, sys
for name in ('faiss', 'tensorflow_lite_support', 'tflite_support'):
  sys.modules[name] = None  # An import of it raises ImportError.
{program_process.FEW_STEPS}
sys.argv[0] = 'evaluate'
runpy.run_module('tf_twingan.evaluate', run_name='__main__', alter_sys=True)
"""
# Message of the last line: flags.
USER_ERRORS = {
  '--source=DOMAIN=DATASET for two': ['--run_dir={run}', '--output=there'],
  'give DOMAIN=DATASET of two': [
    '--run_dir={run}',
    '--output=there',
    SOURCES[0],
  ],
  'goes with --translations': ['--run_dir={run}', '--to=anime'],
  'either --run_dir': ['--output=there'],
  'two columns': ['--run_dir={run}', '--output=there', '--against=shuffled'],
  'holds no run': [
    '--run_dir={run}',
    '--output=there',
    '--against=/',
    *SOURCES,
  ],
  '0000.png: no folder, so that': [
    '--run_dir=/no/such',
    '--output={folder}/targets/0000.png',
  ],
  'need no model': ['--run_dir={run}', '--translations=there'],
  'are not the domains': ['--translations=there', *SOURCES],
  # Of datasets that nobody but the run names.
  'names folder:/no/such for photo.*add --source=photo=folder:/no/such': [
    '--run_dir={foreign}',
    '--output={folder}/nothing',
  ],
  '/no/such': [
    '--run_dir={foreign}',
    '--output={folder}/nothing',
    '--run_datasets',
  ],
  'lacks 1 of 16.*0005.png': [
    '--translations={folder}/incomplete',
    '--output={folder}/nothing',
    '--resolution=32',
    *DIRECTION,
  ],
}


def held_out(domain):
  return registry.load(NAMED[domain], 32, split='test').images


def write_targets(folder, *, without=()):
  for i, image in enumerate(held_out('anime')):
    if i not in without:
      image_io.write_png(folder / f'{i:04}.png', image)


def write_dataset(folder, domain):
  """A folder of avatars, whose ground truth the program cannot know."""
  training = registry.load(NAMED[domain].replace(str(COUNT), '400'), 32).images
  for i, image in enumerate([*training[: 2 * COUNT], *held_out(domain)]):
    split = 'train' if i < 2 * COUNT else 'test'
    image_io.write_png(folder / split / f'{i:03}.png', image)


def make_run():
  """A run that knows its datasets, with curves over training."""
  run = shared_artifacts.copy_of(shared_artifacts.run())
  lines = [f"{domain} = '{dataset}'" for domain, dataset in NAMED.items()]
  (run / 'operative_config.gin').write_text('\n'.join(lines) + '\n')
  rows = [{'images_seen': i, 'loss': v} for i, v in ((0, 9), (80, 2))]
  (run / 'metrics.jsonl').write_text('\n'.join(map(json.dumps, rows)))
  return run


class EvaluateTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = folder = pathlib.Path(tempfile.mkdtemp())
    cls.run_dir, cls.other = make_run(), shared_artifacts.run(seed=2)
    write_targets(folder / 'targets')
    write_targets(folder / 'incomplete', without=[5])
    cls.of_run = [f'--run_dir={cls.run_dir}', f'--against={cls.other}']
    plain = shared_artifacts.run()
    foreign = shared_artifacts.copy_of(plain)
    (foreign / 'operative_config.gin').write_text(
      "photo = 'folder:/no/such'\nanime = 'avatars:lorelei'\n"
    )
    calls = {
      'export': [f'--export_sources={folder}/sources', '--resolution=32']
      + DIRECTION,
      'translations': [
        f'--translations={folder}/targets',
        f'--against={folder}/sources',
        f'--output={folder}/translations',
        '--resolution=32',
        *DIRECTION,
      ],
      **{
        message: [
          flag.format(run=plain, folder=folder, foreign=foreign)
          for flag in flags
        ]
        for message, flags in USER_ERRORS.items()
      },
    }
    with in_process.few_steps():
      cls.results = {
        name: in_process.run('evaluate', *flags)
        for name, flags in calls.items()
      }

  def printed(self, call):
    code, output = self.results[call]
    self.assertEqual(code, 0, output)
    return output

  def score_run(self):
    [(code, output)] = program_process.run_each(
      'evaluate',
      [*self.of_run, f'--output={self.folder}/run'],
      prologue=program_process.FEW_STEPS,
    )
    self.assertEqual(code, 0, output)

  def read_json(self, name):
    return json.loads((self.folder / name / 'evaluation.json').read_text())

  def read_page(self, name):
    return (self.folder / name / 'evaluation.html').read_text()

  def test_a_folder_of_the_ground_truth_is_perfect(self):
    self.printed('export')
    written = image_io.read(self.folder / 'sources' / '0003.png')
    np.testing.assert_array_equal(written, held_out('photo')[3])
    printed = self.printed('translations')
    self.assertIn('photo to anime', printed)
    self.assertIn('not shown', printed.lower())
    part = self.read_json('translations')['directions']['photo to anime']
    table = part['scores']
    self.assertEqual(table['translation']['recall@1'], 1)
    other = table[str(self.folder / 'sources')]
    self.assertEqual(
      other,
      table['untranslated']
      | {'turned': None, 'content distance': None, 'background leak': None},
    )
    self.assertEqual(part['hidden_factors'], ['clothes_color', 'glasses'])

  def test_the_page_holds_its_images(self):
    page = self.read_page('translations')
    self.assertGreater(page.count('src="data:image/png;base64,'), 10)
    captions = set(re.findall('<h3>([^<]*)', page))
    self.assertIn('Best and worst by copying', captions)
    # All are perfect.
    self.assertNotIn('Best and worst by L1 to truth', captions)
    self.assertNotIn('src="http', page)

  @pytest.mark.slow
  def test_images_without_ground_truth_are_scored(self):
    for domain in NAMED:
      write_dataset(self.folder / domain, domain)
    [(code, printed)] = program_process.run_each(
      'evaluate',
      [
        f'--run_dir={shared_artifacts.run(resolution=16)}',
        *(f'--source={d}=folder:{self.folder}/{d}' for d in NAMED),
        f'--output={self.folder}/folders',
      ],
      prologue=program_process.FEW_STEPS,
    )
    self.assertEqual(code, 0, printed)
    self.assertRegex(printed, 'background of one colour was found in [0-9.]+%')
    self.assertIn('Images given as anime', printed)
    part = self.read_json('folders')['directions']['photo to anime']
    self.assertGreater(part['backgrounds_found'], 0.7)
    table = part['scores']
    self.assertNotIn('recall@1', table['translation'])
    leak = {n: row['background leak, estimated'] for n, row in table.items()}
    self.assertEqual(
      list(leak),
      [
        'translation',
        'untranslated',
        'colour transfer',
        'shuffled',
        'mean image',
        'real images',
      ],
    )
    self.assertGreater(leak['translation'], 0)
    self.assertEqual((leak['untranslated'], leak['real images']), (0, None))
    self.assertIn('upside down', part['foreign'])
    self.assertIn(
      'Best and worst by background leak, estimated', self.read_page('folders')
    )

  @pytest.mark.slow
  def test_a_run_is_scored_both_ways_by_its_own_datasets(self):
    self.score_run()
    record = self.read_json('run')
    self.assertEqual(record['sources'], NAMED)
    self.assertEqual(record['features'], 'own')
    self.assertLen(record['directions'], 2)
    table = record['directions']['anime to photo']['scores']
    own, others = table['translation'], table[str(self.other)]
    self.assertNotEqual(own['L1 to truth'], others['L1 to truth'])
    self.assertIsNotNone(own['background leak'])
    self.assertIsNotNone(others['content distance'])
    self.assertIn('loss: 2 to 9', self.read_page('run'))
    text = (self.folder / 'run' / 'evaluation.json').read_text()
    self.assertNotIn('NaN', text)

  @pytest.mark.slow
  def test_a_process_without_export_packages_repeats_every_byte(self):
    subprocess.run(
      [
        sys.executable,
        '-c',
        WITHOUT_EXPORT_PACKAGES,
        *self.of_run,
        f'--output={self.folder}/again',
      ],
      cwd=source_tree.ROOT,
      # As many threads as `run_each` takes.
      env={**os.environ, 'TF_NUM_INTRAOP_THREADS': '2'},
      check=True,
    )
    self.score_run()
    self.assertEqual(self.read_page('again'), self.read_page('run'))
    self.assertEqual(self.read_json('again'), self.read_json('run'))

  def test_user_errors_are_one_line(self):
    for message in USER_ERRORS:
      with self.subTest(message):
        code, output = self.results[message]
        self.assertNotEqual(code, 0)
        self.assertRegex(output.splitlines()[-1], f'^Error: .*{message}')


if __name__ == '__main__':
  absltest.main()

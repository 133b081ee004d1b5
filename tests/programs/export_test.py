"""The export program: what a user types, and what it says."""

import pathlib
import tempfile

from absl.testing import absltest

from tests import program_process, tiny_run
from tf_twingan.inference.exported import bundle_manifest


def run(*arguments):
  return program_process.run_module('export', *arguments)


class ExportTest(absltest.TestCase):
  def test_the_shipped_model_passes_the_gates(self):
    output = pathlib.Path(tempfile.mkdtemp())
    code, said = run(
      '--model=avatar_twins',
      '--to=anime',
      f'--output={output}',
      '--formats=dynamic,int8',
    )
    self.assertEqual(code, 0, said)
    self.assertIn('photo2anime_32_dynamic.tflite', said)
    files = bundle_manifest.read_manifest(output / 'anime')['files']
    reached = {e['format']: e['parity'] for e in files.values()}
    self.assertGreaterEqual(reached['int8']['psnr'], 35)
    self.assertEqual(reached['dynamic']['pictures'], 32)
    self.assertLen(files, 2)
    code, said = run('benchmark', output / 'anime', '--threads=1')
    self.assertEqual(code, 0, said)
    self.assertEqual(said.count('.tflite'), 2)

  def test_a_run_that_names_no_source_says_what_to_give(self):
    code, said = run(
      f'--run_dir={tiny_run.make()}', '--to=anime', '--output=/nowhere'
    )
    self.assertEqual(code, 1)
    self.assertIn('give --source=photo=DATASET', said)

  def test_a_failed_gate_is_an_exit_code(self):
    # An untrained network with pixel norm: 8 bits are too few.
    output = tempfile.mkdtemp()
    code, said = run(
      f'--run_dir={tiny_run.make()}',
      '--to=anime',
      f'--output={output}',
      '--source=photo=avatars:toon-head?limit=40',
      '--source=anime=avatars:lorelei?limit=40',
      '--formats=float32,int8',
    )
    files = bundle_manifest.read_manifest(pathlib.Path(output, 'anime'))[
      'files'
    ]
    self.assertIn('photo2anime_8_float32.tflite', files)
    if 'photo2anime_8_int8.tflite' in files:
      self.assertEqual(code, 0, said)
    else:
      self.assertEqual(code, 1, said)
      self.assertIn('left out int8', said)

  def test_what_is_wrong_is_said_in_a_line(self):
    for arguments, words in (
      (('nonsense',), "'nonsense' is no command"),
      (('plan', '--to=anime'), '--to is a flag of `export`'),
      (('benchmark', tempfile.gettempdir()), 'is no bundle'),
      (
        (
          '--model=avatar_twins',
          '--to=anime',
          '--output=o',
          '--formats=int4',
        ),
        'formats are int4; choose of',
      ),
      (
        (
          '--model=avatar_twins',
          '--to=anime',
          '--output=o',
          '--formats=search',
        ),
        'format search needs --index',
      ),
      (
        ('--model=avatar_twins', '--to=all', '--output=o', '--by=own'),
        '--by does not go with --to=all',
      ),
    ):
      code, said = run(*arguments)
      self.assertEqual(code, 1)
      self.assertIn(words, said)
      self.assertNotIn('Traceback', said)


if __name__ == '__main__':
  absltest.main()

"""The export program: its flags, gates and error messages."""

import pathlib
import tempfile

from absl.testing import absltest

from tests import program_process, shared_artifacts
from tf_twingan.inference.exported import bundle_manifest


def run(*arguments):
  return program_process.run_module('export', *arguments)


class ExportTest(absltest.TestCase):
  def test_the_shipped_model_passes_the_gates(self):
    bundle = shared_artifacts.shipped_bundle()
    self.assertIn(
      'photo2anime_32_dynamic.tflite',
      shared_artifacts.output_of_shipped_bundle(),
    )
    files = bundle_manifest.read_manifest(bundle)['files']
    parity = {e['format']: e['parity'] for e in files.values()}
    self.assertGreaterEqual(parity['int8']['psnr'], 35)
    self.assertEqual(parity['dynamic']['pictures'], 32)
    self.assertLen(files, len(shared_artifacts.SHIPPED_FORMATS))
    code, output = run('benchmark', bundle, '--threads=1')
    self.assertEqual(code, 0, output)
    self.assertEqual(output.count('.tflite'), 3)

  def test_a_failed_gate_is_an_exit_code(self):
    # An untrained network with pixel norm: 8 bits are too few.
    output = tempfile.mkdtemp()
    code, said = run(
      f'--run_dir={shared_artifacts.run()}',
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

  def test_user_errors_are_one_line(self):
    shipped = ('--model=avatar_twins', '--output=o')
    cases = {
      "'nonsense' is no command": ('nonsense',),
      '--to is a flag of `export`': ('plan', '--to=anime'),
      'is no bundle': ('benchmark', tempfile.gettempdir()),
      'formats are int4; choose of': (
        *shipped,
        '--to=anime',
        '--formats=int4',
      ),
      'format search needs --index': (
        *shipped,
        '--to=anime',
        '--formats=search',
      ),
      '--by does not go with --to=all': (*shipped, '--to=all', '--by=own'),
      # The run does not name its sources.
      'give --source=photo=DATASET': (
        f'--run_dir={shared_artifacts.run()}',
        '--to=anime',
        '--output=/nowhere',
      ),
    }
    results = program_process.run_module_each(
      'export.__main__', *cases.values()
    )
    for message, (code, output) in zip(cases, results, strict=True):
      self.assertEqual(code, 1, output)
      self.assertIn(message, output)
      self.assertNotIn('Traceback', output)


if __name__ == '__main__':
  absltest.main()

"""The export program: what a user types, and what it prints."""

import functools
import pathlib
import tempfile

import pytest
from absl.testing import absltest

import tf_twingan
from export import directions, exporter
from export.formats import embedding
from tests import program_process, shared_artifacts
from tests.export import untrained
from tests.programs import in_process
from tf_twingan.data.sources import registry
from tf_twingan.inference.exported import bundle_manifest

SHIPPED = ('--model=avatar_twins', '--to=anime', '--output=o')
# {arguments: words of the error}
ERRORS = {
  ('nonsense',): "'nonsense' is no command",
  ('plan', '--to=anime'): '--to is a flag of `export`',
  ('plan', 'more'): "unexpected argument 'more'",
  ('benchmark', tempfile.gettempdir()): 'is no bundle',
  ('benchmark',): 'write benchmark BUNDLE',
  (*SHIPPED, '--formats=int4'): 'formats are int4; choose of',
  (*SHIPPED, '--formats=search'): 'format search needs --index',
  ('--model=avatar_twins', '--to=all', '--output=o', '--qdrant=http://x'): (
    '--qdrant does not go with --to=all'
  ),
  (*SHIPPED, '--by=own'): '--by is for format search',
  ('--model=avatar_twins', '--to=all', '--output=o', '--by=own'): (
    '--by does not go with --to=all'
  ),
  ('--model=avatar_twins', '--to=anime'): 'give --output',
  ('--run_dir=/no/such', '--to=anime', f'--output={__file__}'): (
    'export_test.py: no folder, so that nothing can be written'
  ),
}


@functools.cache
def programs():
  """Runs `export` several times.

  Returns:
    ([(exit code, output)] of each error, the same of a run without datasets,
    of one that names a folder, of the same with --run_datasets, of a benchmark
    and of a plan).
  """
  foreign = shared_artifacts.copy_of(shared_artifacts.run())
  (foreign / 'operative_config.gin').write_text("photo = 'folder:/no/such'\n")
  calls = [
    *ERRORS,
    (f'--run_dir={shared_artifacts.run()}', '--to=anime', '--output=o'),
    (f'--run_dir={foreign}', '--to=anime', '--output=o'),
    (f'--run_dir={foreign}', '--to=anime', '--output=o', '--run_datasets'),
    ('benchmark', untrained.bundle(), '--threads=1'),
    ('plan', '--resolution=4', '--max_mb=100'),
  ]
  results = [in_process.run('export', *call) for call in calls]
  return results[: len(ERRORS)], *results[len(ERRORS) :]


class ExportTest(absltest.TestCase):
  def test_wrong_arguments_are_one_line(self):
    errors, *_ = programs()
    for (code, output), words in zip(errors, ERRORS.values()):
      self.assertEqual(code, 1, output)
      self.assertIn(words, output)
      self.assertNotIn('Traceback', output)

  def test_a_run_without_datasets_says_what_to_give(self):
    _, (code, output), *_ = programs()
    self.assertEqual(code, 1)
    self.assertIn('give --source=photo=DATASET', output)

  def test_what_only_the_run_names_is_not_opened_unasked(self):
    _, _, (code, output), (code_if_allowed, output_if_allowed), *_ = programs()
    self.assertEqual([code, code_if_allowed], [1, 1])
    self.assertIn('add --source=photo=folder:/no/such, or --run_d', output)
    self.assertIn('Reading folder:/no/such for photo, as', output_if_allowed)
    self.assertIn('/no/such', output_if_allowed.splitlines()[-1])

  def test_benchmark_times_every_tflite_file(self):
    *_, (code, output), _ = programs()
    self.assertEqual(code, 0, output)
    # float32, dynamic, int8 and embed.
    self.assertEqual(output.count('.tflite'), 4)

  def test_plan_prints_the_flags_of_the_widest_that_fits(self):
    *_, (code, output) = programs()
    self.assertEqual(code, 0, output)
    self.assertIn('--gin_param="channels_base=', output)

  @pytest.mark.slow
  def test_a_failed_gate_is_an_exit_code(self):
    # An untrained network with pixel norm: 8 bits are too few.
    output = tempfile.mkdtemp()
    code, printed = program_process.run_module(
      'export',
      f'--run_dir={shared_artifacts.run()}',
      '--to=anime',
      f'--output={output}',
      *shared_artifacts.SOURCES,
      '--formats=float32,int8',
    )
    files = bundle_manifest.read_manifest(pathlib.Path(output, 'anime'))[
      'files'
    ]
    self.assertIn('photo2anime_8_float32.tflite', files)
    self.assertIn('photo2anime_8_float32.tflite', printed)
    if 'photo2anime_8_int8.tflite' in files:
      self.assertEqual(code, 0, printed)
    else:
      self.assertEqual(code, 1, printed)
      self.assertIn('left out int8', printed)

  @pytest.mark.slow
  def test_the_shipped_model_passes_the_gate_of_int8(self):
    translator = tf_twingan.Translator.from_pretrained('avatar_twins')
    images = registry.load(
      'avatars:toon-head?limit=12', translator.resolution
    ).images
    context = directions.OneDirection(
      translator,
      'photo',
      'anime',
      held_out=images[:4],
      calibration=images[4:],
      learn_embedding=lambda: embedding.learn(translator, {'photo': images}),
      about=untrained.about(),
    )
    manifest, failures = exporter.export(context, ('int8',), tempfile.mkdtemp())
    self.assertEmpty(failures)
    self.assertLen(manifest['files'], 1)

  @pytest.mark.slow
  def test_the_shipped_model_passes_the_gates(self):
    output = pathlib.Path(tempfile.mkdtemp())
    code, printed = program_process.run_module(
      'export',
      '--model=avatar_twins',
      '--to=anime',
      f'--output={output}',
      '--formats=dynamic,int8',
    )
    self.assertEqual(code, 0, printed)
    self.assertIn('photo2anime_32_dynamic.tflite', printed)
    files = bundle_manifest.read_manifest(output / 'anime')['files']
    parities = {e['format']: e['parity'] for e in files.values()}
    self.assertGreaterEqual(parities['int8']['psnr'], 35)
    self.assertEqual(parities['dynamic']['pictures'], 32)
    self.assertLen(files, 2)
    code, printed = program_process.run_module(
      'export', 'benchmark', output / 'anime', '--threads=1'
    )
    self.assertEqual(code, 0, printed)
    self.assertEqual(printed.count('.tflite'), 2)


if __name__ == '__main__':
  absltest.main()

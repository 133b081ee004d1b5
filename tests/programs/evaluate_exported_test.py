"""Exported files are scored as the model is, beside it and each other."""

import functools
import json
import pathlib
import tempfile

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import absltest

import tf_twingan
from tests import shared_artifacts
from tests.export import untrained
from tests.programs import in_process
from tf_twingan.evaluation import candidates, dataset_pair, scores, tasks
from tf_twingan.inference.exported import exported_translator

PX, COUNT = untrained.PX, 12
DATASETS = {
  'photo': f'avatars:toon-head?limit={COUNT}',
  'anime': f'avatars:lorelei?limit={COUNT}',
}
FLAGS = [f'--source={domain}={name}' for domain, name in DATASETS.items()]


@functools.cache
def files() -> exported_translator.ExportedFiles:
  return exported_translator.open_export(untrained.bundle())


def float32_file() -> pathlib.Path:
  return files().translators['float32'].path


SCORED = {
  'bundle': ('{exported}', '--against={run}', *FLAGS),
  'run': ('--run_dir={tiny_run}', '--against={file}', *FLAGS),
}
# A single file is opened sooner than all of a bundle.
REFUSED = {
  'model beside it': ('{exported}', '--model=avatar_twins'),
  'no datasets': ('--exported={file}',),
  'no such run': (*FLAGS, '--exported={file}', '--against=/'),
  'half a direction': (*FLAGS, '--exported={file}', '--from=photo'),
}


@functools.cache
def programs(names):
  """Runs `evaluate` once for each name.

  Returns:
    {name: (exit code, output, folder of the report)}
  """
  values = dict(
    exported=f'--exported={untrained.bundle()}',
    run=files().origin,
    tiny_run=shared_artifacts.run(),
    file=float32_file(),
  )
  folders = {name: pathlib.Path(tempfile.mkdtemp()) for name in names}
  results = {}
  with in_process.few_steps():
    for name in names:
      given = [flag.format(**values) for flag in {**SCORED, **REFUSED}[name]]
      code, output = in_process.run(
        'evaluate', *given, f'--output={folders[name]}'
      )
      results[name] = code, output, folders[name]
  return results


def report(name):
  return json.loads(
    (programs(tuple(SCORED))[name][2] / 'evaluation.json').read_text()
  )


class ScoresTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.task = tasks.between(
      dataset_pair.load(DATASETS, PX, COUNT), 'photo', 'anime'
    )

  def score(self, **translators):
    return scores.score(
      self.task,
      {
        name: candidates.translate(translator, self.task)
        for name, translator in translators.items()
      },
    )

  def test_scores_are_those_of_the_model(self):
    translators = {
      'model': tf_twingan.Translator.reopen(files().origin),
      'saved_model': files().translators['saved_model'],
      'float32': files().translators['float32'],
    }
    found = self.score(**translators)
    for kind in ('saved_model', 'float32'):
      for column, value in found['model'].columns.items():
        exported = found[kind].columns[column]
        # Images of 8 px are too small for some of the columns.
        if column == 'content distance' or value is None:
          self.assertIsNone(exported, column)
        else:
          self.assertAllClose(
            exported, value, atol=0.02, rtol=0.002, msg=column
          )

  @pytest.mark.slow
  def test_round_trips_need_both_directions(self):
    model = tf_twingan.Translator.reopen(files().origin)
    file = files().translators['float32']
    for translator, count in ((model, 2), (file, 0)):
      candidate = candidates.translate(translator, self.task)
      self.assertLen(candidate.reproduced, count)

  @pytest.mark.slow
  def test_a_wrong_file_scores_otherwise(self):
    # Channels swapped, as if an export had taken BGR.
    file = files().translators['float32']
    swapped = exported_translator.ExportedTranslator(
      file.path,
      PX,
      {'photo2anime': lambda i: file.translate(i, 'anime')[..., ::-1]},
    )
    found = self.score(right=file, swapped=swapped)
    right, wrong = (found[n].columns['L1 to truth'] for n in found)
    self.assertGreater(np.abs(right - wrong), 0.5)


class ProgramTest(absltest.TestCase):
  @pytest.mark.slow
  def test_it_sets_files_and_the_model_side_by_side(self):
    code, output, _ = programs(tuple(SCORED))['bundle']
    self.assertEqual(code, 0, output)
    self.assertIn(f'embed_photo_{PX}.tflite is left out', output)
    self.assertIn(
      'No round trip of saved_model, float32, dynamic, int8', output
    )
    found, run = report('bundle'), files().origin
    (title,) = found['directions']
    self.assertEqual(title, 'photo to anime')
    table = found['directions'][title]['scores']
    self.assertEqual(
      list(table)[:5], ['saved_model', 'float32', 'dynamic', 'int8', run]
    )
    self.assertNotEqual(table['int8'], table['float32'])
    self.assertIsNone(table['int8']['content distance'])
    self.assertIsNotNone(table[run]['content distance'])
    self.assertIn(f'{run}, round trip', found['directions'][title]['returned'])
    self.assertEqual(found['images_seen'], 10)

  @pytest.mark.slow
  def test_a_run_stands_beside_a_file_in_its_one_direction(self):
    code, output, _ = programs(tuple(SCORED))['run']
    self.assertEqual(code, 0, output)
    found, file = report('run')['directions'], str(float32_file())
    self.assertIn(file, found['photo to anime']['scores'])
    self.assertNotIn(file, found['anime to photo']['scores'])
    self.assertIn('Not here, as they do not translate anime to photo', output)

  def test_user_errors_are_one_line(self):
    for name, words in (
      ('model beside it', 'give --against=avatar_twins'),
      ('no datasets', 'for two of the domains photo, anime'),
      ('no such run', 'holds no run .* and no export'),
      ('half a direction', 'are not the domains'),
    ):
      code, output, _ = programs(tuple(REFUSED))[name]
      self.assertEqual(code, 1, name)
      self.assertRegex(output.splitlines()[-1], f'^Error: .*{words}')


if __name__ == '__main__':
  absltest.main()

"""Exported files are scored as the model is, and say what they lack."""

import json
import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import absltest

from export import all_directions, exporter
from export.bundle_files import metadata
from export.formats import tflite as formats_tflite
from tests import program_process, tiny_run
from tests.export import exporter_test
from tests.export.graph import folding_test
from tf_twingan.evaluation import candidates, dataset_pair, scores, tasks
from tf_twingan.inference.exported import bundle_manifest, exported_translator
from tf_twingan.inference.exported import tflite as exported_tflite

PX, COUNT = 16, 12
NAMED = {
  'photo': f'avatars:toon-head?limit={COUNT}',
  'anime': f'avatars:lorelei?limit={COUNT}',
}
FLAGS = [f'--source={domain}={source}' for domain, source in NAMED.items()]


class ExportedTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.output = pathlib.Path(tempfile.mkdtemp())
    direction = exporter_test.direction()
    cls.direction = direction._replace(
      about=direction.about._replace(name=direction.name)
    )
    with exporter_test.untouched_gates():
      exporter.export(
        cls.direction, ('saved_model', 'float32', 'int8', 'embed'), cls.output
      )
    cls.folder = cls.output / 'anime'
    cls.opened = exported_translator.open_path(cls.folder)
    cls.float32 = cls.folder / 'photo2anime_16_float32.tflite'

  def alone(self, content: bytes) -> pathlib.Path:
    path = pathlib.Path(tempfile.mkdtemp(), 'some.tflite')
    path.write_bytes(content)
    return path

  def assert_error(self, words, *arguments):
    code, said = program_process.run(
      'evaluate', *arguments, f'--output={tempfile.mkdtemp()}'
    )
    self.assertNotEqual(code, 0)
    self.assertRegex(said.splitlines()[-1], f'^Error: .*{words}')

  def test_a_bundle_is_all_that_draws(self):
    self.assertCountEqual(
      self.opened.drawers, ['saved_model', 'float32', 'int8']
    )
    self.assertEqual(list(self.opened.left_out), ['embed_photo_16.tflite'])
    self.assertEqual(self.opened.domains, ('photo', 'anime'))
    self.assertEqual(self.opened.origin, self.direction.translator.origin)

  def test_it_draws_what_the_model_draws(self):
    # Of another size, and more than a batch.
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, [35, 20, 24, 3], dtype=np.uint8)
    expected = self.direction.translator.translate(images, to='anime')
    for kind, most in (('saved_model', 1), ('float32', 1), ('int8', 60)):
      drawn = self.opened.drawers[kind].translate(images, 'anime', 'photo')
      self.assertEqual((drawn.dtype, drawn.shape), (np.uint8, (35, PX, PX, 3)))
      off = np.abs(drawn.astype(int) - expected)
      self.assertLessEqual(off.max(), 2 * most, kind)
      self.assertLessEqual(off.mean(), most / 4, kind)

  def test_its_scores_are_those_of_the_model(self):
    pair = dataset_pair.load(NAMED, PX, COUNT)
    task = tasks.between(pair, 'photo', 'anime')
    translators = {
      'model': self.direction.translator,
      **{k: self.opened.drawers[k] for k in ('saved_model', 'float32')},
    }
    rows = {n: candidates.translate(t, task) for n, t in translators.items()}
    self.assertEmpty(rows['float32'].reproduced)
    self.assertLen(rows['model'].reproduced, 2)
    found = scores.score(task, rows)
    for kind in ('saved_model', 'float32'):
      for column, value in found['model'].columns.items():
        got = found[kind].columns[column]
        if column == 'content distance':
          self.assertIsNone(got)
        else:
          self.assertAllClose(got, value, atol=0.02, rtol=0.002, msg=column)

  def test_a_wrong_file_scores_otherwise(self):
    # Channels swapped, as where an export took BGR.
    drawer = self.opened.drawers['float32']
    swapped = exported_translator.Drawer(
      drawer.path,
      PX,
      {'photo2anime': lambda p: drawer.translate(p, 'anime')[..., ::-1]},
    )
    pair = dataset_pair.load(NAMED, PX, COUNT)
    task = tasks.between(pair, 'photo', 'anime')
    found = scores.score(
      task,
      {
        name: candidates.translate(s, task)
        for name, s in {'right': drawer, 'swapped': swapped}.items()
      },
    )
    right, wrong = (found[n].columns['L1 to truth'] for n in found)
    self.assertGreater(abs(right - wrong), 0.5)

  def test_one_file_knows_its_direction(self):
    version = self.folder / 'saved_model' / '1'
    for path in (version, self.float32, self.alone(self.float32.read_bytes())):
      (drawer,) = exported_translator.open_path(path).drawers.values()
      self.assertTrue(drawer.supports('photo', 'anime'), path)
      self.assertFalse(drawer.supports('anime', 'photo'), path)
      with self.assertRaisesRegex(
        ValueError, 'draws photo2anime, not anime2photo; export.*--to=photo'
      ):
        drawer.between('photo', 'anime', ('anime', 'photo'))
    with self.assertRaisesRegex(ValueError, 'the domains are cat and dog'):
      exported_translator.open_path(version).drawers[''].between('cat', 'dog')

  def test_one_that_does_not_know_it_is_told(self):
    plain = tf.function(lambda image: image)
    path = self.alone(
      formats_tflite.convert(
        plain,
        tf.Module(),
        'float32',
        output_name='translation',
        images=folding_test.IMAGES,
      )
    )
    drawer = exported_translator.open_path(path).drawers['']
    with self.assertRaisesRegex(ValueError, '--from=cat --to=dog or the'):
      drawer.between('cat', 'dog')
    with self.assertRaisesRegex(ValueError, 'name both of them'):
      drawer.between('cat', 'dog', ('cat', 'cow'))
    told = drawer.between('cat', 'dog', ('dog', 'cat'))
    images = exporter_test.images()
    # Without metadata, values are -1 to 1 on both sides.
    self.assertAllEqual(told.translate(images, 'cat', 'dog'), images)

  def test_metadata_says_what_pixels_are(self):
    halved = formats_tflite.convert(
      tf.function(lambda image: image / 2),
      tf.Module(),
      'float32',
      output_name='translation',
      images=folding_test.IMAGES,
    )
    # From 0 to 1 on both sides, so that half is darker and not greyer.
    with mock.patch.multiple(
      metadata, _INPUT=(0.0, 255.0), _OUTPUT=(0.0, 1 / 255)
    ):
      said = metadata.add(
        halved,
        self.direction.about,
        input_name='image',
        output_name='translation',
        draws=True,
      )
    images = exporter_test.images()
    self.assertAllClose(
      exported_tflite.File(said).draw(images), images // 2, atol=1
    )

  def test_all_directions_of_one_bundle(self):
    translator = self.direction.translator
    shown = exporter_test.images()
    _, failures = all_directions.export(
      translator,
      {'photo': shown, 'anime': shown},
      ['saved_model', 'float32'],
      self.output,
      metadata.About('all', 'd', '1', 'a', 'l', '# card'),
    )
    self.assertEmpty(failures)
    opened = exported_translator.open_path(self.output / 'all')
    self.assertIsNone(opened.domains)
    self.assertCountEqual(opened.drawers, ['saved_model', 'float32'])
    for kind, drawer in opened.drawers.items():
      known = drawer.between('photo', 'anime')
      for source, to in (('photo', 'anime'), ('anime', 'photo')):
        off = translator.translate(shown, to, source).astype(int)
        off -= known.translate(shown, to, source)
        self.assertLessEqual(np.abs(off).max(), 1, (kind, source))
    (file,) = (self.output / 'all').glob('*.tflite')
    with self.assertRaisesRegex(ValueError, 'keep it in its bundle'):
      exported_translator.open_path(self.alone(file.read_bytes()))

  def test_what_draws_nothing_is_refused(self):
    (embed,) = self.folder.glob('embed*')
    cut = self.alone(self.float32.read_bytes()[:500])
    index = pathlib.Path(tempfile.mkdtemp())
    (index / bundle_manifest.MANIFEST).write_text('{"kind": "exact"}')
    without = pathlib.Path(tempfile.mkdtemp(), 'anime')
    shutil.copytree(self.folder, without)
    (without / self.float32.name).unlink()
    foreign = tempfile.mkdtemp()
    tf.saved_model.save(tf.Module(), foreign)
    for path, words in (
      (embed, 'no image but, as the embed format'),
      (self.alone(embed.read_bytes()), 'no image but, as the embed'),
      (cut, 'some.tflite: .*damaged'),
      (index, 'not of a bundle'),
      (self.output, f'is no export.*Give .*{self.folder.name}'),
      (self.folder / 'saved_model', 'Give .*saved_model/1'),
      (tempfile.mkdtemp(), 'Write one with `python -m export`'),
      (without, 'float32.tflite is missing.*export again'),
      (foreign, 'signatures are none, but one should be translate'),
      ('/nowhere/at/all.tflite', 'no such file or folder'),
    ):
      with self.subTest(words):
        with self.assertRaisesRegex((ValueError, FileNotFoundError), words):
          exported_translator.open_path(path)

  def test_the_program_sets_files_and_the_model_side_by_side(self):
    run = self.direction.translator.origin
    output = pathlib.Path(tempfile.mkdtemp())
    code, said = program_process.run(
      'evaluate',
      f'--exported={self.folder}',
      f'--against={run}',
      f'--output={output}',
      *FLAGS,
    )
    self.assertEqual(code, 0, said)
    self.assertIn('embed_photo_16.tflite is left out', said)
    self.assertIn('No round trip of saved_model, float32, int8', said)
    found = json.loads((output / 'evaluation.json').read_text())
    (title,) = found['directions']
    self.assertEqual(title, 'photo to anime')
    table = found['directions'][title]['scores']
    self.assertEqual(list(table)[:4], ['saved_model', 'float32', 'int8', run])
    self.assertNotEqual(table['int8'], table['float32'])
    self.assertIsNone(table['int8']['content distance'])
    self.assertIsNotNone(table[run]['content distance'])
    self.assertIn(f'{run}, round trip', found['directions'][title]['returned'])
    self.assertEqual(found['images_seen'], 10)

  def test_a_run_stands_beside_a_file_in_its_one_direction(self):
    output = pathlib.Path(tempfile.mkdtemp())
    code, said = program_process.run(
      'evaluate',
      f'--run_dir={tiny_run.make()}',
      f'--against={self.float32}',
      f'--output={output}',
      *FLAGS,
    )
    self.assertEqual(code, 0, said)
    found = json.loads((output / 'evaluation.json').read_text())['directions']
    self.assertIn(str(self.float32), found['photo to anime']['scores'])
    self.assertNotIn(str(self.float32), found['anime to photo']['scores'])
    self.assertIn('Not here, as they do not translate anime to photo', said)

  def test_user_errors_are_one_line(self):
    given = f'--exported={self.folder}'
    self.assert_error(
      'give --against=avatar_twins', given, '--model=avatar_twins'
    )
    self.assert_error('for two of the domains photo, anime', given)
    self.assert_error(
      'holds no run .* and no export', *FLAGS, given, '--against=/'
    )
    self.assert_error('are not the domains', *FLAGS, given, '--from=photo')


if __name__ == '__main__':
  absltest.main()

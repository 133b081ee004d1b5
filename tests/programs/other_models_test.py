"""CycleGAN and pix2pix go the whole way of a run: train, resume, translate."""

import json
import pathlib
import tempfile

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import gin
from tf_twingan import configurables, gin_files, image_arrays, inference
from tf_twingan.evaluation import candidates, directions
from tf_twingan.runs import checkpoints, config_files
from tf_twingan.training import loop

TOTAL = 24
TINY = [
  'Growth.stable_images=24',
  'Growth.decay_images=12',
  'Growth.batch_size=4',
  'final_resolution=8',
  'CycleGAN.channels=4',
  'CycleGAN.blocks=1',
  'Pix2Pix.channels=4',
  'PatchDiscriminator.channels=4',
  'CycleObjective.pool_size=8',
  'train.log_steps=2',
  'train.score_images=8',
]
SOURCES = {
  'cyclegan': ('avatars:toon-head?limit=16', 'avatars:lorelei?limit=16'),
  'pix2pix': (
    'avatars:toon-head?split=paired&limit=16',
    'avatars:lorelei?split=paired&limit=16',
  ),
}


def train(name, run, *params, sources=None):
  gin.clear_config()
  photo, anime = sources or SOURCES[name]
  gin_files.parse(
    f'{name}.gin',
    [*TINY, f"photo='{photo}'", f"anime='{anime}'", *params],
  )
  configurables.train(str(run))


def tensors(run):
  store = checkpoints.Checkpoints(str(run / 'checkpoints'))
  return checkpoints.tensors(store.prefixes()[0])


class OtherModelsTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)
    self.folder = pathlib.Path(tempfile.mkdtemp())

  @parameterized.parameters('cyclegan', 'pix2pix')
  def test_a_run_from_start_to_translation(self, name):
    whole, parts = self.folder / 'whole', self.folder / 'parts'
    train(name, whole)
    # The pool is full by then, so what comes out of it matters.
    with self.assertRaises(loop.Stopped):
      train(name, parts, 'train.stop_after_images=16')
    train(name, parts)
    expected, actual = tensors(whole), tensors(parts)
    self.assertEqual(set(expected), set(actual))
    for key, value in expected.items():
      np.testing.assert_array_equal(value, actual[key], key)
    if name == 'cyclegan':
      self.assertLen([k for k in expected if 'image_pools' in k], 4)
      pool = expected['image_pools/anime/images/.ATTRIBUTES/VARIABLE_VALUE']
      self.assertGreater(np.std(pool), 0.01)
    rows = [
      json.loads(line)
      for line in (whole / 'metrics.jsonl').read_text().splitlines()
    ]
    self.assertIn('score/recall/anime', rows[-1])
    term = {'cyclegan': 'identity/photo', 'pix2pix': 'truth/photo'}[name]
    self.assertIn(term, rows[-1])

    translator = inference.Translator(str(whole))
    self.assertEqual(translator.resolution, 8)
    self.assertEqual(translator.images_seen, TOTAL)
    best = inference.Translator(str(whole / 'best'))
    self.assertEqual(best.domains, translator.domains)
    photos = image_arrays.to_uint8(
      np.random.default_rng(0).uniform(-1, 1, [3, 8, 8, 3])
    )
    drawn = translator.translate(photos, to='anime')
    self.assertEqual(drawn.shape, (3, 8, 8, 3))
    self.assertNotAllEqual(drawn, photos)
    # A generator of pix2pix sees its own domain in no pair.
    redraws = name == 'cyclegan'
    self.assertEqual(translator.supports('photo', 'photo'), redraws)
    self.assertTrue(translator.supports('anime', 'photo'))
    self.assertEqual('score/reconstruction' in rows[-1], redraws)
    candidate = candidates.ask(
      translator, directions.Direction('photo', 'anime', *[photos] * 4)
    )
    self.assertEqual('reconstruction' in candidate.returned, redraws)
    self.assertIn('round trip', candidate.returned)
    self.assertIsNone(candidate.encode)
    for call in (translator.encode, translator.scales):
      with self.assertRaisesRegex(ValueError, 'search with a TwinGAN'):
        call(photos, 'photo')
    translator.save(str(self.folder / 'shared'))
    shared = inference.Translator(str(self.folder / 'shared'))
    self.assertAllEqual(shared.translate(photos, to='anime'), drawn)
    with self.assertRaisesRegex(ValueError, "model is '\\w+' there and 'twin"):
      config_files.write_model(str(whole), {'model': 'twingan'})

  def test_pairs_are_asked_for(self):
    with self.assertRaisesRegex(ValueError, 'lorelei.split=paired for anime'):
      train(
        'pix2pix',
        self.folder,
        sources=(SOURCES['pix2pix'][0], SOURCES['cyclegan'][1]),
      )

  def test_nothing_grows(self):
    with self.assertRaisesRegex(ValueError, 'set Growth.start_resolution'):
      train('cyclegan', self.folder, 'Growth.start_resolution=4')


if __name__ == '__main__':
  tf.test.main()

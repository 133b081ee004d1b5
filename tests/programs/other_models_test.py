"""CycleGAN and pix2pix from training to translation, and a resumed training."""

import functools
import json
import pathlib
import tempfile

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

import gin
from tf_twingan import configurables, gin_files, image_arrays, inference
from tf_twingan.evaluation import candidates, tasks
from tf_twingan.runs import checkpoint_values, checkpoints, config_files
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
  return checkpoint_values.tensors(store.prefixes()[0])


@functools.cache
def whole_run(name):
  """A run that was never stopped."""
  run = pathlib.Path(tempfile.mkdtemp(), 'whole')
  train(name, run)
  return run


class OtherModelsTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)
    self.folder = pathlib.Path(tempfile.mkdtemp())

  @parameterized.parameters('cyclegan', 'pix2pix')
  @pytest.mark.slow
  def test_a_run_from_start_to_translation(self, name):
    run = whole_run(name)
    rows = [
      json.loads(line)
      for line in (run / 'metrics.jsonl').read_text().splitlines()
    ]
    self.assertIn('score/recall/anime', rows[-1])
    term = {'cyclegan': 'identity/photo', 'pix2pix': 'truth/photo'}[name]
    self.assertIn(term, rows[-1])

    translator = inference.Translator(str(run))
    self.assertEqual(translator.resolution, 8)
    self.assertEqual(translator.images_seen, TOTAL)
    best = inference.Translator(str(run / 'best'))
    self.assertEqual(best.domains, translator.domains)
    photos = image_arrays.to_uint8(
      np.random.default_rng(0).uniform(-1, 1, [3, 8, 8, 3])
    )
    translated = translator.translate(photos, to='anime')
    self.assertEqual(translated.shape, (3, 8, 8, 3))
    self.assertNotAllEqual(translated, photos)
    # A generator of pix2pix sees its own domain in no pair.
    reconstructs = name == 'cyclegan'
    self.assertEqual(translator.supports('photo', 'photo'), reconstructs)
    self.assertTrue(translator.supports('anime', 'photo'))
    self.assertEqual('score/reconstruction' in rows[-1], reconstructs)
    candidate = candidates.translate(
      translator, tasks.Task('photo', 'anime', *[photos] * 4)
    )
    self.assertEqual('reconstruction' in candidate.reproduced, reconstructs)
    self.assertIn('round trip', candidate.reproduced)
    self.assertIsNone(candidate.encode)
    for call in (translator.encode, translator.scales):
      with self.assertRaisesRegex(ValueError, 'search with a TwinGAN'):
        call(photos, 'photo')
    translator.save(str(self.folder / 'shared'))
    shared = inference.Translator(str(self.folder / 'shared'))
    self.assertAllEqual(shared.translate(photos, to='anime'), translated)
    with self.assertRaisesRegex(ValueError, "model is '\\w+' there and 'twin"):
      config_files.check_model(str(run), {'model': 'twingan'})

  def assert_resumes_to_the_same_weights(self, name):
    run = self.folder / 'parts'
    # The image pool is full by then, so what comes out of it matters.
    with self.assertRaises(loop.Stopped):
      train(name, run, 'train.stop_after_images=16')
    train(name, run)
    expected, actual = tensors(whole_run(name)), tensors(run)
    self.assertEqual(set(expected), set(actual))
    for key, value in expected.items():
      np.testing.assert_array_equal(value, actual[key], key)
    return expected

  @pytest.mark.slow
  def test_a_stopped_cyclegan_ends_in_the_same_weights(self):
    weights = self.assert_resumes_to_the_same_weights('cyclegan')
    self.assertLen([key for key in weights if 'image_pools' in key], 4)
    pool = weights['image_pools/anime/images/.ATTRIBUTES/VARIABLE_VALUE']
    self.assertGreater(np.std(pool), 0.01)

  # It resumes like CycleGAN, only without an image pool.
  @pytest.mark.slow
  def test_a_stopped_pix2pix_ends_in_the_same_weights(self):
    self.assert_resumes_to_the_same_weights('pix2pix')

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

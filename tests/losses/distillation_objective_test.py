"""Distillation: its terms by hand, and a training from start to export."""

import functools
import json
import pathlib
import tempfile

import numpy as np
import pytest
import tensorflow as tf

import gin
from tests import tiny_run
from tf_twingan import configurables, gin_files, image_arrays, inference
from tf_twingan.losses import distillation_objective
from tf_twingan.models import content_encoder, twingan
from tf_twingan.runs import checkpoint_values, checkpoints
from tf_twingan.training import loop

STAGE = dict(resolution=8, alpha=1.0)
# Each image is plain.
REALS = {
  'photo': tf.fill([2, 8, 8, 3], -0.5),
  'anime': tf.fill([2, 8, 8, 3], 0.25),
}


class Student:
  """Reconstructs exactly; translates to anime by adding 0.5, photo -0.25."""

  domains = ('photo', 'anime')

  def reconstruct_and_translate(self, reals, *, shift, training, **stage):
    assert shift == 1 and training and stage == STAGE
    photo, anime = reals['photo'], reals['anime']
    return twingan.TranslationOutputs(
      tf.concat([photo, anime], 0),
      content_encoder.Encoding(photo, {}),
      tf.stack([photo, anime]),
      tf.stack([anime - 0.25, photo + 0.5]),
    )


class Teacher:
  """Reconstructs 0.125 brighter; adds 0.75 for anime, 0 for a photo."""

  def translate(self, images, source, target):
    if source == target:
      return images + 0.125
    return images + {'anime': 0.75, 'photo': 0.0}[target]


def compute(**options):
  objective = distillation_objective.DistillationObjective(**options)
  objective._teacher = Teacher()
  return objective.compute(Student(), {}, REALS, **STAGE)


class DistillationObjectiveTest(tf.test.TestCase):
  def test_every_term_by_hand(self):
    result = compute(translation_weight=2.0, reconstruction_weight=4.0)
    self.assertAllClose(
      result.generator,
      {
        'translation/photo': 2 * 0.25,  # 0.25 - 0.25, and 0.25 + 0.
        'translation/anime': 2 * 0.25,  # -0.5 + 0.5, and -0.5 + 0.75.
        'reconstruction/photo': 4 * 0.125,
        'reconstruction/anime': 4 * 0.125,
      },
    )
    self.assertEqual(result.discriminator, {})

  def test_a_weight_of_zero_leaves_a_term_out(self):
    self.assertEqual(
      set(compute(reconstruction_weight=0.0).generator),
      {'translation/photo', 'translation/anime'},
    )
    self.assertEqual(
      set(compute(translation_weight=0.0).generator),
      {'reconstruction/photo', 'reconstruction/anime'},
    )
    with self.assertRaisesRegex(ValueError, 'both 0; nothing is left'):
      compute(translation_weight=0.0, reconstruction_weight=0.0)

  def test_the_teacher_is_held_against_the_student(self):
    objective = distillation_objective.DistillationObjective(
      teacher=str(tiny_run.make())
    )
    self.assertEqual(objective.build(['photo', 'anime'], 8, replicas=1), {})
    with self.assertRaisesRegex(ValueError, '8 px, and the student 16 px'):
      objective.build(['photo', 'anime'], 16, replicas=1)
    with self.assertRaisesRegex(ValueError, 'nothing of cat'):
      objective.build(['photo', 'cat'], 8, replicas=1)


def train(run, teacher, *params):
  gin.clear_config()
  gin_files.parse(
    'distill.gin',
    [
      f"teacher='{teacher}'",
      "photo='avatars:toon-head?limit=16'",
      "anime='avatars:lorelei?limit=16'",
      'final_resolution=8',
      'channels_base=8',
      'channels_max=4',
      'Growth.stable_images=160',
      'Growth.decay_images=80',
      'train.log_steps=2',
      *params,
    ],
  )
  configurables.train(str(run))


def tensors(run):
  store = checkpoints.Checkpoints(str(run / 'checkpoints'))
  return checkpoint_values.tensors(store.prefixes()[0])


@functools.cache
def trained():
  """A run from start to end, its teacher, and the teacher's values before."""
  teacher = tiny_run.make()
  before = tensors(teacher)
  whole = pathlib.Path(tempfile.mkdtemp()) / 'whole'
  train(whole, teacher)
  return whole, teacher, before


class TrainingTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)

  @pytest.mark.slow
  def test_a_student_resumes_with_the_same_bits(self):
    whole, teacher, _ = trained()
    parts = whole.parent / 'parts'
    with self.assertRaises(loop.Stopped):
      train(parts, teacher, 'train.stop_after_images=80')
    train(parts, teacher)
    expected, actual = tensors(whole), tensors(parts)
    self.assertEqual(set(expected), set(actual))
    for key, value in expected.items():
      np.testing.assert_array_equal(value, actual[key], key)

  @pytest.mark.slow
  def test_a_student_learns_and_leaves_its_teacher_alone(self):
    whole, teacher, before = trained()
    expected = tensors(whole)
    for key, value in tensors(teacher).items():
      np.testing.assert_array_equal(value, before[key], key)

    # No variable is as wide as the teacher, so it is in no checkpoint.
    roots = {key.split('/')[0] for key in expected}
    self.assertNotIn('teacher', ' '.join(roots))
    widest = max(
      v.shape[-1] for k, v in expected.items() if '/kernel/' in k and v.ndim > 3
    )
    self.assertEqual(widest, 4)

    rows = [
      json.loads(line)
      for line in (whole / 'metrics.jsonl').read_text().splitlines()
    ]
    terms = [n for n in rows[0] if n.startswith(('trans', 'recon'))]
    self.assertLen(terms, 4)
    self.assertNotIn('discriminator/anime', rows[0])
    for name in terms:
      self.assertLess(rows[-1][name], rows[0][name], name)
    images = image_arrays.to_uint8(
      np.random.default_rng(0).uniform(-1, 1, [3, 8, 8, 3])
    )
    outputs = inference.Translator(str(whole)).translate(images, to='anime')
    self.assertEqual(outputs.shape, (3, 8, 8, 3))


if __name__ == '__main__':
  tf.test.main()

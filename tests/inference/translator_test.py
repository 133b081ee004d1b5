"""The Translator: shapes, domains, independence of images, bad input."""

import concurrent.futures
import copy
import functools
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tf_twingan
from tests import shared_artifacts, tiny_run
from tests.data.prepare import drawn_faces
from tf_twingan import faces, forks, framing, image_arrays, image_io, inference
from tf_twingan.data.prepare import options, photos
from tf_twingan.models import registry
from tf_twingan.runs import (
  config_files,
  loading,
  recorded_framing,
  weight_files,
)

# Prints how many MB the process has after 10 and after 3,000 calls.
_MIXED_CALLS = """
import json, os, sys
import numpy as np
import tf_twingan

translator = tf_twingan.Translator(sys.argv[1])
rng, megabytes = np.random.default_rng(0), []
for call in range(1, 3001):
  height, width = rng.integers(8, 200, 2)
  images = rng.integers(
    0, 256, [rng.integers(1, 34), height, width, 3], dtype=np.uint8
  )
  translator.translate(images, to='anime')
  translator.scales(images, 'photo')
  if call in (10, 3000):
    with open('/proc/self/statm') as file:
      pages = int(file.read().split()[1])
    megabytes.append(pages * os.sysconf('SC_PAGESIZE') / 1e6)
print(json.dumps(megabytes))
"""


def images(count=3, height=8, width=8):
  return np.random.default_rng(0).integers(
    0, 256, [count, height, width, 3], dtype=np.uint8
  )


@functools.cache
def translator_with_styles():
  return inference.Translator(str(shared_artifacts.run(style_size=4)))


class TranslatorTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()
    cls.translator = tf_twingan.Translator(str(cls.run_dir))

  def test_attributes(self):
    self.assertEqual(self.translator.domains, ('photo', 'anime'))
    self.assertEqual(self.translator.resolution, 8)
    self.assertEqual(self.translator.images_seen, 1000)

  def test_it_is_the_model_of_the_run(self):
    model = registry.build(config_files.read_model(str(self.run_dir)))
    for own, other in zip(model.variables, self.translator.model.variables):
      own.assign(other)
    expected = image_arrays.to_uint8(
      model.translate(
        image_arrays.to_float(images()), 'photo', 'anime', resolution=8
      ).numpy()
    )
    actual = self.translator.translate(images(), to='anime')
    self.assertEqual(actual.dtype, np.uint8)
    self.assertLessEqual(np.abs(actual.astype(int) - expected).max(), 1)
    self.assertGreater(np.std(actual), 5)

  def test_a_model_trained_in_half_precision_runs_in_float32(self):
    half = tf_twingan.Translator(str(tiny_run.make(precision='bfloat16')))
    self.assertAllEqual(
      half.translate(images(), to='anime'),
      self.translator.translate(images(), to='anime'),
    )

  def test_the_source_of_two_domains_need_not_be_named(self):
    self.assertAllEqual(
      self.translator.translate(images(), to='photo'),
      self.translator.translate(images(), to='photo', source='anime'),
    )

  def test_a_domain_is_reconstructed_by_naming_it_as_source(self):
    self.assertNotAllEqual(
      self.translator.translate(images(), to='photo'),
      self.translator.translate(images(), to='photo', source='photo'),
    )

  def test_an_image_does_not_depend_on_its_batch(self):
    many = images(40)
    together = self.translator.translate(many, to='anime')
    for index in (0, 7, 39):
      alone = self.translator.translate(many[index : index + 1], to='anime')
      self.assertAllEqual(alone[0], together[index])

  def test_photos_are_prepared_as_in_training(self):
    photo, face = drawn_faces.draw((120, 90), (45, 50), 60)
    path = pathlib.Path(tempfile.mkdtemp(), 'a.png')
    Image.fromarray(photo).save(path)
    detector = mock.Mock(find=lambda image: [face])
    faces.DETECTORS['fixed'] = lambda: detector
    self.addCleanup(faces.DETECTORS.pop, 'fixed')
    prepared = framing.Framing(
      preparation=options.Options(faces='fixed', resolution=32)
    )
    translator = inference.Translator(str(self.run_dir))
    as_it_is = translator.read(path, 'photo')
    translator.framings = {'photo': prepared}
    read = translator.read(path, 'photo')
    self.assertAllEqual(
      read, photos.read(path, prepared, translator.resolution)
    )
    self.assertNotAllEqual(read, as_it_is)
    self.assertAllEqual(translator.read(path, 'anime'), as_it_is)
    with self.assertRaisesRegex(
      ValueError,
      'photo: crop=1, aligned by fixed faces, as prepare does; '
      'anime: crop=1, used as they are.; name the domain',
    ):
      translator.read(path)

  def test_batches_of_any_size_share_a_trace(self):
    translator = inference.Translator(str(self.run_dir))
    for count, size in ((3, 8), (1, 20), (2, 8), (40, 9), (0, 8), (7, 30)):
      translator.translate(images(count, size, size), to='anime')
      translator.encode(images(count, size, size), 'photo')
      translator.scales(images(count, size, size), 'photo')
    for traced in (
      translator._translate,
      translator._encode,
      translator._scales,
    ):
      self.assertEqual(traced.tracing_count, 1)

  def test_it_travels_to_other_processes(self):
    translator = inference.Translator(str(self.run_dir))
    translator.framings = {'photo': framing.Framing(crop=0.5)}
    for copied in (
      pickle.loads(pickle.dumps(translator)),
      copy.deepcopy(translator),
    ):
      self.assertEqual(copied.framings, translator.framings)
      self.assertAllEqual(
        copied.translate(images(), to='anime'),
        translator.translate(images(), to='anime'),
      )
    pickled = pickle.dumps(translator).replace(
      translator.fingerprint.encode(), b'0' * 64
    )
    with self.assertRaisesRegex(ValueError, 'other weights than the'):
      pickle.loads(pickled)

  def test_a_forked_process_is_told_and_does_not_hang(self):
    with mock.patch.object(os, 'getpid', return_value=1):
      with self.assertRaisesRegex(forks.Forked, 'before this process was fork'):
        self.translator.translate(images(), to='anime')
    self.translator.translate(images(), to='anime')

  def test_a_fork_of_a_process_that_used_tensorflow_loads_none(self):
    # As every fork of this process would have it.
    with mock.patch.object(forks, '_ran_before_fork', True):
      with self.assertRaisesRegex(forks.Forked, 'ran before this process was'):
        inference.Translator(str(self.run_dir))

  def test_several_threads_may_use_it(self):
    translator = inference.Translator(str(self.run_dir))
    many = images(9)

    expected = {
      to: self.translator.translate(many, to=to) for to in ('anime', 'photo')
    }

    def call(number):
      to = ('anime', 'photo')[number % 2]
      return to, translator.translate(many[: number % 9 + 1], to=to)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
      for to, outputs in threads.map(call, range(40)):
        self.assertAllEqual(outputs, expected[to][: len(outputs)])
    self.assertEqual(translator._translate.tracing_count, 2)

  @pytest.mark.slow
  def test_memory_stays_flat(self):
    """3,000 calls of mixed sizes; in a process, which starts with nothing."""
    done = subprocess.run(
      [sys.executable, '-c', _MIXED_CALLS, str(self.run_dir)],
      stdout=subprocess.PIPE,
      check=True,
    )
    after_10, after_3000 = json.loads(done.stdout)
    # A trace for each size of batch would take 240.
    self.assertLess(after_3000 - after_10, 60)

  def test_a_model_that_diverged_gives_no_images(self):
    broken = inference.Translator(str(self.run_dir))
    for variable in broken.model.variables:
      variable.assign(np.nan * variable)
    for call in (
      lambda: broken.translate(images(), to='anime'),
      lambda: broken.encode(images(), 'photo'),
    ):
      with self.assertRaisesRegex(FloatingPointError, 'training has diverged'):
        call()

  def test_any_size_and_no_images_at_all(self):
    wide = self.translator.translate(images(2, 40, 60), to='anime')
    self.assertEqual(wide.shape, (2, 8, 8, 3))
    none = self.translator.translate(images(0), to='anime')
    self.assertEqual(none.shape, (0, 8, 8, 3))

  def test_encode(self):
    codes = self.translator.encode(images(), 'photo')
    self.assertEqual(codes.shape, (3, 4, 4, 8))
    self.assertEqual(codes.dtype, np.float32)
    self.assertNotAllClose(codes, self.translator.encode(images(), 'anime'))

  def test_scales_hold_the_code_and_what_is_finer(self):
    translator = inference.Translator(str(tiny_run.make(resolution=16)))
    some = images(3, 16, 16)
    scales = translator.scales(some, 'photo')
    self.assertEqual(set(scales), {4, 16})
    self.assertAllClose(scales[4], translator.encode(some, 'photo'), atol=1e-6)
    self.assertEqual(scales[16].shape, (3, 4, 4, 8))
    # A change in one corner stays in the corner of the average.
    other = some.copy()
    other[:, :2, :2] = 255 - other[:, :2, :2]
    changed = translator.scales(other, 'photo')[16] != scales[16]
    self.assertTrue(changed[:, 0, 0].any())
    self.assertFalse(changed[:, 3, 3].any())
    self.assertEqual(translator.scales(some[:0], 'photo')[4].shape[0], 0)

  def test_the_fingerprint_is_of_the_weights(self):
    again = inference.Translator(str(self.run_dir))
    self.assertEqual(again.fingerprint, self.translator.fingerprint)
    self.assertRegex(again.fingerprint, '^[0-9a-f]{64}$')
    for other in (
      shared_artifacts.run(seed=2),
      shared_artifacts.run(alpha=0.25),
    ):
      self.assertNotEqual(
        inference.Translator(str(other)).fingerprint, again.fingerprint
      )

  def test_a_model_is_opened_again_by_its_origin(self):
    again = inference.Translator.reopen(self.translator.origin)
    self.assertEqual(again.fingerprint, self.translator.fingerprint)
    with self.assertRaisesRegex(ValueError, "no pretrained model 'dogs'"):
      inference.Translator.reopen('pretrained:dogs')

  def test_a_shared_model_is_the_same_and_holds_no_more(self):
    folder = tempfile.mkdtemp()
    self.translator.save(folder)
    shared = inference.Translator(folder)
    self.assertAllEqual(
      shared.translate(images(), to='anime'),
      self.translator.translate(images(), to='anime'),
    )
    with self.assertRaisesRegex(ValueError, 'holds a run already'):
      self.translator.save(str(self.run_dir))
    self.assertCountEqual(
      os.listdir(folder), ['framing.json', 'model.json', weight_files.NAME]
    )

  def test_images_are_framed_as_the_training_framed_them(self):
    run = tiny_run.make()
    recorded_framing.write(
      run, {'photo': framing.Framing(0.5), 'anime': framing.Framing()}
    )
    framed = inference.Translator(str(run))
    large = images(2, 32, 32)
    middle = np.stack([image_arrays.square(i, 8, crop=0.5) for i in large])
    self.assertAllEqual(
      framed.translate(large, to='anime'),
      self.translator.translate(middle, to='anime'),
    )
    self.assertAllEqual(
      framed.translate(large, to='photo'),
      self.translator.translate(large, to='photo'),
    )
    self.assertAllEqual(
      framed.encode(large, 'photo'), self.translator.encode(middle, 'photo')
    )
    path = tempfile.mkdtemp() + '/large.png'
    image_io.write_png(path, large[0])
    self.assertAllEqual(framed.read(path, 'photo'), middle[0])
    self.assertAllEqual(framed.read(path, 'anime'), self.translator.read(path))
    for ambiguous in (framed.read, lambda path: framed.prepare(large)):
      with self.assertRaisesRegex(ValueError, 'photo: crop=0.5.*name the dom'):
        ambiguous(path)
    # Those of the model's own resolution are squares already.
    self.assertAllEqual(framed.prepare(middle, 'photo'), middle)
    # Whoever crops by other means says so.
    framed.framings.clear()
    self.assertAllEqual(framed.read(path), self.translator.read(path))

  def test_a_saved_model_keeps_its_framing(self):
    run = tiny_run.make()
    frames = {'photo': framing.Framing(0.5), 'anime': framing.Framing()}
    recorded_framing.write(run, frames)
    saved = tempfile.mkdtemp() + '/saved'
    inference.Translator(str(run)).save(saved)
    self.assertEqual(loading.load(saved).framings, frames)

  def test_a_run_of_before_models_had_names(self):
    run = tiny_run.make()
    config = json.loads((run / 'model.json').read_text())
    self.assertEqual(config.pop('model'), 'twingan')
    (run / 'model.json').write_text(json.dumps(config))
    old = inference.Translator(str(run))
    self.assertEqual(old.fingerprint, self.translator.fingerprint)
    # It can be trained further, too: nothing differs.
    config_files.check_model(str(run), {'model': 'twingan', **config})
    (run / 'model.json').write_text(json.dumps({'model': 'newer', **config}))
    with self.assertRaisesRegex(ValueError, "model 'newer'.*has twingan"):
      inference.Translator(str(run))

  def test_a_run_of_before_models_had_style_codes(self):
    run = tiny_run.make()
    written = (run / 'model.json').read_text()
    config = json.loads(written)
    self.assertIsNone(config.pop('style_size'))
    (run / 'model.json').write_text(json.dumps(config))
    old = inference.Translator(str(run))
    self.assertEqual(old.fingerprint, self.translator.fingerprint)
    described = registry.describe(old.model)
    config_files.check_model(str(run), described, registry.defaults(old.model))
    config_files.write_model(str(run), described)
    self.assertEqual(
      json.loads((run / 'model.json').read_text()), json.loads(written)
    )

  def test_style_codes_of_images_change_the_output(self):
    translator = translator_with_styles()
    some = images(3)
    codes = translator.style(some, 'anime')
    self.assertEqual(translator.style_size, 4)
    self.assertAllClose(np.mean(codes**2, axis=1), [1, 1, 1], atol=1e-5)
    output = translator.translate(some, to='anime', style=codes)
    self.assertNotAllEqual(output, translator.translate(some, to='anime'))
    for index in range(3):
      one = translator.translate(some, to='anime', style=codes[index])
      self.assertNear(
        np.abs(output[index].astype(int) - one[index]).max(), 0, 1
      )
      # Only the direction counts.
      self.assertAllEqual(
        one, translator.translate(some, to='anime', style=2 * codes[index])
      )
    self.assertGreater(np.abs(output[0].astype(int) - one[0]).max(), 5)

  def test_each_of_many_images_gets_a_style_of_its_own(self):
    translator = translator_with_styles()
    many = images(1).repeat(34, axis=0)  # More than one batch.
    codes = translator.random_styles(34, seed=0)
    output = translator.translate(many, to='anime', style=codes)
    last = translator.translate(many[:1], to='anime', style=codes[33])
    self.assertNear(np.abs(output[33].astype(int) - last[0]).max(), 0, 1)
    self.assertGreater(np.abs(output[0].astype(int) - last[0]).max(), 5)
    self.assertEqual(
      translator.translate(many[:0], to='anime', style=codes[0]).shape,
      (0, 8, 8, 3),
    )

  def test_random_styles_follow_the_seed(self):
    translator = translator_with_styles()
    codes = translator.random_styles(3, seed=5)
    self.assertAllClose(np.mean(codes**2, axis=1), [1, 1, 1])
    self.assertAllEqual(translator.random_styles(2, seed=5), codes[:2])
    self.assertNotAllClose(translator.random_styles(3, seed=6), codes)
    with self.assertRaisesRegex(ValueError, r'style is \[3\]; give \[4\] for'):
      translator.translate(images(2), to='anime', style=np.ones(3))
    with self.assertRaisesRegex(ValueError, r'is \[3, 4\]; .* or \[2, 4\]'):
      translator.translate(images(2), to='anime', style=codes)
    with self.assertRaisesRegex(ValueError, 'zero or not finite'):
      translator.translate(images(2), to='anime', style=np.zeros(4))
    with self.assertRaisesRegex(ValueError, 'zero or not finite'):
      translator.translate(images(2), to='anime', style=[1, np.nan, 1, 1])
    with self.assertRaisesRegex(ValueError, 'style is no array of numbers'):
      translator.translate(images(2), to='anime', style='bright')
    with self.assertRaisesRegex(
      ValueError, 'seed is -1; give a whole number, 0 or more'
    ):
      translator.random_styles(2, seed=-1)
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      translator.style(images(), 'cat')

  def test_a_model_without_style_codes_says_so(self):
    self.assertIsNone(self.translator.style_size)
    for ask in (
      lambda: self.translator.style(images(), 'anime'),
      lambda: self.translator.random_styles(1, seed=0),
      lambda: self.translator.translate(images(), to='anime', style=np.ones(4)),
    ):
      with self.assertRaisesRegex(ValueError, 'no style codes.*style_size=16'):
        ask()

  def test_alpha_of_the_stage_is_used(self):
    faded = inference.Translator(str(shared_artifacts.run(alpha=0.25)))
    self.assertNotAllEqual(
      faded.translate(images(), to='anime'),
      self.translator.translate(images(), to='anime'),
    )

  def test_bad_input_is_named(self):
    with self.assertRaisesRegex(ValueError, "no domain 'cat'.*photo, anime"):
      self.translator.translate(images(), to='cat')
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      self.translator.encode(images(), 'cat')
    with self.assertRaisesRegex(ValueError, r'images\[None\]'):
      self.translator.translate(images()[0], to='anime')
    for wrong, message in (
      (images() / 255.0, 'float64'),
      ([images(1)[0], images(1, 9)[0]], 'different shapes'),
      (images()[..., 0], 'grey images'),
      ('portrait.png', 'translator.read'),
    ):
      for call, domain in (
        (self.translator.translate, ['anime']),
        (self.translator.encode, ['photo']),
        (self.translator.scales, ['photo']),
        (self.translator.prepare, []),
        (translator_with_styles().style, ['anime']),
      ):
        with self.assertRaisesRegex(ValueError, message):
          call(wrong, *domain)
      with self.assertRaisesRegex(ValueError, message):
        translator_with_styles().translate(wrong, 'anime', style=np.ones(4))

  def test_several_sources_must_be_chosen_from(self):
    three = inference.Translator(str(tiny_run.make(('a', 'b', 'c'))))
    with self.assertRaisesRegex(ValueError, "to 'c' from: a, b; name one"):
      three.translate(images(), to='c')
    self.assertEqual(
      three.translate(images(), to='c', source='a').shape, (3, 8, 8, 3)
    )

  def test_no_run_and_no_checkpoint(self):
    with self.assertRaisesRegex(FileNotFoundError, 'not a run directory'):
      inference.Translator('/does/not/exist')
    run = tiny_run.make()
    shutil.rmtree(run / 'checkpoints')
    with self.assertRaisesRegex(FileNotFoundError, 'train first'):
      inference.Translator(str(run))

  def test_unknown_pretrained_model(self):
    with self.assertRaisesRegex(ValueError, "no pretrained model 'dogs'"):
      inference.Translator.from_pretrained('dogs')


if __name__ == '__main__':
  tf.test.main()

"""Exported files translate as the model does, and say what they lack."""

import concurrent.futures
import functools
import json
import pathlib
import shutil
import tempfile
from unittest import mock

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf
from absl.testing import absltest
from tensorflow.lite.python import schema_py_generated as schema

import tf_twingan
from export import tensor_names
from export.bundle_files import metadata, readme
from export.graph import tflite_conversion
from tests.data.prepare import drawn_faces
from tests.export import untrained
from tf_twingan import faces, forks, framing, image_arrays, image_io
from tf_twingan.data.prepare import options, photos
from tf_twingan.inference.exported import (
  bundle_manifest,
  exported_translator,
  saved_model,
  tflite,
)
from tf_twingan.runs import recorded_framing

PX = untrained.PX


def alone(content: bytes) -> pathlib.Path:
  """Writes a TFLite file that is in no bundle."""
  path = pathlib.Path(tempfile.mkdtemp(), 'some.tflite')
  path.write_bytes(content)
  return path


@functools.cache
def convert(function) -> bytes:
  """A TFLite file of a function of an image."""
  return tflite_conversion.Graph(
    tf.function(function), tf.Module(), PX
  ).convert('float32')


def with_operation(content: bytes, name: bytes) -> bytes:
  """A TFLite file that names one operation more."""
  model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
  operation = schema.OperatorCodeT()
  operation.customCode = name
  model.operatorCodes.append(operation)
  builder = flatbuffers.Builder(0)
  builder.Finish(model.Pack(builder), b'TFL3')
  return bytes(builder.Output())


def identity(image):
  return image


def halve(image):
  return image / 2


def divide_by_zero(image):
  return image / (0 * image)


class ExportedTranslatorTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = untrained.bundle()
    cls.files = exported_translator.open_export(cls.folder)
    cls.translator = tf_twingan.Translator.reopen(cls.files.origin)
    cls.float32 = cls.folder / f'photo2anime_{PX}_float32.tflite'

  def test_a_fork_of_a_process_that_used_tensorflow_loads_none(self):
    with mock.patch.object(forks, '_ran_before_fork', True):
      with self.assertRaisesRegex(forks.Forked, 'ran before this process was'):
        saved_model.SavedModel(self.folder / 'saved_model' / '1')

  def test_a_bundle_is_all_files_that_translate(self):
    self.assertCountEqual(
      self.files.translators, ['saved_model', 'float32', 'dynamic', 'int8']
    )
    self.assertCountEqual(
      self.files.left_out,
      [f'embed_photo_{PX}.tflite', f'photo2anime_{PX}.onnx'],
    )
    self.assertEqual(self.files.domains, ('photo', 'anime'))
    self.assertEqual(self.files.images_seen, 10)
    self.assertEqual(self.files.origin, self.translator.origin)

  def test_formats_of_later_versions_are_left_out(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    shutil.copy(self.float32, folder)
    (folder / 'photo2anime.later').write_bytes(b'content')
    manifest = json.loads((self.folder / bundle_manifest.MANIFEST).read_text())
    manifest['files'] = {
      self.float32.name: manifest['files'][self.float32.name],
      'photo2anime.later': {'format': 'later', 'delegates': {'a': [1]}},
    }
    (folder / bundle_manifest.MANIFEST).write_text(json.dumps(manifest))
    files = exported_translator.open_export(folder)
    self.assertEqual([*files.translators], ['float32'])
    self.assertEqual(
      files.left_out['photo2anime.later'],
      'this version does not read the format later',
    )

  def test_it_translates_as_the_model_does(self):
    # Of another size, and more than a batch.
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, [35, 20, 24, 3], dtype=np.uint8)
    expected = self.translator.translate(images, to='anime')
    for kind, most in (('saved_model', 1), ('float32', 1), ('int8', 60)):
      outputs = self.files.translators[kind].translate(images, 'anime', 'photo')
      self.assertEqual(
        (outputs.dtype, outputs.shape), (np.uint8, (35, PX, PX, 3))
      )
      off = np.abs(outputs.astype(int) - expected)
      self.assertLessEqual(off.max(), 2 * most, kind)
      self.assertLessEqual(off.mean(), most / 4, kind)

  def test_bad_input_is_named_and_no_images_are_none(self):
    file = self.files.translators['float32']
    with self.assertRaisesRegex(ValueError, 'are float64 .*give uint8 RGB'):
      file.translate(np.zeros([1, PX, PX, 3]), 'anime')
    for kind in ('saved_model', 'float32', 'int8'):
      none = self.files.translators[kind].translate(
        np.zeros([0, 5, 5, 3], np.uint8), 'anime'
      )
      self.assertEqual(none.shape, (0, PX, PX, 3))

  @pytest.mark.slow
  def test_several_threads_may_use_a_file(self):
    images = np.random.default_rng(0).integers(
      0, 256, [8, PX, PX, 3], dtype=np.uint8
    )
    directions = [('anime', 'photo')]
    for kind in ('saved_model', 'float32'):
      file = self.files.translators[kind]
      expected = {names: file.translate(images, *names) for names in directions}
      with concurrent.futures.ThreadPoolExecutor(8) as threads:
        jobs = [
          (names, threads.submit(file.translate, images[:count], *names))
          for count in range(1, 9)
          for names in directions
        ]
        for names, job in jobs:
          outputs = job.result()
          self.assertAllClose(outputs, expected[names][: len(outputs)], atol=1)

  def test_a_file_that_gives_nan_gives_no_images(self):
    path = alone(convert(divide_by_zero))
    file = exported_translator.open_export(path).translators['']
    with self.assertRaisesRegex(FloatingPointError, 'NaN or infinite'):
      file.between('a', 'b', ('a', 'b')).translate(untrained.images(), 'b', 'a')

  def test_a_single_file_names_its_direction(self):
    # Named like a pattern, too.
    folder = pathlib.Path(tempfile.mkdtemp(), 'bundle[1]')
    shutil.copytree(self.folder, folder)
    version = folder / 'saved_model' / '1'
    for path in (self.float32, alone(self.float32.read_bytes()), version):
      (file,) = exported_translator.open_export(path).translators.values()
      self.assertTrue(file.supports('photo', 'anime'), path)
      self.assertFalse(file.supports('anime', 'photo'), path)
      with self.assertRaisesRegex(
        ValueError,
        'translates photo2anime, not anime2photo; export.*--to=photo',
      ):
        file.between('photo', 'anime', ('anime', 'photo'))
    with self.assertRaisesRegex(ValueError, 'the domains are cat and dog'):
      file.between('cat', 'dog')

  def test_the_user_names_the_direction_of_a_file_that_does_not(self):
    path = alone(convert(identity))
    file = exported_translator.open_export(path).translators['']
    with self.assertRaisesRegex(ValueError, '--from=cat --to=dog or the'):
      file.between('cat', 'dog')
    with self.assertRaisesRegex(ValueError, 'name both of them'):
      file.between('cat', 'dog', ('cat', 'cow'))
    named = file.between('cat', 'dog', ('dog', 'cat'))
    images = untrained.images()
    # Without metadata, values are -1 to 1 on both sides.
    self.assertAllEqual(named.translate(images, 'cat', 'dog'), images)

  def test_metadata_says_what_pixels_are(self):
    # From 0 to 1 on both sides, so that half is darker and not greyer.
    with mock.patch.multiple(
      metadata, _INPUT=(0.0, 255.0), _OUTPUT=(0.0, 1 / 255)
    ):
      described = metadata.add(
        convert(halve),
        untrained.about(),
        output_name=tensor_names.TRANSLATION,
      )
    images = untrained.images()
    self.assertAllClose(
      tflite.File(described).translate(images), images // 2, atol=1
    )

  def test_damaged_metadata(self):
    parsed = schema.ModelT()
    entry = schema.MetadataT()
    entry.name, entry.buffer = b'TFLITE_METADATA', 0
    parsed.metadata = [entry]
    garbage = schema.BufferT()
    garbage.data = np.full([64], 0x7F, np.uint8)
    for buffers in ([], [schema.BufferT()], [garbage]):
      parsed.buffers = buffers
      with self.assertRaisesRegex(ValueError, '^its metadata are damaged'):
        tflite._metadata_of(parsed)

  @pytest.mark.slow
  def test_all_directions_of_one_bundle(self):
    folder = untrained.bundle_of_all()
    context = untrained.all_directions()
    files = exported_translator.open_export(folder)
    self.assertIsNone(files.domains)
    self.assertCountEqual(
      files.translators, ['saved_model', 'float32', 'float16', 'dynamic']
    )
    for kind in ('saved_model', 'float32'):
      file = files.translators[kind].between('photo', 'anime')
      for source, to in (('photo', 'anime'), ('anime', 'photo')):
        images = context.held_out[source]
        off = context.translator.translate(images, to, source).astype(int)
        off -= file.translate(images, to, source)
        self.assertLessEqual(np.abs(off).max(), 1, (kind, source))
    (path,) = folder.glob('*_float32.tflite')
    with self.assertRaisesRegex(ValueError, 'keep it in its bundle'):
      exported_translator.open_export(alone(path.read_bytes()))

  def test_images_are_framed_as_the_manifest_says(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    shutil.copy(self.float32, folder)
    manifest = bundle_manifest.read_manifest(self.folder)
    manifest['files'] = {
      self.float32.name: manifest['files'][self.float32.name]
    }
    manifest['framing'] = {'photo': {'crop': 0.5, 'fit': 'crop'}}
    (folder / bundle_manifest.MANIFEST).write_text(json.dumps(manifest))
    large = np.random.default_rng(0).integers(
      0, 256, [2, 4 * PX, 5 * PX, 3], np.uint8
    )
    middle = np.stack([image_arrays.square(i, PX, crop=0.5) for i in large])
    whole = self.files.translators['float32']
    for path in (folder, folder / self.float32.name):
      (framed,) = exported_translator.open_export(path).translators.values()
      for file in (framed, framed.between('anime', 'photo')):
        self.assertAllEqual(
          file.translate(large, 'anime'), whole.translate(middle, 'anime')
        )
      self.assertAllEqual(
        framed.translate(middle, 'anime'), whole.translate(middle, 'anime')
      )

  def test_photos_are_prepared_as_the_manifest_says(self):
    photo, face = drawn_faces.draw((120, 90), (45, 50), 60)
    detector = mock.Mock(find=lambda image: [face])
    faces.DETECTORS['fixed'] = lambda: detector
    self.addCleanup(faces.DETECTORS.pop, 'fixed')
    prepared = framing.Framing(
      preparation=options.Options(faces='fixed', resolution=32)
    )
    manifest = bundle_manifest.read_manifest(self.folder)
    plain = readme.one_direction(manifest)
    manifest['files'] = {
      self.float32.name: manifest['files'][self.float32.name]
    }
    manifest['framing'] = {'photo': recorded_framing.to_json(prepared)}
    folder = pathlib.Path(tempfile.mkdtemp())
    shutil.copy(self.float32, folder)
    (folder / bundle_manifest.MANIFEST).write_text(json.dumps(manifest))
    path = folder / 'photo.png'
    image_io.write_png(path, photo)
    (file,) = exported_translator.open_export(folder).translators.values()
    image = file.read(path, 'anime')
    self.assertAllEqual(image, photos.read(path, prepared, PX))
    whole = self.files.translators['float32'].read(path, 'anime')
    self.assertAllEqual(whole, image_arrays.square(photo, PX))
    self.assertNotAllEqual(image, whole)
    # The bundle's README says it, with code that does it.
    self.assertNotIn('Prepare photos', plain)
    text = readme.one_direction(manifest)
    self.assertIn('*photo*: aligned by fixed faces, as prepare does', text)
    section = text.split('## Prepare photos first')[1]
    code = section.split('```python')[1].split('```')[0]
    results = {}
    exec(
      code.replace("'.'", repr(str(folder))).replace(
        "'photo.jpg'", repr(str(path))
      ),
      results,
    )
    self.assertAllEqual(
      results['translation'], file.translate(image[None], 'anime')[0]
    )

  def test_what_does_not_translate_is_refused(self):
    (embed,) = self.folder.glob('embed*')
    cut = alone(self.float32.read_bytes()[:500])
    index = pathlib.Path(tempfile.mkdtemp())
    (index / bundle_manifest.MANIFEST).write_text('{"kind": "exact"}')
    without = pathlib.Path(tempfile.mkdtemp(), 'anime')
    shutil.copytree(self.folder, without)
    (without / self.float32.name).unlink()
    foreign = tempfile.mkdtemp()
    tf.saved_model.save(tf.Module(), foreign)
    reading = tf.Module()
    reading.translate = tf.function(
      lambda x: {'x': tf.fill(tf.shape(x), tf.io.read_file('x'))},
      input_signature=[tf.TensorSpec([1, 8, 8, 3])],
    )
    hostile = tempfile.mkdtemp()
    tf.saved_model.save(reading, hostile, {'translate': reading.translate})
    for path, words in (
      (embed, 'no image but, as the embed format'),
      (alone(embed.read_bytes()), 'no image but, as the embed'),
      (cut, 'some.tflite: .*damaged'),
      (index, 'not of a bundle'),
      (self.folder.parent, f'is no export.*Give .*{self.folder.name}'),
      (self.folder / 'saved_model', 'Give .*saved_model/1'),
      (tempfile.mkdtemp(), 'Write one with `python -m export`'),
      (without, 'float32.tflite is missing.*export again'),
      (foreign, 'signatures are none, but one should be translate'),
      (hostile, 'has the operations ReadFile, which may'),
      (
        alone(with_operation(self.float32.read_bytes(), b'FlexWriteFile')),
        'some.tflite: it has operations of TensorFlow .FlexWriteFile',
      ),
      ('/nowhere/at/all.tflite', 'no such file or folder'),
    ):
      with self.subTest(words):
        with self.assertRaisesRegex((ValueError, FileNotFoundError), words):
          exported_translator.open_export(path)


if __name__ == '__main__':
  absltest.main()

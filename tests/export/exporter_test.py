"""Bundles: all or nothing, gates, and what their manifest says."""

import hashlib
import io
import pathlib
import tempfile
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

from export import exporter, parity
from export.bundle_files import readme
from export.formats import base, registry
from export.graph import tflite_conversion
from tests import readme_code
from tests.export import untrained
from tf_twingan.inference.exported import bundle_manifest, tflite


class Stored(base.Format):
  """A format that stores the model's own translations, plus an error."""

  def __init__(self, name, error=0.0):
    super().__init__(name)
    self._error = error

  def file_name(self, context):
    return f'{context.name}_{self.name}.npy'

  def build(self, context, scratch):
    file = io.BytesIO()
    np.save(file, np.stack([context.expected[d] for d in context.directions]))
    return file.getvalue()

  def load(self, built):
    return np.load(io.BytesIO(built))

  def run(self, loaded, context, direction):
    return loaded[context.directions.index(direction)] + self._error

  def manifest_entry(self, built, loaded, context):
    return dict(
      format=self.name,
      bytes=len(built),
      input=dict(name='image', dtype='float32'),
      output=dict(name='translation', dtype='float32'),
    )


def stored_formats(**errors):
  """Replaces all formats; `errors` are theirs by name."""
  return mock.patch.object(
    registry, 'load', lambda name: Stored(name, errors.get(name, 0.0))
  )


class BundleTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = untrained.bundle()
    cls.manifest = bundle_manifest.read_manifest(cls.folder)

  def test_every_file_is_there_and_as_the_manifest_says(self):
    self.assertEmpty(self.manifest['failed'])
    self.assertCountEqual(
      self.manifest['files'],
      [
        'saved_model/1',
        'photo2anime_8_float32.tflite',
        'photo2anime_8_dynamic.tflite',
        'photo2anime_8_int8.tflite',
        'embed_photo_8.tflite',
        'photo2anime_8.onnx',
      ],
    )
    for name, entry in self.manifest['files'].items():
      path = self.folder / name
      if path.is_file():
        content = path.read_bytes()
        self.assertLen(content, entry['bytes'])
        self.assertEqual(hashlib.sha256(content).hexdigest(), entry['sha256'])
      self.assertTrue(entry['parity'])
      self.assertEqual(entry['parity']['pictures'], 4)
    self.assertEqual([p.name for p in self.folder.parent.iterdir()], ['anime'])

  def test_the_golden_images_belong_together(self):
    golden = [
      tf.io.decode_png((self.folder / self.manifest['golden'][k]).read_bytes())
      for k in ('input', 'output')
    ]
    file = self.folder / 'photo2anime_8_float32.tflite'
    outputs = tflite.File(file.read_bytes()).run(
      golden[0].numpy()[None].astype(np.float32) / 127.5 - 1
    )
    self.assertAllClose(outputs[0] * 127.5 + 127.5, golden[1], atol=1)

  def test_the_readme_names_every_file(self):
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    for name, entry in self.manifest['files'].items():
      self.assertIn(f'`{name}` | {entry["bytes"]:,}', text)
    self.assertIn('/models/photo2anime', text)
    # The example of a request is followed by its answer.
    self.assertRegex(text, r':predict\n```\n\nIt answers, for each image')

  def test_the_python_of_the_readme_gives_the_golden_output(self):
    golden = tf.io.decode_png((self.folder / 'golden/output.png').read_bytes())
    golden = golden.numpy().astype(int)
    for kind, most in (('float32', 1), ('int8', 40)):
      files = {
        name: entry
        for name, entry in self.manifest['files'].items()
        if entry['format'] == kind
      }
      text = readme.one_direction({**self.manifest, 'files': files})
      off = np.abs(readme_code.translation_by(text, self.folder) - golden)
      self.assertLessEqual(off.mean(), most / 4, kind)
      self.assertLessEqual(off.max(), 4 * most, kind)


class GateTest(parameterized.TestCase, tf.test.TestCase):
  def test_a_format_that_fails_is_left_out_and_named(self):
    output = pathlib.Path(tempfile.mkdtemp())
    with stored_formats(dynamic=0.1):
      manifest, failures = exporter.export(
        untrained.one_direction(), ('float32', 'dynamic'), output
      )
    self.assertEqual([f.format for f in failures], ['dynamic'])
    self.assertEqual(
      manifest['failed']['dynamic']['gate'], 'PSNR at least 40 dB'
    )
    self.assertLess(manifest['failed']['dynamic']['reached']['psnr'], 40)
    self.assertEqual(list(manifest['files']), ['photo2anime_float32.npy'])
    self.assertEqual(
      [p.name for p in (output / 'anime').glob('*.npy')],
      ['photo2anime_float32.npy'],
    )
    self.assertIn('40 dB', (output / 'anime/README.md').read_text())

  def test_a_file_that_fails_is_never_in_the_bundle(self):
    for context in (
      untrained.one_direction(),
      untrained.all_directions(untrained.DOMAINS),
    ):
      output = pathlib.Path(tempfile.mkdtemp())
      written = []
      real = exporter._write

      def record(built, path, written=written, real=real):
        written.append(path.name)
        real(built, path)

      with (
        mock.patch.object(exporter, '_write', record),
        stored_formats(dynamic=1.0),
      ):
        exporter.export(context, ('dynamic', 'float32'), output)
      self.assertEqual(written, [f'{context.name}_float32.npy'])

  @parameterized.named_parameters(
    ('channels', lambda images: images[..., ::-1]),
    ('scale', lambda images: images / 2),
  )
  def test_planted_faults_are_caught(self, fault):
    context = untrained.one_direction()
    context.expected = {d: fault(i) for d, i in context.expected.items()}
    _, failures = exporter.export(
      context, ('float32', 'int8'), tempfile.mkdtemp()
    )
    self.assertEqual([f.format for f in failures], ['float32', 'int8'])

  def test_a_domain_whose_norms_were_not_updated_is_caught(self):
    translator = untrained.new_translator(resolution=4)
    stale = untrained.one_direction(translator)
    before = stale.expected
    for variable in translator.model.domain_variables('anime'):
      variable.assign(tf.ones_like(variable))
    self.assertIs(stale.expected, before)
    _, failures = exporter.export(stale, ('float32',), tempfile.mkdtemp())
    self.assertLen(failures, 1)

  def test_a_direction_that_fails_is_named(self):
    context = untrained.all_directions()
    wrong = ('photo', 'cat')
    # Two domains are swapped, in one direction.
    context.expected[wrong] = context.expected['photo', 'anime']
    with stored_formats():
      built = Stored('float32').build(
        untrained.all_directions(), pathlib.Path()
      )
      with mock.patch.object(Stored, 'build', lambda *args: built):
        _, failures = exporter.export(
          context, ('float32', 'dynamic'), tempfile.mkdtemp()
        )
    self.assertEqual([f.format for f in failures], ['float32', 'dynamic'])
    for failure in failures:
      self.assertEqual(failure.figures['direction'], 'photo2cat')


class ReplacingTest(tf.test.TestCase):
  @pytest.mark.slow
  def test_a_second_export_replaces_files_and_keeps_versions(self):
    output = pathlib.Path(tempfile.mkdtemp())
    model = untrained.translator(resolution=4)

    def export(version, formats):
      context = untrained.one_direction(model, version=version)
      exporter.export(context, formats, output)

    export('1', ('saved_model', 'float32'))
    export('2', ('saved_model', 'float16'))
    folder = output / 'anime'
    self.assertCountEqual(
      [p.name for p in (folder / 'saved_model').iterdir()], ['1', '2']
    )
    self.assertEqual(
      [p.name for p in folder.glob('*.tflite')],
      ['photo2anime_4_float16.tflite'],
    )
    with self.assertRaisesRegex(ValueError, 'another --version'):
      export('2', ('saved_model',))

  def test_another_direction_needs_another_folder(self):
    output = tempfile.mkdtemp()
    model = untrained.translator(domains=untrained.THREE_DOMAINS, resolution=4)
    with stored_formats():
      exporter.export(untrained.one_direction(model), ('float32',), output)
      with self.assertRaisesRegex(ValueError, 'holds photo2anime; choose'):
        exporter.export(
          untrained.one_direction(model, source='cat'), ('float32',), output
        )

  def test_an_interruption_leaves_what_was_there(self):
    output = pathlib.Path(tempfile.mkdtemp())
    context = untrained.one_direction()
    with stored_formats():
      exporter.export(context, ('float32',), output)
    before = {p: p.stat().st_mtime_ns for p in output.rglob('*')}
    with mock.patch.object(
      tflite_conversion.Graph, 'convert', side_effect=OSError
    ):
      with self.assertRaises(OSError):
        exporter.export(context, ('float32',), output)
    self.assertEqual(
      {p: p.stat().st_mtime_ns for p in output.rglob('*')}, before
    )

  def test_unknown_formats_are_named(self):
    with self.assertRaisesRegex(
      ValueError, 'formats are int4; choose of saved'
    ):
      exporter.export(untrained.one_direction(), ('int4',), tempfile.mkdtemp())

  def test_a_folder_without_a_manifest(self):
    with self.assertRaisesRegex(FileNotFoundError, 'is no bundle'):
      bundle_manifest.read_manifest(tempfile.mkdtemp())


class RegistryTest(tf.test.TestCase):
  def test_every_format_is_complete(self):
    for name in registry.names():
      file_format = registry.load(name)
      self.assertIsInstance(file_format, base.Format)
      self.assertEqual(file_format.name, name)
      self.assertIn(name, parity.GATES)
    self.assertContainsSubset(tflite_conversion.KINDS, registry.names())

  def test_names_by_what_they_need(self):
    self.assertEqual(
      registry.names(all_directions=True),
      ('saved_model', 'float32', 'float16', 'dynamic', 'web'),
    )
    self.assertNotIn('onnx', registry.defaults())
    self.assertIn('embed', registry.defaults())
    self.assertEqual(
      registry.PLANNED, ('float32', 'float16', 'dynamic', 'int8')
    )


if __name__ == '__main__':
  tf.test.main()

"""Bundles: all or nothing, gates, and what their manifest says."""

import hashlib
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf

from export import exporter, parity
from export.bundle_files import metadata, readme
from export.formats import embedding
from tests import readme_code
from tests.export.graph import folding_test
from tf_twingan.inference.exported import bundle_manifest, tflite

ALL = ('saved_model', 'float32', 'dynamic', 'int8', 'embed', 'onnx')


def images(count=4):
  rng = np.random.default_rng(5)
  return rng.integers(0, 256, [count, 16, 16, 3], dtype=np.uint8)


def direction(version='1', source='photo', target='anime', **options):
  translator = folding_test.translator(smooth=True, **options)
  shown = images()
  return exporter.ExportDirection(
    translator,
    source,
    target,
    exporter.Images(shown, shown),
    lambda: embedding.learn(translator, {source: shown}),
    metadata.About('n', 'd', version, 'a', 'l', '# card'),
  )


def untouched_gates():
  """An untrained network is harder on 8 bits than a trained one."""
  low = dict(dynamic=parity.Gate(psnr=25.0), int8=parity.Gate(psnr=15.0))
  return mock.patch.dict(parity.GATES, low)


class BundleTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.output = pathlib.Path(tempfile.mkdtemp())
    with untouched_gates():
      cls.manifest, cls.failures = exporter.export(direction(), ALL, cls.output)
    cls.folder = cls.output / 'anime'

  def test_everything_is_there_and_as_the_manifest_says(self):
    self.assertEmpty(self.failures)
    read = bundle_manifest.read_manifest(self.folder)
    self.assertEqual(read, json.loads(json.dumps(self.manifest)))
    self.assertCountEqual(
      read['files'],
      [
        'saved_model/1',
        'photo2anime_16_float32.tflite',
        'photo2anime_16_dynamic.tflite',
        'photo2anime_16_int8.tflite',
        'embed_photo_16.tflite',
        'photo2anime_16.onnx',
      ],
    )
    for name, entry in read['files'].items():
      path = self.folder / name
      if path.is_file():
        content = path.read_bytes()
        self.assertLen(content, entry['bytes'])
        self.assertEqual(hashlib.sha256(content).hexdigest(), entry['sha256'])
      self.assertTrue(entry['parity'])
    self.assertEqual([p.name for p in self.output.iterdir()], ['anime'])

  def test_the_golden_images_belong_together(self):
    golden = [
      tf.io.decode_png((self.folder / self.manifest['golden'][k]).read_bytes())
      for k in ('input', 'output')
    ]
    file = self.folder / 'photo2anime_16_float32.tflite'
    drawn = tflite.File(file.read_bytes()).run(
      golden[0].numpy()[None].astype(np.float32) / 127.5 - 1
    )
    self.assertAllClose(drawn[0] * 127.5 + 127.5, golden[1], atol=1)

  def test_the_readme_names_every_file(self):
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    for name, entry in self.manifest['files'].items():
      self.assertIn(f'`{name}` | {entry["bytes"]:,}', text)
    self.assertIn('/models/photo2anime', text)

  def test_the_python_of_the_readme_draws_the_golden_output(self):
    golden = tf.io.decode_png((self.folder / 'golden/output.png').read_bytes())
    golden = golden.numpy().astype(int)
    for kind, most in (('float32', 1), ('int8', 40)):
      files = {
        name: entry
        for name, entry in self.manifest['files'].items()
        if entry['format'] == kind
      }
      text = readme.readme({**self.manifest, 'files': files})
      off = np.abs(readme_code.drawn_by(text, self.folder) - golden)
      self.assertLessEqual(off.mean(), most / 4, kind)
      self.assertLessEqual(off.max(), 4 * most, kind)

  def test_a_format_that_fails_is_left_out_and_told_of(self):
    output = pathlib.Path(tempfile.mkdtemp())
    strict = mock.patch.dict(parity.GATES, dynamic=parity.Gate(psnr=300.0))
    with strict:
      manifest, failures = exporter.export(
        direction(), ('float32', 'dynamic'), output
      )
    self.assertEqual([f.kind for f in failures], ['dynamic'])
    self.assertEqual(
      manifest['failed']['dynamic']['gate'], 'PSNR at least 300 dB'
    )
    self.assertEqual(
      [p.name for p in (output / 'anime').glob('*.tflite')],
      ['photo2anime_16_float32.tflite'],
    )
    self.assertIn('300 dB', (output / 'anime/README.md').read_text())

  def test_planted_faults_are_caught(self):
    real = exporter.expected_images
    faults = {
      'channels': lambda images: images[..., ::-1],
      'scale': lambda images: images / 2,
    }
    for name, fault in faults.items():
      with mock.patch.object(
        exporter,
        'expected_images',
        lambda *args, fault=fault: fault(real(*args)),
      ):
        _, failures = exporter.export(
          direction(), ('float32', 'int8'), tempfile.mkdtemp()
        )
      self.assertEqual([f.kind for f in failures], ['float32', 'int8'], name)

  def test_a_domain_whose_norms_were_not_updated_is_caught(self):
    stale = direction()
    real = exporter.expected_images(
      stale.translator, 'photo', 'anime', np.zeros([4, 16, 16, 3], np.float32)
    )
    for variable in stale.translator.model.domain_variables('anime'):
      variable.assign(tf.ones_like(variable))
    with mock.patch.object(exporter, 'expected_images', lambda *args: real):
      _, failures = exporter.export(stale, ('float32',), tempfile.mkdtemp())
    self.assertLen(failures, 1)

  def test_a_second_export_replaces_files_and_keeps_versions(self):
    output = pathlib.Path(tempfile.mkdtemp())
    exporter.export(direction(), ('saved_model', 'float32'), output)
    exporter.export(direction('2'), ('saved_model', 'float16'), output)
    folder = output / 'anime'
    self.assertCountEqual(
      [p.name for p in (folder / 'saved_model').iterdir()], ['1', '2']
    )
    self.assertEqual(
      [p.name for p in folder.glob('*.tflite')],
      ['photo2anime_16_float16.tflite'],
    )
    with self.assertRaisesRegex(ValueError, 'another --version'):
      exporter.export(direction('2'), ('saved_model',), output)

  def test_another_direction_needs_another_folder(self):
    other = direction(domains=('photo', 'cat', 'anime'), source='cat')
    with self.assertRaisesRegex(ValueError, 'holds photo2anime; choose'):
      exporter.export(other, ('float32',), self.output)

  def test_an_interruption_leaves_what_was_there(self):
    before = sorted(self.output.rglob('*'))
    with mock.patch.object(
      exporter.formats_tflite, 'convert', side_effect=OSError
    ):
      with self.assertRaises(OSError):
        exporter.export(direction(), ('float32',), self.output)
    self.assertEqual(sorted(self.output.rglob('*')), before)

  def test_unknown_formats_are_named(self):
    with self.assertRaisesRegex(
      ValueError, 'formats are int4; choose of saved'
    ):
      exporter.export(direction(), ('int4',), self.output)

  def test_a_folder_without_a_manifest(self):
    with self.assertRaisesRegex(FileNotFoundError, 'is no bundle'):
      bundle_manifest.read_manifest(tempfile.mkdtemp())


if __name__ == '__main__':
  tf.test.main()

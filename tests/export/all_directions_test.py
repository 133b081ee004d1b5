"""All directions in one bundle share, and draw what the model draws."""

import pathlib
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from export import all_directions, exporter, parity
from export.bundle_files import metadata
from export.formats import saved_model
from tests import readme_code
from tests.export.graph import folding_test
from tf_twingan import image_arrays
from tf_twingan.inference.exported import bundle_manifest

DOMAINS = ('photo', 'anime', 'cat')
ABOUT = metadata.About('all', 'd', '1', 'a', 'l', '# card')


def images(seed):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [2, 16, 16, 3], dtype=np.uint8)


class EverythingTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = folding_test.translator(domains=DOMAINS)
    cls.images = {d: images(i) for i, d in enumerate(DOMAINS)}
    cls.output = pathlib.Path(tempfile.mkdtemp())
    # An untrained network is harder on 8 bits than a trained one.
    with mock.patch.dict(parity.GATES, dynamic=parity.Gate(psnr=25.0)):
      cls.manifest, cls.failures = cls.export(cls.output)
    cls.folder = cls.output / 'all'
    cls.saved = tf.saved_model.load(str(cls.folder / 'saved_model/1'))

  @classmethod
  def export(cls, output, formats=all_directions.FORMATS, about=ABOUT):
    return all_directions.export(
      cls.translator, cls.images, formats, output, about
    )

  def test_each_direction_draws_what_the_model_draws(self):
    self.assertEmpty(self.failures)
    for source in DOMAINS:
      for target in set(DOMAINS) - {source}:
        shown = self.images[source]
        drawn = self.saved.signatures[f'{source}2{target}'](
          image_bytes=tf.constant([tf.io.encode_png(p).numpy() for p in shown])
        )['png_bytes'].numpy()
        off = np.stack([tf.io.decode_png(d).numpy() for d in drawn]).astype(int)
        off -= self.translator.translate(shown, target, source)
        self.assertLessEqual(np.abs(off).max(), 1)
        floats = self.saved.signatures[f'{source}2{target}_floats'](
          image=tf.constant(image_arrays.to_float(shown))
        )['translation']
        self.assertEqual(floats.shape, shown.shape)
    self.assertIn('serving_default', self.saved.signatures)

  def test_the_manifest_tells_every_direction(self):
    read = bundle_manifest.read_manifest(self.folder)
    self.assertEqual(read['domains'], list(DOMAINS))
    self.assertCountEqual(
      [e['format'] for e in read['files'].values()], all_directions.FORMATS
    )
    for entry in read['files'].values():
      self.assertLen(entry['directions'], 6)
      worst = max(p['max_difference'] for p in entry['directions'].values())
      self.assertEqual(entry['parity']['max_difference'], worst)
    self.assertLen(list((self.folder / 'golden').iterdir()), 3 + 6)
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    self.assertIn('0 *photo*, 1 *anime*, 2 *cat*', text)
    self.assertIn('"target" to intArrayOf(1)', text)

  def test_the_python_of_the_readme_draws_the_golden_output(self):
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    drawn = readme_code.drawn_by(text, self.folder)
    golden = tf.io.decode_png(
      (self.folder / self.manifest['golden']['output']).read_bytes()
    )
    off = drawn - golden.numpy()
    self.assertLessEqual(np.abs(off).mean(), 10)

  def test_warm_up_requests_can_be_run(self):
    path = self.folder / 'saved_model/1/assets.extra'
    records = tf.data.TFRecordDataset(str(path / 'tf_serving_warmup_requests'))
    names = []
    for record in records:
      log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
      request = log.predict_log.request
      names.append(request.model_spec.signature_name)
      answer = self.saved.signatures[names[-1]](
        **{
          k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()
        }
      )
      self.assertLen(answer[saved_model.PNGS], 1)
    self.assertCountEqual(
      names, self.manifest['files']['all_16_float32.tflite']['directions']
    )

  def test_three_domains_hardly_weigh_more_than_their_kernels(self):
    drawers = all_directions.drawers_of(self.translator.model, 16)
    self.assertLen(drawers, 6)
    variables = {
      v.ref(): v for drawer in drawers.values() for v in drawer.variables
    }
    kernels = sum(
      v.shape.num_elements() for v in variables.values() if v.shape.rank == 4
    )
    one = drawers['photo', 'anime']
    self.assertEqual(kernels, one.weights)
    # What a domain owns is a multiplier and a shift for each channel.
    norms = sum(
      v.shape.num_elements() for v in variables.values() if v.shape.rank == 1
    )
    channels = 6 + 6 + 8 + 8 + 8 + 2 * 8 + 2 * 8 + 2 * 6
    self.assertEqual(norms, 3 * 2 * channels + 3)

  def test_a_wrong_direction_is_not_written(self):
    output = tempfile.mkdtemp()
    real = exporter.expected_images

    def swapped(translator, source, target, floats):
      # Two domains in each other's place, in one direction.
      if (source, target) == ('photo', 'cat'):
        target = 'anime'
      return real(translator, source, target, floats)

    with mock.patch.object(exporter, 'expected_images', swapped):
      manifest, failures = self.export(output)
    self.assertEqual([f.kind for f in failures], list(all_directions.FORMATS))
    for failure in failures:
      self.assertEqual(failure.reached['direction'], 'photo2cat')
    self.assertEmpty(manifest['files'])
    self.assertEmpty(list(pathlib.Path(output).rglob('*.tflite')))
    self.assertEmpty(list(pathlib.Path(output).rglob('saved_model.pb')))

  def test_what_is_compared_is_what_was_written(self):
    real = saved_model.write

    def other(parts, signatures, *args):
      # Saves one direction under the name of another.
      swapped = {'photo2anime_floats': signatures['photo2cat_floats']}
      return real(parts, {**signatures, **swapped}, *args)

    with mock.patch.object(saved_model, 'write', other):
      _, failures = self.export(tempfile.mkdtemp(), ('saved_model',))
    (failure,) = failures
    self.assertEqual(failure.reached['direction'], 'photo2anime')

  def test_a_second_export_keeps_older_versions(self):
    output = tempfile.mkdtemp()
    self.export(output, ('saved_model', 'float32'))
    with self.assertRaisesRegex(ValueError, 'another --version'):
      self.export(output, ('saved_model',))
    self.export(output, ('saved_model',), ABOUT._replace(version='2'))
    folder = pathlib.Path(output, 'all')
    self.assertLen(list((folder / 'saved_model').iterdir()), 2)
    self.assertEmpty(list(folder.glob('*.tflite')))

  def test_formats_of_one_direction_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'int8; choose of saved_model'):
      self.export(tempfile.mkdtemp(), ('int8',))


if __name__ == '__main__':
  tf.test.main()

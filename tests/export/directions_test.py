"""All directions in one bundle share kernels and translate as the model."""

import pathlib
import tempfile
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from export import exporter
from export.formats import registry, saved_model
from export.graph import folded_network
from tests import readme_code
from tests.export import untrained
from tf_twingan import image_arrays
from tf_twingan.inference.exported import bundle_manifest

DOMAINS = untrained.THREE_DOMAINS
PX = 4
FORMATS = registry.names(all_directions=True)


# Those of one direction are quicker, see `exporter_test`, and
# `domain_selection_test` holds the graph that chooses a direction.
@pytest.mark.slow
class AllDirectionsTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = untrained.bundle_of_all()
    cls.manifest = bundle_manifest.read_manifest(cls.folder)
    cls.context = untrained.all_directions()
    cls.translator = cls.context.translator
    cls.images = cls.context.held_out
    cls.saved = tf.saved_model.load(str(cls.folder / 'saved_model/1'))

  def test_each_direction_translates_as_the_model_does(self):
    self.assertEmpty(self.manifest['failed'])
    for source in DOMAINS:
      for target in set(DOMAINS) - {source}:
        images = self.images[source]
        pngs = self.saved.signatures[f'{source}2{target}'](
          image_bytes=tf.constant(saved_model.encode_pngs(images))
        )['png_bytes'].numpy()
        off = np.stack([tf.io.decode_png(p).numpy() for p in pngs]).astype(int)
        off -= self.translator.translate(images, target, source)
        self.assertLessEqual(np.abs(off).max(), 1)
        floats = self.saved.signatures[f'{source}2{target}_floats'](
          image=tf.constant(image_arrays.to_float(images))
        )['translation']
        self.assertEqual(floats.shape, images.shape)
    self.assertIn('serving_default', self.saved.signatures)

  def test_the_manifest_lists_every_direction(self):
    self.assertEqual(self.manifest['domains'], list(DOMAINS))
    self.assertCountEqual(
      [e['format'] for e in self.manifest['files'].values()], FORMATS
    )
    for entry in self.manifest['files'].values():
      self.assertLen(entry['directions'], 6)
      worst = max(p['max_difference'] for p in entry['directions'].values())
      self.assertEqual(entry['parity']['max_difference'], worst)
    self.assertLen(list((self.folder / 'golden').iterdir()), 3 + 6)
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    self.assertIn('0 *photo*, 1 *anime*, 2 *cat*', text)
    self.assertIn('"target" to intArrayOf(1)', text)

  def test_the_python_of_the_readme_gives_the_golden_output(self):
    text = (self.folder / 'README.md').read_text(encoding='utf-8')
    golden = tf.io.decode_png(
      (self.folder / self.manifest['golden']['output']).read_bytes()
    )
    off = readme_code.translation_by(text, self.folder) - golden.numpy()
    self.assertLessEqual(np.abs(off).mean(), 10)

  def test_warm_up_requests_can_be_run(self):
    path = self.folder / 'saved_model/1/assets.extra'
    records = tf.data.TFRecordDataset(str(path / 'tf_serving_warmup_requests'))
    names = []
    for record in records:
      log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
      request = log.predict_log.request
      names.append(request.model_spec.signature_name)
      response = self.saved.signatures[names[-1]](
        **{
          k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()
        }
      )
      self.assertLen(response[saved_model.PNGS], 1)
    self.assertCountEqual(
      names, self.manifest['files'][f'all_{PX}_float32.tflite']['directions']
    )

  def test_three_domains_hardly_weigh_more_than_their_kernels(self):
    model = untrained.translator(domains=DOMAINS, resolution=16).model
    networks = folded_network.shared_networks(model, 16)
    self.assertLen(networks, 6)
    variables = {
      v.ref(): v for network in networks.values() for v in network.variables
    }
    kernels = sum(
      v.shape.num_elements() for v in variables.values() if v.shape.rank == 4
    )
    self.assertEqual(kernels, networks['photo', 'anime'].weights)
    # A domain's norms have a multiplier and a shift for each channel.
    norms = sum(
      v.shape.num_elements() for v in variables.values() if v.shape.rank == 1
    )
    channels = 6 + 6 + 8 + 8 + 8 + 2 * 8 + 2 * 8 + 2 * 6
    self.assertEqual(norms, 3 * 2 * channels + 3)

  def test_a_wrong_direction_is_not_written(self):
    output = tempfile.mkdtemp()
    context = untrained.all_directions(untrained.DOMAINS)
    # Two domains are swapped, in one direction.
    expected = context.expected
    expected['anime', 'photo'] = expected['photo', 'anime']
    manifest, failures = exporter.export(
      context, ('saved_model', 'float32'), output
    )
    self.assertEqual([f.format for f in failures], ['saved_model', 'float32'])
    for failure in failures:
      self.assertEqual(failure.figures['direction'], 'anime2photo')
    self.assertEmpty(manifest['files'])
    for pattern in ('*.tflite', 'saved_model.pb', '*.config'):
      self.assertEmpty(list(pathlib.Path(output).rglob(pattern)))

  def test_what_is_compared_is_what_was_written(self):
    real = saved_model.write

    def swap(modules, signatures, *args):
      # Saves one direction under the name of another.
      swapped = {'photo2anime_floats': signatures['anime2photo_floats']}
      return real(modules, {**signatures, **swapped}, *args)

    with mock.patch.object(saved_model, 'write', swap):
      _, failures = exporter.export(
        untrained.all_directions(untrained.DOMAINS),
        ('saved_model',),
        tempfile.mkdtemp(),
      )
    (failure,) = failures
    self.assertEqual(failure.figures['direction'], 'photo2anime')

  def test_a_second_export_keeps_older_versions(self):
    output = tempfile.mkdtemp()

    def export(formats, version='1'):
      context = untrained.all_directions(untrained.DOMAINS, version)
      exporter.export(context, formats, output)

    export(('saved_model', 'float32'))
    with self.assertRaisesRegex(ValueError, 'another --version'):
      export(('saved_model',))
    export(('saved_model',), '2')
    folder = pathlib.Path(output, 'all')
    self.assertLen(list((folder / 'saved_model').iterdir()), 2)
    self.assertEmpty(list(folder.glob('*.tflite')))

  def test_formats_of_one_direction_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'int8; choose of saved_model'):
      exporter.export(self.context, ('int8',), tempfile.mkdtemp())


if __name__ == '__main__':
  tf.test.main()

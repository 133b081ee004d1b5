"""SavedModels: signatures, image files of all kinds, warm-up, versions."""

import io
import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from export import directions
from export.formats import embedding, saved_model
from tests import image_samples
from tests.export import untrained
from tests.image_samples import unreadable
from tf_twingan import framing, image_arrays

PX = untrained.PX
RNG = np.random.default_rng(1)


def smooth_image(height, width):
  small = RNG.integers(0, 256, [4, 4, 3], dtype=np.uint8)
  return np.asarray(Image.fromarray(small).resize((width, height)))


class SavedModelTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = untrained.translator(smooth=True)
    cls.images = np.stack([smooth_image(PX, PX) for _ in range(6)])
    cls.embedding = embedding.learn(
      cls.translator, {'photo': cls.images, 'anime': cls.images}
    )
    context = directions.OneDirection(
      cls.translator,
      'photo',
      'anime',
      held_out=cls.images,
      calibration=cls.images,
      learn_embedding=lambda: cls.embedding,
      about=untrained.about(version='7'),
    )
    # TensorFlow finds nothing there by a path that it takes for a pattern.
    cls.folder = pathlib.Path(tempfile.mkdtemp(), 'exp[1]', 'saved_model')
    file_format = saved_model.create('saved_model')
    cls.saved = file_format.build(context, cls.folder)
    cls.signatures = file_format.load(cls.saved)

  def serve(self, *files):
    pngs, errors = self.response(*files)
    self.assertEqual(errors, [''] * len(files))
    return np.stack([tf.io.decode_png(f).numpy() for f in pngs])

  def response(self, *files):
    """Returns PNGs and errors."""
    outputs = self.signatures['serving_default'](image_bytes=tf.constant(files))
    errors = [error.decode() for error in outputs['error'].numpy()]
    return list(outputs['png_bytes'].numpy()), errors

  @parameterized.parameters('PNG', 'BMP', 'GIF', 'JPEG')
  def test_files_of_any_size_become_pngs(self, kind):
    buffer = io.BytesIO()
    Image.fromarray(smooth_image(60, 90)).save(buffer, kind)
    read = np.asarray(Image.open(buffer).convert('RGB'))
    expected = self.translator.translate(read[None], 'anime')
    outputs = self.serve(buffer.getvalue())
    self.assertEqual(outputs.shape, (1, PX, PX, 3))
    # Decoders of JPEG and filters differ a little.
    self.assertLess(np.abs(outputs.astype(int) - expected).mean(), 4)

  def test_images_of_the_right_size_come_out_exactly(self):
    files = [tf.io.encode_png(p).numpy() for p in self.images]
    expected = self.translator.translate(self.images, 'anime')
    off = self.serve(*files).astype(int) - expected
    self.assertLessEqual(np.abs(off).max(), 1)

  def test_every_file_gives_what_the_model_makes_of_it(self):
    samples = image_samples.samples()
    pngs, errors = self.response(*(s.content for s in samples.values()))
    for (name, sample), png, error in zip(samples.items(), pngs, errors):
      with self.subTest(name):
        self.assertStartsWith(error, sample.refused_by_graph)
        self.assertEqual(png == b'', error != '')
        self.assertEqual(error != '', sample.refused_by_graph != '')
        if png:
          image = framing.Framing().read(sample.content, PX)
          expected = self.translator.translate(image[None], 'anime')[0]
          off = tf.io.decode_png(png).numpy().astype(int) - expected
          self.assertLess(np.abs(off).mean(), 2)

  def test_a_file_that_cannot_be_read_does_no_harm_to_others(self):
    good = [tf.io.encode_png(p).numpy() for p in self.images[:2]]
    alone, _ = self.response(good[0])
    damaged = unreadable.damaged()
    pngs, errors = self.response(good[0], *damaged.values(), good[1])
    self.assertEqual([errors[0], errors[-1]], ['', ''])
    self.assertNotIn('', errors[1:-1])
    self.assertEqual(set(pngs[1:-1]), {b''})
    # Convolutions of other batch sizes may round otherwise.
    off = np.subtract(
      *(tf.io.decode_png(p).numpy().astype(int) for p in (pngs[0], alone[0]))
    )
    self.assertLessEqual(np.abs(off).max(), 1)

  def test_a_bomb_is_refused_by_its_header(self):
    buffer = io.BytesIO()
    Image.new('L', (9000, 9000)).save(buffer, 'PNG')
    self.assertLess(len(buffer.getvalue()), 200_000)
    pngs, (error,) = self.response(buffer.getvalue())
    self.assertEqual(pngs, [b''])
    self.assertRegex(error, 'PNG: 9000x9000 pixels are over the limit')

  def test_a_session_runs_it_as_a_server_does(self):
    good = tf.io.encode_png(self.images[0]).numpy()
    # This loader takes brackets in a path for a pattern.
    plain = shutil.copytree(self.saved, pathlib.Path(tempfile.mkdtemp(), '7'))
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
      loaded = tf.compat.v1.saved_model.load(
        session, [tf.saved_model.SERVING], str(plain)
      )
      signature = loaded.signature_def['serving_default']
      tensors = {n: t.name for n, t in signature.outputs.items()}
      outputs = session.run(
        tensors, {signature.inputs['image_bytes'].name: [b'<html>', good]}
      )
    self.assertEqual([bool(e) for e in outputs['error']], [True, False])
    self.assertEqual([bool(p) for p in outputs['png_bytes']], [False, True])

  def test_files_are_framed_as_those_of_their_domain_in_training(self):
    framed = framing.Framing(crop=0.7)
    translator = untrained.new_translator(smooth=True)
    translator.framings['photo'] = framed
    file_format = saved_model.create('saved_model')
    for source, target in (('photo', 'anime'), ('anime', 'photo')):
      context = untrained.one_direction(translator, source, target)
      with mock.patch.object(
        saved_model, 'translation_signatures', side_effect=KeyError
      ) as signatures:
        with self.assertRaises(KeyError):
          file_format.build(context, pathlib.Path(tempfile.mkdtemp()))
      expected = framed if source == 'photo' else framing.Framing()
      self.assertEqual(signatures.call_args.args[1], expected)

  def test_nan_stays_in_the_outputs_of_its_image(self):
    floats = image_arrays.to_float(self.images)
    spoilt = floats.copy()
    spoilt[1, 0, 0] = np.nan
    for name, output in (('translate', 'translation'), ('embed', 'embedding')):
      run = self.signatures[name]
      expected = run(image=tf.constant(floats))[output].numpy()
      outputs = run(image=tf.constant(spoilt))[output].numpy()
      self.assertTrue(np.isnan(outputs[1]).any())
      np.testing.assert_array_equal(
        np.delete(outputs, 1, 0), np.delete(expected, 1, 0)
      )

  def test_numbers_in_any_batch(self):
    floats = tf.constant(image_arrays.to_float(self.images))
    outputs = self.signatures['translate'](image=floats)['translation']
    for count in (1, 5):
      self.assertAllClose(
        self.signatures['translate'](image=floats[:count])['translation'],
        outputs[:count],
        atol=1e-5,
      )
    self.assertAllEqual(
      image_arrays.to_uint8(outputs.numpy()).shape, self.images.shape
    )

  def test_it_embeds_as_an_index_does(self):
    floats = tf.constant(image_arrays.to_float(self.images))
    self.assertAllClose(
      self.signatures['embed'](image=floats)['embedding'],
      self.embedding.embed(
        self.translator.scales(self.images, 'photo'), 'photo'
      ),
      atol=1e-4,
    )

  def test_warm_up_requests_can_be_run(self):
    path = self.saved / 'assets.extra' / 'tf_serving_warmup_requests'
    names = []
    for record in tf.data.TFRecordDataset(str(path)):
      log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
      request = log.predict_log.request
      names.append(request.model_spec.signature_name)
      self.signatures[names[-1]](
        **{
          k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()
        }
      )
    self.assertCountEqual(names, ['serving_default', 'translate', 'embed'])

  def test_versions_count_up_and_are_never_overwritten(self):
    self.assertEqual(saved_model.next_version(self.folder), 8)
    self.assertEqual(saved_model.next_version(self.folder / 'none'), 1)
    with self.assertRaisesRegex(ValueError, 'is there already'):
      saved_model.write([], {}, self.folder, 7, {})
    self.assertEqual([p.name for p in self.folder.iterdir()], ['7'])


if __name__ == '__main__':
  tf.test.main()

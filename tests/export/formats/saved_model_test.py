"""SavedModels: signatures, image files of all kinds, warm-up, versions."""

import io
import pathlib
import tempfile

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from export import directions
from export.formats import embedding, saved_model
from tests.export import untrained
from tf_twingan import image_arrays

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
    response = self.signatures['serving_default'](
      image_bytes=tf.constant(files)
    )
    return np.stack(
      [tf.io.decode_png(f).numpy() for f in response['png_bytes'].numpy()]
    )

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

  @parameterized.parameters(b'', b'no image', b'\xff\xd8\xff cut short')
  def test_a_file_that_is_no_image_is_an_error(self, content):
    with self.assertRaises(tf.errors.InvalidArgumentError):
      self.serve(content)

  def test_a_bomb_is_refused_by_its_header(self):
    buffer = io.BytesIO()
    Image.new('L', (9000, 9000)).save(buffer, 'PNG')
    self.assertLess(len(buffer.getvalue()), 200_000)
    with self.assertRaisesRegex(tf.errors.InvalidArgumentError, 'more than'):
      self.serve(buffer.getvalue())

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

"""Image files read in a graph: as `image_io` reads them, each by itself."""

import io
import zlib

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from export.graph.reading import reader
from tests import image_bytes, image_samples
from tests.image_samples import base, unreadable
from tf_twingan import framing, image_io

PX = 32
SAMPLES = image_samples.samples()
READ = [n for n, s in SAMPLES.items() if not s.refused_by_graph]
REFUSED = [n for n, s in SAMPLES.items() if s.refused_by_graph]
# Mean difference of 255 between two decoders and their filters.
NEAR = 2.0
# Not the default, so that all comparisons are by it.
FRAMED = framing.Framing(crop=0.8)


def changed(content, rng):
  """Cuts a file, or overwrites, adds or removes bytes of it."""
  data = bytearray(content)
  position = rng.integers(len(data))
  change = rng.integers(4)
  if change == 0:
    del data[position:]
  elif change == 1:
    for where in rng.integers(0, len(data), 6):
      data[where] = rng.integers(256)
  elif change == 2:
    data[position:position] = rng.bytes(rng.integers(1, 20))
  else:
    del data[position : position + rng.integers(1, 30)]
  return bytes(data)


class ReaderTest(parameterized.TestCase):
  """Takes some seconds to trace the graph, once for all of its tests."""

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.function = tf.function(
      lambda files: reader.read_squares(files, PX, FRAMED),
      input_signature=[tf.TensorSpec([None], tf.string)],
      autograph=False,
    ).get_concrete_function()
    # All files in one batch, the damaged ones in between.
    damaged = unreadable.damaged()
    names = [*SAMPLES, *damaged]
    files = [s.content for s in SAMPLES.values()] + [*damaged.values()]
    order = np.random.default_rng(0).permutation(len(files))
    images, errors = cls.read(files[i] for i in order)
    cls.images = {names[i]: image for i, image in zip(order, images)}
    cls.errors = {names[i]: error for i, error in zip(order, errors)}

  @classmethod
  def read(cls, files):
    """Returns images and errors, of contents of files."""
    images, errors = cls.function(tf.constant(list(files), tf.string))
    return images.numpy(), [error.decode() for error in errors.numpy()]

  @parameterized.parameters(*READ)
  def test_it_reads_what_the_file_shows(self, name):
    sample = SAMPLES[name]
    self.assertEqual(self.errors[name], '')
    expected = FRAMED.square(sample.expected, PX).astype(int)
    off = np.abs(self.images[name] - expected).mean()
    self.assertLessEqual(off, NEAR + sample.tolerance)

  @parameterized.parameters(*READ)
  def test_it_reads_as_image_io_does(self, name):
    expected = FRAMED.read(SAMPLES[name].content, PX).astype(int)
    self.assertLessEqual(np.abs(self.images[name] - expected).mean(), NEAR)

  @parameterized.parameters(*REFUSED)
  def test_other_kinds_are_refused_by_name(self, name):
    self.assertStartsWith(self.errors[name], SAMPLES[name].refused_by_graph)
    self.assertRegex(self.errors[name], 'PNG or JPEG$')
    self.assertFalse(self.images[name].any())

  @parameterized.parameters(*unreadable.damaged())
  def test_a_damaged_file_gives_an_error_and_black(self, name):
    self.assertNotEmpty(self.errors[name])
    self.assertFalse(self.images[name].any())
    if name.split()[-1] in ('half', 'header', 'checksum', 'data'):
      self.assertRegex(self.errors[name], f'^{name.split()[0]}: .*cut off')

  @parameterized.parameters(*unreadable.oversized())
  def test_an_oversized_image_is_refused_by_its_header(self, name):
    _, (error,) = self.read([unreadable.oversized()[name]])
    self.assertStartsWith(error, f'{name.split()[0]}: 60000x60000 pixels')

  def test_damaged_files_do_no_harm_to_others(self):
    rng = np.random.default_rng(1)
    for _ in range(6):
      names = rng.choice(READ, 31)
      files = [changed(SAMPLES[name].content, rng) for name in names]
      place = rng.integers(len(files))
      files.insert(place, SAMPLES['png, alpha'].content)
      images, errors = self.read(files)
      self.assertEqual(errors[place], '')
      np.testing.assert_array_equal(images[place], self.images['png, alpha'])
      self.assertGreater(sum(error != '' for error in errors), 3)
      for image, error in zip(images, errors):
        self.assertTrue(error == '' or not image.any())

  def test_changed_files_are_read_as_image_io_reads_them_or_not_at_all(self):
    rng = np.random.default_rng(2)
    files = [changed(SAMPLES[n].content, rng) for n in rng.choice(READ, 60)]
    both = 0
    for file, image, error in zip(files, *self.read(files)):
      try:
        expected = FRAMED.read(file, PX).astype(int)
      except image_io.UnreadableImage:
        continue
      if not error:
        self.assertLessEqual(np.abs(image - expected).mean(), NEAR)
        both += 1
    self.assertGreater(both, 5)

  def test_batches_of_any_size(self):
    images, errors = self.read([])
    self.assertEqual((images.shape, errors), ((0, PX, PX, 3), []))
    images, errors = self.read([b''])
    self.assertEqual((images.shape, errors), ((1, PX, PX, 3), ['empty']))

  def test_scans_and_chunks_are_counted(self):
    jpeg = SAMPLES['jpeg, progressive'].content
    scan = jpeg.rindex(b'\xff\xda')
    png = SAMPLES['png, orientation 6'].content
    chunk = image_bytes.png_chunk(b'ruNs', b'')
    # The larger the image, the fewer: 8192x8000 pixels, 32 times.
    frame = jpeg.index(b'\xff\xc2') + 5
    large = jpeg[:frame] + bytes.fromhex('1f402000') + jpeg[frame + 4 :]
    _, errors = self.read(
      [
        jpeg[:-2] + jpeg[scan:-2] * 100,
        png[:33] + chunk * 9000 + png[33:],
        large[:-2] + jpeg[scan:-2] * 40,
      ]
    )
    self.assertRegex(errors[0], 'JPEG: more than 100 scans')
    self.assertRegex(errors[1], 'PNG: more than 8192 chunks')
    self.assertRegex(errors[2], 'JPEG: more than 32 scans')

  def test_a_text_that_unpacks_to_much_is_refused(self):
    png = SAMPLES['png'].content
    text = zlib.compress(bytes(70 * 2**20))
    keyword = b'XML:com.adobe.xmp\0\1\0\0\0'
    chunk = image_bytes.png_chunk(b'iTXt', keyword + text)
    _, (error,) = self.read([png[:33] + chunk + png[33:]])
    self.assertEqual(
      error, 'PNG: a packed text of more than 65536 bytes; save it again'
    )

  def test_a_large_jpeg_is_decoded_smaller(self):
    stream = io.BytesIO()
    large = Image.fromarray(base.asymmetric_image()).resize((700, 900))
    large.save(stream, 'JPEG', quality=95)
    (image,), (error,) = self.read([stream.getvalue()])
    self.assertEqual(error, '')
    expected = FRAMED.read(stream.getvalue(), PX).astype(int)
    self.assertLessEqual(np.abs(image - expected).mean(), 0.5)

  def test_a_server_of_tensorflow_alone_can_run_it(self):
    graph = self.function.graph.as_graph_def()
    nodes = [
      *graph.node,
      *(n for f in graph.library.function for n in f.node_def),
    ]
    operations = {node.op for node in nodes}
    self.assertIn('IgnoreErrorsDataset', operations)
    python = {o for o in operations if 'PyFunc' in o or 'Generator' in o}
    self.assertEmpty(python)

  def test_the_word_of_a_chunk_within_another_is_no_orientation(self):
    np.testing.assert_array_equal(
      self.images['png, the word eXIf'], self.images['png']
    )


if __name__ == '__main__':
  tf.test.main()

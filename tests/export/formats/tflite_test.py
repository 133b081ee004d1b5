"""TFLite files of every kind: what they hold, take, give and say."""

import json

import tensorflow as tf
from absl.testing import parameterized

from export import parity
from export.bundle_files import metadata, tflite_contents
from export.formats import tflite as formats_tflite
from export.graph import folded_network, folding
from tests.export.graph import folding_test
from tf_twingan.inference.exported import tflite as exported_tflite

ABOUT = metadata.About('photo2anime', 'Draws.', '3', 'Me', 'MIT', '# The card')
PX = 16


def convert(drawer, kind):
  return formats_tflite.drawing(drawer, kind, folding_test.IMAGES)


class ConversionTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    weights = folding.of_translator(
      folding_test.translator(smooth=True), 'photo', 'anime'
    )
    cls.drawer = folded_network.Network(weights)
    cls.files = {k: convert(cls.drawer, k) for k in formats_tflite.KINDS}
    cls.contents = {k: tflite_contents.read(f) for k, f in cls.files.items()}
    cls.expected = cls.drawer.translate(
      tf.constant(folding_test.IMAGES)
    ).numpy()
    # Of the network, counted by hand: a convolution multiplies height x width
    # x kernel area x channels in x channels out times.
    convs = {
      'from_rgb': 16 * 16 * 3 * 6,
      'encoder': 9 * (16 * 16 * (6 * 6 + 6 * 8) + 8 * 8 * (8 * 8 + 8 * 8)),
      'generator': 9
      * (
        4 * 4 * (8 * 8 + 8 * 8)
        + 8 * 8 * (16 * 8 + 8 * 8)
        + 16 * 16 * (16 * 6 + 6 * 6)
      ),
      'to_rgb': 16 * 16 * 6 * 3,
      'pools': 4 * (8 * 8 * 8 + 4 * 4 * 8),
    }
    cls.macs = sum(convs.values())

  @parameterized.parameters(
    ('float32', 100.0),
    ('float16', 55.0),
    ('dynamic', 35.0),
    ('hybrid', 25.0),
    ('int8', 20.0),
  )
  def test_it_draws_the_same(self, kind, least):
    run = exported_tflite.File(self.files[kind]).run
    reached = parity.compare(run(folding_test.IMAGES), self.expected)
    self.assertGreater(reached.psnr, least)

  @parameterized.parameters(
    ('float32', 100.0), ('float16', 70.0), ('hybrid', 45.0), ('int8', 45.0)
  )
  def test_every_part_draws_the_same(self, kind, least):
    translator = folding_test.translator(
      residual=True,
      attention_resolution=8,
      to_rgb_size=3,
      spectral_norm=True,
      smooth=True,
    )
    drawer = folded_network.Network(
      folding.of_translator(translator, 'photo', 'anime')
    )
    reached = parity.compare(
      exported_tflite.File(convert(drawer, kind)).run(folding_test.IMAGES),
      drawer.translate(tf.constant(folding_test.IMAGES)).numpy(),
    )
    self.assertGreater(reached.psnr, least)

  @parameterized.parameters(*formats_tflite.KINDS)
  def test_only_operations_that_are_built_in(self, kind):
    contents = self.contents[kind]
    self.assertEmpty(contents.custom)
    self.assertEqual(contents.operations['CONV_2D'], 12)
    self.assertAlmostEqual(contents.gmacs * 1e9, self.macs, places=0)

  def test_sizes_follow_the_bits(self):
    sizes = {k: len(f) for k, f in self.files.items()}
    self.assertLess(sizes['float16'], sizes['float32'])
    peaks = {k: c.peak_memory for k, c in self.contents.items()}
    self.assertEqual(peaks['int8'] * 4, peaks['float32'])
    self.assertEqual(peaks['float16'], peaks['float32'])

  def test_only_int8_takes_and_gives_bytes(self):
    for kind, contents in self.contents.items():
      for tensor in contents.inputs + contents.outputs:
        self.assertEqual(tensor['shape'], [1, PX, PX, 3])
        self.assertEqual(
          tensor['dtype'], 'uint8' if kind == 'int8' else 'float32'
        )
    self.assertBetween(self.contents['int8'].inputs[0]['scale'], 0.007, 0.008)

  def test_hybrid_keeps_the_finest_stage_in_float(self):
    # Six channels of 16 px in 32 bits: what int8 has in a quarter.
    size = {k: len(f) for k, f in self.files.items()}
    self.assertGreater(size['hybrid'], size['int8'])
    self.assertIn('DEQUANTIZE', self.contents['hybrid'].operations)

  def test_an_unknown_kind(self):
    with self.assertRaisesRegex(ValueError, "'int4'; choose one of float32"):
      convert(self.drawer, 'int4')

  def test_metadata_says_how_to_scale(self):
    said = metadata.add(
      self.files['dynamic'],
      ABOUT,
      input_name='image',
      output_name='translation',
      draws=True,
    )
    found = json.loads(metadata.as_json(said))
    self.assertEqual(found['name'], 'photo2anime')
    self.assertEqual(found['license'], 'MIT')
    self.assertEqual(found['associated_files'][0]['name'], 'MODEL_CARD.md')
    graph = found['subgraph_metadata'][0]
    (taken,), (given,) = (
      graph['input_tensor_metadata'],
      graph['output_tensor_metadata'],
    )
    self.assertEqual((taken['name'], given['name']), ('image', 'translation'))
    scaling = taken['process_units'][0]['options']
    self.assertEqual((scaling['mean'], scaling['std']), ([127.5], [127.5]))
    # A value of 1 is white.
    back = given['process_units'][0]['options']
    self.assertAlmostEqual((1 - back['mean'][0]) / back['std'][0], 255, delta=1)
    # And it still draws.
    self.assertAllEqual(
      exported_tflite.File(said).run(folding_test.IMAGES),
      exported_tflite.File(self.files['dynamic']).run(folding_test.IMAGES),
    )


if __name__ == '__main__':
  tf.test.main()

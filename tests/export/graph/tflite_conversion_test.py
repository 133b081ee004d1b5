"""TFLite files of every kind: what they compute, hold, take and give."""

import functools

import tensorflow as tf
from absl.testing import parameterized

from export import parity
from export.bundle_files import tflite_contents
from export.graph import folded_network, folding, tflite_conversion
from tests.export import untrained
from tf_twingan import compat
from tf_twingan.inference.exported import tflite

PX = untrained.PX
KINDS = tflite_conversion.KINDS
IMAGES = untrained.FLOATS[:, :PX, :PX]


@functools.cache
def network(**options):
  """The folded network of an untrained translator."""
  translator = untrained.translator(smooth=True, **options)
  return folded_network.Network(
    folding.fold_translator(translator, 'photo', 'anime')
  )


@functools.cache
def graph(**options):
  return tflite_conversion.Graph.of_network(network(**options))


@functools.cache
def convert(kind, **options):
  return graph(**options).convert(kind, IMAGES)


def contents(kind):
  return tflite_contents.read(convert(kind))


class ConversionTest(parameterized.TestCase, tf.test.TestCase):
  def compare(self, kind, **options):
    outputs = tflite.File(convert(kind, **options)).run(IMAGES)
    expected = network(**options).translate(tf.constant(IMAGES)).numpy()
    return parity.compare(outputs, expected)

  @parameterized.parameters(
    ('float32', 100.0),
    ('float16', 55.0),
    ('dynamic', 35.0),
    ('hybrid', 25.0),
    ('int8', 20.0),
  )
  def test_it_computes_the_same(self, kind, least):
    self.assertGreater(self.compare(kind).psnr, least)

  # The interpreter of TensorFlow 2.21 computes attention in 8 bits more
  # coarsely than that of 2.15: the same file reaches 31 dB and 53 dB.
  @parameterized.parameters(
    ('float32', 100.0),
    ('float16', 70.0),
    ('hybrid', 45.0),
    ('int8', 45.0 if compat.KERAS == 2 else 30.0),
  )
  def test_every_part_computes_the_same(self, kind, least):
    parity = self.compare(
      kind,
      residual=True,
      attention_resolution=8,
      to_rgb_size=3,
      spectral_norm=True,
    )
    self.assertGreater(parity.psnr, least)

  @parameterized.parameters(*KINDS)
  def test_only_operations_that_are_built_in(self, kind):
    # Counted by hand: a convolution multiplies height x width x kernel area x
    # channels in x channels out times. There are 8 channels everywhere.
    macs = {
      'from_rgb': 8 * 8 * 3 * 8,
      'encoder': 9 * 8 * 8 * (8 * 8 + 8 * 8),
      'generator': 9 * (4 * 4 * (8 * 8 + 8 * 8) + 8 * 8 * (16 * 8 + 8 * 8)),
      'to_rgb': 8 * 8 * 8 * 3,
      'pool': 4 * 4 * 4 * 8,
    }
    self.assertEmpty(contents(kind).custom)
    self.assertEqual(contents(kind).operations['CONV_2D'], 8)
    self.assertAlmostEqual(
      contents(kind).gmacs * 1e9, sum(macs.values()), places=0
    )

  def test_sizes_follow_the_bits(self):
    self.assertLess(len(convert('float16')), len(convert('float32')))
    peaks = {k: contents(k).peak_memory for k in KINDS}
    self.assertEqual(peaks['int8'] * 4, peaks['float32'])
    self.assertEqual(peaks['float16'], peaks['float32'])

  def test_only_int8_takes_and_gives_bytes(self):
    for kind in KINDS:
      for tensor in contents(kind).inputs + contents(kind).outputs:
        self.assertEqual(tensor['shape'], [1, PX, PX, 3])
        self.assertEqual(
          tensor['dtype'], 'uint8' if kind == 'int8' else 'float32'
        )
    self.assertBetween(contents('int8').inputs[0]['scale'], 0.007, 0.008)

  def test_hybrid_keeps_the_last_stage_in_float(self):
    self.assertGreater(len(convert('hybrid')), len(convert('int8')))
    self.assertIn('DEQUANTIZE', contents('hybrid').operations)

  def test_a_kind_does_not_depend_on_those_converted_before(self):
    again = tflite_conversion.Graph.of_network(network())
    for kind in ('int8', 'float32'):
      self.assertEqual(
        tflite_contents.read(again.convert(kind, IMAGES)), contents(kind)
      )

  def test_an_unknown_kind(self):
    with self.assertRaisesRegex(ValueError, "'int4'; choose one of float32"):
      graph().convert('int4')


if __name__ == '__main__':
  tf.test.main()

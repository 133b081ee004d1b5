"""Metadata: how Android's tools read a file, and that it still runs."""

import functools

import tensorflow as tf

from export import tensor_names
from export.bundle_files import metadata, texts
from export.graph import domain_selection, tflite_conversion
from tests.export import untrained
from tf_twingan import compat
from tf_twingan.inference.exported import tflite, tflite_metadata

PX = 4
ABOUT = texts.About('photo2anime', 'Translates.', '3', 'Me', 'MIT', '# Card')
IMAGES = untrained.FLOATS[:, :PX, :PX]


@functools.cache
def model(takes_domains=False):
  """A file that halves an image, and may take two numbers beside it."""

  def halve(image, source=0, target=0):
    return image / 2 + tf.cast(source - target, tf.float32)

  return tflite_conversion.Graph(
    tf.function(halve),
    tf.Module(),
    PX,
    number_inputs=domain_selection.INPUTS if takes_domains else {},
  ).convert('float32')


def described(**options):
  """The file with metadata of a translation."""
  return metadata.add(
    model('number_descriptions' in options),
    ABOUT,
    output_name=tensor_names.TRANSLATION,
    **options,
  )


class MetadataTest(tf.test.TestCase):
  def test_it_says_how_to_scale(self):
    found = tflite.read_metadata(described())
    self.assertEqual(found.name, 'photo2anime')
    self.assertEqual(found.license, 'MIT')
    self.assertEqual(found.associated_files[0].name, 'MODEL_CARD.md')
    self.assertEqual(
      metadata.associated_file(described(), 'MODEL_CARD.md'), b'# Card'
    )
    (graph,) = found.subgraph_metadata
    (image,) = graph.input_tensor_metadata
    (translation,) = graph.output_tensor_metadata
    self.assertEqual((image.name, translation.name), ('image', 'translation'))
    scaling = image.process_units[0].options
    self.assertEqual((scaling.mean, scaling.std), ([127.5], [127.5]))
    # A value of 1 is white.
    back = translation.process_units[0].options
    self.assertAlmostEqual((1 - back.mean[0]) / back.std[0], 255, delta=1)
    # And the file still runs.
    self.assertAllEqual(
      tflite.File(described()).run(IMAGES), tflite.File(model()).run(IMAGES)
    )

  def test_it_names_the_domains(self):
    file = described(
      number_descriptions={'source': 'From.', 'target': 'To.'},
      domains=untrained.THREE_DOMAINS,
    )
    (graph,) = tflite.read_metadata(file).subgraph_metadata
    # In the order of the file's inputs, by which readers find them.
    details = compat.tflite_interpreter(file).get_input_details()
    for tensor, detail in zip(graph.input_tensor_metadata, details):
      self.assertIn(f'_{tensor.name}:', detail['name'])
      if tensor.name != 'image':
        (names,) = tensor.associated_files
        self.assertEqual(names.type, tflite_metadata.TENSOR_VALUE_LABELS)
    names = metadata.associated_file(file, 'domains.txt').decode()
    self.assertEqual(tuple(names.split('\n')), untrained.THREE_DOMAINS)


if __name__ == '__main__':
  tf.test.main()

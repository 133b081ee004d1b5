"""One network for all domains draws what each domain's own network draws."""

import itertools
import json

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from export import benchmark, parity
from export.bundle_files import metadata
from export.formats import tflite as formats_tflite
from export.graph import domain_selection, folded_network, folding
from tests.export.graph import folding_test
from tf_twingan.inference.exported import tflite as exported_tflite
from tf_twingan.models import twingan

DOMAINS = ('photo', 'anime', 'cat')
IMAGES = folding_test.IMAGES


def convert(chosen, kind, images=IMAGES):
  return formats_tflite.convert(
    chosen.translate,
    chosen,
    kind,
    output_name='translation',
    images=images,
    more=domain_selection.INPUTS,
  )


class SelectionTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = folding_test.translator(domains=DOMAINS, smooth=True)
    cls.selection = domain_selection.Selection(cls.translator.model, 16)
    cls.files = {
      kind: convert(cls.selection, kind)
      for kind in ('float32', 'float16', 'dynamic')
    }

  def folded(self, source, target, **options):
    return folded_network.Network(
      folding.of_translator(self.translator, source, target, **options)
    )

  def compared(self, kind, source, target):
    """How far it is from that direction's own file of the kind."""
    own = formats_tflite.drawing(self.folded(source, target), kind, IMAGES)
    chosen = exported_tflite.File(self.files[kind]).choose(
      source=DOMAINS.index(source), target=DOMAINS.index(target)
    )
    return parity.compare(
      chosen.run(IMAGES), exported_tflite.File(own).run(IMAGES)
    )

  @parameterized.parameters(*itertools.product(DOMAINS, DOMAINS))
  def test_each_pair_equals_its_folded_file(self, source, target):
    reached = self.compared('float32', source, target)
    self.assertTrue(parity.GATES['float32'].passes(reached), reached)

  @parameterized.parameters(('float16', 55.0), ('dynamic', 25.0))
  def test_fewer_bits_are_as_near_as_a_folded_file(self, kind, least):
    self.assertGreater(self.compared(kind, 'anime', 'cat').psnr, least)

  def test_swapped_domains_are_caught(self):
    cat = self.folded('photo', 'cat').translate(tf.constant(IMAGES)).numpy()
    for source, target in ((0, 1), (2, 0), (1, 2)):
      file = exported_tflite.File(self.files['float32'])
      file.choose(source=source, target=target)
      reached = parity.compare(file.run(IMAGES), cat)
      for kind in ('float32', 'float16', 'dynamic'):
        self.assertFalse(parity.GATES[kind].passes(reached), kind)

  @parameterized.named_parameters(
    ('instance', dict(norm='instance')),
    ('pixel_norm', dict(pixel_norm=True)),
    ('fading', dict(alpha=0.3)),
    ('smallest', dict(resolution=4)),
  )
  def test_it_draws_what_the_model_draws(self, options):
    translator = folding_test.translator(domains=DOMAINS, **options)
    px = translator.resolution
    chosen = domain_selection.Selection(translator.model, px, translator.alpha)
    images = tf.constant(IMAGES[:, :px, :px])
    for source, target in ((0, 2), (2, 1)):
      own = folding.of_translator(translator, DOMAINS[source], DOMAINS[target])
      self.assertAllClose(
        chosen.translate(images, tf.constant([source]), tf.constant([target])),
        folded_network.Network(own).translate(images),
        atol=1e-5,
      )

  def test_a_domain_adds_hardly_more_than_its_norms(self):
    # Of a width at which a file's fixed costs do not count.
    model = twingan.TwinGAN(
      DOMAINS, max_resolution=32, channels_base=1024, channels_max=256
    )
    rng = np.random.default_rng(0)
    for domain in DOMAINS:
      for variable in model.domain_variables(domain):
        shape = variable.shape
        variable.assign(rng.uniform(0.5, 1.5, shape).astype(np.float32))
    image = np.zeros([1, 32, 32, 3], np.float32)
    one = formats_tflite.drawing(
      folded_network.Network(
        folding.fold(model, 'photo', 'anime', resolution=32)
      ),
      'dynamic',
      image,
    )
    every = convert(domain_selection.Selection(model, 32), 'dynamic', image)
    self.assertLess(len(every), 1.03 * len(one))

  def test_a_domain_that_is_not_there_is_an_error(self):
    file = exported_tflite.File(self.files['float32']).choose(
      source=0, target=3
    )
    with self.assertRaises(RuntimeError):
      file.run(IMAGES)

  def test_a_file_with_a_choice_wants_it_made(self):
    file = exported_tflite.File(self.files['float32'])
    self.assertCountEqual(file.choices, ['source', 'target'])
    with self.assertRaisesRegex(ValueError, 'source, target.*given nothing'):
      file.run(IMAGES)
    with self.assertRaisesRegex(ValueError, 'given source'):
      file.choose(source=0)

  def test_the_metadata_names_the_domains(self):
    said = metadata.add(
      self.files['dynamic'],
      metadata.About('all', 'd', '1', 'a', 'l', '# card'),
      input_name='image',
      output_name='translation',
      draws=True,
      choices={'source': 'From.', 'target': 'To.'},
      domains=DOMAINS,
    )
    (graph,) = json.loads(metadata.as_json(said))['subgraph_metadata']
    # In the order of the file's inputs, by which readers find them.
    details = tf.lite.Interpreter(model_content=said).get_input_details()
    for told, detail in zip(graph['input_tensor_metadata'], details):
      self.assertIn(f'_{told["name"]}:', detail['name'])
      if told['name'] != 'image':
        (file,) = told['associated_files']
        self.assertEqual(file['type'], 'TENSOR_VALUE_LABELS')
    read = metadata.writer.MetadataDisplayer.with_model_buffer(said)
    names = read.get_associated_file_buffer('domains.txt').decode().split('\n')
    self.assertEqual(tuple(names), DOMAINS)

  def test_it_is_timed(self):
    found = benchmark.measure(self.files['dynamic'], threads=1, seconds=0.01)
    self.assertGreater(found.milliseconds, 0)


if __name__ == '__main__':
  tf.test.main()

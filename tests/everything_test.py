"""All directions in one SavedModel share, and draw what the model draws."""

import pathlib
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf

from export import bundle, everything
from tests import folding_test
from tf_twingan import images as images_lib

DOMAINS = ('photo', 'anime', 'cat')


def pictures(seed):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [2, 16, 16, 3], dtype=np.uint8)


class EverythingTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.translator = folding_test.translator(domains=DOMAINS)
    self.pictures = {d: pictures(i) for i, d in enumerate(DOMAINS)}
    self.output = pathlib.Path(tempfile.mkdtemp())

  def test_each_direction_draws_what_the_model_draws(self):
    reached = everything.export(self.translator, self.pictures, self.output)
    self.assertLen(reached, 6)
    saved = tf.saved_model.load(str(self.output / 'all/saved_model/1'))
    for source in DOMAINS:
      for target in set(DOMAINS) - {source}:
        shown = self.pictures[source]
        drawn = saved.signatures[f'{source}2{target}'](
          image_bytes=tf.constant([tf.io.encode_png(p).numpy() for p in shown])
        )['png_bytes'].numpy()
        off = np.stack([tf.io.decode_png(d).numpy() for d in drawn]).astype(int)
        off -= self.translator.translate(shown, target, source)
        self.assertLessEqual(np.abs(off).max(), 1)
        floats = saved.signatures[f'{source}2{target}_floats'](
          image=tf.constant(images_lib.to_float(shown))
        )['translation']
        self.assertEqual(floats.shape, shown.shape)
    self.assertIn('serving_default', saved.signatures)

  def test_three_domains_hardly_weigh_more_than_their_kernels(self):
    drawers = everything.drawers_of(self.translator.model, 16)
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
    real = bundle.references
    with mock.patch.object(
      bundle, 'references', lambda *args: real(*args)[..., ::-1]
    ):
      with self.assertRaisesRegex(ValueError, 'photo2anime: .* but it needs'):
        everything.export(self.translator, self.pictures, self.output)
    self.assertEmpty(list(self.output.rglob('*')))


if __name__ == '__main__':
  tf.test.main()

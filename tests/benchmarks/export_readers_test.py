"""Tests that what another library reads from a bundle is compared with it."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

from benchmarks import export_readers

ENTRY = {
  'format': 'dynamic',
  'parity': {'max_difference': 0.1, 'psnr': 40.0},
  'input': {'name': 'image'},
  'output': {'name': 'translation'},
}
SAVED_MODEL = {'format': 'saved_model', 'parity': ENTRY['parity']}
EXPECTED = np.random.default_rng(0).integers(0, 256, [8, 8, 3]).astype(float)
BUNDLE = export_readers.Bundle(
  pathlib.Path(), {}, np.zeros([1, 8, 8, 3], np.float32), EXPECTED
)


def compare(entry=ENTRY, **measures):
  if 'result' in measures:
    measures['result'] = measures['result'] / 127.5 - 1
  return export_readers.compare('litert', 'a.tflite', measures, entry, BUNDLE)


class ExportReadersTest(absltest.TestCase):
  def test_what_the_manifest_allows_passes(self):
    row = compare(result=EXPECTED, partitions=1, associated=['MODEL_CARD.md'])
    self.assertTrue(row.passes)
    self.assertEqual(
      row.difference,
      'off by 0 of 255 at most, 0.00 in the mean; 1 partition; metadata',
    )
    self.assertTrue(compare(SAVED_MODEL, png=EXPECTED + 1).passes)

  def test_planted_faults_are_caught(self):
    one = EXPECTED.copy()
    one[0, 0, 0] += -20 if one[0, 0, 0] > 127 else 20
    for name, row in {
      'channels': compare(result=EXPECTED[..., ::-1]),
      'scale': compare(result=EXPECTED / 2),
      'one value': compare(result=one),
      'shape': compare(result=EXPECTED[:4]),
      'NaN': compare(result=EXPECTED * np.nan),
      'PNG': compare(SAVED_MODEL, png=EXPECTED + 2),
      'batch': compare(SAVED_MODEL, spread=0.1, shape=[3, 8, 8, 3]),
      'partitions': compare(partitions=0),
      'metadata': compare(associated=['MODEL_CARD.md'], metadata=False),
      'card': compare(associated=[]),
      'names': compare(names=['image', 'Identity']),
    }.items():
      self.assertFalse(row.passes, name)

  def test_a_folder_without_a_manifest_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no bundle: .*OUTPUT/<to>'):
      export_readers.Bundle.load(tempfile.mkdtemp())


if __name__ == '__main__':
  absltest.main()

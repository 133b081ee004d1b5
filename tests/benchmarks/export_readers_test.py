"""What another reader draws of a bundle is judged, not only printed."""

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
SERVED = {'format': 'saved_model', 'parity': ENTRY['parity']}
DRAWN = np.random.default_rng(0).integers(0, 256, [8, 8, 3]).astype(float)
BUNDLE = export_readers.Bundle(
  pathlib.Path(), {}, np.zeros([1, 8, 8, 3], np.float32), DRAWN
)


def judge(entry=ENTRY, **measures):
  if 'result' in measures:
    measures['result'] = measures['result'] / 127.5 - 1
  return export_readers.judge('litert', 'a.tflite', measures, entry, BUNDLE)


class ExportReadersTest(absltest.TestCase):
  def test_what_the_manifest_allows_passes(self):
    row = judge(result=DRAWN, partitions=1, associated=['MODEL_CARD.md'])
    self.assertTrue(row.passes)
    self.assertEqual(
      row.found,
      'off by 0 of 255 at most, 0.00 in the mean; 1 partition; metadata',
    )
    self.assertTrue(judge(SERVED, png=DRAWN + 1).passes)

  def test_planted_faults_are_caught(self):
    one = DRAWN.copy()
    one[0, 0, 0] += -20 if one[0, 0, 0] > 127 else 20
    for name, row in {
      'channels': judge(result=DRAWN[..., ::-1]),
      'scale': judge(result=DRAWN / 2),
      'one value': judge(result=one),
      'shape': judge(result=DRAWN[:4]),
      'NaN': judge(result=DRAWN * np.nan),
      'PNG': judge(SERVED, png=DRAWN + 2),
      'batch': judge(SERVED, spread=0.1, shape=[3, 8, 8, 3]),
      'partitions': judge(partitions=0),
      'metadata': judge(associated=['MODEL_CARD.md'], metadata=False),
      'card': judge(associated=[]),
      'names': judge(names=['image', 'Identity']),
    }.items():
      self.assertFalse(row.passes, name)

  def test_a_folder_without_a_manifest_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no bundle: .*OUTPUT/<to>'):
      export_readers.Bundle.load(tempfile.mkdtemp())


if __name__ == '__main__':
  absltest.main()

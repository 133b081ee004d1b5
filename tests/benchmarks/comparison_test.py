"""Tables and records of the comparison, from scores that are made up here."""

import json
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest

from benchmarks import comparison, measurements


class ComparisonTest(absltest.TestCase):
  def test_other_images_leave_out_the_model_of_true_pairs(self):
    datasets = comparison.pairs('folder:a', 'folder:b')
    runs = comparison.planned(datasets, ['TwinGAN', 'pix2pix'], 2)
    self.assertEqual(
      [(r.method, r.seed) for r in runs], [('TwinGAN', 0), ('TwinGAN', 1)]
    )

  def test_one_dataset_alone_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'both --photo and --anime'):
      comparison.pairs('folder:a', None)

  def test_measurements_become_records(self):
    output = pathlib.Path(tempfile.mkdtemp())
    runs = comparison.planned(
      {'a and b': ('x', 'y')}, ['TwinGAN', 'no skips'], 1
    )
    for run in runs:
      (output / run.folder).mkdir()
      (output / run.folder / 'metrics.jsonl').write_text(
        '\n'.join(
          json.dumps(
            {'images_seen': seen, 'content': 0.1 * seen, 'score/swd': 3}
          )
          for seen in (1, 2)
        )
      )
    direction = {
      'scores': {
        'translation': {'recall@1': 0.5, 'SWD': 3.2},
        str(output / runs[1].folder): {'recall@1': 0.25, 'SWD': 4.0},
        'untranslated': {'recall@1': 0.1},
      },
      'returned': {
        'translation, reconstruction': {'L1': 3.0},
        'shuffled': {'L1': 9.0},
      },
    }
    (output / 'a-b').mkdir()
    (output / 'a-b' / 'evaluation.json').write_text(
      json.dumps({'directions': {'photo to anime': direction}})
    )
    (output / 'times.json').write_text('{}')
    sizes = measurements.Table(['model'], [['TwinGAN']])
    with mock.patch.object(comparison, '_sizes', lambda *_: sizes):
      records = comparison.measured(output, runs)
    self.assertContainsSubset(
      ['comparison_in_short', 'comparison_a_to_b', 'comparison_losses_a_and_b'],
      records,
    )
    (short,) = records['comparison_in_short'].tables
    self.assertEqual(short.columns, ['', '', 'TwinGAN', 'no skips'])
    self.assertIn(['recall@1', 'a to b', '50.0%', '25.0%'], short.rows)
    self.assertIn(['reconstruction, L1', 'a to b', '3.0', '–'], short.rows)
    scores, reconstruction, _ = records['comparison_a_to_b'].tables
    self.assertEqual(scores.rows[1], ['SWD', '3.2', '4.0', '–'])
    self.assertEqual(reconstruction.rows, [['L1', '3.0', '–', '9.0']])
    (losses,) = records['comparison_losses_a_and_b'].tables
    self.assertEqual(losses.rows[0], ['TwinGAN, seed 0', '0.150'])


if __name__ == '__main__':
  absltest.main()

"""What is read of a training, to be put beside another one's."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from benchmarks import lanes


class LanesTest(absltest.TestCase):
  def test_means_of_the_last_quarter_and_the_last_scores(self):
    run = pathlib.Path(tempfile.mkdtemp())
    rows = [
      {
        'images_seen': 8 * n,
        'time': 0.5,
        'reconstruction': float(n),
        'penalty/photo': 1.0,
        'images_per_second': 2.0 * n,
        **({'score/recall': n / 10} if n > 6 else {}),
      }
      for n in range(1, 9)
    ]
    (run / 'metrics.jsonl').write_text(
      '\n'.join(map(json.dumps, rows)), encoding='utf-8'
    )
    self.assertEqual(
      lanes._summary(run),
      {'reconstruction': 7.5, 'images_per_second': 15.0, 'score/recall': 0.8},
    )

  def test_spread_over_seeds(self):
    self.assertEqual(lanes._spread([1.0, 2.0, 3.0]), '2 ± 1')
    self.assertEqual(lanes._spread([0.25]), '0.25')
    self.assertEqual(lanes._spread([]), 'none')


if __name__ == '__main__':
  absltest.main()

"""Curves are read from a run's log and plotted to one scale."""

import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan import html_pages
from tf_twingan.evaluation import curves


class CurvesTest(absltest.TestCase):
  def test_values_that_are_not_numbers_are_left_out(self):
    run = pathlib.Path(tempfile.mkdtemp())
    self.assertEqual(curves.read(run), {})
    (run / 'metrics.jsonl').write_text(
      '{"images_seen": 8, "time": 1.5, "loss": 4, "note": "x"}\n'
      '{"images_seen": 16, "time": 2.5, "loss": NaN}\n'
      '{"images_seen": 24, "loss": 2, "swd": 7.5, "is_x": true}\n'
      '{"images_seen": "32", "loss": 2}\n'
      '[40]\n'
      f'{{"images_seen": 48, "loss": 1{400 * "0"}}}\n'
      '{"images_se'
    )
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(
        curves.read(run), {'loss': [(8, 4), (24, 2)], 'swd': [(24, 7.5)]}
      )
    self.assertIn(f'{run / "metrics.jsonl"}: 3 of its lines', logs.output[0])

  def test_runs_share_one_chart(self):
    runs = {
      'a': {'loss': [(0, 0), (10, 4)]},
      'b': {'loss': [(5, 2), (10, 8)]},
      'c': {'swd': [(5, 1)]},
    }
    (axes,) = curves.figure('loss', runs).axes
    first, second = axes.lines
    self.assertEqual(first.get_xydata().tolist(), [[0, 0], [10, 4]])
    self.assertEqual(second.get_xydata().tolist(), [[5, 2], [10, 8]])
    self.assertEqual(
      [line.get_color() for line in axes.lines], list(html_pages.COLORS[:2])
    )
    self.assertEqual(
      [chart.caption for chart in curves.charts(runs)],
      ['loss: 0 to 8', 'swd: 1 to 1'],
    )
    self.assertEmpty(curves.charts({'a': {}}))

  def test_equal_curves_give_equal_images(self):
    runs = {'a': {'lo$s$': [(0, 0), (10, 4)]}}
    (first,), (second,) = curves.charts(runs), curves.charts(runs)
    self.assertEqual(first, second)
    self.assertStartsWith(first.svg, '<svg')


if __name__ == '__main__':
  absltest.main()

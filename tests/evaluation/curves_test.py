"""Curves are read from a run's notes and drawn to scale."""

import pathlib
import re
import tempfile

from absl.testing import absltest

from tf_twingan.evaluation import curves


class CurvesTest(absltest.TestCase):
  def test_notes_are_read_and_what_is_no_number_is_left_out(self):
    run = pathlib.Path(tempfile.mkdtemp())
    self.assertEqual(curves.read(run), {})
    (run / 'metrics.jsonl').write_text(
      '{"images_seen": 8, "time": 1.5, "loss": 4, "note": "x"}\n'
      '{"images_seen": 16, "time": 2.5, "loss": NaN}\n'
      '{"images_seen": 24, "loss": 2, "swd": 7.5}\n'
      '{"images_se'
    )
    self.assertEqual(
      curves.read(run), {'loss': [(8, 4), (24, 2)], 'swd': [(24, 7.5)]}
    )

  def test_runs_share_one_scale(self):
    page = curves.as_html(
      {'a<b': {'loss': [(0, 0), (10, 4)]}, 'c': {'loss': [(5, 2), (10, 8)]}}
    )
    self.assertIn('a&lt;b', page)
    self.assertIn('loss: 0 to 8', page)
    first, second = re.findall('points="([^"]+)"', page)
    (x0, y0), (x1, y1) = (p.split(',') for p in first.split())
    (x2, y2), (x3, y3) = (p.split(',') for p in second.split())
    self.assertEqual(x1, x3)
    self.assertAlmostEqual(float(x2), (float(x0) + float(x1)) / 2)
    self.assertAlmostEqual(float(y1), (float(y0) + float(y3)) / 2)
    self.assertLess(float(y3), float(y2))
    self.assertEqual(curves.as_html({'a': {}}), '')


if __name__ == '__main__':
  absltest.main()

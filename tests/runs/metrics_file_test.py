"""Metrics come back as they were written, without what can't be read."""

import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan.runs import metrics_file

# What a kill, a full disk or an editor leaves.
DAMAGED = (
  '{"images_se',
  'garbage',
  '',
  '[8]',
  '8',
  'null',
  '{}',
  '{"images_seen": "8"}',
  '{"images_seen": true}',
  '{"images_seen": 8.5}',
  '{"images_seen": -8}',
  '{"images_seen": NaN}',
  '{"images_seen": 1' + 30 * '0' + '}',
  '{"images_seen": 8, "x": ' + 100_000 * '[',
  '\x00\x00\x00',
)


class MetricsFileTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = pathlib.Path(tempfile.mkdtemp(), 'run')
    self.path = self.run_dir / 'metrics.jsonl'

  def seen(self):
    return [row['images_seen'] for row in metrics_file.read(self.run_dir)]

  def write(self, *images_seen):
    for count in images_seen:
      metrics_file.append(str(self.run_dir), count, {'loss': count / 8})

  def test_no_file_has_no_lines(self):
    self.assertEmpty(metrics_file.read(self.run_dir))
    metrics_file.rewind(str(self.run_dir), 0)
    self.assertFalse(self.run_dir.exists())

  def test_lines_come_back(self):
    self.write(8, 16)
    rows = metrics_file.read(self.run_dir)
    self.assertEqual([row['loss'] for row in rows], [1.0, 2.0])
    self.assertIn('time', rows[0])

  def test_later_lines_are_removed(self):
    self.write(8, 16, 24)
    metrics_file.rewind(str(self.run_dir), 16)
    self.assertEqual(self.seen(), [8, 16])
    self.write(24)
    self.assertEqual(self.seen(), [8, 16, 24])
    metrics_file.rewind(str(self.run_dir), 0)
    self.assertEqual(self.path.read_text(), '')

  @parameterized.parameters(*DAMAGED)
  def test_a_damaged_line_is_passed_over_with_a_warning(self, line):
    self.write(8)
    with open(self.path, 'a', encoding='utf-8') as file:
      file.write(line + '\n')
    self.write(16)
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.seen(), [8, 16])
    self.assertIn(f'{self.path}: 1 of its lines', logs.output[0])
    self.assertIn('line 2', logs.output[0])
    metrics_file.rewind(str(self.run_dir), 16)
    with self.assertNoLogs(level='WARNING'):
      self.assertEqual(self.seen(), [8, 16])

  def test_bytes_that_are_not_utf_8_are_passed_over(self):
    self.write(8)
    with open(self.path, 'ab') as file:
      file.write(b'{"images_seen": 16, "\xff')
    with self.assertLogs(level='WARNING'):
      metrics_file.rewind(str(self.run_dir), 100)
    self.write(16)
    self.assertEqual(self.seen(), [8, 16])

  def test_a_line_with_nan_stays(self):
    self.run_dir.mkdir()
    self.path.write_text('{"images_seen": 8, "loss": NaN}\n')
    metrics_file.rewind(str(self.run_dir), 8)
    self.assertEqual(self.seen(), [8])


if __name__ == '__main__':
  absltest.main()

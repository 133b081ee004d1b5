"""One record makes a metric's column, meaning and format."""

import numpy as np
from absl.testing import absltest

from tf_twingan.evaluation import columns, metric, tables, tasks

MANY = np.arange(12, dtype=np.uint8)


def metric_of(compute, **options):
  return metric.Metric(
    'new', 'what it means', metric.TENTHS, compute, **options
  )


class MetricTest(absltest.TestCase):
  def test_a_record_makes_a_column(self):
    row = metric.compute([metric_of(lambda case: 2 * case)], 21)
    self.assertEqual(row, metric.CandidateScores({'new': 42}, {}))
    row = metric.compute(
      [metric_of(lambda case: case, uses_features=True)],
      None,
      network_label='own',
    )
    self.assertEqual(row.columns, {'new (own features)': None})
    self.assertEqual(
      metric.split_column_name('new (own features)'), ('new', 'own')
    )
    self.assertEqual(metric.split_column_name('new'), ('new', None))

  def test_images_are_ordered_as_the_record_says(self):
    values = np.array([3.0, np.nan, 1.0, 3.0])

    def order(per_image, **options):
      score = metric.Score(0.0, per_image)
      row = metric.compute([metric_of(lambda case: score, **options)], None)
      return row.per_image['new'].best_first().tolist()

    rising = metric.PerImage(values)
    self.assertEqual(order(rising, higher_is_better=True), [0, 3, 2])
    self.assertEqual(order(rising, higher_is_better=False), [2, 0, 3])
    # Ranks, of which lower ones are better, of a share.
    self.assertEqual(
      order(metric.PerImage(values, False), higher_is_better=True), [2, 0, 3]
    )

  def test_intermediate_results_are_computed_once(self):
    calls = []

    def count(case):
      calls.append(case)
      return len(calls)

    images = MANY[:, None, None, None]
    task = tasks.Task('a', 'b', images, images, images, images)
    setting = metric.Setting(task, real=images)
    self.assertEqual([setting.cached(count), setting.cached(count)], [1, 1])
    self.assertEqual(calls, [setting])

  def test_a_mean_leaves_nan_out(self):
    self.assertEqual(metric.mean(np.array([1, np.nan, 3])), 2)
    self.assertIsNone(metric.mean(np.array([np.nan])))


class ColumnsTest(absltest.TestCase):
  def test_every_record_is_complete(self):
    for record in columns.ALL_METRICS:
      with self.subTest(record.name):
        self.assertNotEmpty(record.meaning)
        self.assertNotIn('(', record.name)
        column = metric.column_name(record, 'own')
        self.assertIs(columns.find(column), record)
        self.assertStartsWith(columns.meaning(column), record.meaning)

  def test_values_are_written_as_the_record_says(self):
    for column, value, text in (
      ('recall@1', 0.125, '12.5%'),
      ('L1 to truth', 13.25, '13.2'),
      ('kernel (own features)', 0.1234, '0.123'),
      ('worst group', 'left', 'left'),
      ('SWD', None, '–'),
    ):
      self.assertEqual(columns.cell(column, value), text)

  def test_the_meaning_names_the_feature_network(self):
    for label, words in (
      ('own', 'small network trained on the target domain'),
      ('inception', 'InceptionV3'),
      ('net.keras', 'network of --features'),
    ):
      self.assertIn(words, columns.meaning(f'Fréchet ({label} features)'))
    self.assertNotIn('network', columns.meaning('distinct'))

  def test_a_table_for_the_terminal(self):
    table = {
      'translation': {'recall@1': 0.5, 'SWD': 12.34},
      'shuffled': {'recall@1': 0.0, 'SWD': None},
    }
    self.assertEqual(
      tables.as_text(table).splitlines(),
      [
        '          translation  shuffled',
        'recall@1        50.0%      0.0%',
        'SWD              12.3         –',
      ],
    )


if __name__ == '__main__':
  absltest.main()

"""docs/results.md and the figures of other pages follow from the records."""

import json
import pathlib
import sys
import tempfile
from unittest import mock

from absl.testing import absltest, flagsaver

from benchmarks import measurements, results

TABLE = measurements.Table(
  ['nearest', 'recall', 'no mean'],
  [['photo to anime', '97 %', '96 %'], ['untranslated', '46 %', '41 %']],
)
RECORD = measurements.Measurement(
  group='Trainings',
  title='anime.gin',
  what='Recall of the counterpart.',
  command=['python -m tf_twingan.train --gin_file=anime.gin'],
  machine='2 cores',
  tables=[TABLE],
)
PAGE = """Figures:

<!-- results: {"record": "anime", "columns": ["recall"]} -->
old
<!-- end of results -->
"""


def checkout(**records):
  root = pathlib.Path(tempfile.mkdtemp())
  for name, record in records.items():
    record.write(root / results.RECORDS / f'{name}.json')
  return root


class RecordsTest(absltest.TestCase):
  def test_pages_are_what_the_records_give(self):
    for path, text in results.pages(results.ROOT).items():
      self.assertEqual(
        (results.ROOT / path).read_text(encoding='utf-8'),
        text,
        f'{path} is not up to date: run `python -m benchmarks.results`.',
      )

  def test_every_record_has_a_command_and_a_machine(self):
    records = results.read(results.ROOT)
    self.assertNotEmpty(records)
    for name, record in records.items():
      for value in (record.what, record.machine, *record.command):
        self.assertNotEmpty(value.strip(), name)
      self.assertNotEmpty(record.command, name)
      self.assertNotEmpty(record.tables, name)

  def test_records_are_written_as_they_are_kept(self):
    for path in (results.ROOT / results.RECORDS).glob('*.json'):
      again = pathlib.Path(tempfile.mkdtemp(), path.name)
      measurements.Measurement.read(path).write(again)
      self.assertEqual(again.read_text(), path.read_text(), path.name)

  def test_a_row_with_too_few_cells_is_refused(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'a.json')
    RECORD.write(path)
    path.write_text(path.read_text().replace(', "96 %"', ''))
    with self.assertRaisesRegex(ValueError, 'has 2 cells for 3 columns'):
      measurements.Measurement.read(path)

  def test_a_record_without_a_machine_is_refused(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'a.json')
    RECORD.write(path)
    fields = json.loads(path.read_text())
    del fields['machine']
    path.write_text(json.dumps(fields))
    with self.assertRaisesRegex(ValueError, 'no record.*machine'):
      measurements.Measurement.read(path)


class PagesTest(absltest.TestCase):
  def test_the_page_shows_a_record_with_its_command_and_machine(self):
    text = results.pages(checkout(anime=RECORD))[results.PAGE]
    self.assertIn('- [anime.gin](#animegin)', text)
    self.assertIn('| photo to anime | 97 % | 96 % |', text)
    self.assertIn('Machine: 2 cores.', text)
    self.assertIn('```\npython -m tf_twingan.train --gin_file=anime.gin', text)

  def test_an_unknown_group_is_refused(self):
    root = checkout(a=RECORD)
    path = root / results.RECORDS / 'a.json'
    path.write_text(path.read_text().replace('Trainings', 'Sundries'))
    with self.assertRaisesRegex(ValueError, "no group 'Sundries'"):
      results.pages(root)

  def test_two_records_of_one_title_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'b.json and a.json have one title'):
      results.pages(checkout(a=RECORD, b=RECORD))

  def test_a_block_is_filled_and_stays_filled(self):
    filled = results.fill(PAGE, {'anime': RECORD})
    self.assertIn('|---|---|\n| photo to anime | 97 % |\n', filled)
    self.assertNotIn('old', filled)
    self.assertNotIn('96 %', filled)
    self.assertEqual(results.fill(filled, {'anime': RECORD}), filled)

  def test_a_block_that_asks_for_nothing_is_refused(self):
    with self.assertRaisesRegex(ValueError, "no record 'anime'"):
      results.fill(PAGE, {})
    with self.assertRaisesRegex(ValueError, "no column 'speed'"):
      results.fill(PAGE.replace('["recall"]', '["speed"]'), {'anime': RECORD})

  def test_rows_are_chosen_by_their_labels(self):
    chosen = TABLE.select(['no mean'], ['untranslated'])
    self.assertEqual(chosen.columns, ['nearest', 'no mean'])
    self.assertEqual(chosen.rows, [['untranslated', '41 %']])
    with self.assertRaisesRegex(ValueError, "no row 'shuffled'"):
      TABLE.select(rows=['shuffled'])


class SavingTest(absltest.TestCase):
  def save(self, path, *arguments):
    with flagsaver.as_parsed(record=str(path), machine='3 cores'):
      with mock.patch.object(sys, 'argv', ['a', *arguments]):
        measurements.save([TABLE], group='Search', title='New', what='New.')
    return measurements.Measurement.read(path)

  def test_a_benchmark_leaves_a_record(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'records', 'a.json')
    record = self.save(path, '--steps=8', f'--record={path}')
    self.assertEqual(record.machine, '3 cores')
    self.assertEqual(record.group, 'Search')
    self.assertIsNotNone(record.date)
    self.assertEndsWith(record.command[0], '--steps=8')

  def test_a_record_that_is_there_keeps_its_sentences(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'a.json')
    RECORD.write(path)
    record = self.save(path)
    self.assertEqual(record.title, 'anime.gin')
    self.assertEqual(record.machine, '3 cores')
    self.assertNotEqual(record.command, RECORD.command)

  def test_a_training_leaves_a_record(self):
    run = pathlib.Path(tempfile.mkdtemp(), 'mine')
    run.mkdir()
    line = {'resolution': 32, 'images_per_second': 61.2}
    (run / 'metrics.jsonl').write_text(
      '\n'.join(
        json.dumps(line | {'images_seen': seen, 'time': seen * 0.1})
        for seen in (0, 6_000)
      )
    )
    columns = {'translation': {'recall@1': 0.97}, 'shuffled': {'recall@1': 0.0}}
    evaluation = run / 'evaluation.json'
    evaluation.write_text(
      json.dumps({'directions': {'photo to anime': {'scores': columns}}})
    )
    path = run / 'record.json'
    with flagsaver.as_parsed(record=str(path), machine='3 cores'):
      results.save_training(str(run), str(evaluation))
    record = measurements.Measurement.read(path)
    self.assertEqual(record.title, 'mine')
    training, table = record.tables
    self.assertIn(['images of each domain', '6,000'], training.rows)
    self.assertIn(['minutes', '10.0'], training.rows)
    self.assertEqual(table.columns, ['', 'translation', 'shuffled'])
    self.assertEqual(table.rows, [['recall@1', '97.0%', '0.0%']])

  def test_a_training_needs_all_flags(self):
    with (
      flagsaver.as_parsed(record='a.json'),
      self.assertRaisesRegex(ValueError, '--evaluation is missing'),
    ):
      results.save_training('runs/anime', None)


if __name__ == '__main__':
  absltest.main()

"""How many images a run had, and which domains have others now."""

import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan.runs import image_counts


class ImageCountsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = tempfile.mkdtemp()

  def changes(self, **counts):
    return image_counts.describe_changes(self.run_dir, counts)

  def test_other_numbers_are_said(self):
    image_counts.write(self.run_dir, {'photo': 4000, 'anime': 7})
    self.assertEqual(self.changes(photo=4000, anime=7), [])
    self.assertEqual(
      self.changes(photo=12345, anime=6),
      ['photo had 4,000 and has 12,345', 'anime had 7 and has 6'],
    )

  def test_a_run_of_an_older_version_says_nothing(self):
    self.assertEqual(self.changes(photo=1), [])

  def test_a_damaged_record_says_nothing_of_numbers(self):
    for content in ('', '[]', '{"photo": -1}', '{"photo": "1"}'):
      pathlib.Path(self.run_dir, 'image_counts.json').write_text(content)
      with self.assertLogs(level='WARNING') as logs:
        self.assertEqual(self.changes(photo=1), [])
      self.assertIn('image_counts.json is damaged', logs.output[0])


if __name__ == '__main__':
  absltest.main()

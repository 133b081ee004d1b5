"""DOMAIN=DATASET flags, and a run's datasets, read without executing them."""

import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan.data import dataset_strings
from tf_twingan.runs import loading


def run_with(text):
  run_dir = pathlib.Path(tempfile.mkdtemp())
  (run_dir / 'operative_config.gin').write_text(text, encoding='utf-8')
  return run_dir


class DatasetStringsTest(absltest.TestCase):
  def test_a_domain_stands_before_its_dataset(self):
    self.assertEqual(
      dataset_strings.parse_flag('photo=folder:/a?crop=0.7'),
      ('photo', 'folder:/a?crop=0.7'),
    )

  def test_a_dataset_alone_names_no_domain(self):
    for text in ('avatars:toon-head', 'folder:/a?crop=0.7'):
      with self.assertRaisesRegex(ValueError, 'write DOMAIN=DATASET'):
        dataset_strings.parse_flag(text)

  def test_they_come_in_the_order_of_the_domains(self):
    run_dir = run_with("anime = 'folder:/b?crop=0.7'\nphoto = 'avatars:x'\n")
    self.assertEqual(
      list(
        dataset_strings.recorded_datasets(run_dir, ['photo', 'anime']).items()
      ),
      [('photo', 'avatars:x'), ('anime', 'folder:/b?crop=0.7')],
    )

  def test_what_is_no_domain_or_no_plain_string_is_left_out(self):
    run_dir = run_with(
      "import os\nother = 'folder:/a'\nanime = @f()\nphoto = 'a' + 'b'\n"
    )
    self.assertEqual(
      dataset_strings.recorded_datasets(run_dir, ['photo', 'anime']), {}
    )

  def test_a_model_without_a_record_has_none(self):
    self.assertEqual(
      dataset_strings.recorded_datasets(tempfile.mkdtemp(), ['photo']), {}
    )

  def test_the_shipped_model_names_its_own(self):
    self.assertEqual(
      dataset_strings.recorded_datasets(
        loading.pretrained_dir('avatar_twins'), ['photo', 'anime']
      ),
      {'photo': 'avatars:toon-head', 'anime': 'avatars:lorelei'},
    )


if __name__ == '__main__':
  absltest.main()

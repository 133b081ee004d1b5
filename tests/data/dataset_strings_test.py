"""DOMAIN=DATASET flags, and a run's datasets, read without executing them."""

import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

import gin
from tf_twingan.data import dataset_strings
from tf_twingan.runs import loading


@gin.configurable
def remember(domains):
  """Stands for the training, whose values gin writes down."""
  return domains


def run_with(text):
  run_dir = pathlib.Path(tempfile.mkdtemp())
  (run_dir / 'operative_config.gin').write_text(text, encoding='utf-8')
  return run_dir


class DatasetStringsTest(parameterized.TestCase):
  def test_a_domain_stands_before_its_dataset(self):
    self.assertEqual(
      dataset_strings.parse_flag('photo=folder:/a?crop=0.7'),
      ('photo', 'folder:/a?crop=0.7'),
    )

  def test_colons_and_equals_signs_in_a_dataset_are_its_own(self):
    for dataset in (
      'class:folder:/a?crop=0.7:hair=black',
      'mix:folder:/a,class:avatars:lorelei:eyes!=open:0.7,0.3',
      'tfrecord:/a/train-*?balance=hair',
    ):
      self.assertEqual(
        dataset_strings.parse_flag(f'photo={dataset}'), ('photo', dataset)
      )
      self.assertEqual(dataset_strings.split_flag(dataset), (None, dataset))

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

  @parameterized.parameters(
    'folder:/data/portraits',
    # gin breaks a line that would be longer than 80 characters.
    'folder:/content/drive/MyDrive/Colab Notebooks/datasets/selfie2anime/a',
    f'folder:/{"a" * 300} {"b" * 300}',
    "folder:/data/it's mine",
    'folder:/data/it\'s "mine"',
    'folder:C:\\Users\\new\ttab',
    'folder:/line\nend',
    'folder:/\u30a2\u30cb\u30e1/d\u00eda',
    'folder:/not utf-8: \udce9',
  )
  def test_whatever_gin_writes_is_read(self, dataset):
    self.addCleanup(gin.clear_config)
    with gin.unlock_config():
      gin.clear_config()
      gin.parse_config(
        f'photo = {dataset!r}\n'
        "remember.domains = [('photo', %photo), ('anime', 'avatars:lorelei')]"
      )
    remember()
    written = gin.operative_config_str().replace('remember.', 'train.')
    self.assertEqual(
      dataset_strings.recorded_datasets(run_with(written), ['photo', 'anime']),
      {'photo': dataset, 'anime': 'avatars:lorelei'},
    )

  def test_a_list_of_domains_needs_no_macros(self):
    run_dir = run_with(
      "long = \\\n    'folder:/k'\n"
      "train.domains = \\\n    [('my day', 'folder:/d'), ('dusk', %long),\n"
      "     ('night', %nothing), 3, ('x',)]\n"
    )
    self.assertEqual(
      dataset_strings.recorded_datasets(
        run_dir, ['my day', 'dusk', 'night', 'x']
      ),
      {'my day': 'folder:/d', 'dusk': 'folder:/k'},
    )

  def test_macros_that_name_each_other_end(self):
    run_dir = run_with('photo = %anime\nanime = %photo\n')
    self.assertEqual(
      dataset_strings.recorded_datasets(run_dir, ['photo', 'anime']), {}
    )

  def test_what_is_no_gin_file_of_a_training_is_passed_over(self):
    for content in (b'\xff\xfe', b"photo = 'x'\n" * 2**17, b'[' * 99_999):
      run_dir = run_with('')
      (run_dir / 'operative_config.gin').write_bytes(content)
      self.assertEqual(
        dataset_strings.recorded_datasets(run_dir, ['photo']), {}
      )
    os.remove(run_dir / 'operative_config.gin')
    os.mkfifo(run_dir / 'operative_config.gin')
    self.assertEqual(dataset_strings.recorded_datasets(run_dir, ['photo']), {})

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

"""The commands that cure findings: what they hold, and that they are taken."""

import shlex

from absl.testing import absltest, parameterized

from tests.data.audit import measured_sets
from tf_twingan import gin_files
from tf_twingan.data.audit import cures
from tf_twingan.data.prepare import options
from tf_twingan.data.sources import registry

measured = measured_sets.measured
PREPARED = options.Options(faces='human')


def flags_of(command):
  """{flag: value} of a command."""
  words = shlex.split(command)[3:]
  return dict(word.removeprefix('--').partition('=')[::2] for word in words)


class TrainTest(parameterized.TestCase):
  @parameterized.parameters('photos.gin', 'finetune.gin')
  def test_the_gin_files_have_the_domains(self, name):
    self.assertContainsSubset(
      cures.DOMAINS, gin_files.macros(gin_files.find(name))
    )

  def test_few_images_are_trained_on(self):
    self.assertEqual(
      cures.fine_tune(measured('anime')),
      'python -m tf_twingan.train --gin_file=finetune.gin '
      '--anime=folder:/anime',
    )

  def test_a_domain_of_another_name_is_left_to_the_user(self):
    (command,) = cures.balance(measured('portraits'), 'hair')
    self.assertIn("'--DOMAIN=folder:/portraits?balance=hair'", command)
    self.assertIn('--DOMAIN=', cures.fine_tune(measured('portraits')))

  @parameterized.parameters(
    ('folder:/p', 'folder:/p?balance=hair'),
    ('folder:/p?crop=0.7', 'folder:/p?crop=0.7&balance=hair'),
    ('class:folder:/p:a=b', 'class:folder:/p:a=b?balance=hair'),
    (
      'class:folder:/p?crop=0.7:a=b',
      'class:folder:/p?crop=0.7:a=b?balance=hair',
    ),
  )
  def test_a_balanced_dataset_is_one(self, dataset, expected):
    (command,) = cures.balance(measured(dataset=dataset), 'hair')
    flags = flags_of(command)
    self.assertEqual(flags, {'gin_file': 'photos.gin', 'photo': expected})
    self.assertEqual(registry.parse(flags['photo']).balance, 'hair')

  @parameterized.parameters(
    ('folder:/p?balance=hair', 'hair'),
    ('class:folder:/p?balance=eyes:a=b', 'hair'),
    ('mix:folder:/p,folder:/q', 'hair'),
    ('class:mix:folder:/p,folder:/q:1,2:a=b', 'hair'),
    ('folder:/p', 'fit&crop=0.5'),
    ('folder:/p', 'a&b'),
    ('class:folder:/p:hair=red', 'hair'),
    ('class:class:folder:/p:hair=red:a=b', 'hair'),
  )
  def test_nothing_is_typed_that_is_refused_or_lost(self, dataset, column):
    self.assertEmpty(cures.balance(measured(dataset=dataset), column))


class PrepareTest(absltest.TestCase):
  def test_raw_images(self):
    command = cures.prepare(measured(), smallest_side=64)
    self.assertEqual(
      flags_of(command),
      {
        'input': 'folder:/photo',
        'output': 'prepared/photo',
        'faces': 'human',
        'smallest_side': '64',
      },
    )

  def test_prepared_images_go_elsewhere_with_their_options(self):
    before = options.Options(
      faces='human',
      resolution=128,
      margin=0.1,
      background='random',
      largest_roll=None,
      keep_duplicates=True,
      blur=0.0,
    )
    again = measured(preparation=before, photos='/raw', detector='anime')
    flags = flags_of(cures.prepare(again, margin=0.5, blur=PREPARED.blur))
    self.assertEqual(
      flags,
      {
        'input': '/raw',
        'output': 'prepared/photo_again',
        'faces': 'human',
        'resolution': '128',
        'margin': '0.5',
        'background': 'random',
        'largest_roll': '180.0',
        'keep_duplicates': '',
      },
    )

  def test_the_folder_is_another_one_each_time(self):
    for dataset in ('prepared/photo_again', 'prepared/photo_again/train'):
      again = measured(dataset=f'folder:{dataset}', preparation=PREPARED)
      output = flags_of(cures.prepare(again))['output']
      self.assertEqual(output, 'prepared/photo_again_again')

  def test_no_record_names_what_is_imported(self):
    foreign = options.Options(faces='os:abort')
    self.assertEqual(cures.faces_of(measured(preparation=foreign)), 'human')


if __name__ == '__main__':
  absltest.main()

"""Datasets that a run's record names are opened only if the user says so."""

import contextlib
import io
import re
import shlex

from absl.testing import absltest, parameterized

from tf_twingan import framing
from tf_twingan.data import dataset_strings, run_datasets
from tf_twingan.data.prepare import options

AVATARS = 'avatars:lorelei?limit=8&crop=0.9'


class RunDatasetsTest(parameterized.TestCase):
  def test_embedded_ones_are_read_without_a_word(self):
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
      run_datasets.check({'a': AVATARS}, ['a', 'b'], allowed=False)
    self.assertEqual(printed.getvalue(), '')

  def test_embedded_ones_inside_of_others_are_read_without_a_word(self):
    printed = io.StringIO()
    dataset = 'mix:class:avatars:lorelei:eyes=open,avatars:toon-head:0.7,0.3'
    with contextlib.redirect_stderr(printed):
      run_datasets.check({'a': dataset}, 'a', allowed=False)
    self.assertEqual(printed.getvalue(), '')

  @parameterized.parameters(
    'folder:/home/me',
    'tfds:evil',
    'folder:~',
    'tfrecord:/home/me',
    'class:folder:/home/me:a=b',
    'class:class:tfds:evil:a=b:c=d',
    'mix:avatars:lorelei,folder:/home/me:0.7,0.3',
    'mix:avatars:lorelei,class:folder:/home/me:a=b',
  )
  def test_others_are_refused(self, dataset):
    with self.assertRaisesRegex(ValueError, f'names {dataset} for a, and'):
      run_datasets.check({'a': dataset, 'b': AVATARS}, 'ab', allowed=False)
    # What is not to be read may be anything.
    run_datasets.check({'a': dataset, 'b': AVATARS}, 'b', allowed=False)

  def test_a_string_that_is_no_dataset_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'has no known scheme'):
      run_datasets.check({'a': '/home/me'}, 'a', allowed=True)

  def test_the_flags_to_add_are_quoted(self):
    datasets = {'my photos': "folder:/it's $HOME", 'b': AVATARS}
    with self.assertRaises(ValueError) as raised:
      run_datasets.check(datasets, datasets, allowed=False)
    (typed,) = re.findall('add (.*), or --run_datasets', str(raised.exception))
    flags = [text.removeprefix('--source=') for text in shlex.split(typed)]
    self.assertEqual(dict(map(dataset_strings.parse_flag, flags)), datasets)

  def test_other_framing_than_in_training_is_told(self):
    framings = {'a': framing.Framing(0.7)}
    for dataset, expected in (
      ('folder:/x', 'folder:/x is read with crop=1, .*images of a with crop=0'),
      ('folder:/x?crop=0.7&fit=pad', 'with crop=0.7&fit=pad, and .*'),
      ('folder:/x?crop=0.7', '^$'),
    ):
      printed = io.StringIO()
      with contextlib.redirect_stderr(printed):
        run_datasets.warn_of_framing(
          {'a': dataset, 'b': 'avatars:lorelei'}, framings
        )
      self.assertRegex(printed.getvalue(), expected)

  def test_images_that_are_not_prepared_as_in_training_are_told(self):
    prepared = framing.Framing(preparation=options.Options(faces='human'))
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
      run_datasets.warn_of_framing(
        {'a': 'folder:/x', 'b': 'avatars:lorelei'}, {'a': prepared}
      )
    self.assertEqual(
      printed.getvalue(),
      'Warning: images of folder:/x are used as they are, and those of a that '
      'the model was trained on were aligned by human faces, as prepare '
      'does.\n',
    )

  def test_what_is_read_is_told_and_cannot_steer_a_terminal(self):
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
      run_datasets.check({'a': 'folder:/x\x1b[2J'}, 'a', allowed=True)
    self.assertEqual(
      printed.getvalue(),
      "Reading folder:/x\\x1b[2J for a, as the run's record says.\n",
    )


if __name__ == '__main__':
  absltest.main()

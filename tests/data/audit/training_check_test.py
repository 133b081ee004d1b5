"""A training says in one line what an audit would find at first sight."""

from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.data.audit import training_check
from tf_twingan.data.prepare import alignment, options
from tf_twingan.data.sources import folder

DATASETS = {'photo': 'folder:/p h', 'anime': 'folder:/a'}


def images(count: int = 1000, level: int = 128, seed: int = 0) -> np.ndarray:
  """Smooth noise around a level, uint8 [count, 32, 32, 3]."""
  rng = np.random.default_rng(seed)
  coarse = rng.integers(-60, 60, [count, 8, 8, 3]) + level
  return np.clip(coarse, 0, 255).astype(np.uint8).repeat(4, 1).repeat(4, 2)


class TrainingCheckTest(parameterized.TestCase):
  def warning(self, photo, anime=None, datasets=DATASETS, **options):
    arrays = {'photo': photo, 'anime': images(seed=1)}
    if anime is not None:
      arrays['anime'] = anime
    names = {d: [f'{i}.png' for i in range(len(a))] for d, a in arrays.items()}
    return training_check.warning(datasets, arrays, names, **options)

  def test_nothing_is_said_of_good_images(self):
    self.assertIsNone(self.warning(images()))

  @parameterized.named_parameters(
    ('few', lambda a: a[:50], 'photo has 50 images'),
    ('dark', lambda a: a // 3, '17 % in photo and 50 % in anime'),
    (
      'grey',
      lambda a: np.where(_half(a), _grey(a), a),
      '128 of 256 images examined of photo .50 %',
    ),
    ('plain', lambda a: np.where(_half(a), 90, a), 'nearly of one colour'),
    ('copies', lambda a: a[np.arange(1000) % 800], '200 images of photo .20 %'),
  )
  def test_a_defect_is_said(self, change, text):
    line = self.warning(change(images()).astype(np.uint8))
    self.assertRegex(line, f'^Warning: .*{text}')
    self.assertNotIn('\n', line)
    self.assertIn(
      "`python -m tf_twingan.audit 'photo=folder:/p h' anime=folder:/a "
      '--output=audited` says more.',
      line,
    )

  def test_several_defects_are_counted(self):
    line = self.warning(images(50) // 3)
    self.assertIn('(1 more)', line)

  def test_few_images_may_be_meant(self):
    self.assertIsNone(self.warning(images(50), few=True))

  def test_one_prepared_domain_is_said(self):
    prepared = options.Options(faces='none')
    others = prepared.model_copy(
      update={'template': alignment.Template(mouth=(0.5, 0.7))}
    )
    for anime, text in (
      (None, 'photo was prepared and anime was not'),
      (others, 'photo and anime were prepared by different templates'),
      (prepared, None),
    ):
      preparations = {'folder:/p h': prepared, 'folder:/a': anime}
      with mock.patch.object(
        folder.FolderDataset,
        'preparation',
        lambda dataset, known=preparations: known[dataset.text],
      ):
        line = self.warning(images())
      if text is None:
        self.assertIsNone(line)
      else:
        self.assertStartsWith(line, f'Warning: {text}')

  def test_images_of_the_package_are_theirs_to_answer_for(self):
    avatars = {'photo': 'avatars:lorelei', 'anime': 'avatars:personas'}
    self.assertIsNone(self.warning(images(50) // 3, datasets=avatars))
    mixed = DATASETS | {'photo': 'avatars:lorelei'}
    self.assertIsNone(self.warning(images(50), datasets=mixed))
    # What differs is said if any of the two is the user's.
    line = self.warning(images() // 3, datasets=mixed)
    self.assertIn('17 % in photo and 50 % in anime', line)


def _half(array: np.ndarray) -> np.ndarray:
  """True for every second image."""
  return (np.arange(len(array)) % 2 == 0)[:, None, None, None]


def _grey(array: np.ndarray) -> np.ndarray:
  return array.mean(axis=-1, keepdims=True)


if __name__ == '__main__':
  absltest.main()

"""Datasets of the images that have one value of a label column."""

import shutil

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan.data.sources import base, registry


class ClassDatasetTest(dataset_case.DatasetCase):
  def setUp(self):
    super().setUp()
    self.write(12, 'train')
    self.write(6, 'test', first=20)
    self.inner = f'folder:{self.photos}'
    self.label(lambda n: ['odd' if n % 2 else 'even', 'yes' if n % 3 else ''])

  def label(self, values):
    rows = [
      ','.join([f'{split}/{n:03}.png', *values(n)])
      for split, numbers in (('train', range(12)), ('test', range(20, 26)))
      for n in numbers
    ]
    (self.photos / 'attributes.csv').write_text(
      '\n'.join(['file,kind,third', *rows])
    )

  def found(self, condition, split='train', inner=None):
    return registry.load(
      f'class:{inner or self.inner}:{condition}', 8, split=split
    )

  @parameterized.parameters(
    ('kind=odd', [1, 3, 5, 7, 9, 11], [21, 23, 25]),
    ('kind!=odd', [0, 2, 4, 6, 8, 10], [20, 22, 24]),
    ('third=', [0, 3, 6, 9], [21, 24]),
    ('third!=no', [1, 2, 4, 5, 7, 8, 10, 11], [20, 22, 23, 25]),
  )
  def test_the_images_of_a_value(self, condition, train, test):
    for split, numbers in (('train', train), ('test', test)):
      found = self.found(condition, split)
      self.assertEqual(dataset_case.numbers(found.images), numbers)
      self.assertEqual(
        [int(name[-7:-4]) for name in found.names],
        found.images[:, 0, 0, 0].tolist(),
      )
      self.assertEqual(
        found.attributes['kind'],
        [['even', 'odd'][n % 2] for n in found.images[:, 0, 0, 0]],
      )

  def test_several_conditions(self):
    found = self.found('third=yes', inner=f'class:{self.inner}:kind=odd')
    self.assertEqual(dataset_case.numbers(found.images), [1, 5, 7, 11])

  def test_everything_of_an_image_goes_with_it(self):
    self.label(lambda n: ['odd' if n % 2 else 'even', 'x' if n < 3 else 'y'])
    names = [f'train/{n:03}.png' for n in range(12)]
    np.savez(
      self.photos / 'vectors.npz',
      names=names,
      vectors=[[n + 1] for n in range(12)],
    )
    found = self.found(
      'kind=odd', inner=f'{self.inner}?vectors=vectors.npz&balance=third'
    )
    numbers = found.images[:, 0, 0, 0]
    self.assertEqual(found.vectors[:, 0].tolist(), (numbers + 1).tolist())
    # Of 3 images and of 9, which come as often together.
    expected = [2 if n < 3 else 2 / 3 for n in numbers]
    self.assertSequenceAlmostEqual(found.sampling, expected)
    (self.photos / 'train' / '001.png').write_text('no image')
    with self.assertLogs(level='WARNING'):
      again = self.found('kind=odd')
    self.assertEqual(dataset_case.numbers(again.images), [3, 5, 7, 9, 11])
    self.assertLen(again.skipped, 1)

  def test_balance_of_the_chosen_images(self):
    self.label(lambda n: ['odd' if n % 2 else 'even', 'x' if n > 1 else 'y'])
    found = self.found('kind=odd?balance=third')
    is_x = np.array([value == 'x' for value in found.attributes['third']])
    self.assertAlmostEqual(found.sampling[is_x].sum(), 3)
    self.assertAlmostEqual(found.sampling[~is_x].sum(), 3)
    self.assertIsNone(self.found('kind=odd?balance=third', 'test').sampling)

  def test_weights_inside_are_not_undone(self):
    other = self.root / 'other'
    shutil.copytree(self.photos, other)
    for inner in (
      f'{self.inner}?balance=third',
      f'mix:{self.inner},folder:{other}:0.7,0.3',
      f'class:{self.inner}:third=yes?balance=third',
    ):
      self.assertIsNotNone(self.found('kind=odd', inner=inner).sampling)
      self.assert_one_line(
        ValueError,
        'balance=kind would undo the weights .* leave one of both out',
        lambda inner=inner: self.found('kind=odd?balance=kind', inner=inner),
      )
      self.found('kind=odd?balance=kind', 'test', inner)

  def test_changed_labels_choose_anew(self):
    self.found('kind=odd')
    self.label(lambda n: ['odd' if n > 8 else 'even', ''])
    self.assertEqual(
      dataset_case.numbers(self.found('kind=odd').images), [9, 10, 11]
    )

  def test_image_by_image(self):
    parsed = registry.parse(f'class:{self.inner}?crop=0.9:kind=odd')
    self.assertEqual(parsed.framing.crop, 0.9)
    listed, originals = parsed.named_images(8), parsed.originals()
    names = [
      f'{split}/{n:03}.png'
      for split, numbers in (('test', (21, 23, 25)), ('train', range(1, 12, 2)))
      for n in numbers
    ]
    self.assertEqual(listed.names, names)
    self.assertEqual(listed.attributes['kind'], ['odd'] * 9)
    self.assertEqual(listed.read(names[0])[0, 0, 0], 21)
    self.assertTrue(listed.is_gone('train/002.png'))
    self.assertIsNotNone(listed.stamp(names[0]))
    self.assertEqual(
      parsed.path_of(names[0]), str((self.photos / names[0]).resolve())
    )
    self.assertCountEqual(originals.names, names)
    self.assertEqual(originals.splits['test/021.png'], 'test')
    self.assertLen(originals.splits, 9)
    self.assertEqual(originals.read(names[0]).shape, (20, 20, 3))
    self.assertEqual(originals.attributes['kind'], ['odd'] * 9)

  def test_the_string_is_the_same_from_anywhere(self):
    around = f'class:folder:{self.photos}/train/..?crop=0.9:a!=b?balance=c'
    self.assertEqual(
      registry.parse(around).portable,
      f'class:folder:{self.photos.resolve()}?crop=0.9:a!=b?balance=c',
    )

  def test_what_comes_with_the_package(self):
    self.assertTrue(
      registry.parse('class:avatars:lorelei:eyes=open').comes_with_package
    )
    self.assertFalse(
      registry.parse('class:folder:/x:eyes=open').comes_with_package
    )

  @parameterized.parameters(
    ('class:', 'no condition at its end; write class:DATASET:COLUMN=VALUE'),
    ('class:folder:/x', 'no condition at its end'),
    ('class:folder:/x:', 'no condition at its end'),
    ('class:folder:/x:=a', 'no condition at its end'),
    ('class:folder:/x:!=a', 'no condition at its end'),
    ('class:folder:a=b', 'no condition at its end'),
    ('class::a=b', 'no condition at its end'),
    ('class:/x:a=b', "dataset '/x' has no known scheme"),
    ('class:folder::a=b', "'folder:' names nothing"),
    (
      'class:folder:/x:a=b?crop=0.5',
      "'crop' belongs to the dataset inside, class:folder:/x.crop=...:a=b",
    ),
    ('class:folder:/x:a=b?balance=', 'balance= names nothing'),
    ('class:folder:/x:a=b?balance=c&balance=c', "'balance' is given twice"),
    ('class:' * 9 + 'folder:/x' + ':a=b' * 9, '8 conditions are the most'),
    ('class:' * 100_000, '8 conditions are the most'),
  )
  def test_other_strings_are_refused(self, dataset, pattern):
    self.assert_one_line(ValueError, pattern, lambda: registry.parse(dataset))

  def test_a_value_may_hold_a_colon(self):
    for options in ('', '?balance=b'):
      dataset = f'class:folder:/x:time=12:30{options}'
      self.assertEqual(registry.parse(dataset).portable, dataset)

  def test_values_that_no_image_has(self):
    self.assert_one_line(
      ValueError,
      "0 of the 12 images of the train split, .* 'kind' is even .6., odd .6.; "
      "did you mean 'odd'",
      lambda: self.found('kind=odf'),
    )
    self.assert_one_line(
      ValueError,
      "no column 'kidn' .* kind, third; did you mean 'kind'",
      lambda: self.found('kidn=odd'),
    )
    parsed = registry.parse(f'class:{self.inner}:kind=none')
    for call in (parsed.originals, lambda: parsed.named_images(8)):
      self.assert_one_line(ValueError, "none of its images; 'kind' is", call)

  def test_datasets_without_labels(self):
    (self.photos / 'attributes.csv').unlink()
    for split in base.SPLITS:
      self.assert_one_line(
        ValueError,
        'its images have no labels',
        lambda split=split: self.found('kind=odd', split),
      )


if __name__ == '__main__':
  absltest.main()

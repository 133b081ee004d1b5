"""Several datasets as one: shares, names, and strings that are refused."""

from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan import image_io
from tf_twingan.data import batch_stream
from tf_twingan.data.prepare import options
from tf_twingan.data.sources import registry


class MixTest(dataset_case.DatasetCase):
  def setUp(self):
    super().setUp()
    # Datasets of 40 and 10 images, and 4 held out of each.
    self.write(40, 'a/train')
    self.write(4, 'a/test', first=50)
    self.write(10, 'b/train', first=100)
    self.write(4, 'b/test', first=150)
    self.a, self.b = (f'folder:{self.photos}/{name}' for name in 'ab')

  def found(self, weights='', split='train', a=None, b=None):
    return registry.load(
      f'mix:{a or self.a},{b or self.b}{weights}', 8, split=split
    )

  def shares(self, images):
    return np.mean(images[:, 0, 0, 0] >= 100)

  def test_all_images_of_both(self):
    found = self.found()
    self.assertEqual(
      dataset_case.numbers(found.images), [*range(40), *range(100, 110)]
    )
    self.assertIsNone(found.sampling)
    self.assertEqual(
      dataset_case.numbers(self.found(split='test').images),
      [*range(50, 54), *range(150, 154)],
    )
    for name, image in zip(found.names, found.images, strict=True):
      number = image[0, 0, 0]
      self.assertEqual(name, f'{int(number >= 100)}/{number:03}.png')

  def test_a_first_part_holds_the_shares(self):
    self.assertAlmostEqual(self.shares(self.found().images[:20]), 0.2)
    found = self.found(':1,3', split='test').images
    self.assertAlmostEqual(self.shares(found[:4]), 0.75)

  def test_batches_hold_the_asked_shares(self):
    found = self.found(':0.3,0.7')
    batches = batch_stream.Batches(
      {'x': found.images}, sampling={'x': found.sampling}
    )
    for start in (0, 50, 100):
      epoch = batches.at(start, resolution=8, batch_size=50)['x']
      self.assertAlmostEqual(np.mean(epoch[:, 0, 0, 0] >= 100), 0.7)

  def test_weights_multiply_those_inside(self):
    rows = ''.join(f'train/{n:03}.png,{n < 10}\n' for n in range(40))
    (self.photos / 'a' / 'attributes.csv').write_text(f'file,low\n{rows}')
    for weights, expected in ((':3,1', 0.75), ('', 0.8)):
      found = self.found(weights, a=f'{self.a}?balance=low')
      shares = found.sampling / found.sampling.sum()
      numbers = found.images[:, 0, 0, 0]
      self.assertAlmostEqual(shares[numbers < 100].sum(), expected)
      self.assertAlmostEqual(shares[numbers < 10].sum(), expected / 2)

  def test_labels_of_any_and_vectors_of_all(self):
    (self.photos / 'a' / 'attributes.csv').write_text(
      'file,n\n' + ''.join(f'train/{n:03}.png,{n}\n' for n in range(40))
    )
    found = self.found()
    self.assertEqual(
      found.attributes['n'],
      ['' if n >= 100 else str(n) for n in found.images[:, 0, 0, 0]],
    )
    for folder, first, count in (('a', 0, 40), ('b', 100, 10)):
      numbers = range(first, first + count)
      np.savez(
        self.photos / folder / 'v.npz',
        names=[f'train/{n:03}.png' for n in numbers],
        vectors=[[n + 1, 1] for n in numbers],
      )
    a, b = (f'{dataset}?vectors=v.npz' for dataset in (self.a, self.b))
    found = self.found(a=a, b=b)
    self.assertEqual(
      found.vectors[:, 0].tolist(), (found.images[:, 0, 0, 0] + 1).tolist()
    )
    self.assert_one_line(
      ValueError, 'no vectors of one size', lambda: self.found(a=a)
    )

  def test_one_way_of_preparing(self):
    a, b, c = (
      options.Options(faces='none', resolution=size) for size in (64, 64, 32)
    )
    for found, expected in (((a, None), a), ((None, None), None), ((a, b), a)):
      parsed = registry.parse(f'mix:{self.a},{self.b}')
      for dataset, preparation in zip(parsed.datasets, found):
        dataset.preparation = lambda value=preparation: value
      self.assertEqual(parsed.framing.preparation, expected)
    dataset.preparation = lambda: c
    self.assert_one_line(
      ValueError, 'prepared with different options', parsed.preparation
    )

  def test_the_cache_keeps_it(self):
    first = self.found().images
    self.assertIsInstance(first, np.memmap)
    with mock.patch.object(image_io, 'read_square', side_effect=AssertionError):
      np.testing.assert_array_equal(self.found().images, first)
    image_io.write_png(
      self.photos / 'b' / 'train' / '100.png', dataset_case.flat_image(77)
    )
    self.assertIn(77, dataset_case.numbers(self.found().images))

  def test_what_cannot_be_read_of_any_is_told(self):
    (self.photos / 'b' / 'train' / '103.png').write_text('no image')
    with self.assertLogs(level='WARNING'):
      found = self.found(':1,1')
    self.assertLen(found.images, 49)
    self.assertEqual(found.skipped[0][0], '103.png')

  def test_image_by_image(self):
    parsed = registry.parse(f'mix:{self.a},{self.b}')
    listed, originals = parsed.named_images(8), parsed.originals()
    self.assertLen(listed.names, 58)
    self.assertCountEqual(listed.names, originals.names)
    self.assertIn('1/test/150.png', listed.names[:10])
    for found in (listed, originals):
      self.assertEqual(
        found.read('1/test/150.png')[0, 0].tolist(), [150, 105, 100]
      )
    self.assertEqual(originals.splits['1/test/150.png'], 'test')
    self.assertLen(originals.splits, 58)
    (self.photos / 'a' / 'closed').symlink_to('nowhere')
    self.assertFalse(listed.is_gone('0/closed/001.png'))
    for name in ('0/none.png', '2/train/001.png', 'train/001.png', '¹/x'):
      self.assertTrue(listed.is_gone(name), name)
    self.assertIsNotNone(listed.stamp('0/train/001.png'))
    with self.assertRaises(FileNotFoundError):
      listed.read('7/x')
    self.assertEqual(
      parsed.path_of('1/test/150.png'),
      str((self.photos / 'b/test/150.png').resolve()),
    )
    self.assertIsNone(parsed.path_of('x'))

  def test_a_class_inside_and_around(self):
    glasses = 'class:avatars:lorelei?limit=40:glasses=true'
    found = registry.load(f'mix:{glasses},{self.a}:1,1', 8)
    self.assertEqual({v for v in found.attributes['glasses'] if v}, {'true'})
    outer = registry.load(f'class:mix:{glasses},{self.a}:1,1:glasses=true', 8)
    self.assertEqual({*outer.attributes['glasses']}, {'true'})

  def test_the_string_is_the_same_from_anywhere(self):
    top = self.photos.resolve()
    for weights in ('', ':0.7,0.3', ':1e-07,3'):
      dataset = f'mix:{self.a}/../a?fit=pad,{self.b}?fit=pad{weights}'
      portable = registry.parse(dataset).portable
      self.assertEqual(
        portable.replace('0.0', '0.').replace('3.0', '3'),
        f'mix:folder:{top}/a?fit=pad,folder:{top}/b?fit=pad{weights}',
      )
      self.assertEqual(registry.parse(portable).portable, portable)

  def test_commas_and_colons_in_paths(self):
    parsed = registry.parse('mix:folder:/a,b:c,folder:/d:1,tfds:x/y:1.0.0')
    self.assertEqual(
      [d.what for d in parsed.datasets], ['/a,b:c', '/d:1', 'x/y:1.0.0']
    )

  def test_a_number_that_is_no_weight(self):
    parsed = registry.parse('mix:folder:/a,class:folder:/b:at=12:30?balance=c')
    self.assertEqual(parsed.datasets[1].balance, 'c')
    self.assertEndsWith(parsed.portable, ':at=12:30?balance=c')
    folder = self.root / 'b:2'
    folder.mkdir()
    for end in ('/', ''):
      parsed = registry.parse(f'mix:folder:/a,folder:{folder}{end}')
      self.assertEqual(parsed.portable, f'mix:folder:/a,folder:{folder}')

  def test_what_comes_with_the_package(self):
    for other, expected in (('avatars:toon-head', True), ('folder:/x', False)):
      parsed = registry.parse(f'mix:avatars:lorelei,{other}:1,2')
      self.assertEqual(parsed.comes_with_package, expected)

  @parameterized.parameters(
    ('mix:', 'names 1 datasets; write mix:DATASET,DATASET:WEIGHTS, 2 to 64'),
    ('mix:folder:/a', 'names 1 datasets'),
    ('mix:folder:/a,/b', 'names 1 datasets'),
    ('mix:folder:/a' + ',folder:/a' * 64, 'names 65 datasets'),
    ('mix:folder:/a,folder:', "'folder:' names nothing"),
    ('mix:folder:/a,folder:/b:1,2,3', '3 weights for 2 datasets'),
    ('mix:folder:/a,folder:/b:0.7', '1 weight for 2 datasets; give one for'),
    (
      'mix:folder:/a,folder:/b:2,1?balance=g',
      'options belong to the datasets inside, mix:folder:/a.balance=g,...:2,1',
    ),
    (
      'class:mix:folder:/a,folder:/b:2?balance=g:c=d',
      'options belong to the datasets inside',
    ),
    ('mix:folder:/a,folder:/b:1,0', 'weight 0 is no share; give numbers above'),
    ('mix:folder:/a,folder:/b:-1,2', 'weight -1 is no share'),
    ('mix:folder:/a,folder:/b:nan,2', 'weight nan is no share'),
    ('mix:folder:/a,folder:/b:1e999,2', 'weight inf is no share'),
    ('mix:mix:folder:/a,folder:/b,folder:/c', 'holds another mix:'),
    ('mix:folder:/a,class:mix:folder:/b,folder:/c:x=y', 'holds another mix:'),
    ('mix:' * 100_000 + 'folder:/a,folder:/b', 'holds another mix:'),
    ('mix:folder:/a?crop=0.5,folder:/b', 'framed by crop=0.5 and by crop=1'),
    ('mix:folder:/a?corp=0.5,folder:/b', "'corp' is unknown"),
  )
  def test_other_strings_are_refused(self, dataset, pattern):
    self.assert_one_line(ValueError, pattern, lambda: registry.parse(dataset))


if __name__ == '__main__':
  absltest.main()

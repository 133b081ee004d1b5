"""Dataset strings: grammar, new schemes, and errors for wrong strings."""

from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan.data.avatars import ground_truth
from tf_twingan.data.sources import base, registry


class ColorDataset(base.Dataset):
  """Two images of one colour: all that a new scheme needs."""

  scheme = 'color'
  usage = 'color:HEX'
  vectors_usage = 'nothing'

  def load(self, resolution, split):
    del split
    color = np.frombuffer(bytes.fromhex(self.what), np.uint8)
    return base.ImageSet(np.tile(color, [2, resolution, resolution, 1]))

  def named_images(self, resolution):
    images = self.load(resolution, 'test').images
    return base.NamedImages(self.text, ['0', '1'], lambda n: images[int(n)])

  def originals(self):
    images = self.load(64, 'test').images
    return base.Originals(['0', '1'], lambda name: images[int(name)])


class NewSchemeTest(dataset_case.DatasetCase):
  def test_a_class_and_a_line_are_enough(self):
    with mock.patch.dict(registry.SCHEMES, color=ColorDataset):
      images = registry.load('color:ff0000?crop=0.5', 8).images
      self.assertEqual(images.shape, (2, 8, 8, 3))
      self.assertEqual(images[1, 7, 7].tolist(), [255, 0, 0])
      listed = registry.named_images('color:ff0000', 8, limit=1)
      self.assertEqual(listed.names, ['0'])
      np.testing.assert_array_equal(listed.read('0'), images[0])
      self.assertFalse(ground_truth.is_known('color:ff0000', 'color:ff0000'))
      registry.check_pairs(
        {'a': 'color:ff0000', 'b': 'color:00ff00'}, {'a': '01', 'b': '01'}
      )
      self.assert_one_line(
        ValueError,
        "class:DATASET:COLUMN=VALUE or color:HEX; did you mean 'color'",
        lambda: registry.load('colour:ff0000', 8),
      )
      self.assert_one_line(
        ValueError,
        'options of color: are crop, fit, vectors',
        lambda: registry.load('color:ff0000?limit=3', 8),
      )


class BadDatasetTest(dataset_case.DatasetCase):
  def check(self, dataset, pattern, error=ValueError, resolution=8, **kwargs):
    self.assert_one_line(
      error, pattern, lambda: registry.load(dataset, resolution, **kwargs)
    )

  def test_scheme(self):
    self.check(
      'foldr:/x',
      "'foldr:/x' has no known scheme; use avatars:STYLE "
      'or folder:PATH or tfds:NAME or tfrecord:GLOB or '
      'mix:DATASET,DATASET:WEIGHTS or '
      "class:DATASET:COLUMN=VALUE; did you mean 'folder'",
    )
    self.check('ftp:/x', 'no known scheme; use .*VALUE$')
    self.photos.mkdir()
    self.check(str(self.photos), f"did you mean 'folder:{self.photos}'")
    self.check('folder:', 'names nothing after its colon; write folder:PATH')

  def test_options(self):
    self.check('folder:/x?corp=1', "'corp' is unknown; .* crop, fit")
    self.check('folder:/x?split=a', "'split' is unknown; .* crop, fit")
    self.check('tfds:x?corp=1', "'corp' is unknown; .* crop, fit, split")
    self.check('folder:/x?crop=.5&crop=.7', "'crop' is given twice")
    for value in ('0', '1.5', 'half', '', 'nan'):
      self.check(f'folder:/x?crop={value}', r'no fraction in \(0, 1\]')
    self.check('folder:/x?vectors=', 'names nothing; write vectors=FILE')
    self.check('avatars:lorelei?vectors=a.npz', 'write vectors=factors')
    self.check('folder:/x?fit=stretch', 'stretch is unknown; use one of crop')

  def test_schemes_say_whether_they_take_a_balance(self):
    examples = {
      'class': 'folder:/x:a=b',
      'mix': 'folder:/x,folder:/y:1,2',
      'avatars': 'lorelei',
    }
    for scheme, known in registry.SCHEMES.items():
      dataset = f'{scheme}:{examples.get(scheme, "/x")}?balance=c'
      if known.takes_balance:
        self.assertEqual(registry.parse(dataset).balance, 'c')
      else:
        self.check(dataset, 'options belong to the datasets inside')

  def test_a_question_mark_in_the_name_of_a_folder(self):
    folder = self.photos / 'who? me?x=1&y'
    self.check(f'folder:{folder}', "' me.x' is unknown")
    folder.mkdir(parents=True)
    for options, crop in (('', 1.0), ('?crop=0.5', 0.5)):
      parsed = registry.parse(f'folder:{folder}{options}')
      self.assertEqual(parsed.what, str(folder))
      self.assertEqual(parsed.framing.crop, crop)

  def test_resolution(self):
    self.check(
      'folder:/x', 'resolution 48 .* use 4, 8, .* here 32 or 64', resolution=48
    )
    for resolution in (2, 0, -8, 8.0, True, '8'):
      self.check(
        'folder:/x', 'is no power of two from 4 up', resolution=resolution
      )

  def test_split(self):
    self.check(
      'folder:/x', "'val' is unknown; use one of train, test", split='val'
    )

  def test_missing_folder(self):
    self.check(
      'folder:/no/where',
      'dataset folder:/no/where: /no/where: no such folder; check the path',
      FileNotFoundError,
    )

  def test_file_in_place_of_a_folder(self):
    self.photos.touch()
    self.check(f'folder:{self.photos}', 'a file, not a folder')

  def test_empty_folder(self):
    self.photos.mkdir()
    (self.photos / 'notes.txt').touch()
    self.check(
      f'folder:{self.photos}',
      r'no images found under .*; searched for \*\*/\*{.*\.jpg,',
    )

  def test_empty_test_folder(self):
    self.write(3, 'train')
    (self.photos / 'test').mkdir()
    self.check(
      f'folder:{self.photos}', 'no images found under .*/test', split='test'
    )

  @parameterized.parameters(('', 1), ('train', 1))
  def test_one_image_only(self, folder, count):
    self.write(count, folder)
    (self.photos / 'test').mkdir()
    (self.photos / folder / 'text.png').write_text('not an image')
    with self.assertLogs(level='WARNING'):
      self.check(
        f'folder:{self.photos}',
        'one image only.* 1 skipped: '
        r'text.png \(not .*add images: at least 2 to train on',
      )

  def test_two_images_leave_one_to_train_on(self):
    self.write(2)
    self.check(
      f'folder:{self.photos}', '2 usable images, 1 for the train split'
    )


if __name__ == '__main__':
  absltest.main()

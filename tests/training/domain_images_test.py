"""The images of a training's domains, and what is said of them."""

import contextlib
import io
import shutil

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.sources import dataset_case
from tf_twingan.data.sources import registry
from tf_twingan.training import domain_images


class LoadTest(dataset_case.DatasetCase):
  def load_domains(self, options='', held_out_count=100):
    """The warnings of a training that loads its images."""
    dataset = f'folder:{self.photos}{options}'
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
      domain_images.load([('photo', dataset)], 8, held_out_count)
    return errors.getvalue().splitlines()

  def test_copies_among_held_out_images_are_said(self):
    self.write(10, 'train')
    self.write(6, 'test', first=10)
    self.assertEqual(self.load_domains(), [])
    for number in range(3):
      shutil.copy(
        self.photos / f'train/{number:03}.png',
        self.photos / f'test/copy_{number}.png',
      )
    (warning,) = self.load_domains()
    self.assertRegex(
      warning,
      r'^Warning: 3 of the 9 held-out images of photo are trained on, too, as '
      r'folder:.* holds copies of them\..*\?test=FOLDER\.$',
    )

  def test_a_link_to_the_images_to_train_on_is_said(self):
    self.write(10, 'train')
    (self.photos / 'test').symlink_to('train')
    (warning,) = self.load_domains()
    self.assertIn('10 of the 10 held-out images', warning)
    (warning,) = self.load_domains(held_out_count=4)
    self.assertIn('4 of the 4 held-out images', warning)


class PairsTest(dataset_case.DatasetCase):
  def check(self):
    datasets = domain_images.load(
      [(d, f'folder:{self.photos}/{d}') for d in ('map', 'photo')], 8, 100
    )
    registry.check_pairs(datasets.strings, datasets.names)
    return datasets.images

  def test_images_of_the_same_names_are_pairs(self):
    for folder in ('map', 'photo'):
      self.write(30, folder)
      self.write(30, f'{folder}/more', first=30)
    images = self.check()
    np.testing.assert_array_equal(images['map'], images['photo'])

  @parameterized.parameters('{:03}.jpg', '{}.png', '{:03}_photo.png')
  def test_images_of_other_names_are_none(self, name):
    # As many are held out of both, so that their number tells nothing.
    self.write(30, 'map/train')
    self.write(3, 'map/test', first=30)
    shutil.copytree(self.photos / 'map', self.photos / 'photo')
    self.check()
    for path in (self.photos / 'photo' / 'train').iterdir():
      path.rename(path.with_name(name.format(int(path.stem))))
    self.assert_one_line(
      ValueError,
      'among 30 images of map, 30 images of photo; 60 have no counterpart, as '
      r'\d+.png of map has none in photo; give folders that hold the same ',
      self.check,
    )

  def test_as_many_but_others(self):
    self.write(30, 'map')
    self.write(30, 'photo')
    numbers = [int(image[0, 0, 0]) for image in self.check()['map']]
    (self.photos / f'map/{numbers[4]:03}.png').unlink()
    # Damaged, so that it is skipped.
    (self.photos / f'photo/{numbers[9]:03}.png').write_bytes(b'no image')
    self.assert_one_line(
      ValueError,
      f'2 have no counterpart, as {numbers[9]:03}.png of map has none in photo',
      self.check,
    )


if __name__ == '__main__':
  absltest.main()

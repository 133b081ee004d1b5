"""The images of a training's domains, and what is said of them."""

import contextlib
import io
import shutil

from absl.testing import absltest

from tests.data.sources import dataset_case
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


if __name__ == '__main__':
  absltest.main()

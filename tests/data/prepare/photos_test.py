"""A user's photo is prepared as the training images were."""

import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests.data.prepare import drawn_faces
from tf_twingan import faces, framing, image_io
from tf_twingan.data.prepare import alignment, job, photos
from tf_twingan.data.prepare.options import Options
from tf_twingan.data.prepare.preparer import Preparer


class FixedDetector(faces.FaceDetector):
  """Finds what it is given, whatever the image is."""

  def __init__(self, found):
    self.found = found

  def find(self, image):
    return self.found


class PhotosTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.photo, self.face = drawn_faces.draw((300, 400), (150, 120), 120, 20)
    self.path = pathlib.Path(tempfile.mkdtemp(), 'a.png')
    Image.fromarray(self.photo).save(self.path)

  def options(self, *found, **more):
    photos._preparer.cache_clear()
    faces.DETECTORS['fixed'] = lambda: FixedDetector(list(found))
    self.addCleanup(faces.DETECTORS.pop, 'fixed', None)
    return Options(faces='fixed', resolution=64, **more)

  def test_it_is_the_prepared_image_at_the_resolution_of_the_network(self):
    options = self.options(self.face)
    (one,) = Preparer(options).prepare(self.photo, 'a.png').images
    for frame in (
      framing.Framing(preparation=options),
      framing.Framing(0.7, preparation=options),
    ):
      np.testing.assert_array_equal(
        photos.read(self.path, frame, 32), frame.square(one.image, 32)
      )

  def test_the_largest_face_counts(self):
    small = self.face._replace(
      eyes=self.face.eyes / 2, mouth=self.face.mouth / 2, box=self.face.box / 2
    )
    alone = framing.Framing(preparation=self.options(self.face))
    expected = photos.read(self.path, alone, 32)
    frame = framing.Framing(preparation=self.options(self.face, small))
    with mock.patch.object(alignment, 'warp', wraps=alignment.warp) as warp:
      np.testing.assert_array_equal(photos.read(self.path, frame, 32), expected)
    warp.assert_called_once()

  def test_it_is_the_largest_face_that_is_fit(self):
    outside = self.face._replace(eyes=self.face.eyes + 1e4)
    for found in ([outside, self.face], [self.face, outside]):
      options = self.options(*found, largest_roll=40.0)
      kept = Preparer(options).prepare(self.photo, 'a.png').images
      frame = framing.Framing(preparation=options)
      np.testing.assert_array_equal(
        photos.read(self.path, frame, 32), frame.square(kept[0].image, 32)
      )

  def test_an_image_of_a_prepared_dataset_is_not_prepared_again(self):
    options = self.options(self.face, keep_duplicates=True)
    photos_ = self.path.parent
    (photos_ / 'alice' / '2026').mkdir(parents=True)
    for number, folder in enumerate(('', 'alice', 'alice/2026'), 1):
      Image.fromarray(self.photo ^ number).save(
        photos_ / folder / f'{number}.png'
      )
    output = photos_.parent / f'{photos_.name}_prepared'
    self.addCleanup(shutil.rmtree, output)
    job.run(job.plan(str(photos_), options, output), workers=1)
    frame = framing.Framing(0.7, preparation=options)
    prepared = sorted(output.glob('*/**/*.png'))
    self.assertContainsSubset(
      {'', 'alice', 'alice/2026'},
      {'/'.join(path.relative_to(output).parts[1:-1]) for path in prepared},
    )
    for path in prepared:
      np.testing.assert_array_equal(
        photos.read(path, frame, 32), framing.Framing(0.7).read(path, 32)
      )

  def test_what_cannot_be_prepared_is_an_unreadable_image(self):
    none = framing.Framing(preparation=self.options())
    with self.assertRaisesRegex(
      image_io.UnreadableImage, 'a.png: the detector found no face'
    ):
      photos.read(self.path, none, 32)
    small = framing.Framing(
      preparation=self.options(self.face, smallest_face=4000)
    )
    with self.assertRaisesRegex(
      image_io.UnreadableImage, 'too few pixels in the photo .face 1 of 1'
    ):
      photos.read(self.path, small, 32)
    with self.assertRaises(image_io.MissingImage):
      photos.read(self.path.parent / 'b.png', small, 32)

  def test_a_detector_that_nobody_registered_is_not_imported(self):
    options = Options(faces='os:getcwd', resolution=64)
    with self.assertRaisesRegex(
      ValueError,
      r"'os:getcwd' is not registered.*faces\.load\('os:getcwd'\).*"
      '--noframe_as_trained',
    ):
      photos.read(self.path, framing.Framing(preparation=options), 32)

  def test_it_is_described(self):
    self.assertEqual(photos.describe(None), 'used as they are')
    self.assertEqual(
      photos.describe(Options(faces='human', background='plain')),
      'aligned by human faces and cut out, as prepare does',
    )
    self.assertEqual(
      photos.describe(Options(faces='none')), 'cut to squares, as prepare does'
    )


if __name__ == '__main__':
  absltest.main()

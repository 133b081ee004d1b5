"""Where images came from, as prepare takes it."""

from absl.testing import absltest, parameterized

from tests.data.prepare import prepare_case
from tf_twingan.data.audit import photos
from tf_twingan.data.sources import registry


class PhotosTest(parameterized.TestCase):
  @parameterized.parameters(
    ('folder:/p', 'folder:/p'),
    ('folder:/p?crop=0.7&test=held&fit=pad', 'folder:/p?test=held'),
    ('folder:/p?vectors=v.npz', 'folder:/p?vectors=v.npz'),
    ('tfds:cat?vectors=label&split=all', 'tfds:cat?split=all'),
    ('avatars:lorelei?vectors=factors', 'avatars:lorelei'),
    ('class:folder:/p?crop=0.7:glasses=no', 'class:folder:/p:glasses=no'),
    (
      'class:class:folder:/p?fit=pad&test=t:a=:b!=c?balance=d',
      'class:class:folder:/p?test=t:a=:b!=c?balance=d',
    ),
    (
      'mix:folder:/p?crop=0.7,class:folder:/pq?crop=0.7:a=b:0.7,0.3',
      'mix:folder:/p,class:folder:/pq:a=b:0.7,0.3',
    ),
  )
  def test_they_are_whole_and_the_same(self, dataset, expected):
    found = photos.of(registry.parse(dataset))
    self.assertEqual(found, expected)
    self.assertEqual(registry.parse(found).framing.crop, 1)


class PreparedPhotosTest(prepare_case.PrepareCase):
  def test_prepared_images_came_from_the_photos(self):
    self.write('a.png', 'b.png')
    self.prepare()
    for dataset, expected in (
      (f'folder:{self.output}?crop=0.9', str(self.photos)),
      (f'folder:{self.output}/train', str(self.photos)),
      (f'class:folder:{self.output}:a=b', f'class:folder:{self.photos}:a=b'),
      (
        f'mix:folder:/raw,folder:{self.output}:1,2',
        f'mix:folder:/raw,folder:{self.photos}:1,2',
      ),
    ):
      self.assertEqual(photos.of(registry.parse(dataset)), expected)

  def test_a_question_mark_in_a_name_begins_no_options(self):
    folder = self.root / 'who?crop=me'
    folder.mkdir(parents=True)
    found = photos.of(registry.parse(f'folder:{folder}?crop=0.5'))
    self.assertEqual(found, f'folder:{folder}')


if __name__ == '__main__':
  absltest.main()

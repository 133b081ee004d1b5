"""A bundle's file is used as the model that was exported."""

import json
import pathlib
import pickle
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

import tf_twingan
from export.bundle_files import directory
from tests import shared_artifacts
from tests.export import untrained
from tf_twingan import faces, framing, image_io
from tf_twingan.data.prepare import options
from tf_twingan.inference import photo_alignment, photographs
from tf_twingan.inference.exported import bundle_manifest, bundle_translator

PX = untrained.PX


class Fixed(faces.FaceDetector):
  """Finds a face, whatever the image is."""

  def find(self, image):
    return [faces.Face(np.float32([20, 20, 40, 40]), 0.9)]


def noise(*shape):
  return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


class BundleTranslatorTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = shared_artifacts.bundle()
    cls.loaded = bundle_translator.BundleTranslator.load(cls.folder)
    cls.translator = tf_twingan.Translator.reopen(cls.loaded.origin)

  def test_it_is_what_the_manifest_says(self):
    loaded = self.loaded
    self.assertEqual((loaded.name, loaded.version), ('photo2anime', 1))
    self.assertEqual(loaded.domains, ('photo', 'anime'))
    self.assertEqual(loaded.resolution, self.translator.resolution)
    self.assertEqual(loaded.images_seen, self.translator.images_seen)
    self.assertTrue(loaded.supports('photo', 'anime'))
    self.assertFalse(loaded.supports('anime', 'photo'))
    self.assertEqual(loaded.source_for('anime'), 'photo')
    self.assertEqual(loaded.framing_of(), framing.Framing())
    self.assertIsNotNone(loaded.embed)

  @parameterized.parameters('saved_model', 'float32')
  def test_it_translates_as_the_model_does(self, kind):
    loaded = bundle_translator.BundleTranslator.load(self.folder, kind)
    images = noise(35, 20, 24, 3)
    np.testing.assert_allclose(
      loaded.translate(images, 'anime').astype(int),
      self.translator.translate(images, 'anime'),
      atol=2,
    )
    self.assertEqual(loaded.takes_floats, kind == 'saved_model')

  def test_numbers_are_not_rounded(self):
    floats = np.float32(noise(3, PX, PX, 3) / 127.5 - 1)
    np.testing.assert_allclose(
      self.loaded.translate_floats(floats, 'anime', 'photo'),
      self.translator.translate_floats(floats, 'anime', 'photo'),
      atol=1e-4,
    )

  def test_faces_of_photos_are_put_back(self):
    photo = noise(60, 80, 3)
    faces.DETECTORS['fixed'] = Fixed
    self.addCleanup(faces.DETECTORS.pop, 'fixed')
    results = [
      photographs.Photographs(model, detector='fixed').translate(photo, 'anime')
      for model in (self.loaded, self.translator)
    ]
    np.testing.assert_allclose(*[r.astype(int) for r in results], atol=3)
    self.assertTrue((results[0] != photo).any())

  def test_it_says_how_faces_lie_where_its_model_is_not_installed(self):
    run = shared_artifacts.copy_of(shared_artifacts.run())
    said = {'photo': options.Options(faces='cat', margin=0.7)}
    (run / photo_alignment.FILE).write_text(
      json.dumps({d: o.model_dump(mode='json') for d, o in said.items()})
    )
    exported = directory.manifest(
      untrained.one_direction(tf_twingan.Translator(str(run))), {}, {}, {}
    )
    folder = shared_artifacts.copy_of(self.folder)
    path = folder / bundle_manifest.MANIFEST
    manifest = json.loads(path.read_text())
    manifest['alignment'] = exported['alignment']
    manifest['model']['origin'] = 'pretrained:gone'
    path.write_text(json.dumps(manifest))
    loaded = bundle_translator.BundleTranslator.load(folder)
    self.assertEqual(loaded.origin, '')
    known = photo_alignment.options_of(loaded, 'photo')
    self.assertEqual((known.faces, known.margin), ('cat', 0.7))
    with self.assertRaisesRegex(ValueError, '--detector'):
      photo_alignment.options_of(self.loaded, 'photo')

  def test_one_of_its_files_may_be_named(self):
    by_kind = bundle_translator.BundleTranslator.load(self.folder, 'float32')
    (file,) = self.folder.glob('*_float32.tflite')
    by_path = bundle_translator.BundleTranslator.load(file)
    version = bundle_translator.BundleTranslator.load(
      self.folder / 'saved_model' / '1'
    )
    self.assertEqual(by_path.fingerprint, by_kind.fingerprint)
    self.assertEqual(version.fingerprint, self.loaded.fingerprint)
    # Files of other bits give other pixels.
    self.assertNotEqual(by_path.fingerprint, version.fingerprint)

  def test_other_processes_open_it_again(self):
    again = pickle.loads(pickle.dumps(self.loaded))
    images = noise(2, PX, PX, 3)
    np.testing.assert_array_equal(
      again.translate(images, 'anime'), self.loaded.translate(images, 'anime')
    )
    with mock.patch.object(self.loaded, 'fingerprint', '0' * 64):
      other = pickle.dumps(self.loaded)
    with self.assertRaisesRegex(ValueError, 'exported anew'):
      pickle.loads(other)

  def test_what_it_cannot_do_is_said(self):
    images = noise(1, PX, PX, 3)
    for call, message in (
      (lambda: self.loaded.translate(images, 'cat'), "no domain 'cat'"),
      (lambda: self.loaded.translate(images, 'photo'), 'photo to anime; name'),
      (
        lambda: self.loaded.translate(images, 'photo', 'anime'),
        'translates photo to anime, not anime to photo',
      ),
      (
        lambda: self.loaded.translate(images, 'anime', style=np.ones(4)),
        'no style codes',
      ),
      (lambda: self.loaded.random_styles(1, 0), 'no style codes'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        call()

  def test_what_is_no_bundle_is_said(self):
    empty = pathlib.Path(tempfile.mkdtemp())
    load = bundle_translator.BundleTranslator.load
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      load(empty / 'nothing')
    with self.assertRaisesRegex(FileNotFoundError, 'is no bundle'):
      load(empty)
    with self.assertRaisesRegex(ValueError, 'holds no int8; export again'):
      load(self.folder, 'int8')

  def test_a_manifest_without_a_resolution_is_refused(self):
    folder = shared_artifacts.copy_of(self.folder)
    manifest = json.loads((folder / bundle_manifest.MANIFEST).read_text())
    del manifest['resolution']
    (folder / bundle_manifest.MANIFEST).write_text(json.dumps(manifest))
    with self.assertRaisesRegex(ValueError, 'no number as resolution'):
      bundle_translator.BundleTranslator.load(folder)

  def test_files_are_read_as_the_training_did(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'a.png')
    image_io.write_png(path, noise(40, 60, 3))
    np.testing.assert_array_equal(
      self.loaded.read(path, 'photo'), self.translator.read(path, 'photo')
    )


if __name__ == '__main__':
  absltest.main()

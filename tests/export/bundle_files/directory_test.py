"""Replacing a bundle touches nothing outside of its folder."""

import json
import os
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from export.bundle_files import directory


class ReplacingTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.top = pathlib.Path(tempfile.mkdtemp())
    self.victim = self.top / 'victim.txt'
    self.victim.write_text('precious')
    self.bundle = self.top / 'output' / 'anime'
    self.bundle.mkdir(parents=True)

  def write_old(self, *names):
    manifest = dict(
      name='photo2anime',
      source='photo',
      target='anime',
      files={name: dict(format='int8') for name in names},
    )
    (self.bundle / 'manifest.json').write_text(json.dumps(manifest))

  def replace(self):
    with directory.replacing(self.bundle, 'photo2anime') as aside:
      (aside / 'new.tflite').write_bytes(b'new')

  def test_files_that_the_old_manifest_names_are_removed(self):
    (self.bundle / 'old.tflite').write_bytes(b'old')
    (self.bundle / 'kept.txt').write_text('of the user')
    self.write_old('old.tflite', 'was_removed.tflite')
    self.replace()
    self.assertCountEqual(
      os.listdir(self.bundle), ['manifest.json', 'kept.txt', 'new.tflite']
    )

  def test_a_folder_is_never_removed(self):
    (self.bundle / 'folder').mkdir()
    self.write_old('folder')
    self.replace()
    self.assertTrue((self.bundle / 'folder').is_dir())

  def test_all_that_the_manifest_names_is_there_before_it(self):
    names = ['manifest.json', 'new.tflite', 'saved_model/2/saved_model.pb']

    def replace(path, target):
      if target.name == 'manifest.json':
        present = {p.relative_to(self.bundle).as_posix() for p in found()}
        self.assertContainsSubset(names[1:], present)
      os.rename(path, target)

    def found():
      return (p for p in self.bundle.rglob('*') if p.is_file())

    with mock.patch.object(directory.os, 'replace', replace):
      with directory.replacing(self.bundle, 'photo2anime') as aside:
        for name in names:
          (aside / name).parent.mkdir(parents=True, exist_ok=True)
          (aside / name).touch()
    self.assertLen(list(found()), 3)

  @parameterized.parameters('README.md', 'MODEL_CARD.md', 'golden/a.png')
  def test_files_of_a_folder_that_is_no_bundle_stay(self, name):
    path = self.bundle / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('of the user')
    with self.assertRaisesRegex(
      ValueError, f'anime is no bundle and holds {name.split("/")[0]}, which'
    ):
      self.replace()
    self.assertEqual(path.read_text(), 'of the user')
    self.assertFalse((self.bundle / 'new.tflite').exists())

  def test_names_outside_of_the_bundle_are_refused_before_the_work(self):
    os.symlink(self.top, self.bundle / 'out')
    for name in ('../../victim.txt', str(self.victim), 'out/victim.txt'):
      self.write_old('old.tflite', name)
      with self.assertRaisesRegex(ValueError, 'manifest.json'):
        self.replace()
      self.assertEqual(self.victim.read_text(), 'precious')
      self.assertFalse((self.bundle / 'new.tflite').exists())


if __name__ == '__main__':
  absltest.main()

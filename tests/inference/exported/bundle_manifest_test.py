"""A bundle's manifest names files of its folder, or is refused."""

import json
import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan import framing
from tf_twingan.data.prepare import options
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.runs import recorded_framing

GOOD = {
  'name': 'photo2anime',
  'source': 'photo',
  'target': 'anime',
  'files': {'a.tflite': {'format': 'int8', 'bytes': 3, 'psnr': None}},
  'made_with': {'tensorflow': '2.15.1'},
}


class BundleManifestTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def read(self, manifest):
    (self.folder / 'manifest.json').write_text(json.dumps(manifest))
    return bundle_manifest.read_manifest(self.folder)

  def test_it_comes_back_as_it_was_written(self):
    self.assertEqual(self.read(GOOD), GOOD)
    all_directions = {
      'name': 'all',
      'domains': ['photo', 'anime'],
      'files': {'saved_model/1': {'format': 'saved_model'}},
    }
    self.assertEqual(self.read(all_directions), all_directions)

  @parameterized.parameters(
    ({'files': {'../x': {'format': 'int8'}}}, 'begins with a dot'),
    ({'files': {'/tmp/x': {'format': 'int8'}}}, 'is empty'),
    ({'files': {'a': {}}}, r'files\.a\.format: Field required'),
    ({'files': {'a': 1}}, r'files\.a: .* and it is 1'),
    ({'files': ['a']}, 'files: '),
    ({'source': '../../x'}, 'source: '),
    ({'target': 3}, 'target: .* and it is 3'),
    ({'golden': {'input': '/etc/passwd'}}, r'golden\.input: '),
    ({'model': 'x'}, 'model: '),
    ({'model': {'images_seen': 'many'}}, r'model\.images_seen: '),
    ({'name': None}, 'not of a bundle'),
    ({'source': None}, 'not of a bundle'),
  )
  def test_anything_else_is_one_sentence(self, values, message):
    with self.assertRaisesRegex(ValueError, message) as caught:
      self.read({**GOOD, **values})
    self.assertIn(str(self.folder / 'manifest.json'), str(caught.exception))

  def test_what_another_version_adds_or_leaves_empty(self):
    manifest = self.read(
      {**GOOD, 'domains': None, 'framing': {'photo': {'fit': 'pad', 'x': 1}}}
    )
    self.assertEqual(bundle_manifest.directions(manifest), [('photo', 'anime')])
    self.assertEqual(
      bundle_manifest.framings(manifest),
      {'photo2anime': framing.Framing(fit='pad')},
    )

  def test_framings_are_those_of_the_source_domains(self):
    cropped = framing.Framing(0.7, 'pad')
    manifest = {**GOOD, 'framing': {'photo': recorded_framing.to_json(cropped)}}
    self.assertEqual(
      bundle_manifest.framings(self.read(manifest)), {'photo2anime': cropped}
    )
    self.assertEqual(bundle_manifest.framings(self.read(GOOD)), {})
    prepared = framing.Framing(
      preparation=options.Options(faces='human', background='#80c0ff')
    )
    manifest['framing']['photo'] = recorded_framing.to_json(prepared)
    self.assertEqual(
      bundle_manifest.framings(self.read(manifest)), {'photo2anime': prepared}
    )
    with self.assertRaisesRegex(ValueError, r'framing\.photo\.crop: '):
      self.read({**GOOD, 'framing': {'photo': {'crop': 2.0}}})

  def test_a_link_out_of_the_bundle_is_no_file_of_it(self):
    os.symlink(tempfile.mkdtemp(), self.folder / 'out')
    with self.assertRaisesRegex(ValueError, 'names a file outside'):
      bundle_manifest.file_path(self.folder, 'out/model.tflite')
    self.assertEqual(
      bundle_manifest.file_path(self.folder, 'saved_model/1'),
      self.folder / 'saved_model' / '1',
    )


if __name__ == '__main__':
  absltest.main()

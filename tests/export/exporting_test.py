"""export.export writes what the program writes, and raises what it says."""

import contextlib
import io
import json
import pathlib
import tempfile

from absl.testing import absltest, parameterized

import export
import tf_twingan
from tests import shared_artifacts


class ExportingTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = tf_twingan.Translator(str(shared_artifacts.run()))

  def test_it_writes_what_the_program_writes(self):
    output = pathlib.Path(tempfile.mkdtemp())
    with contextlib.redirect_stdout(io.StringIO()) as printed:
      exported = export.export(
        self.translator,
        to='anime',
        output=output,
        formats=['float32'],
        datasets=shared_artifacts.DATASETS,
      )
    self.assertEqual(exported.folder, output / 'anime')
    self.assertEmpty(exported.failures)
    self.assertIn('1 files; see its README.md', printed.getvalue())
    (name,) = exported.manifest['files']
    self.assertTrue((output / 'anime' / name).is_file())
    of_program = json.loads(
      (shared_artifacts.bundle() / 'manifest.json').read_text()
    )
    printed = (shared_artifacts.bundle().parent / 'output.txt').read_text()
    self.assertIn('2 files; see its README.md', printed)
    self.assertNotIn('XNNPACK', printed)
    # Not its checksum: metadata holds the time at which it was packed.
    self.assertEqual(
      exported.manifest['files'][name] | {'sha256': ''},
      of_program['files'][name] | {'sha256': ''},
    )
    self.assertEqual(exported.manifest['source'], of_program['source'])

  @parameterized.parameters(
    ('choose of', dict(formats=['int4'])),
    (r"such as \['float32'\]", dict(formats='float32')),
    ('format search needs --index', dict(formats=['search'])),
    ('--by is for format search', dict(by='own')),
    ('--from does not go with --to=all', dict(to='all', source='photo')),
    ('give --source=photo=DATASET', {}),
    ("no domain 'cat'", dict(datasets={'cat': 'avatars:lorelei'})),
    ('no folder, so that nothing', dict(output=__file__)),
  )
  def test_an_error_has_the_sentence_of_the_program(self, sentence, options):
    chosen = {'to': 'anime', 'output': tempfile.mkdtemp(), **options}
    with self.assertRaisesRegex((ValueError, OSError), sentence):
      export.export(self.translator, **chosen)

  def test_it_is_the_only_name(self):
    self.assertEqual(export.__all__, ['export'])
    self.assertFalse(hasattr(export, 'exports'))


if __name__ == '__main__':
  absltest.main()

"""The audit program: what it writes, prints and refuses."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests import source_tree
from tests.programs import in_process
from tf_twingan import extras, faces, image_io


def photo(number: int) -> np.ndarray:
  """Smooth noise, uint8 [70, 90, 3]."""
  rng = np.random.default_rng(number)
  coarse = rng.integers(40, 200, [7, 9, 3], np.uint8)
  return coarse.repeat(10, 0).repeat(10, 1)


class AuditTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.root = pathlib.Path(folder.name)
    self.output = self.root / 'audited'
    self.write('photo', range(24))

  def write(self, domain, numbers):
    for number in numbers:
      image_io.write_png(self.root / domain / f'{number:02}.png', photo(number))

  def audit(self, *arguments):
    return in_process.run('audit', f'--output={self.output}', *arguments)

  def strict_json(self):
    def refuse(constant):
      raise ValueError(constant)

    text = (self.output / 'audit.json').read_text(encoding='utf-8')
    return json.loads(text, parse_constant=refuse)

  def assert_refused(self, pattern, *arguments):
    code, output = self.audit(*arguments)
    self.assertEqual(code, 1)
    self.assertRegex(output, f'^Error: .*{pattern}')
    self.assertLen(output.splitlines(), 1)
    self.assertFalse(self.output.exists())

  def test_two_datasets(self):
    self.write('anime', range(100, 124))
    (self.root / 'photo' / 'broken.jpg').write_bytes(b'no image')
    self.output.mkdir()
    (self.output / 'mine.txt').write_text('mine')
    code, output = self.audit(
      f'photo=folder:{self.root}/photo',
      f'anime=folder:{self.root}/anime',
      '--faces=none',
    )
    self.assertEqual(code, 0, output)
    self.assertIn('1 image of photo cannot be read, such as broken.jpg', output)
    self.assertIn(f'{self.output}/audit.html', output)
    record = self.strict_json()
    self.assertEqual([*record['datasets']], ['photo', 'anime'])
    self.assertEqual(record['datasets']['photo']['images'], 25)
    self.assertEqual(record['datasets']['photo']['formats'], {'PNG': 24})
    self.assertEqual(
      record['datasets']['photo']['unreadable'][0]['name'], 'broken.jpg'
    )
    topics = {finding['topic'] for finding in record['findings']}
    self.assertEqual(topics, {'number of images', 'unreadable images'})
    html = (self.output / 'audit.html').read_text(encoding='utf-8')
    self.assertIn('<svg', html)
    self.assertNotRegex(html, r'(src|href)="(?!data:|#)')
    self.assertEqual((self.output / 'mine.txt').read_text(), 'mine')
    self.assertLen(os.listdir(self.output), 3)

  def test_the_help_says_what_may_be_given(self):
    done = subprocess.run(
      [sys.executable, '-m', 'tf_twingan.audit', '--help'],
      cwd=source_tree.ROOT,
      capture_output=True,
      text=True,
    )
    output = ' '.join(done.stdout.split())
    self.assertIn('or another one of docs/datasets.md', output)
    self.assertIn('human, anime, cat, none, or MODULE:FACTORY', output)

  def test_a_sample_is_even_and_said(self):
    code, output = self.audit(f'folder:{self.root}/photo', '--limit=6')
    self.assertEqual(code, 0, output)
    self.assertIn('of which an even sample of 6 was examined', output)
    measured = self.strict_json()['datasets']['photo']
    self.assertEqual(measured['measures']['brightness']['known'], 6)

  def test_one_image_and_names_that_are_markup(self):
    folder = self.root / 'photo'
    for name in sorted(folder.iterdir())[1:]:
      name.unlink()
    hostile = '<script>alert(1)<b> \x1b[31m \u202e.png'
    (folder / hostile).write_bytes(b'no image')
    (folder / os.fsdecode(b'\xff.png')).write_bytes(b'no image')
    code, output = self.audit(f'<i>=folder:{folder}')
    self.assertEqual(code, 0, output)
    html = (self.output / 'audit.html').read_text(encoding='utf-8')
    self.assertIn('&lt;script&gt;alert(1)&lt;b&gt; \\x1b[31m \\u202e.png', html)
    for text in (html, output):
      self.assertNotRegex(text, '[\x1b\u202e\udcff]')
    self.assertNotRegex(html, '<script|<i>')
    self.strict_json()

  def test_what_is_no_dataset_is_refused(self):
    (self.root / 'empty').mkdir()
    self.assert_refused('no dataset is given; type one or more')
    self.assert_refused(
      "did you mean 'folder:.*photo'", str(self.root / 'photo')
    )
    self.assert_refused("did you mean 'folder'", 'photo=foldr:/x')
    self.assert_refused('no images found', f'folder:{self.root}/empty')
    self.assert_refused('no such folder', f'folder:{self.root}/gone')
    photos = f'folder:{self.root}/photo'
    self.assert_refused("two datasets are called 'photo'", photos, photos)
    (self.root / 'empty' / 'a.png').write_bytes(b'')
    self.assert_refused(
      'no image can be read of 1; the first is a.png',
      f'folder:{self.root}/empty',
    )

  def test_wrong_detectors_are_refused(self):
    photos = f'a=folder:{self.root}/photo'
    self.assert_refused("'dog' is unknown; use one of", photos, '--faces=dog')
    self.assert_refused(
      "there is no dataset 'b', only a", photos, '--faces=b=none'
    )

  def test_what_draws_the_page_is_of_the_extra_that_is_named(self):
    for name in ('jinja2', 'matplotlib'):
      with mock.patch.dict(sys.modules, {name: None}):
        self.assert_refused(
          rf"{name} is not installed; .*'tf_twingan\[prepare\]'",
          f'folder:{self.root}/photo',
        )

  def test_without_the_extra_no_faces_are_looked_for(self):
    missing = extras.MissingPackage("cv2 is not installed; get it by 'pip'")
    with mock.patch.dict(
      faces.DETECTORS, {'human': mock.Mock(side_effect=missing)}, clear=True
    ):
      for asked in ((), ('--faces=human',)):
        code, output = self.audit(f'folder:{self.root}/photo', *asked)
        self.assertEqual(code, 0, output)
        self.assertIn(
          'No faces are looked for in photo: cv2 is not installed; get it by '
          "'pip'.",
          output,
        )

  def test_an_interruption_leaves_nothing(self):
    with mock.patch.object(image_io, 'read', side_effect=KeyboardInterrupt):
      code, output = self.audit(f'folder:{self.root}/photo', '--faces=none')
    self.assertEqual((code, output.splitlines()[-1]), (1, 'Interrupted.'))
    self.assertFalse(self.output.exists())


if __name__ == '__main__':
  absltest.main()

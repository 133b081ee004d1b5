"""Translations of folders: resumed, reported, and never over others' files."""

import contextlib
import io
import os
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan import image_io, provenance
from tf_twingan.inference import file_methods, result_record, translation_job


class Model:
  """Stands for a Translator: nothing is loaded."""

  origin, fingerprint = '/home/me/runs/anime', 'ab' * 32


class Inverted:
  """Inverts whole images."""

  source_type = provenance.PARTS
  summary = ''

  def __init__(self, **options):
    self.options = {'fingerprint': Model.fingerprint, **options}
    self.read = []

  def load(self, path):
    self.read.append(path.name)
    return file_methods.Loaded(image_io.read(path)[None])

  def translate(self, squares):
    return 255 - squares

  def finish(self, loaded, translated):
    return file_methods.Result(translated[0])


class TranslationJobTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    self.input, self.output = self.root / 'in', self.root / 'out'
    random = np.random.default_rng(0)
    for name in ('a', 'b', 'deep/c'):
      image = random.integers(0, 256, [5, 5, 3], np.uint8)
      image_io.write_png(self.input / f'{name}.png', image)
    (self.input / 'broken.png').write_bytes(b'no image')

  def translate(self, method=None, *, kind=None, says_origin=True, **paths):
    """Translates, and returns the names of the images that were read."""
    method = method or Inverted()
    plan = translation_job.plan(
      paths.get('input', self.input), paths.get('output', self.output), kind
    )
    translation_job.run(plan, Model(), method, says_origin=says_origin)
    return sorted(method.read)

  def files(self, folder=None):
    folder = folder or self.output
    return {
      path.relative_to(folder).as_posix(): path.read_bytes()
      for path in folder.rglob('*')
      if path.is_file() and result_record.FOLDER not in path.parts
    }

  def assert_refused(self, pattern, **options):
    before = self.files()
    with self.assertRaisesRegex(ValueError, pattern) as caught:
      self.translate(**options)
    self.assertNotIn('\n', str(caught.exception))
    self.assertEqual(self.files(), before)

  def test_results_say_what_they_are(self):
    self.translate()
    origin = provenance.read(self.output / 'a.png')
    self.assertEqual(
      origin,
      provenance.Provenance(
        'anime', Model.fingerprint, provenance.version(), provenance.PARTS
      ),
    )
    self.assertNotIn(b'/home/me', (self.output / 'a.png').read_bytes())

  @parameterized.parameters(True, False)
  def test_what_is_done_is_not_done_again(self, says_origin):
    everything = ['a.png', 'b.png', 'broken.png', 'c.png']
    self.assertEqual(self.translate(says_origin=says_origin), everything)
    before = self.files()
    (self.output / 'b.png').unlink()
    os.utime(self.input / 'deep/c.png', ns=(1, 1))
    self.assertEqual(
      self.translate(says_origin=says_origin), ['b.png', 'broken.png', 'c.png']
    )
    self.assertEqual(self.files(), before)

  def test_other_options_translate_all_again(self):
    self.translate()
    for options in (
      {'method': Inverted(to='cat')},
      {'says_origin': False},
    ):
      self.assertLen(self.translate(**options), 4)

  @parameterized.product(dies_after=(0, 1, 2), is_renamed=(False, True))
  def test_a_killed_call_is_gone_on_with(self, dies_after, is_renamed):
    plain, replace, count = self.root / 'plain', os.replace, [0]
    self.translate(output=plain, says_origin=False)

    def die(*paths):
      count[0] += 1
      if count[0] <= dies_after or is_renamed:
        replace(*paths)
      if count[0] > dies_after:
        raise SystemExit

    with mock.patch.object(os, 'replace', die):
      with self.assertRaises(SystemExit):
        self.translate(says_origin=False)
    self.translate(says_origin=False)
    self.assertEqual(self.files(), self.files(plain))

  @parameterized.parameters(
    SystemExit, PermissionError(13, 'Permission denied')
  )
  def test_replacements_that_end_before_the_rename(self, error):
    self.translate(says_origin=False)
    with mock.patch.object(os, 'replace', side_effect=error):
      for target in ('cat', 'dog'):
        with self.assertRaises((SystemExit, ValueError, OSError)):
          self.translate(Inverted(to=target), says_origin=False)
    # Those of the first call are still known, and still done.
    self.assertEqual(self.translate(says_origin=False), ['broken.png'])

  def test_a_folder_s_failures_are_listed(self):
    self.translate()
    report = self.output / 'skipped.csv'
    self.assertRegex(report.read_text(), '^file,reason\nbroken.png,"not an im')
    # Once it is mended, nothing is listed any more.
    Image.new('RGB', (4, 4)).save(self.input / 'broken.png')
    self.translate()
    self.assertFalse(report.exists())

  def test_files_of_others_are_refused(self):
    self.translate()
    for name, message in (
      ('a.png', 'a.png is there, is no earlier output'),
      ('skipped.csv', 'skipped.csv is there, is no report'),
    ):
      path = self.output / name
      before = path.read_bytes()
      path.write_bytes(b'mine')
      self.assert_refused(message)
      path.write_bytes(before)
    # A square of a power of two may well be an icon.
    Image.new('RGB', (64, 64)).save(self.output / 'a.png')
    self.assert_refused('a.png is there')

  def test_a_file_in_the_way_of_the_record_is_found_by_the_plan(self):
    self.output.mkdir()
    (self.output / '.translated').write_bytes(b'mine')
    with self.assertRaisesRegex(OSError, '.translated: no folder, so that'):
      translation_job.plan(self.input, self.output)
    # One image has no record.
    self.translate(input=self.input / 'a.png')

  def test_results_are_replaced_by_what_they_say_or_by_the_record(self):
    self.translate()
    for path in (self.output / result_record.FOLDER).glob('*'):
      path.unlink()
    self.assertLen(self.translate(), 4)
    self.translate(says_origin=False)
    self.assertLen(self.translate(Inverted(to='cat')), 4)
    self.translate(says_origin=False)
    for path in (self.output / result_record.FOLDER).glob('*'):
      path.unlink()
    self.assert_refused('a.png is there')

  def test_one_image_leaves_its_result_alone(self):
    self.translate(input=self.input / 'a.png')
    self.assertEqual(os.listdir(self.output), ['a.png'])
    self.translate(input=self.input / 'a.png')
    # What does not say what it is needs a record.
    for _ in range(2):
      self.translate(input=self.input / 'a.png', says_origin=False)
    self.assertCountEqual(os.listdir(self.output), ['a.png', '.translated'])

  def test_a_file_of_one_image_by_name(self):
    target = self.output / 'deep' / 'x.jpg'
    for _ in range(2):
      self.translate(input=self.input / 'a.png', output=target)
    self.assertEqual(list(self.files()), ['deep/x.jpg'])
    with Image.open(target) as image:
      self.assertEqual(image.format, 'JPEG')
    one = {'input': self.input / 'a.png'}
    self.assert_refused(
      'name two formats; leave', **one, output=target, kind='png'
    )
    self.assert_refused(
      'would be overwritten', **one, output=self.input / 'a.png'
    )
    # Many images, or a folder that is called so, make a folder.
    self.translate(output=self.root / 'many.png')
    self.assertIn('a.png', self.files(self.root / 'many.png'))
    self.translate(**one, output=self.root / 'many.png')

  @parameterized.parameters('x.tiff', 'X.GIF', 'deep/x.avif')
  def test_files_of_formats_that_are_not_written(self, name):
    one = {'input': self.input / 'a.png'}
    self.assert_refused(
      f'no {pathlib.Path(name).suffix} is written; name a file of these '
      'formats: .png, .jpg, .webp',
      **one,
      output=self.root / name,
    )
    self.assertFalse((self.root / name).exists())
    # A folder that is there may be called so, and that of a folder.
    (self.root / name).mkdir(parents=True)
    self.translate(**one, output=self.root / name)
    self.assertEqual(list(self.files(self.root / name)), ['a.png'])
    self.translate(output=self.root / 'many.tiff')

  @parameterized.parameters(('jpeg', 'JPEG', '.jpg'), ('webp', 'WEBP', '.webp'))
  def test_formats(self, kind, expected, suffix):
    self.translate(kind=kind)
    with Image.open(self.output / 'deep' / f'c{suffix}') as image:
      self.assertEqual(image.format, expected)
    self.assertEqual(self.translate(kind=kind), ['broken.png'])

  def test_a_long_list_is_printed_in_part(self):
    for number in range(30):
      (self.input / f'broken{number}.png').write_bytes(b'no image')
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
      self.translate()
    self.assertEqual(printed.getvalue().count('skipped '), 20)
    self.assertIn('and 11 more, all of them in', printed.getvalue())


if __name__ == '__main__':
  absltest.main()

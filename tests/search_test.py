"""The search command, as a user runs it."""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests import tiny_run
from tf_twingan import images as images_lib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def search(*arguments):
  done = subprocess.run(
    [sys.executable, '-m', 'tf_twingan.search', *map(str, arguments)],
    cwd=ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    check=False,
  )
  return done.returncode, done.stdout


class SearchTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = tiny_run.make()
    cls.pictures = pathlib.Path(tempfile.mkdtemp())
    generator = np.random.default_rng(0)
    for i in range(6):
      noise = generator.integers(0, 256, [20, 20, 3], np.uint8)
      Image.fromarray(noise).save(cls.pictures / f'{i}.png')
    (cls.pictures / 'broken.png').write_bytes(b'no picture')

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(tempfile.mkdtemp())
    self.index, self.output = folder / 'index', folder / 'out'

  def build(self, *flags):
    return search(
      'build', f'--run_dir={self.run_dir}', f'--index={self.index}', *flags
    )

  def query(self, *flags):
    return search(
      'query', f'--index={self.index}', f'--output={self.output}', *flags
    )

  def results(self):
    return json.loads((self.output / 'neighbours.json').read_text())

  def test_build_append_and_query(self):
    folder = f'--source=folder:{self.pictures}'
    code, output = self.build(folder, '--limit=4')
    self.assertEqual(code, 0, output)
    self.assertIn("taken for pictures of 'anime'", output)
    self.assertIn('4 new pictures', output)
    # The rest of the folder, and another source.
    code, output = self.build(folder, '--source=photo=avatars:lorelei?limit=2')
    self.assertEqual(code, 0, output)
    self.assertIn('6 new pictures', output)
    self.assertIn('holds 4 of photo and 6 of anime', output)
    self.assertIn('skipped broken.png: not a picture', output)

    code, output = self.query(
      '--source=avatars:toon-head', '--limit=3', '--k=2', '--by=own'
    )
    self.assertEqual(code, 0, output)
    self.assertIn("taken for pictures of 'photo'", output)
    self.assertIn('3 pictures of photo, looked up among 6 of anime', output)
    results = self.results()
    self.assertEqual(results['by'], 'own')
    self.assertEqual(
      [q['name'] for q in results['queries']],
      ['toon-head/0', 'toon-head/1', 'toon-head/2'],
    )
    for query in results['queries']:
      near, far = query['neighbours']
      self.assertLessEqual(near['distance'], far['distance'])
      self.assertEqual(near['source'], f'folder:{self.pictures.resolve()}')
      self.assertIn(near['name'], [f'{i}.png' for i in range(6)])
    sheet = images_lib.read(self.output / 'neighbours-1.png')
    # A row's pictures are 128 high; query, translation and two neighbours.
    self.assertGreater(sheet.shape[0], 3 * 128)
    self.assertGreater(sheet.shape[1], 4 * 128)

  def test_one_picture_of_a_named_domain_finds_itself(self):
    self.build(f'--source=folder:{self.pictures}')
    image = self.pictures / '3.png'
    code, output = self.query(
      f'--image=anime={image}',
      f'--image={self.pictures / "broken.png"}',
      '--among=anime',
      '--k=1',
    )
    self.assertEqual(code, 0, output)
    self.assertIn('broken.png', output)
    results = self.results()
    [query] = results['queries']
    self.assertEqual(query['neighbours'][0]['name'], '3.png')
    self.assertLess(query['neighbours'][0]['distance'], 1e-4)
    [skipped] = results['skipped']
    self.assertIn('not a picture', skipped['reason'])

  def test_user_errors_are_one_line(self):
    source = f'--source=folder:{self.pictures}'
    self.build(source)
    other = tiny_run.make(seed=2)
    empty = tempfile.mkdtemp()
    image = f'--image={self.pictures / "1.png"}'
    nowhere = self.index.with_name('nowhere')
    for done, message in (
      (search('look', f'--index={self.index}'), "'look' is no command"),
      (self.build(), 'give --source'),
      (self.build(source, '--k=3'), '--k is a flag of `query`'),
      (self.build(f'--source=folder:{empty}'), 'no pictures found'),
      (self.build(f'--source=cat=folder:{empty}'), "no domain 'cat'"),
      (self.build(source, f'--run_dir={other}'), 'of another model'),
      (self.build(source, '--qdrant=http://localhost:1'), 'No Qdrant server'),
      (self.query(), 'give --image or --source'),
      (self.query(image, '--k=7'), 'k is 7, and the index holds 6'),
      (self.query(image, '--among=photo'), "no pictures of 'photo'"),
      (self.query(image, f'--run_dir={other}'), 'of another model'),
      (self.query(image, f'--index={nowhere}'), 'holds no search index'),
      (self.query('--image=/no/such.png'), 'no picture could be read'),
    ):
      code, output = done
      self.assertEqual(code, 1, output)
      last = output.strip().splitlines()[-1]
      self.assertStartsWith(last, 'Error: ')
      self.assertIn(message, last)
      self.assertNotIn('Traceback', output)
    [faiss_file] = self.index.glob('*.faiss')
    faiss_file.write_bytes(faiss_file.read_bytes()[:-9])
    code, output = self.query(image)
    self.assertEqual(code, 1)
    self.assertRegex(output.splitlines()[-1], '^Error: .*faiss is damaged')


if __name__ == '__main__':
  absltest.main()

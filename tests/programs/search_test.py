"""The search command, as a user runs it."""

import contextlib
import io
import json
import pathlib
import tempfile

import numpy as np
from absl import flags
from absl.testing import absltest, flagsaver
from PIL import Image

from tests import program_process, tiny_run
from tf_twingan import image_io
from tf_twingan import search as search_lib


def search(*arguments):
  return program_process.run('search', *arguments)


class SearchTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = tiny_run.make()
    cls.images = pathlib.Path(tempfile.mkdtemp())
    generator = np.random.default_rng(0)
    for i in range(6):
      noise = generator.integers(0, 256, [20, 20, 3], np.uint8)
      Image.fromarray(noise).save(cls.images / f'{i}.png')
    (cls.images / 'broken.png').write_bytes(b'no image')

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
    folder = f'--source=folder:{self.images}'
    code, output = self.build(folder, '--limit=4')
    self.assertEqual(code, 0, output)
    self.assertIn("taken for images of 'anime'", output)
    self.assertIn('4 new images', output)
    # The rest of the folder, and another source.
    code, output = self.build(folder, '--source=photo=avatars:lorelei?limit=2')
    self.assertEqual(code, 0, output)
    self.assertIn('6 new images', output)
    self.assertIn('holds 4 of photo and 6 of anime', output)
    self.assertIn('skipped broken.png: not an image', output)

    stale = self.output / 'neighbours-2.png'
    image_io.write_png(stale, np.zeros([4, 4, 3], np.uint8))
    code, output = self.query(
      '--source=avatars:toon-head', '--limit=3', '--k=2', '--by=own'
    )
    self.assertEqual(code, 0, output)
    self.assertIn("taken for images of 'photo'", output)
    self.assertIn('3 images of photo, looked up among 6 of anime', output)
    results = self.results()
    self.assertEqual(results['by'], 'own')
    self.assertEqual(
      [q['name'] for q in results['queries']],
      ['toon-head/0', 'toon-head/1', 'toon-head/2'],
    )
    for query in results['queries']:
      near, far = query['neighbours']
      self.assertLessEqual(near['distance'], far['distance'])
      self.assertEqual(near['source'], f'folder:{self.images.resolve()}')
      self.assertIn(near['name'], [f'{i}.png' for i in range(6)])
    self.assertFalse(stale.exists())
    sheet = image_io.read(self.output / 'neighbours-1.png')
    # A row's images are 128 high; query, translation and two neighbours.
    self.assertGreater(sheet.shape[0], 3 * 128)
    self.assertGreater(sheet.shape[1], 4 * 128)

  def test_one_image_of_a_named_domain_finds_itself(self):
    self.build(f'--source=folder:{self.images}')
    image = self.images / '3.png'
    code, output = self.query(
      f'--image=anime={image}',
      f'--image={self.images / "broken.png"}',
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
    self.assertIn('not an image', skipped['reason'])

  def test_user_errors_are_one_line(self):
    self.build(f'--source=folder:{self.images}')
    [faiss_file] = self.index.glob('*.faiss')
    faiss_file.write_bytes(faiss_file.read_bytes()[:-9])
    code, output = self.query(f'--image={self.images / "1.png"}')
    self.assertEqual(code, 1)
    self.assertNotIn('Traceback', output)
    self.assertRegex(output.splitlines()[-1], '^Error: .*faiss is damaged')


class ErrorsTest(absltest.TestCase):
  """In this process, for TensorFlow takes long to start."""

  def setUp(self):
    super().setUp()
    flags.FLAGS.mark_as_parsed()
    self.images = pathlib.Path(tempfile.mkdtemp())
    for i in range(2):
      Image.new('RGB', (9, 9), (90 * i, 0, 0)).save(self.images / f'{i}.png')
    self.given = dict(index=str(self.images / 'index'))
    self.model = dict(run_dir=str(tiny_run.make()))
    self.source = dict(source=f'folder:{self.images}')
    self.queried = dict(
      output=str(self.images), image=str(self.images / '1.png')
    )
    self.program('build', **self.model, **self.source)

  def program(self, *command, **values):
    with flagsaver.as_parsed(**{**self.given, **values}):
      with contextlib.redirect_stdout(io.StringIO()):
        search_lib.main(['search', *command])

  def assert_error(self, message, *command, **values):
    with self.assertRaisesRegex(SystemExit, f'^Error: [^\n]*{message}'):
      self.program(*command, **values)

  def test_commands_and_flags(self):
    self.assert_error("'' is no command; write `search build`")
    self.assert_error("'look' is no command", 'look')
    self.assert_error("unexpected argument 'here'", 'build', 'here')
    self.assert_error('give --source', 'build', **self.model)
    self.assert_error('give --index', 'build', index='')
    self.assert_error('give either --run_dir', 'build', **self.source)
    self.assert_error(
      '--k is a flag of `query`', 'build', **self.model, **self.source, k='3'
    )
    self.assert_error('give --image or --source', 'query', output='there')
    self.assert_error('give --output', 'query', image='1.png')

  def test_building(self):
    empty = tempfile.mkdtemp()
    for source, message in (
      (f'folder:{empty}', 'no images found'),
      (f'cat=folder:{self.images}', "no domain 'cat'"),
    ):
      self.assert_error(message, 'build', **self.model, source=source)
    pathlib.Path(empty, 'a.png').write_bytes(b'no image')
    self.assert_error(
      'holds no images yet',
      'build',
      **self.model,
      source=f'folder:{empty}',
      index=f'{empty}/index',
    )
    other = dict(run_dir=str(tiny_run.make(seed=2)))
    self.assert_error('is of another model', 'build', **other, **self.source)
    self.assert_error(
      'No Qdrant server answers at http://localhost:1',
      'build',
      **self.model,
      **self.source,
      qdrant='http://localhost:1',
    )

  def test_querying(self):
    other = dict(run_dir=str(tiny_run.make(seed=2)))
    for values, message in (
      ({'k': '3'}, 'k is 3, and the index holds 2 images of anime'),
      ({'k': '1', 'among': 'photo'}, "no images of 'photo'"),
      ({'k': '1', **other}, 'is of another model'),
      ({'index': '/no/such'}, '/no/such holds no search index'),
      ({'image': '/no/such.png'}, 'no image could be read'),
    ):
      self.assert_error(message, 'query', **{**self.queried, **values})


if __name__ == '__main__':
  absltest.main()

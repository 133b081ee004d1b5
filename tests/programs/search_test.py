"""The search program: what it prints, writes and refuses."""

import json
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests import program_process, shared_artifacts
from tests.programs import in_process
from tf_twingan import image_io


class SearchTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()
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
    return in_process.run(
      'search',
      'build',
      f'--run_dir={self.run_dir}',
      f'--index={self.index}',
      *flags,
    )

  def query(self, *flags, run=in_process.run):
    return run(
      'search',
      'query',
      f'--index={self.index}',
      f'--output={self.output}',
      *flags,
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
    # In a process of its own, as a user runs it.
    code, output = self.query(
      f'--image={self.images / "1.png"}', run=program_process.run
    )
    self.assertEqual(code, 1)
    self.assertNotIn('Traceback', output)
    self.assertRegex(output.splitlines()[-1], '^Error: .*faiss is damaged')


class ErrorsTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.images = pathlib.Path(tempfile.mkdtemp())
    for i in range(2):
      Image.new('RGB', (9, 9), (90 * i, 0, 0)).save(cls.images / f'{i}.png')
    cls.index = f'--index={cls.images / "index"}'
    cls.model = f'--run_dir={shared_artifacts.run()}'
    cls.other_model = f'--run_dir={shared_artifacts.run(seed=2)}'
    cls.source = f'--source=folder:{cls.images}'
    code, output = in_process.run(
      'search', 'build', cls.index, cls.model, cls.source
    )
    assert code == 0, output

  def assert_error(self, message, *arguments):
    code, output = in_process.run('search', *arguments)
    self.assertEqual(code, 1, output)
    self.assertRegex(output.splitlines()[-1], f'^Error: .*{message}')

  def test_commands_and_flags(self):
    build, query = ('build', self.index), ('query', self.index)
    self.assert_error("'' is no command; write `search build`", self.index)
    self.assert_error("'look' is no command", 'look', self.index)
    self.assert_error("unexpected argument 'here'", *build, 'here')
    self.assert_error('give --source', *build, self.model)
    self.assert_error('give --index', 'build')
    self.assert_error('give either --run_dir', *build, self.source)
    self.assert_error(
      '--k is a flag of `query`', *build, self.model, self.source, '--k=3'
    )
    self.assert_error('give --image or --source', *query, '--output=there')
    self.assert_error('give --output', *query, '--image=1.png')
    self.assert_error(
      '0.png: no folder, so that nothing can be written',
      *('query', '--index=/no/such', '--image=1.png'),
      f'--output={self.images / "0.png"}',
    )

  def test_building(self):
    build = ('build', self.index, self.model)
    empty = tempfile.mkdtemp()
    for source, message in (
      (f'folder:{empty}', 'no images found'),
      (f'cat=folder:{self.images}', "no domain 'cat'"),
    ):
      self.assert_error(message, *build, f'--source={source}')
    pathlib.Path(empty, 'a.png').write_bytes(b'no image')
    self.assert_error(
      'holds no images yet',
      *build,
      f'--source=folder:{empty}',
      f'--index={empty}/index',
    )
    self.assert_error(
      'is of another model', *build, self.other_model, self.source
    )
    self.assert_error(
      'No Qdrant server answers at http://localhost:1',
      *build,
      self.source,
      '--qdrant=http://localhost:1',
    )

  def test_querying(self):
    output = tempfile.mkdtemp()
    for flags, message in (
      (['--k=3'], 'k is 3, and the index holds 2 images of anime'),
      (['--k=1', '--among=photo'], "no images of 'photo'"),
      (['--k=1', self.other_model], 'is of another model'),
      (['--index=/no/such'], '/no/such holds no search index'),
    ):
      self.assert_error(
        message,
        'query',
        self.index,
        f'--output={output}',
        f'--image={self.images / "1.png"}',
        *flags,
      )
    self.assert_error(
      'no image could be read',
      'query',
      self.index,
      f'--output={output}',
      '--image=/no/such.png',
    )


if __name__ == '__main__':
  absltest.main()

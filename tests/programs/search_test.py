"""The search program: what it prints, writes and refuses."""

import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest
from PIL import Image

from tests import program_process, shared_artifacts
from tests.programs import in_process
from tf_twingan import image_io
from tf_twingan.retrieval import results, search_index, storage


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

  @pytest.mark.slow
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

  def folder_of(self, count):
    folder = pathlib.Path(tempfile.mkdtemp(), "it's mine")
    folder.mkdir()
    generator = np.random.default_rng(1)
    for i in range(count):
      noise = generator.integers(0, 256, [8, 8, 3], np.uint8)
      Image.fromarray(noise).save(folder / f'{i}.png')
    return folder

  @pytest.mark.slow
  def test_what_is_gone_or_replaced_is_noticed(self):
    folder = self.folder_of(6)
    source = f'--source=anime=folder:{folder}'
    self.build(source)
    (folder / '0.png').unlink()
    (folder / '1.png').write_bytes((folder / '5.png').read_bytes())
    # Touched, and not changed.
    os.utime(folder / '2.png', (1, 1))
    # Beyond the limit, and there.
    code, output = self.build(source, '--limit=4')
    self.assertEqual(code, 0, output)
    self.assertIn('1 names are no longer there; --prune removes them', output)
    self.assertIn('1 images were replaced, and are taken in anew', output)
    self.assertIn('0 new images', output)
    self.assertIn('holds 6 of anime', output)
    code, output = self.build(source, '--prune')
    self.assertIn('1 names are no longer there; they are removed', output)
    self.assertNotIn('replaced', output)
    self.assertIn('holds 5 of anime', output)
    code, output = self.query(
      f'--image=anime={folder / "5.png"}', '--k=5', '--among=anime'
    )
    self.assertEqual(code, 0, output)
    [query] = self.results()['queries']
    near = query['neighbours']
    self.assertCountEqual(
      [n['name'] for n in near], [f'{i}.png' for i in range(1, 6)]
    )
    # The replaced one is as near as the one that it was replaced by.
    for neighbour in near[:2]:
      self.assertIn(neighbour['name'], ('1.png', '5.png'))
      self.assertLess(neighbour['distance'], 1e-4)

  def test_a_name_with_another_spelling_that_is_still_there_stays(self):
    folder = self.folder_of(0)
    source = f'--source=anime=folder:{folder}'
    for name in ('\u00e9.png', 'e\u0301.png'):
      shutil.copy(self.images / '1.png', folder / name)
    self.build(source)
    (folder / 'e\u0301.png').unlink()
    code, output = self.build(source, '--prune')
    self.assertEqual(code, 0, output)
    self.assertIn('1 names are no longer there; they are removed', output)
    self.assertIn('0 new images', output)
    self.assertEqual(self.stored(), [('\u00e9.png', f'folder:{folder}')])

  def test_too_few_images_for_a_kind(self):
    source = f'--source=anime=folder:{self.folder_of(3)}'
    code, output = self.build(source, '--kind=ivf_pq')
    self.assertEqual(code, 0, output)
    self.assertIn(
      'kind ivf_pq learns from 10,000 images of a domain or more; until then '
      'this index keeps anime flat',
      output,
    )
    code, output = self.query(f'--image=anime={self.images / "1.png"}', '--k=1')
    self.assertEqual(code, 0, output)
    # Also from an index that was large enough once.
    code, output = self.remove('--name=1.png')
    self.assertEqual(code, 0, output)
    self.assertLen(self.stored(), 2)

  def test_images_of_datasets_that_are_not_named_are_counted(self):
    folder, other = self.folder_of(2), self.folder_of(1)
    _, output = self.build(f'--source=anime=folder:{folder}')
    self.assertNotIn('other datasets', output)
    renamed = folder.rename(folder.with_name('renamed'))
    code, output = self.build(f'--source=anime=folder:{renamed}', '--prune')
    self.assertEqual(code, 0, output)
    self.assertIn(
      f'2 images are of other datasets, and stay: folder:{folder} (2); '
      '`search remove --source=DATASET` erases them',
      output,
    )
    _, output = self.build(
      f'--source=anime=folder:{renamed}', f'--source=photo=folder:{other}'
    )
    self.assertIn('2 images are of other datasets', output)

  @pytest.mark.slow
  def test_what_is_out_of_reach_is_not_pruned(self):
    folder, disk = self.folder_of(3), self.folder_of(2)
    (folder / 'disk').symlink_to(disk)
    source = f'--source=anime=folder:{folder}'
    self.build(source)
    disk.rename(disk.with_name('elsewhere'))
    (folder / '0.png').unlink()
    code, output = self.build(source, '--prune')
    self.assertEqual(code, 0, output)
    self.assertIn('2 names are out of reach', output)
    self.assertIn('1 names are no longer there; they are removed', output)
    self.assertIn('holds 4 of anime', output)

  @pytest.mark.slow
  def test_an_index_without_stamps_notices_what_was_replaced(self):
    folder = self.folder_of(4)
    source = f'--source=anime=folder:{folder}'
    no_stamps = mock.patch.object(
      search_index.SearchIndex, 'add', autospec=True
    )
    add = search_index.SearchIndex.add
    with no_stamps as adding:  # As version 0.1 built it.
      adding.side_effect = lambda *args, stamps, **kwargs: add(*args, **kwargs)
      self.build(source)
    (folder / '1.png').write_bytes((folder / '3.png').read_bytes())
    _, output = self.build(source)
    self.assertIn('1 images were replaced', output)
    _, output = self.build(source)
    self.assertNotIn('replaced', output)
    # Now they have stamps, and none is read again.
    with mock.patch.object(image_io, 'read') as read:
      self.build(source)
    read.assert_not_called()

  def test_a_person_is_removed(self):
    folder = self.folder_of(3)
    self.build(f'--source=folder:{folder}', f'--source=photo=folder:{folder}')
    remove = ('search', 'remove', f'--index={self.index}')
    code, output = in_process.run(
      *remove, '--name=anime=1.png', '--name=2.png', '--name=nobody'
    )
    self.assertEqual(code, 1)
    self.assertRegex(output, 'Error: .* holds no image of the name nobody')
    self.assertEqual(output.count('removed 2.png of'), 2)
    self.assertIn(f'removed 1.png of anime (folder:{folder})', output)
    self.assertNotIn('removed 1.png of photo', output)
    names = [
      json.loads(path.read_text()) for path in self.index.glob('*names.json')
    ]
    self.assertCountEqual(names, [['0.png'], ['0.png', '1.png']])
    code, output = in_process.run(*remove)
    self.assertIn('give --name', output)
    code, output = in_process.run(*remove, '--name=0.png', '--limit=3')
    self.assertIn('and no --limit', output)

  def remove(self, *flags):
    return in_process.run('search', 'remove', f'--index={self.index}', *flags)

  def stored(self):
    """[(name, dataset)] of the images of the index."""
    opened = search_index.SearchIndex.load(self.index)
    return [(r.name, r.source) for r in opened.stored()]

  def test_a_dataset_is_removed_also_where_its_folder_has_gone(self):
    folder = self.folder_of(2)
    self.build(f'--source=anime=folder:{folder}')
    renamed = folder.rename(folder.with_name('now it is here'))
    self.build(f'--source=anime=folder:{renamed}')
    # By a relative path, from wherever.
    old = f'folder:{os.path.relpath(folder)}/'
    code, output = self.remove(f'--source=photo={old}')
    self.assertEqual(code, 1, output)
    self.assertIn(f'it holds folder:{folder}, folder:{renamed}.', output)
    code, output = self.remove(f'--source=anime={old}')
    self.assertEqual(code, 0, output)
    self.assertIn(f'removed 2 images of anime (folder:{folder})', output)
    self.assertIn(
      f'2 images of other datasets show the same, and stay: folder:{renamed}',
      output,
    )
    self.assertCountEqual(
      self.stored(),
      [('0.png', f'folder:{renamed}'), ('1.png', f'folder:{renamed}')],
    )

  def test_a_name_of_one_dataset_is_removed(self):
    first, second = self.folder_of(3), self.folder_of(2)
    # Another person's.
    (second / '0.png').write_bytes((first / '2.png').read_bytes())
    (first / '2.png').unlink()
    self.build(
      f'--source=anime=folder:{first}', f'--source=anime=folder:{second}'
    )
    code, output = self.remove('--name=0.png', f'--source=folder:{second}')
    self.assertEqual(code, 0, output)
    self.assertIn(f'removed 0.png of anime (folder:{second})', output)
    self.assertNotIn('Warning', output)
    self.assertIn(('0.png', f'folder:{first}'), self.stored())
    code, output = self.remove('--name=0.png', f'--source=folder:{second}')
    self.assertEqual(code, 1)
    self.assertIn('no image of the name 0.png of these datasets', output)
    self.assertIn(('0.png', f'folder:{first}'), self.stored())

  def test_what_shows_the_same_as_a_removed_image_is_said(self):
    folder = self.folder_of(4)
    below = folder / 'a b'
    below.mkdir()
    (folder / '1.png').rename(below / '1.png')
    shutil.copy(folder / '2.png', folder / 'copy.png')
    self.build(
      f'--source=anime=folder:{folder}',
      f'--source=anime=folder:{below}?crop=0.5',
    )
    for name, other, source in [
      # The same file, from another folder and otherwise framed.
      ('a b/1.png', '1.png', f'folder:{below}?crop=0.5'),
      # Another file that shows the same.
      ('2.png', 'copy.png', f'folder:{folder}'),
    ]:
      code, output = self.remove(f'--name={name}')
      self.assertEqual(code, 0, output)
      [line] = [row for row in output.splitlines() if 'show the same' in row]
      flags = shlex.split(line.partition('to remove them, too: ')[2])
      self.assertEqual(flags, [f'--source=anime={source}', f'--name={other}'])
      self.assertIn((other, source), self.stored())
      code, output = self.remove(*flags)
      self.assertEqual(code, 0, output)
      self.assertNotIn('show the same', output)
      self.assertNotIn((other, source), self.stored())

  def test_odd_entries_of_a_folder_are_skipped_and_listed(self):
    folder = self.folder_of(2)
    (folder / 'gone.png').symlink_to(folder / 'nowhere.png')
    (folder / 'loop.png').symlink_to(folder / 'loop.png')
    os.mkfifo(folder / 'pipe.png')
    code, output = self.build(f'--source=anime=folder:{folder}')
    self.assertEqual(code, 0, output)
    self.assertIn('2 new images', output)
    for name in ('gone.png', 'loop.png', 'pipe.png'):
      self.assertRegex(output, f'skipped {name}: .')
    code, output = self.query(
      f'--image=anime={folder / "pipe.png"}',
      f'--image=anime={folder / "gone.png"}',
      f'--image=anime={folder / "0.png"}',
      '--k=1',
    )
    self.assertEqual(code, 0, output)
    self.assertLen(self.results()['skipped'], 2)

  def test_printed_flags_can_be_pasted(self):
    folder = self.folder_of(2)
    _, output = self.build(f'--source=folder:{folder}')
    [line] = [row for row in output.splitlines() if 'says otherwise' in row]
    pasted = line.partition('; ')[2].removesuffix(' says otherwise')
    self.assertEqual(shlex.split(pasted), [f'--source=DOMAIN=folder:{folder}'])

  @pytest.mark.slow
  def test_names_that_are_not_utf8(self):
    folder = self.folder_of(2)
    name = os.fsdecode(b'caf\xe9\x1b[2J.png')
    (folder / '0.png').rename(folder / name)
    for _ in range(2):
      code, output = self.build(f'--source=folder:{folder}')
      self.assertEqual(code, 0, output)
    self.assertIn('0 new images', output)
    code, output = self.query(
      f'--image=anime={folder / name}', '--k=1', '--among=anime'
    )
    self.assertEqual(code, 0, output)
    self.assertIsNone(re.search('\x1b|[\udc80-\udcff]', output))
    [query] = self.results()['queries']
    self.assertEqual(query['neighbours'][0]['name'], name)
    code, output = in_process.run(
      'search', 'remove', f'--index={self.index}', f'--name={name}'
    )
    self.assertEqual(code, 0, output)
    self.assertIn(r'removed caf\xe9\x1b[2J.png of anime', output)

  @pytest.mark.slow
  def test_a_query_begins_anew_where_the_index_changed(self):
    folder = self.folder_of(4)
    self.build(f'--source=anime=folder:{folder}')
    write = results.write

    def writing(*args, **kwargs):
      if not changes:
        changes.append(
          in_process.run(
            'search', 'remove', f'--index={self.index}', '--name=0.png'
          )
        )
        raise storage.Changed
      return write(*args, **kwargs)

    changes = []
    with mock.patch.object(results, 'write', writing):
      code, output = self.query(f'--image=photo={folder / "0.png"}', '--k=3')
    self.assertEqual(code, 0, output)
    [query] = self.results()['queries']
    self.assertNotIn('0.png', [n['name'] for n in query['neighbours']])

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

"""Labels of a folder's images: what is read, and what is refused."""

import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan.data import attributes


class AttributesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)

  def write(self, content):
    path = self.folder / 'attributes.csv'
    if isinstance(content, str):
      content = content.encode()
    path.write_bytes(content)

  def read(self, names=('a.png', 'b.png')):
    return attributes.read_folder(self.folder, names, dataset='folder:/x')

  def assert_refused(self, pattern, error=ValueError):
    with self.assertRaisesRegex(error, pattern) as caught:
      self.read()
    message = str(caught.exception)
    self.assertNotIn('\n', message)
    self.assertStartsWith(message, f'folder:/x: {self.folder}/attributes.csv')

  def test_a_value_for_each_image_in_its_place(self):
    self.write('file,hair,age\nb.png,black,7\ndeep/c.png,,8\na.png,red\n')
    self.assertEqual(
      self.read(['deep/c.png', 'a.png', 'none.png', 'b.png']),
      {'hair': ['', 'red', '', 'black'], 'age': ['8', '', '', '7']},
    )

  def test_quotes_spaces_and_marks_of_spreadsheets(self):
    self.write('\ufefffile, hair \r\n"a.png","red, dyed"\r\n\r\nb.png, é \r\n')
    self.assertEqual(self.read(), {'hair': ['red, dyed', 'é']})

  def test_a_name_that_a_mac_spells_otherwise(self):
    self.write('file,hair\n\u00e9.png,red\n')
    self.assertEqual(self.read(['e.png', 'e\u0301.png']), {'hair': ['', 'red']})

  def test_no_file_is_no_labels(self):
    self.assertEqual(self.read(), {})

  def test_rows_of_other_images_are_left_out_in_silence(self):
    self.write('file,hair\na.png,black\nb.png,red\n')
    for name in 'ab':
      (self.folder / f'{name}.png').touch()
    with self.assertNoLogs(level='WARNING'):
      self.assertEqual(self.read(['a.png']), {'hair': ['black']})
      self.assertEqual(self.read(['c.png']), {'hair': ['']})

  def test_rows_of_files_that_are_not_there_are_told(self):
    self.write('file,hair\na.png,black\nc.png,red\n\x1b[2J,red\n')
    (self.folder / 'a.png').touch()
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.read(), {'hair': ['black', '']})
    self.assertIn(
      "2 files that are not there, the first of them 'c.png'", logs.output[0]
    )
    self.write('file,hair\n/x/a.png,black\nB.png,red\n')
    self.assert_refused(
      "2 files that are not there, .* and of no other; .*as 'a.png'"
    )

  @parameterized.parameters(
    ('', 'is empty; begin it with a line as file,hair'),
    ('\n\n', 'is empty'),
    ('hair,file\nred,a.png', "begins with 'hair,file'; begin it"),
    ('file;hair\na.png;red', "begins with 'file;hair'"),
    ('a.png,red', "begins with 'a.png,red'"),
    ('file,hair,hair\n', "column 'hair' has no name, or that of another"),
    ('file,,hair\n', "column '' has no name"),
    ('file,file\n', "column 'file'"),
    ('file' + ',x' * 1001, 'has 1,001 columns'),
    ('file,hair\na.png,red,dyed', 'line 2: 3 values for 2 columns'),
    ('file,hair\na.png,1\na.png,1', "line 3: 'a.png' has a row already"),
    ('file,hair\na.png,"red', 'line 2: no comma-separated values'),
    ('file,hair\na.png,' + 'x' * 200_000, 'line 2: no comma-separated values'),
    ('file,hair\na\0.png,1', 'file'),
    ('file,hair'.encode('utf-16'), 'is no UTF-8 text .byte 0.; save it'),
    (b'file,hair\nb\xe9.png,1', 'is no UTF-8 text .byte 11.'),
  )
  def test_files_of_another_kind_are_refused(self, content, pattern):
    self.write(content)
    self.assert_refused(pattern)

  def test_other_things_of_its_name_are_refused(self):
    path = self.folder / 'attributes.csv'
    os.mkfifo(path)
    self.assert_refused('a FIFO; replace it')
    path.unlink()
    with open(path, 'wb') as file:
      file.truncate(2**40)
    self.assert_refused('over the limit')

  def test_columns_that_are_not_there(self):
    columns = {'hair': ['black'], 'age': ['7']}
    found = attributes.get_column(columns, 'hair', dataset='folder:/x')
    self.assertEqual(found, ['black'])
    for labels, pattern in (
      (columns, "no column 'hiar' .* hair, age; did you mean 'hair'"),
      ({}, 'have no labels, and .* below the line file,hiar'),
      (None, 'have no labels'),
    ):
      with self.assertRaisesRegex(ValueError, f'folder:/x: .*{pattern}'):
        attributes.get_column(labels, 'hiar', dataset='folder:/x')

  def test_sets_behind_each_other(self):
    columns = attributes.concatenate(
      [{'hair': ['a', 'b']}, None, {'age': ['7'], 'hair': ['c']}], [2, 1, 1]
    )
    self.assertEqual(
      dict(columns), {'hair': ['a', 'b', '', 'c'], 'age': ['', '', '', '7']}
    )
    self.assertEqual(
      dict(attributes.choose(columns, [3, 0])),
      {'hair': ['c', 'a'], 'age': ['7', '']},
    )

  def test_nothing_is_read_before_it_is_asked_for(self):
    reads = []
    columns = attributes.LazyColumns(lambda: reads.append(1) or {'a': ['1']})
    chosen = attributes.choose(columns, [0, 0])
    self.assertEqual(reads, [])
    self.assertEqual(chosen['a'], ['1', '1'])
    self.assertLen(columns, 1)
    self.assertEqual(reads, [1])


if __name__ == '__main__':
  absltest.main()

"""JSON files: a declared type comes back, or one sentence names the fault."""

import os
import pathlib
import tempfile
from typing import Annotated, Any

from absl.testing import absltest, parameterized

from tf_twingan import json_files


class Described(json_files.Model):
  version: json_files.Count
  files: dict[json_files.PathInside, dict[str, Any]]
  domains: tuple[json_files.PlainName, ...] = ()
  score: float = 0.0


class Chosen(json_files.FrozenModel):
  side: int
  corner: Annotated[tuple[float, float], json_files.FromList] = (0.0, 0.0)


def parse(content, kind=Described):
  return json_files.parse(content, kind, name='m.json', remedy='export again')


class JsonFilesTest(parameterized.TestCase):
  def test_the_declared_type_comes_back(self):
    described = parse(
      '{"version": 1, "files": {"a/b": {}}, "domains": ["a"], "score": 2,'
      ' "later": 3}'
    )
    self.assertEqual(described.version, 1)
    self.assertEqual(described.files, {'a/b': {}})
    self.assertEqual(described.domains, ('a',))
    self.assertEqual(described.score, 2.0)
    self.assertEqual(described.later, 3)
    self.assertEqual(parse('{"a": [1]}', dict[str, Any]), {'a': [1]})

  @parameterized.parameters(
    ('', 'Invalid JSON'),
    ('{"version": 1', 'Invalid JSON'),
    (b'\xff\xfe', 'Invalid JSON'),
    ('[' * 100_000, 'recursion limit'),
    ('[]', r'should be an object, and it is \[\]'),
    ('{"files": {}}', 'version: Field required'),
    ('{"version": "1", "files": {}}', "version: .* integer, and it is '1'"),
    ('{"version": true, "files": {}}', 'version: .* and it is True'),
    ('{"version": -1, "files": {}}', 'version: .* and it is -1'),
    ('{"version": 1, "files": [1]}', 'files: '),
    ('{"version": 1, "files": {"../x": {}}}', 'begins with a dot'),
    ('{"version": 1, "files": {"/x": {}}}', 'is empty'),
    ('{"version": 1, "files": {}, "domains": ["/x"]}', r'domains\.0: '),
    ('{"version": 1, "files": {}, "score": NaN}', 'score: .* finite'),
    ('{"version": 1, "files": {}, "score": 1e999}', 'score: .* finite'),
    ('{"version": 1, "files": {"\\u001b[2J": {}}}', 'has the character'),
  )
  def test_anything_else_is_one_printable_sentence(self, content, reason):
    with self.assertRaisesRegex(ValueError, reason) as caught:
      parse(content)
    message = str(caught.exception)
    self.assertStartsWith(message, 'm.json is damaged: ')
    self.assertEndsWith(message, '; export again.')
    self.assertTrue(message.isprintable(), message)
    self.assertLess(len(message), 250)

  def test_only_regular_files_of_a_sensible_size_are_read(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    path = folder / 'm.json'
    with self.assertRaises(FileNotFoundError):
      json_files.read(path, Described, remedy='export again')
    path.write_text('{"version": 1, "files": {}}')
    self.assertEqual(
      json_files.read(path, Described, remedy='export again').version, 1
    )
    os.truncate(path, json_files.MAX_BYTES + 1)
    with self.assertRaisesRegex(ValueError, 'over the limit'):
      json_files.read(path, Described, remedy='export again')
    os.mkfifo(folder / 'pipe')
    os.mkdir(folder / 'folder')
    for name in ('pipe', 'folder'):
      with self.assertRaisesRegex(ValueError, f'{name} is no regular file'):
        json_files.read(folder / name, Described, remedy='export again')


class FrozenModelTest(parameterized.TestCase):
  def test_json_and_the_constructor_give_the_same(self):
    chosen = Chosen(side=3, corner=(1, 2))
    self.assertEqual(parse('{"side": 3, "corner": [1, 2.0]}', Chosen), chosen)
    self.assertEqual(parse(chosen.model_dump_json(), Chosen), chosen)
    self.assertLen({chosen, Chosen(side=3, corner=(1, 2))}, 1)
    with self.assertRaises(ValueError):
      chosen.side = 4

  @parameterized.parameters(
    ({}, 'side: it is needed, and missing'),
    ({'side': 1.5}, 'side is 1.5; it should be a valid integer'),
    ({'side': 1, 'sied': 2}, 'sied: this version of tf_twingan knows no such'),
    (
      {'side': 1, 'corner': (0.0, 'x')},
      "corner.1 is 'x'; it should be a valid",
    ),
    ({'side': 1, 'corner': (0.0, float('nan'))}, 'corner.1 is nan; it should'),
  )
  def test_other_values_are_refused_in_one_line(self, values, message):
    with self.assertRaises(ValueError) as caught:
      Chosen(**values)
    self.assertStartsWith(str(caught.exception), message)
    self.assertNotIn('\n', str(caught.exception))


if __name__ == '__main__':
  absltest.main()

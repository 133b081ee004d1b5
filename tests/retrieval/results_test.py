"""Results of a search: what programs read, and the sheet to look at."""

import json
import os
import pathlib
import tempfile
from types import SimpleNamespace

import numpy as np
from absl.testing import absltest

from tf_twingan.retrieval import index_queries, records, results

RED, GREEN, BLUE = (
  np.full([8, 8, 3], color, np.uint8)
  for color in ((200, 0, 0), (0, 200, 0), (0, 0, 200))
)


def neighbour(number, distance):
  record = records.Record(number, f'{number}.png', 'folder:x', 'anime')
  return index_queries.Neighbour(record, distance)


class ResultsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.index = SimpleNamespace(
      image=lambda number: BLUE,
      folder=pathlib.Path('/index'),
      translator=SimpleNamespace(fingerprint='abc'),
    )
    self.results = [
      results.Result(
        results.Query('a', 'avatars:b', 'photo', RED),
        {'anime': GREEN},
        [neighbour(7, 0.25), neighbour(3, 0.5)],
      ),
      # Looked up in its own domain, where less was found.
      results.Result(
        results.Query('b', 'b.png', 'anime', RED), {}, [neighbour(1, 0.125)]
      ),
    ]

  def test_the_sheet_keeps_its_columns(self):
    sheet = results.contact_sheet(self.index, self.results, by='fused')

    def columns(color):
      found = (sheet == color[0, 0]).all(-1)
      return [
        int(start)
        for start in np.flatnonzero(found.sum(axis=0) >= 100)
        if not found[:, start - 1].any()
      ], found.any(axis=1).sum()

    (queries, rows), (translations, one) = columns(RED), columns(GREEN)
    neighbours, rows_of_neighbours = columns(BLUE)
    self.assertLen(queries, 1)
    self.assertEqual(rows, 2 * 128)
    self.assertLen(translations, 1)
    self.assertEqual(one, 128)
    # The second result's neighbour stands under the first's nearest.
    self.assertLen(neighbours, 2)
    self.assertEqual(rows_of_neighbours, 2 * 128)
    self.assertBetween(neighbours[0] - translations[0], 128, 140)

  def test_plain_values(self):
    found = results.to_json(self.index, self.results, by='own')
    self.assertEqual((found['by'], found['model']), ('own', 'abc'))
    first, second = found['queries']
    self.assertEqual(
      first['neighbours'][0],
      {
        'name': '7.png',
        'source': 'folder:x',
        'domain': 'anime',
        'distance': 0.25,
      },
    )
    self.assertLen(first['neighbours'], 2)
    self.assertEqual(second['name'], 'b')

  def test_a_name_that_is_not_utf8_is_read_again(self):
    name = os.fsdecode(b'caf\xe9\x1b[2J.png')
    [first, _] = self.results
    query = first.query._replace(name=name)
    folder = pathlib.Path(tempfile.mkdtemp())
    record = first.neighbours[0].record._replace(name=name)
    found = first._replace(
      query=query, neighbours=[index_queries.Neighbour(record, 0.5)]
    )
    file, _ = results.write(folder, self.index, [found], by='own')
    text = file.read_text(encoding='utf-8')
    self.assertNotIn('\x1b', text)
    [read] = json.loads(text)['queries']
    self.assertEqual(read['name'], name)
    self.assertEqual(read['neighbours'][0]['name'], name)


if __name__ == '__main__':
  absltest.main()

"""Names in all that is written for people: pages, Markdown, sheets, tables.

A name comes from a folder, a run or an index, perhaps a stranger's, and stays
text wherever it is shown.
"""

import functools
import re
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from export.bundle_files import texts
from tf_twingan import image_grids
from tf_twingan.data.audit import (
  charts,
  dataset_measures,
  finding,
  outliers,
  repeats,
)
from tf_twingan.data.audit import page as audit_page
from tf_twingan.evaluation import image_sheets, page, tables

HOSTILE = (
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '[click](javascript:alert(1))',
  '</title></table><!--',
  '&lt;b&gt; & {{ 7 * 7 }}',
  '`code` ``` |',
  'escape \x1b[31m, bell \x07, null \0',
  'a line\nand # another\r\n<b>',
  'turned \u202e gnp.exe',
  'not UTF-8 \udcff',
  '$x_{$ \\frac %s {0}',
  '\u4eba\U0001f600\u0915\u093f',
  'a' * 5000,
)
WHITE = np.full([8, 8, 3], 255, np.uint8)


class PagesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    # One of the charts, which are drawn alike and hold no names.
    self.enter_context(
      mock.patch.object(charts, 'MEASURES', {'side': charts.MEASURES['side']})
    )

  @staticmethod
  @functools.cache
  def render(name):
    return page.render(
      name,
      name,
      [
        page.Section(
          name,
          {name: {'worst group': name}},
          [image_sheets.ImageSheet(name, WHITE)],
          note=name,
        )
      ],
      {name: {name: [(0, 1e300), (9, -1e300)]}},
    )

  @staticmethod
  @functools.cache
  def render_audit(name):
    measured = dataset_measures.DatasetMeasures(
      name,
      name,
      2,
      [(name, name)],
      [name],
      [name],
      [name],
      {column: np.float64([0.5]) for column in dataset_measures.COLUMNS},
      [''],
      [''],
      np.zeros([1, 4], np.float32),
      WHITE,
      detector=name,
      attributes={name: [name]},
    )
    return audit_page.render(
      [measured],
      [finding.Finding(name, 'low', name, (name,))],
      [repeats.Group((repeats.Place(0, 0),) * 2, True)],
      {name: [outliers.Outlier(0, 'x', 9.0)]},
      {name: lambda name: WHITE},
    )

  @parameterized.product(page=('render', 'render_audit'), name=HOSTILE)
  def test_a_page_has_no_more_tags(self, page, name):
    render = getattr(self, page)
    plain, html = render('plain'), render(name)
    html.encode('utf-8')
    tag = r'</?[a-z][a-z0-9]*|<!--'
    self.assertEqual(re.findall(tag, html), re.findall(tag, plain))
    # Nor an attribute: quotes are those that the page itself has.
    for quote in '"\'':
      self.assertEqual(html.count(quote), plain.count(quote))
    self.assertNotIn('href', re.sub('xlink:href="#', '', html))
    self.assertTrue(html.replace('\n', '').isprintable())

  @parameterized.parameters(*HOSTILE)
  def test_markdown_shows_names_as_code(self, name):
    code = texts.inline_code(name)
    self.assertTrue(code.isprintable())
    fence = re.match('`+', code)[0]
    inner = code.removeprefix(fence).removesuffix(fence)
    self.assertNotIn(len(fence), map(len, re.findall('`+', inner)))

  @parameterized.parameters(*HOSTILE)
  def test_tables_are_lines(self, name):
    table = tables.as_text({name: {'recall@1': 0.5}})
    self.assertLen(table.splitlines(), 2)
    self.assertTrue(table.replace('\n', '').isprintable())

  @parameterized.parameters(*HOSTILE)
  def test_sheets_are_drawn(self, name):
    sheet = image_grids.contact_sheet(
      [[WHITE]], [name], [name], captions=[[name]], title=name
    )
    self.assertGreater((sheet < 200).sum(), 10)


if __name__ == '__main__':
  absltest.main()

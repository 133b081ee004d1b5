"""The page shows what it is given, and every text on it stays text."""

import numpy as np
from absl.testing import absltest

from tf_twingan.evaluation import image_sheets, page

SCRIPT = '<script>alert("x")</script>'


class PageTest(absltest.TestCase):
  def test_tables_images_and_curves_are_on_the_page(self):
    image = np.zeros([2, 3, 3], np.uint8)
    html = page.render(
      'Scores of a run',
      '16 images',
      [
        page.Section(
          'photo to anime',
          {'translation': {'recall@1': 0.5}, 'shuffled': {'recall@1': None}},
          [image_sheets.ImageSheet('Chosen at random', image)],
          note='A note.',
        ),
        page.Section('no table', {}),
      ],
      {'translation': {'loss': [(0, 1), (8, 2)]}},
    )
    self.assertIn('<title>Scores of a run</title>', html)
    self.assertIn('<h2>photo to anime</h2>', html)
    self.assertIn('<th>translation</th><th>shuffled</th>', html)
    self.assertIn('<th>recall@1</th><td>50.0%</td><td>–</td>', html)
    self.assertIn('own counterpart is the nearest', html)
    self.assertIn('<p>A note.</p>', html)
    self.assertIn('src="data:image/png;base64,', html)
    self.assertEqual(html.count('<table>'), 1)
    self.assertIn('Over training', html)
    self.assertIn('<svg', html)
    self.assertIn('loss: 1 to 2', html)

  def test_a_page_without_curves_has_no_section_for_them(self):
    self.assertNotIn('Over training', page.render('t', 's', [], {'run': {}}))

  def test_markup_in_names_stays_text(self):
    html = page.render(
      SCRIPT,
      SCRIPT,
      [
        page.Section(
          SCRIPT,
          {SCRIPT: {'worst group': SCRIPT}},
          [image_sheets.ImageSheet(SCRIPT, np.zeros([1, 1, 3], np.uint8))],
          note=SCRIPT,
        )
      ],
      {SCRIPT: {SCRIPT: [(0, 1)]}},
    )
    self.assertNotIn('<script', html)
    # Title twice, summary, heading, row, cell, caption twice, note, run, chart.
    self.assertEqual(html.count('&lt;script&gt;'), 11)


if __name__ == '__main__':
  absltest.main()

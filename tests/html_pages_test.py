"""Pages hold their images and charts, and their text stays text."""

import base64
import io

import numpy as np
from absl.testing import absltest
from matplotlib import figure
from PIL import Image

from tf_twingan import html_pages


class HtmlPagesTest(absltest.TestCase):
  def test_an_image_is_in_its_uri(self):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    kind, content = html_pages.data_uri(image).split(',')
    self.assertEqual(kind, 'data:image/png;base64')
    decoded = Image.open(io.BytesIO(base64.b64decode(content)))
    np.testing.assert_array_equal(np.asarray(decoded), image)

  def test_equal_charts_give_equal_markup(self):
    charts = [figure.Figure() for _ in range(2)]
    for chart in charts:
      chart.subplots().plot([0, 1], [1, 0])
    first, second = map(html_pages.svg, charts)
    self.assertEqual(first, second)
    self.assertStartsWith(first, '<svg')

  def test_a_page_can_be_read_on_light_and_dark(self):
    html = html_pages.render('html_pages.html.jinja', title='<b>', summary='s')
    self.assertIn('color-scheme: light dark', html)
    self.assertIn('<h1>&lt;b&gt;</h1>', html)
    # Colours of text would have to be given for both.
    self.assertNotRegex(html, r'[^-]color: *#')


if __name__ == '__main__':
  absltest.main()

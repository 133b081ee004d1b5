"""Shares and numbers of images as text."""

from absl.testing import absltest, parameterized

from tf_twingan.data.audit import finding


class FindingTest(parameterized.TestCase):
  @parameterized.parameters(
    (0.45, '45 %'),
    (0.004, '0.4 %'),
    (0.0, '0 %'),
    (-0.2, '-20 %'),
    (-0.004, '-0.4 %'),
  )
  def test_percent(self, share, expected):
    self.assertEqual(finding.percent(share), expected)

  @parameterized.parameters(
    (0.0711, '0.0711'), (1190.4, '1,190'), (-3.084, '-3.08'), (99.96, '100')
  )
  def test_number(self, value, expected):
    self.assertEqual(finding.number(value), expected)

  def test_images(self):
    self.assertEqual(finding.images(1), '1 image')
    self.assertEqual(finding.images(1200), '1,200 images')


if __name__ == '__main__':
  absltest.main()

"""One-line error messages."""

from absl.testing import absltest

from tf_twingan import errors


class ErrorsTest(absltest.TestCase):
  def test_the_first_line_stands_for_an_error(self):
    self.assertEqual(errors.first_line(ValueError('\n one \ntwo')), 'one ')
    self.assertEqual(errors.first_line(ValueError()), 'ValueError')

  def test_a_close_name_is_suggested(self):
    known = ['anime', 'photo']
    self.assertEqual(
      errors.did_you_mean('anmie', known), "; did you mean 'anime'?"
    )
    self.assertEqual(errors.did_you_mean('cat', known), '')


if __name__ == '__main__':
  absltest.main()

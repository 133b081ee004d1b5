"""One-line error messages."""

import pathlib

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

  def test_ordinary_names_are_shown_as_they_are(self):
    for name in (
      'a b.png',
      "C:\\photos\\it's [1].png",
      'Gro\u00dfmutter \u5bb6\u65cf.png',
      'family \U0001f468\u200d\U0001f469.png',
      'at 1.23\u202fPM.png',
    ):
      self.assertEqual(errors.printable(name), name)
    self.assertEqual(errors.printable(pathlib.Path('a/b.png')), 'a/b.png')

  def test_names_cannot_steer_a_terminal(self):
    for name, shown in (
      ('\x1b[2Ja.png', r'\x1b[2Ja.png'),
      ('\x9b2J\x7f', r'\x9b2J\x7f'),
      ('a\n\r\tb\x00', r'a\n\r\tb\x00'),
      ('gnp.\u202eexe', r'gnp.\u202eexe'),
      ('a\u2066\u200f\u200b\ufeff', r'a\u2066\u200f\u200b\ufeff'),
      ('a\u2028\u2029', r'a\u2028\u2029'),
    ):
      self.assertEqual(errors.printable(name), shown)

  def test_names_that_are_not_utf8_can_be_printed(self):
    for name in (
      b'caf\xe9.png',
      'caf\udce9.png',
      pathlib.Path('caf\udce9.png'),
    ):
      self.assertEqual(errors.printable(name), r'caf\xe9.png')
    self.assertEqual(errors.printable('\ud800'), r'\ud800')


if __name__ == '__main__':
  absltest.main()

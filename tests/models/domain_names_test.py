"""Names of domains are possible everywhere, or refused with one that is."""

from absl.testing import absltest, parameterized

from tf_twingan.models import domain_names, twingan


class DomainNamesTest(parameterized.TestCase):
  @parameterized.parameters(
    'photo', 'A', '1', '_x', 'toon-head', 'a.b', 'CONsole', 'x' * 64
  )
  def test_what_works_everywhere_is_a_name(self, name):
    self.assertEqual(domain_names.check_all([name, 'b']), (name, 'b'))

  @parameterized.parameters(
    ('my photos', 'my_photos'),
    ('día', 'dia'),
    ('アニメ', 'my_photos'),
    ('../victim', 'victim'),
    ('/tmp/x', 'tmp_x'),
    ('..', 'my_photos'),
    ('.hidden', 'hidden'),
    ('-x', 'x'),
    ('x.', 'x'),
    ('a=b', 'a_b'),
    ('a\n', 'a'),
    ('\x1b[31m', '31m'),
    ('', 'my_photos'),
    ('nul', 'my_photos'),
    ('Com1.x', 'Com1_x'),
    ('x' * 65, 'x' * 64),
    (None, 'None'),
    (b'a', 'b_a'),
  )
  def test_what_does_not_is_refused_with_a_name_that_does(self, name, similar):
    with self.assertRaises(ValueError) as caught:
      domain_names.check_all(['photo', name])
    message = str(caught.exception)
    self.assertStartsWith(message, f'{name!r} is no name for a domain: ')
    self.assertEndsWith(message, f'for example {similar!r}.')
    domain_names.check_all([similar])

  def test_names_that_would_be_confused_are_refused(self):
    with self.assertRaisesRegex(ValueError, "'a' and 'A' differ in upper and"):
      domain_names.check_all(['a', 'b', 'A'])
    with self.assertRaisesRegex(ValueError, "two domains of the name 'a'"):
      domain_names.check_all(['a', 'b', 'a'])
    for name in ('all', 'All'):
      with self.assertRaisesRegex(
        ValueError, f"'{name}' is no name .*--to=all"
      ):
        domain_names.check_all(['a', name])

  def test_a_model_has_no_other_names(self):
    with self.assertRaisesRegex(ValueError, "'my photos' is no name"):
      twingan.TwinGAN(['my photos', 'b'], max_resolution=4)

  def test_the_name_that_was_meant_is_shown(self):
    self.assertEqual(domain_names.check_known('b', ('a', 'b')), 'b')
    with self.assertRaisesRegex(
      ValueError,
      "no domain 'amine' in this model; it has photo, anime; did you mean "
      "'anime'",
    ):
      domain_names.check_known('amine', ('photo', 'anime'))
    with self.assertRaisesRegex(ValueError, 'it has photo, anime.$'):
      domain_names.check_known('cat', ('photo', 'anime'))


if __name__ == '__main__':
  absltest.main()

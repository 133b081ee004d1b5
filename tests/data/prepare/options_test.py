"""Options of preparation: checked in one line, the same from JSON."""

from absl.testing import absltest, parameterized

from tf_twingan import json_files
from tf_twingan.data.prepare import alignment
from tf_twingan.data.prepare.options import Options


class OptionsTest(parameterized.TestCase):
  def test_json_holds_every_option(self):
    options = Options(
      faces='human',
      resolution=64,
      template=alignment.Template(mouth=(0.5, 0.75)),
      largest_roll=None,
      background='#80c0ff',
    )
    read = json_files.parse(
      options.model_dump_json(), Options, name='', remedy=''
    )
    self.assertEqual(read, options)
    self.assertEqual(hash(read), hash(options))

  @parameterized.parameters(
    ({'margin': 9}, 'margin is 9; it should be less than or equal to 4'),
    ({'resolution': 6.5}, 'resolution is 6.5; it should be a valid integer'),
    ({'padding': 'x'}, "padding is 'x'; it should be 'reflect' or 'blur'"),
    ({'background': 'rde'}, "background: 'rde' is no background; use keep"),
    ({'background': 'red'}, 'background: #ff0000 needs people who can be cut'),
    ({'margni': 1}, 'margni: this version of tf_twingan knows no such key'),
  )
  def test_other_values_are_refused_in_one_line(self, values, message):
    with self.assertRaises(ValueError) as caught:
      Options(faces='none', **values)
    self.assertStartsWith(str(caught.exception), message)
    self.assertNotIn('\n', str(caught.exception))

  def test_options_do_not_change(self):
    with self.assertRaises(ValueError):
      Options(faces='none').margin = 1.0


if __name__ == '__main__':
  absltest.main()

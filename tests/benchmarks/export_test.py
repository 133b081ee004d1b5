"""Benchmarks of exports refuse what they would pass over."""

from unittest import mock

from absl.testing import absltest

from benchmarks import export


class ExportTest(absltest.TestCase):
  def test_a_word_that_is_no_flag_is_refused_before_any_work(self):
    with (
      mock.patch.object(export.twingan, 'TwinGAN', side_effect=AssertionError),
      self.assertRaisesRegex(SystemExit, "unexpected argument 'saved_models'"),
    ):
      export.main(['export', 'saved_models'])


if __name__ == '__main__':
  absltest.main()

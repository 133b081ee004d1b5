"""What counts as a film by its name."""

from absl.testing import absltest

from tf_twingan.inference.films import containers


class NamesTest(absltest.TestCase):
  def test_names(self):
    self.assertTrue(containers.is_film('a/B.MP4'))
    self.assertFalse(containers.is_film('a.png'))
    self.assertFalse(containers.is_film('mp4'))


if __name__ == '__main__':
  absltest.main()

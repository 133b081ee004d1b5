"""What a run's directory tells of its sources, and that nothing is executed."""

import pathlib
import tempfile

from absl.testing import absltest

from tf_twingan import inference
from tf_twingan.data import recorded


def run_with(text):
  run_dir = pathlib.Path(tempfile.mkdtemp())
  (run_dir / 'operative_config.gin').write_text(text, encoding='utf-8')
  return run_dir


class SourcesTest(absltest.TestCase):
  def test_they_come_in_the_order_of_the_domains(self):
    run_dir = run_with("anime = 'folder:/b?crop=0.7'\nphoto = 'avatars:x'\n")
    self.assertEqual(
      list(recorded.sources(run_dir, ['photo', 'anime']).items()),
      [('photo', 'avatars:x'), ('anime', 'folder:/b?crop=0.7')],
    )

  def test_what_is_no_domain_or_no_plain_string_is_left_out(self):
    run_dir = run_with(
      "import os\nother = 'folder:/a'\nanime = @f()\nphoto = 'a' + 'b'\n"
    )
    self.assertEqual(recorded.sources(run_dir, ['photo', 'anime']), {})

  def test_a_model_without_a_record_has_none(self):
    self.assertEqual(recorded.sources(tempfile.mkdtemp(), ['photo']), {})

  def test_the_shipped_model_names_its_own(self):
    self.assertEqual(
      recorded.sources(
        inference.pretrained_dir('avatar_twins'), ['photo', 'anime']
      ),
      {'photo': 'avatars:toon-head', 'anime': 'avatars:lorelei'},
    )


if __name__ == '__main__':
  absltest.main()

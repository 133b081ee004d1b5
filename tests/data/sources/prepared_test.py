"""A prepared folder as a dataset: how it was prepared goes with its framing."""

import json

from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import framing
from tf_twingan.data.prepare import dataset_record
from tf_twingan.data.sources import registry


class PreparedTest(prepare_case.PrepareCase):
  def framing(self, below=''):
    return registry.parse(f'folder:{self.output}{below}').framing

  def test_its_framing_says_how_it_was_prepared(self):
    self.write('a.png', 'b.png', 'c.png', 'd.png')
    self.prepare()
    self.assertEqual(self.framing(), framing.Framing(preparation=self.options))
    self.assertEqual(
      self.framing('/train?crop=0.5'),
      framing.Framing(0.5, preparation=self.options),
    )
    loaded = registry.load(f'folder:{self.output}', 16)
    self.assertEqual(loaded.images.shape[1:], (16, 16, 3))

  def test_its_sheet_is_no_image_of_it(self):
    self.write('a.png', 'sheet.jpg.png', 'sheet.png')
    self.prepare()
    named = registry.named_images(f'folder:{self.output}', 16)
    self.assertLen(named.names, 3)
    self.assertNotIn('sheet.png', named.names)
    self.assertLen(registry.parse(f'folder:{self.photos}').originals().names, 3)

  def test_another_program_may_have_a_file_of_this_name(self):
    self.write('a.png')
    self.output = self.photos
    for content in ('{"labels": [["a.png", 1]]}', '{', ''):
      (self.photos / dataset_record.NAME).write_text(content)
      self.assertEqual(self.framing(), framing.Framing())
    (self.photos / dataset_record.NAME).unlink()
    (self.photos / dataset_record.NAME).mkdir()
    self.assertEqual(self.framing(), framing.Framing())

  def test_a_damaged_record_is_refused(self):
    self.write('a.png', 'b.png', 'c.png', 'd.png')
    self.prepare()
    path = self.output / dataset_record.NAME
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {'options': {'faces': 5}}, indent=1))
    with self.assertRaisesRegex(ValueError, 'dataset.json is damaged: options'):
      self.framing()


if __name__ == '__main__':
  absltest.main()

"""dataset.json: read with its damages named, and files held against it."""

import json
import os
import shutil

from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import files
from tf_twingan.data.prepare import dataset_record


class DatasetRecordTest(prepare_case.PrepareCase):
  def setUp(self):
    super().setUp()
    self.write(*(f'{number}.png' for number in range(12)))
    self.prepare()
    self.record = json.loads((self.output / 'dataset.json').read_text())

  def change(self, **changes):
    content = {**self.record, **changes}
    (self.output / 'dataset.json').write_text(json.dumps(content))

  def test_it_is_found_from_the_folders_of_the_images(self):
    for folder in ('', 'train', 'test'):
      found = dataset_record.find(self.output / folder)
      self.assertEqual(found.options, self.options)
    self.assertIsNone(dataset_record.find(self.photos))
    self.assertIsNone(dataset_record.find(f'{self.photos}\0'))
    self.assertIsNone(dataset_record.find(self.root / 'missing'))

  def test_it_is_found_from_subfolders_of_its_splits_alone(self):
    (self.output / 'train' / 'a' / 'b').mkdir(parents=True)
    (self.output / 'mine' / 'train').mkdir(parents=True)
    link = self.root / 'link'
    link.symlink_to(self.output / 'train' / 'a')
    for folder in (self.output / 'train' / 'a' / 'b', link, link / 'b'):
      found = dataset_record.find(folder)
      self.assertIsNotNone(found, folder)
      self.assertEqual(found.options, self.options)
    for folder in ('mine', 'mine/train', 'train/a/../../../photos'):
      self.assertIsNone(dataset_record.find(self.output / folder), folder)

  def test_damage_is_one_line(self):
    for changes, said in (
      ({'version': 2}, 'version'),
      ({'photos': -1}, 'photos'),
      (
        {'options': {'faces': 'none', 'resolution': 'big'}},
        'options.* resolution is',
      ),
      ({'options': {'faces': 'none', 'secret': 1}}, 'options.* secret'),
      ({'names_sha256': 'short'}, 'names_sha256'),
    ):
      self.change(**changes)
      pattern = f'dataset.json is damaged.*{said}'
      with self.assertRaisesRegex(ValueError, pattern) as caught:
        dataset_record.read(self.output)
      self.assertNotIn('\n', str(caught.exception))

  def test_every_damaged_or_missing_file_is_named(self):
    self.assertEmpty(dataset_record.verify(self.output))
    names = sorted(n for n in self.found() if n.startswith('train/'))
    damaged = self.output / names[0]
    content = bytearray(damaged.read_bytes())
    content[40] ^= 1
    damaged.write_bytes(content)
    (self.output / names[1]).unlink()
    (self.output / names[2]).unlink()
    os.mkfifo(self.output / names[2])
    (self.output / 'rejected.csv').write_text('changed')
    self.assertCountEqual(
      dataset_record.verify(self.output), [*names[:3], 'rejected.csv']
    )

  def test_damaged_checksums_are_named(self):
    path = self.output / dataset_record.CHECKSUMS
    path.write_text(path.read_text().replace('0', '1'))
    with self.assertRaisesRegex(ValueError, 'SHA256SUMS is damaged'):
      dataset_record.verify(self.output)
    path.unlink()
    with self.assertRaisesRegex(ValueError, 'SHA256SUMS is missing'):
      dataset_record.verify(self.output)

  def test_checksums_are_in_the_common_format(self):
    if shutil.which('sha256sum') is None:
      self.skipTest('there is no sha256sum')
    command = f'cd {self.output} && sha256sum --quiet --check SHA256SUMS'
    self.assertEqual(os.system(command), 0)

  def test_a_strangers_checksums_name_no_file_outside(self):
    secret = self.root / 'secret'
    secret.write_text('secret')
    digests = {'../secret': files.sha256_of(secret)}
    checksum = dataset_record.write_checksums(self.output, digests)
    self.change(checksums_sha256=checksum)
    self.assertEqual(dataset_record.verify(self.output), ['../secret'])


if __name__ == '__main__':
  absltest.main()

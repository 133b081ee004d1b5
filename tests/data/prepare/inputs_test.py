"""Which inputs and outputs are taken, with odd files among them."""

import os
import shutil

from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import image_io
from tf_twingan.data.prepare import dataset_record, job

NAMES = prepare_case.NAMES


class InputsTest(prepare_case.PrepareCase):
  def test_files_of_others_are_not_touched(self):
    self.write(*NAMES[:2])
    self.output.mkdir()
    (self.output / 'thesis.txt').write_text('mine')
    self.assert_refused('holds thesis.txt, which is no prepared dataset')
    self.assertEqual(self.found(), ['thesis.txt'])
    (self.output / 'thesis.txt').unlink()
    (self.output / 'train').mkdir()
    self.assert_refused('holds train, which')

  def test_an_output_inside_of_the_input_is_no_input(self):
    self.output = self.photos / 'prepared'
    self.write(*NAMES[:4])
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))
    self.assertEqual(dataset_record.read(self.output).photos, 4)

  def test_the_folder_of_the_photos_is_no_output(self):
    self.write(*NAMES[:2])
    self.output = self.photos
    self.assert_refused('holds the photos themselves')
    self.output = self.root
    self.assert_refused('holds the photos themselves')

  def test_an_output_that_is_an_address(self):
    self.write(*NAMES[:2])
    for address in ('gs://bucket/prepared', 'hdfs://node:9000/prepared'):
      self.output = address
      self.assert_refused(f'{address} is an address, not a folder; prepare int')

  def test_an_output_that_cannot_be_written(self):
    self.write(*NAMES[:2])
    self.output.write_text('a file')
    self.assert_refused('no folder', OSError)
    self.output.unlink()
    self.output.mkdir(mode=0o500)
    if os.geteuid():
      self.assert_refused('nothing can be written there', OSError)

  def test_an_input_without_photos(self):
    self.photos.mkdir()
    self.assert_refused('no images')
    (self.photos / 'broken.jpg').write_bytes(b'no image')
    self.assert_refused(r'none of 1 photos gives an image \(1 unreadable\)')
    shutil.rmtree(self.photos)
    self.assert_refused('no such folder', FileNotFoundError)

  def test_odd_files_and_names(self):
    self.write('ok.png')
    long = 'é' * 125 + '.png'  # 254 bytes.
    image_io.write_png(self.root / 'x.png', prepare_case.photo(7))
    shutil.copy(self.root / 'x.png', self.photos / long)
    odd = [b'not\xffutf8.png', 'con:a*\n‮.png'.encode(), b'a?b.png']
    for number, name in enumerate(odd, 10):
      image_io.write_png(self.root / 'x.png', prepare_case.photo(number))
      shutil.copy(
        self.root / 'x.png', os.path.join(os.fsencode(self.photos), name)
      )
    os.mkfifo(self.photos / 'fifo.png')
    os.symlink('nothing', self.photos / 'dangling.png')
    os.symlink('loop.png', self.photos / 'loop.png')
    os.symlink('.', self.photos / 'folder_loop')
    self.prepare()
    record = dataset_record.read(self.output)
    self.assertEqual(sum(record.images.values()), 5)
    self.assertEqual(record.rejected, {'unreadable': 3})
    self.assertEmpty(dataset_record.verify(self.output))
    for name in self.found():
      self.assertTrue(name.isprintable())
      self.assertLess(len(os.fsencode(name.rpartition('/')[2])), 200)
    self.assertIn(b'not\xffutf8.png', self.content()['origins.csv'])

  def test_damaged_labels_are_said_before_any_work(self):
    self.write(*NAMES[:2])
    (self.photos / 'attributes.csv').write_text('name;hair')
    with self.assertRaisesRegex(ValueError, 'attributes.csv begins with'):
      self.plan()
    self.assertFalse(self.output.exists())

  def test_a_crop_of_the_input_is_refused(self):
    self.write(*NAMES[:2])
    with self.assertRaisesRegex(ValueError, 'leave crop= and fit= out'):
      job.plan(f'folder:{self.photos}?crop=0.5', self.options, self.output)


if __name__ == '__main__':
  absltest.main()

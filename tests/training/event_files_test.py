"""What a resume does again stands once in TensorBoard's files."""

import pathlib
import struct
import tempfile

import tensorflow as tf
from absl.testing import absltest
from tensorboard.backend.event_processing import event_accumulator

from tf_twingan.training import event_files, summaries


def steps(folder):
  reader = event_accumulator.EventAccumulator(str(folder))
  reader.Reload()
  return {
    tag: [event.step for event in reader.Tensors(tag)]
    for tag in reader.Tags()['tensors']
  }


def write(folder, *images_seen):
  writer = tf.summary.create_file_writer(str(folder))
  with writer.as_default():
    for step in images_seen:
      tf.summary.scalar('loss', step, step=step)
  writer.close()


class EventFilesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.run = pathlib.Path(tempfile.mkdtemp(), 'run[1]')
    self.run.mkdir()
    self.folder = self.run / 'summaries'

  def test_a_resume_removes_what_it_does_again(self):
    first = summaries.Summaries(str(self.run))
    for seen in (8, 16, 24):
      first.scalars(seen, {'loss': 1.0})
    second = summaries.Summaries(str(self.run))
    second.rewind(8)
    for seen in (16, 24):
      second.scalars(seen, {'loss': 2.0})
    self.assertEqual(steps(self.folder), {'loss': [8, 16, 24]})

  def test_a_file_without_later_events_is_left_as_it_is(self):
    write(self.folder, 8, 16)
    (path,) = self.folder.iterdir()
    before = path.stat()
    event_files.rewind(path, 16)
    self.assertEqual(path.stat(), before)

  def test_a_damaged_end_is_no_obstacle(self):
    write(self.folder, 8, 16, 24)
    (path,) = self.folder.iterdir()
    content = path.read_bytes()
    for damaged in (content + b'\xff' * 40, content[:-3], content + b'\1'):
      path.write_bytes(damaged)
      event_files.rewind(path, 8)
      self.assertEqual(steps(self.folder), {'loss': [8]})

  def test_a_damaged_event_ends_the_file(self):
    write(self.folder, 8, 16, 24)
    (path,) = self.folder.iterdir()
    content = path.read_bytes()
    changed = content.replace(struct.pack('<f', 24), struct.pack('<f', 99))
    path.write_bytes(changed)
    event_files.rewind(path, 16)
    self.assertEqual(path.read_bytes(), changed)
    event_files.rewind(path, 8)
    self.assertEqual(steps(self.folder), {'loss': [8]})

  def test_zeros_are_no_events(self):
    write(self.folder, 8, 16)
    (path,) = self.folder.iterdir()
    content = path.read_bytes()
    path.write_bytes(content + bytes(64))
    event_files.rewind(path, 8)
    self.assertTrue(content.startswith(path.read_bytes()))
    self.assertEqual(steps(self.folder), {'loss': [8]})

  def test_a_record_that_is_no_event_ends_the_file(self):
    write(self.folder, 8, 16)
    (path,) = self.folder.iterdir()
    other = self.run / 'other'
    with tf.io.TFRecordWriter(str(other)) as writer:
      writer.write(b'no event')
    with open(path, 'ab') as file:
      file.write(other.read_bytes())
    event_files.rewind(path, 8)
    self.assertEqual(steps(self.folder), {'loss': [8]})

  def test_a_file_that_cannot_be_rewritten_does_not_end_a_training(self):
    (self.folder / 'a.tfevents.folder').mkdir(parents=True)
    summaries.Summaries(str(self.run)).rewind(8)


if __name__ == '__main__':
  absltest.main()

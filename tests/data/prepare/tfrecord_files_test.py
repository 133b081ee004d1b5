"""TFRecord files of images: written alike, and no damage passes unnamed."""

import os
import pathlib
import struct
import tempfile
import tracemalloc

import numpy as np
import tensorflow as tf
from absl.testing import absltest, parameterized

from tf_twingan import files, image_io
from tf_twingan.data.prepare import tfrecord_files


def records(count: int = 3) -> list[tfrecord_files.Record]:
  made = []
  for number in range(count):
    image = np.full([4, 6, 3], 10 * number, np.uint8)
    made.append(
      tfrecord_files.Record(
        f'sub/{number}.png',
        png(image),
        image.shape,
        'test' if number == 1 else 'train',
        {'hair': ['black', '', 'rosé'][number % 3], 'age': str(number)},
        np.array([number, 0.5], np.float32),
      )
    )
  return made


def png(image: np.ndarray) -> bytes:
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'image.png')
    image_io.write_png(path, image)
    return path.read_bytes()


def example(**features: bytes) -> bytes:
  return tf.train.Example(
    features=tf.train.Features(
      feature={
        key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for key, value in features.items()
      }
    )
  ).SerializeToString()


class TfrecordFilesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.folder = pathlib.Path(folder.name)
    self.path = self.folder / 'train-00000-of-00001.tfrecord'

  def write(self, made=None):
    made = records() if made is None else made
    tfrecord_files.write(self.path, made, len(made))
    return made

  def write_raw(self, *serialized: bytes):
    with tf.io.TFRecordWriter(str(self.path)) as writer:
      for data in serialized:
        writer.write(data)

  def assert_refused(self, pattern: str):
    with self.assertRaisesRegex(tfrecord_files.DamagedFile, pattern) as caught:
      list(tfrecord_files.iterate(self.path))
    self.assertNotIn('\n', str(caught.exception))

  def assert_same(self, found, expected):
    self.assertEqual(found[:-1], expected[:-1])
    np.testing.assert_array_equal(found.vector, expected.vector)

  def test_what_is_written_is_read(self):
    written = self.write()
    found = list(tfrecord_files.iterate(self.path))
    self.assertLen(found, len(written))
    self.assertEqual(tfrecord_files.count(self.path), len(written))
    for (location, record), expected in zip(found, written, strict=True):
      self.assert_same(record, expected)
      self.assertEqual(record.vector.dtype, np.float32)
      self.assert_same(tfrecord_files.read(location), expected)

  def test_any_program_reads_it_by_the_documented_names(self):
    (written,) = self.write(records(1))
    (data,) = tf.data.TFRecordDataset(str(self.path)).as_numpy_iterator()
    feature = tf.train.Example.FromString(data).features.feature
    self.assertEqual(feature['name'].bytes_list.value[0], b'sub/0.png')
    self.assertEqual(feature['image'].bytes_list.value[0], written.image)
    self.assertEqual(
      feature['sha256'].bytes_list.value[0].hex(), files.sha256(written.image)
    )
    self.assertEqual(list(feature['shape'].int64_list.value), [4, 6, 3])
    self.assertEqual(list(feature['place'].int64_list.value), [0, 1])
    self.assertEqual(feature['split'].bytes_list.value[0], b'train')
    self.assertEqual(feature['attribute/hair'].bytes_list.value[0], b'black')
    self.assertEqual(list(feature['vector'].float_list.value), [0, 0.5])

  def test_equal_records_give_equal_bytes(self):
    made = self.write()
    first = self.path.read_bytes()
    backwards = [
      record._replace(attributes=dict(reversed(record.attributes.items())))
      for record in made
    ]
    self.write(backwards)
    self.assertEqual(self.path.read_bytes(), first)

  def test_names_that_are_not_utf_8(self):
    name = os.fsdecode(b'caf\xe9.png')
    self.write([records(1)[0]._replace(name=name)])
    ((location, record),) = tfrecord_files.iterate(self.path)
    self.assertEqual(record.name, name)
    self.assertEqual(tfrecord_files.read(location).name, name)

  def test_a_path_that_is_not_utf_8(self):
    self.path = self.folder / os.fsdecode(b'caf\xe9.tfrecord')
    self.write()
    self.assertLen(list(tfrecord_files.iterate(self.path)), 3)

  def test_any_changed_byte_is_named(self):
    image = b'pixels'
    self.write([tfrecord_files.Record(name, image) for name in 'ab'])
    content = self.path.read_bytes()
    (first, _), (second, _) = tfrecord_files.iterate(self.path)
    of_image = content.index(image)
    for place in range(len(content)):
      in_data = any(0 <= place - w.start < w.size for w in (first, second))
      if in_data and place % 5:
        continue  # Each takes 30 ms.
      changed = bytearray(content)
      changed[place] ^= 1 << place % 8
      self.path.write_bytes(changed)
      with self.assertRaises(tfrecord_files.DamagedFile) as caught:
        list(tfrecord_files.iterate(self.path))
      message = str(caught.exception)
      self.assertIn(str(self.path), message)
      if place >= second.start - 12:
        self.assertIn('record 1 ', message)
      elif place >= 12:
        self.assertIn('record 0 ', message)
      if 0 <= place - of_image < len(image):
        with self.assertRaisesRegex(
          tfrecord_files.DamagedFile, 'image is not that of its checksum'
        ):
          tfrecord_files.read(first)

  def test_a_file_cut_off_anywhere_is_named(self):
    self.write([tfrecord_files.Record(name, b'pixels') for name in 'ab'])
    content = self.path.read_bytes()
    for size in range(len(content)):
      self.path.write_bytes(content[:size])
      self.assert_refused('record .* is damaged' if size else 'an empty file')

  def test_records_that_are_gone_are_missed(self):
    self.write()
    places = [where for where, _ in tfrecord_files.iterate(self.path)]
    content = self.path.read_bytes()
    self.path.write_bytes(content[: places[-1].start - 12])
    self.assert_refused(
      'record 0 of 3, and the file has 2: records are missing'
    )
    self.path.write_bytes(content[places[1].start - 12 :])
    self.assert_refused(
      'record 1 of 3, and the file has 2: records are missing'
    )

  @parameterized.parameters(2**40, 2**63, 2**64 - 1, 2**27)
  def test_a_length_of_gigabytes_allocates_none(self, size):
    self.write()
    length = struct.pack('<Q', size)
    head = length + tfrecord_files._masked_crc(length)
    with open(self.path, 'ab') as file:
      file.write(head + b'x' * 100)
      if size == 2**27:  # A file with a hole, as long as it says.
        file.truncate(file.tell() + size)
    tracemalloc.start()
    self.assert_refused('record 3 .*(cut off|over the limit)')
    self.assertLess(tracemalloc.get_traced_memory()[1], 2**22)
    tracemalloc.stop()

  def test_countless_empty_records_take_no_memory(self):
    self.write_raw(b'')
    self.path.write_bytes(self.path.read_bytes() * 2**14)
    tracemalloc.start()
    self.assert_refused("record 0 .* no feature 'name'")
    self.assertLess(tracemalloc.get_traced_memory()[1], 2**20)
    tracemalloc.stop()

  def test_a_record_of_countless_features_is_not_parsed(self):
    name, image = (example(**{key: b'x'}) for key in ('name', 'image'))
    entries = b''.join(b'\x0a\x08\x0a\x04%04d\x12\x00' % n for n in range(2000))
    self.write_raw(name + image + self.features(entries))
    self.assert_refused('more than 1,024 features')
    strings = b'\x0a\x00' * 2**20  # A name of a million empty strings.
    feature = b'\x0a' + self.varint(len(strings)) + strings
    entry = b'\x0a\x04name\x12' + self.varint(len(feature)) + feature
    self.write_raw(image + self.features(self.features(entry)))
    self.assert_refused("feature 'name' is over 1,048,576 bytes")

  def test_what_is_repeated_countless_times_is_not_read_through(self):
    whole = example(name=b'x', image=b'x')
    entry = b'\x0a\x08\x0a\x04same\x12\x00'
    unknown = b'\x1a\x00'  # Field 3, and empty.
    for repeated in (
      self.features(entry * 2000),
      b'\x0a\x00' * 2000,
      self.features(entry) * 2000,
      unknown * 2000,
      self.features(unknown * 2000),
    ):
      self.write_raw(whole + repeated)
      self.assert_refused('more than 1,024 features')

  def features(self, entries):
    return b'\x0a' + self.varint(len(entries)) + entries

  def varint(self, value):
    encoded = b''
    while value > 127:
      encoded += bytes([value & 127 | 128])
      value >>= 7
    return encoded + bytes([value])

  @parameterized.parameters(
    (b'', "no feature 'name'"),
    (b'no example', 'it is no'),
    (b'\xff' * 20, 'it is no tf.train.Example'),
    (b'\x0a\xff\xff\xff\xff\x0f', 'no whole tf.train.Example'),
    (example(name=b'a'), "no feature 'image'"),
    (example(name=b'', image=b'x'), 'its name is empty'),
    (example(name=b'a', image=b'x', sha256=b'y'), 'not that of its checksum'),
    (example(name=b'a', image=b'x', place=b'y'), 'is damaged'),
  )
  def test_records_of_another_kind_are_refused(self, serialized, pattern):
    self.write_raw(serialized)
    self.assert_refused(pattern)

  def test_a_name_and_an_image_suffice(self):
    self.write_raw(example(name=b'a', image=b'x'))
    ((_, record),) = tfrecord_files.iterate(self.path)
    self.assertEqual(record, tfrecord_files.Record('a', b'x'))

  def test_files_of_another_kind_are_refused(self):
    self.path.write_bytes(png(np.zeros([4, 4, 3], np.uint8)))
    self.assert_refused('no TFRecord file')
    self.path.unlink()
    os.mkfifo(self.path)
    self.assert_refused('a FIFO')

  def test_nothing_is_left_of_a_failed_writing(self):
    self.write(records(1))
    before = self.path.read_bytes()
    with self.assertRaisesRegex(ValueError, '2 records were given'):
      tfrecord_files.write(self.path, records(2), 3)
    large = records(1)[0]._replace(image=b'x' * 2**26)
    with self.assertRaisesRegex(ValueError, 'over the limit'):
      tfrecord_files.write(self.path, [large], 1)
    self.assertEqual(self.path.read_bytes(), before)
    self.assertEqual(os.listdir(self.folder), [self.path.name])


if __name__ == '__main__':
  absltest.main()

"""The record of results: what is done, what is not, and what is another's."""

import os
import pathlib
import shutil
import tempfile

from absl.testing import absltest

from tf_twingan.inference import result_record

KEY = 'asked for'


class ResultRecordTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    self.folder, self.source = self.root / 'out', self.root / 'a.jpg'
    self.result = self.folder / 'deep' / os.fsdecode(b'a\xff.png')
    self.source.write_bytes(b'source')
    self.write()

  def write(self, content=b'result'):
    record = result_record.ResultRecord(self.folder)
    source = result_record.Source.of(self.source)
    self.result.parent.mkdir(parents=True, exist_ok=True)
    unfinished = self.result.with_suffix('.part')
    unfinished.write_bytes(content)
    record.note(self.result, unfinished, content, source, KEY)
    os.replace(unfinished, self.result)
    record.close()

  def is_done(self, key=KEY):
    record = result_record.ResultRecord(self.folder)
    return record.is_done(self.result, self.source, key)

  def is_result(self):
    return result_record.ResultRecord(self.folder).is_result(self.result)

  def log(self):
    return next((self.folder / result_record.FOLDER).glob('*.jsonl'))

  def test_what_is_done_is_known(self):
    self.assertTrue(self.is_done())
    self.assertTrue(self.is_result())

  def test_other_options_do_it_again(self):
    self.assertFalse(self.is_done('asked for now'))
    self.assertTrue(self.is_result())

  def test_another_source_does_it_again(self):
    before = os.stat(self.source)
    os.utime(self.source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    self.assertFalse(self.is_done())
    os.utime(self.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    self.assertTrue(self.is_done())
    self.source.write_bytes(b'longer source')
    os.utime(self.source, ns=(before.st_atime_ns, before.st_mtime_ns))
    self.assertFalse(self.is_done())
    self.source.unlink()
    self.assertFalse(self.is_done())

  def test_a_result_that_was_changed_is_nobody_s(self):
    for content in (b'RESULT', b'longer result', b''):
      self.result.write_bytes(content)
      self.assertFalse(self.is_done())
      self.assertFalse(self.is_result())
    self.result.unlink()
    self.assertFalse(self.is_done())

  def test_a_copy_of_the_folder_goes_on(self):
    copy = self.root / 'copy'
    # Without the times.
    shutil.copytree(self.folder, copy, copy_function=shutil.copyfile)
    self.result = copy / self.result.relative_to(self.folder)
    self.folder = copy
    self.assertTrue(self.is_done())

  def test_a_killed_call_left_half_a_line(self):
    whole = self.log().read_bytes()
    for cut in (1, 20, len(whole) - 2):
      self.log().write_bytes(whole + whole[:cut])
      self.assertTrue(self.is_done())
    self.log().write_bytes(whole[:-2])
    self.assertFalse(self.is_done())

  def replace_in_vain(self, content, key):
    """Notes a result that does not get its name."""
    record = result_record.ResultRecord(self.folder)
    unfinished = self.root / 'unfinished'
    unfinished.write_bytes(content)
    source = result_record.Source.of(self.source)
    record.note(self.result, unfinished, content, source, key)
    record.close()

  def test_a_replacement_that_did_not_get_its_name(self):
    for number in range(3):
      self.replace_in_vain(b'new %d' % number, 'asked for now')
      self.assertTrue(self.is_result())
      self.assertTrue(self.is_done())
      self.assertFalse(self.is_done('asked for now'))
    self.result.write_bytes(b'new 1')
    self.assertTrue(self.is_result())
    self.assertTrue(self.is_done('asked for now'))
    self.assertFalse(self.is_done())

  def test_the_same_again_takes_no_more_memory(self):
    for _ in range(3):
      self.replace_in_vain(b'result', KEY)
    record = result_record.ResultRecord(self.folder)
    self.assertLen(record._entries(self.result), 1)

  def test_what_is_skipped_leaves_an_earlier_result_known(self):
    record = result_record.ResultRecord(self.folder)
    record.note_skipped(self.result, 'asked for now', 'gone')
    record.close()
    record = result_record.ResultRecord(self.folder)
    self.assertEqual(record.reason(self.result, 'asked for now'), 'gone')
    self.assertIsNone(record.reason(self.result, KEY))
    self.assertTrue(self.is_result())
    self.assertTrue(self.is_done())
    self.write(b'new')
    record = result_record.ResultRecord(self.folder)
    self.assertIsNone(record.reason(self.result, 'asked for now'))

  def test_lines_of_strangers(self):
    whole = self.log().read_bytes()
    for line in (
      b'{}',
      b'[]',
      b'[1, 2, 3, 4, 5, 6, 7]',
      b'[' * 100_000,
      b'\xff\xfe',
      b'null',
      b'["a", 1, 1, "k", 1, 1]',
    ):
      self.log().write_bytes(line + b'\n' + whole)
      self.assertTrue(self.is_done())
    (self.folder / result_record.FOLDER / 'folder.jsonl').mkdir()
    os.mkfifo(self.folder / result_record.FOLDER / 'pipe.jsonl')
    self.assertTrue(self.is_done())

  def test_every_process_has_its_own_file(self):
    self.write(b'new')
    folder = self.folder / result_record.FOLDER
    self.assertLen(os.listdir(folder), 2)
    self.assertTrue(self.is_done())

  def test_nothing_is_written_before_the_first_result(self):
    empty = self.root / 'empty'
    result_record.ResultRecord(empty).close()
    self.assertFalse(empty.exists())


if __name__ == '__main__':
  absltest.main()

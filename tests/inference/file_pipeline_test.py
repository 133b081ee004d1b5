"""The pipeline of files: order, bounds, failures, and what is kept."""

import contextlib
import pathlib
import tempfile
import threading
import time
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan import image_io
from tf_twingan.inference import (
  batching,
  file_methods,
  file_pipeline,
  output_files,
)


class Numbers:
  """Reads a number from a file's name, and adds 100 to as many squares."""

  options, source_type = {}, ''

  def __init__(self, squares=lambda number: 1, size=0, finishing=0):
    self.squares, self.size, self.seconds = squares, size, 0
    self.finishing, self.at_once, self.most_at_once = finishing, 0, 0
    self.read, self.in_memory, self.most = [], 0, 0
    self.batches = []
    self.lock = threading.Lock()

  def load(self, path):
    number = int(path.stem)
    if number == 13:
      raise image_io.UnreadableImage(str(path), 'unlucky')
    with self.lock:
      self.read.append(number)
      self.in_memory += 1
      self.most = max(self.most, self.in_memory)
    time.sleep(self.seconds)
    count = self.squares(number)
    squares = np.full([count, 1, 1, 3], number, np.uint8)
    size = self.size(number) if callable(self.size) else self.size
    return file_methods.Loaded(squares, number, size, self.finishing)

  def translate(self, squares):
    self.batches.append(len(squares))
    return squares + 100

  def finish(self, loaded, translated):
    assert (translated == loaded.content + 100).all()
    assert len(translated) == self.squares(loaded.content)
    with self.lock:
      self.at_once += 1
      self.most_at_once = max(self.most_at_once, self.at_once)
    # The first ones end last.
    time.sleep(0.002 * (3 - loaded.content % 4))
    with self.lock:
      self.at_once -= 1
      self.in_memory -= 1
    image = np.full([2, 2, 3], loaded.content, np.uint8)
    return file_methods.Result(image)


class FilePipelineTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.enter_context(mock.patch.object(batching, 'BATCH_SIZE', 4))

  def outputs(self, count):
    for number in range(count):
      yield pathlib.Path(f'{number}.jpg'), self.folder / f'{number}.png'

  def translate(self, method, count, **options):
    self.writer = output_files.OutputFiles(self.folder, count, 'translated')
    with (
      self.writer,
      contextlib.closing(
        file_pipeline.translate(
          method, self.outputs(count), self.writer, **options
        )
      ) as results,
    ):
      return [(int(path.stem), reason) for path, reason in results]

  def written(self):
    return sorted(int(path.stem) for path in self.folder.glob('*.png'))

  @parameterized.parameters(0, 1, 3, 4, 5, 40)
  def test_all_in_order(self, count):
    results = self.translate(Numbers(), count, workers=3)
    expected = [(n, 'unlucky' if n == 13 else None) for n in range(count)]
    self.assertEqual(results, expected)
    self.assertEqual(self.written(), [n for n in range(count) if n != 13])
    for number in self.written():
      image = image_io.read(self.folder / f'{number}.png')
      self.assertEqual(image[0, 0, 0], number)

  def test_batches_are_full_whatever_images_hold(self):
    method = Numbers(squares=lambda number: number % 3)
    self.translate(method, 12)
    self.assertEqual(sum(method.batches), 12)
    self.assertTrue(all(4 <= size <= 5 for size in method.batches[:-1]))

  def test_images_without_squares_need_no_network(self):
    method = Numbers(squares=lambda number: 0)
    self.translate(method, 6)
    self.assertEmpty(method.batches)
    self.assertLen(self.written(), 6)

  def test_large_images_do_not_fill_the_memory(self):
    method = Numbers(size=100)
    with mock.patch.object(file_pipeline, '_MAX_BYTES', 300):
      self.translate(method, 60, workers=2)
    # Three to be translated, as many ahead, and as many to be written.
    self.assertLessEqual(method.most, 12)
    self.assertLessEqual(max(method.batches), 3)
    small = Numbers(size=1)
    self.translate(small, 150, workers=2)
    self.assertGreater(small.most, 12)

  @parameterized.parameters((100, 3), (301, 1), (1000, 1), (1, 16))
  def test_processors_take_no_more_memory(self, size, fitting):
    method = Numbers(size=size)
    method.seconds = 0.002
    with mock.patch.object(file_pipeline, '_MAX_BYTES', 300):
      self.translate(method, 40, workers=16)
    # To be translated, ahead, and to be written.
    self.assertLessEqual(method.most, 3 * fitting + 4 * (size == 1))
    self.assertEqual(self.written(), [n for n in range(40) if n != 13])

  @parameterized.parameters((100, 3), (1000, 1))
  def test_what_finishing_takes_is_bounded(self, finishing, fitting):
    method = Numbers(finishing=finishing)
    with mock.patch.object(file_pipeline, '_MAX_BYTES', 300):
      self.translate(method, 40, workers=16)
    self.assertLessEqual(method.most_at_once, fitting)
    self.assertEqual(self.written(), [n for n in range(40) if n != 13])
    many = Numbers()
    self.translate(many, 40, workers=16)
    self.assertGreater(many.most_at_once, fitting)

  def test_images_of_all_sizes_pass(self):
    sizes = np.random.default_rng(0).integers(0, 400, 60).tolist()
    method = Numbers(size=lambda number: sizes[number])
    with mock.patch.object(file_pipeline, '_MAX_BYTES', 300):
      results = self.translate(method, 60, workers=4)
    self.assertLen(results, 60)

  def test_the_network_s_failure_keeps_what_is_translated(self):
    method = Numbers()
    translate = method.translate

    def fail_at_the_third(squares):
      if len(method.batches) == 2:
        raise KeyboardInterrupt
      return translate(squares)

    method.translate = fail_at_the_third
    method.seconds = 0.001
    with self.assertRaisesRegex(KeyboardInterrupt, '8 of 140 images are tran'):
      self.translate(method, 140)
    self.assertEqual(self.written(), [*range(8)])
    # What waited to be read is not read in vain.
    self.assertLess(len(method.read), 100)

  def test_a_full_disk_ends_the_work(self):
    method = Numbers()
    write_bytes, count = pathlib.Path.write_bytes, [0]

    def write(path, content):
      count[0] += 1
      if count[0] > 6:
        raise OSError(28, 'No space left on device')
      return write_bytes(path, content)

    with (
      mock.patch.object(pathlib.Path, 'write_bytes', write),
      self.assertRaisesRegex(OSError, 'No space left on device. 6 of 400 imag'),
    ):
      self.translate(method, 400, workers=1)
    self.assertLen(self.written(), 6)
    self.assertLess(len(method.read), 400)

  def test_a_bug_of_a_method_is_raised(self):
    method = Numbers()
    method.finish = mock.Mock(side_effect=ZeroDivisionError)
    with self.assertRaises(ZeroDivisionError):
      self.translate(method, 9)


if __name__ == '__main__':
  absltest.main()

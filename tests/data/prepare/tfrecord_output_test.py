"""A preparation into TFRecord files."""

from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import image_arrays, image_io
from tf_twingan.data.prepare import (
  dataset_record,
  job,
  report,
  tfrecord_files,
  tfrecord_output,
)
from tf_twingan.data.sources import registry

NAMES = prepare_case.NAMES


class TFRecordOutputTest(prepare_case.PrepareCase):
  def test_tfrecord_files(self):
    self.write(*NAMES[:20])
    np.savez(
      self.photos / 'vectors.npz',
      names=NAMES[:20],
      vectors=np.arange(1, 41, dtype=np.float32).reshape(20, 2),
    )
    with mock.patch.object(tfrecord_output, '_IMAGES', 8):
      choice = job.run(self.plan(format='tfrecord'), workers=2)
    count = choice.splits.count('train')
    self.assertGreater(count, 16)
    found = [n for n in self.found() if n.endswith('.tfrecord')]
    self.assertEqual(found[0], 'test-00000-of-00001.tfrecord')
    self.assertEqual(found[-1], 'train-00002-of-00003.tfrecord')
    records = [
      record
      for name in found
      for _, record in tfrecord_files.iterate(self.output / name)
    ]
    self.assertLen(records, 20)
    self.assertLen({record.name for record in records}, 20)
    for record in records:
      number = int(record.name.split('/')[1].removesuffix('.png'))
      self.assertEqual(record.name.split('/')[0], record.split)
      np.testing.assert_array_equal(
        record.vector, [2 * number + 1, 2 * number + 2]
      )
      expected = image_arrays.square(prepare_case.photo(number), 16)
      np.testing.assert_array_equal(image_io.read(record.image), expected)
    self.assertEmpty(dataset_record.verify(self.output))
    self.assertTrue(job.is_finished(self.plan(format='tfrecord')))
    with self.assertRaisesRegex(ValueError, 'with --format=tfrecord'):
      job.is_finished(self.plan())
    self.assertEndsWith(
      report.last_line(self.plan(format='tfrecord')),
      f'train on tfrecord:{self.output}',
    )
    with self.assertRaisesRegex(
      ValueError, f'are in TFRecord files; write tfrecord:{self.output}$'
    ):
      registry.parse(f'folder:{self.output}').originals()
    self.assertLen(
      registry.parse(f'tfrecord:{self.output}').originals().names, 20
    )


if __name__ == '__main__':
  absltest.main()

"""A finished dataset is told from one that is asked for, and stays."""

import json
import os
import pathlib
import shutil
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import files
from tf_twingan.data.prepare import embedding, job, shards

NAMES = prepare_case.NAMES


class FinishedJobTest(prepare_case.PrepareCase):
  def test_a_finished_dataset_is_checked(self):
    self.write(*NAMES[:4])
    self.assertFalse(job.is_finished(self.plan()))
    self.prepare()
    self.assertTrue(job.is_finished(self.plan()))
    with self.assertRaisesRegex(ValueError, 'prepared with --margin=0.3'):
      job.is_finished(self.plan(margin=0.5))
    name = next(n for n in self.found() if n.startswith('train/'))
    path = self.output / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with self.assertRaisesRegex(ValueError, f'1 files.*damaged.*{name}'):
      job.is_finished(self.plan())
    self.write('new.png', first=4)
    with self.assertRaisesRegex(ValueError, 'prepared with other photos'):
      job.is_finished(self.plan())

  def test_a_finished_dataset_of_another_input_is_told_apart(self):
    self.write(*NAMES[:4])
    self.prepare()
    shutil.copytree(self.photos, self.root / 'others')
    self.photos = self.root / 'others'
    with self.assertRaisesRegex(
      ValueError, 'with --input=.*photos, which was another one; choose'
    ):
      job.is_finished(self.plan())

  def test_labels_and_vectors_that_are_asked_for_later_are_told(self):
    self.write(*NAMES[:4])
    self.prepare()
    embedder = mock.Mock(spec=embedding.Embedder)
    embedder.name, embedder.sha256 = 'net.keras', 'a' * 64
    labels = self.root / 'labels.csv'
    labels.write_text('file,hair\n000.png,red\n')
    for changes, said in (
      ({'embedder': embedder}, 'prepared with no --embed; choose another'),
      ({'labels': labels}, 'prepared with other labels, or none; choose'),
    ):
      with self.assertRaisesRegex(ValueError, said):
        job.is_finished(self.plan(**changes))
    vectors = np.ones([4, 2], np.float32)
    np.savez(self.photos / 'vectors.npz', names=NAMES[:4], vectors=vectors)
    with self.assertRaisesRegex(ValueError, 'with other vectors, or none'):
      job.is_finished(self.plan())

  def test_another_network_of_the_same_name_is_told(self):
    self.write(*NAMES[:4])
    embedder = mock.Mock(spec=embedding.Embedder)
    embedder.name, embedder.sha256 = 'net.keras', 'a' * 64
    embedder.embed = lambda pngs: np.ones([len([*pngs]), 2])
    job.run(self.plan(embedder=embedder))
    self.assertTrue(job.is_finished(self.plan(embedder=embedder)))
    embedder.sha256 = 'b' * 64
    with self.assertRaisesRegex(
      ValueError, 'with another network --embed=.../net.keras, or another --em'
    ):
      job.is_finished(self.plan(embedder=embedder))
    path = self.output / 'dataset.json'
    record = json.loads(path.read_text())
    del record['embedding_sha256']  # As in those of before.
    path.write_text(json.dumps(record))
    self.assertTrue(job.is_finished(self.plan(embedder=embedder)))

  def test_a_finished_dataset_of_before_is_finished(self):
    self.write(*NAMES[:4])
    self.prepare()
    path = self.output / 'dataset.json'
    record = json.loads(path.read_text())
    for name in ('dataset_sha256', 'labels_sha256', 'vectors_sha256'):
      del record[name]
    path.write_text(json.dumps(record, indent=1))
    self.assertTrue(job.is_finished(self.plan()))

  def test_what_is_left_of_a_finished_job_is_removed(self):
    self.write(*NAMES[:4])
    # As if the program was killed right after the record was written.
    with (
      mock.patch.object(shutil, 'rmtree'),
      mock.patch.object(pathlib.Path, 'unlink'),
    ):
      self.prepare()
    left = self.output / '.unfinished'
    self.assertTrue((left / 'shard-000000.zip').exists())
    with files.lock(left / 'lock'):
      self.assertTrue(job.is_finished(self.plan()))
      self.assertTrue((left / 'shard-000000.zip').exists())
    self.assertTrue(job.is_finished(self.plan()))
    self.assertFalse(left.exists())

  def test_what_another_program_finished_meanwhile_stays(self):
    self.write(*NAMES[:4])
    planned = self.plan()
    self.prepare()
    before = self.content()
    with mock.patch.object(shards, 'write', side_effect=AssertionError):
      self.assertIsNone(job.run(planned))
    self.assertEqual(self.content(), before)
    self.options = self.options.model_copy(update={'margin': 0.5})
    planned = planned._replace(options=self.options)
    with self.assertRaisesRegex(ValueError, 'prepared with --margin=0.3'):
      job.run(planned)
    self.assertEqual({*self.content()} - {'.unfinished/lock'}, {*before})

  def test_the_shards_are_removed_while_the_lock_is_held(self):
    self.write(*NAMES[:4])
    rmtree, seen = shutil.rmtree, []

    def removed(path, **options):
      if path == self.output / '.unfinished':
        seen.extend(os.listdir(path))
      rmtree(path, **options)

    with mock.patch.object(shutil, 'rmtree', removed):
      self.prepare()
    self.assertEqual(seen, ['lock'])
    self.assertFalse((self.output / '.unfinished').exists())


if __name__ == '__main__':
  absltest.main()

"""Labels and vectors of photos become those of the prepared images."""

import os
import shutil
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.prepare import prepare_case
from tf_twingan import image_io
from tf_twingan.data.prepare import (
  dataset_record,
  embedding,
  job,
  tfrecord_files,
)
from tf_twingan.data.sources import registry

NAMES = prepare_case.NAMES


class CarriedTest(prepare_case.PrepareCase):
  def test_vectors_of_a_folder_travel_along(self):
    self.write(*NAMES[:12])
    vectors = np.arange(1, 25, dtype=np.float32).reshape(12, 2)
    np.savez(self.photos / 'v.npz', names=NAMES[:12], vectors=vectors)
    (self.photos / '003.png').write_bytes(b'no image')
    planned = job.plan(
      f'folder:{self.photos}?vectors=v.npz', self.options, self.output
    )
    job.run(planned)
    with mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.root / 'c')):
      loaded = registry.load(f'folder:{self.output}?vectors=vectors.npz', 16)
    numbers = [int(name.removesuffix('.png')) for name in loaded.names]
    self.assertNotIn(3, numbers)
    np.testing.assert_array_equal(loaded.vectors, vectors[numbers])

  def test_labels_travel_along(self):
    self.write(*NAMES[:12])
    (self.photos / '002.png').write_bytes(b'no image')
    rows = [f'{name},{number % 3}' for number, name in enumerate(NAMES[:12])]
    labels = self.photos / 'attributes.csv'
    labels.write_text('\n'.join(['file,rest', *rows]))
    self.prepare()
    with mock.patch.dict(os.environ, TF_TWINGAN_CACHE=str(self.root / 'c')):
      loaded = registry.load(f'folder:{self.output}', 16)
    numbers = [int(name.removesuffix('.png')) for name in loaded.names]
    expected = [str(number % 3) for number in numbers]
    self.assertEqual(list(loaded.attributes['rest']), expected)
    # A file of elsewhere goes before that of the input.
    other = self.root / 'labels.csv'
    other.write_text('file,hair\n000.png,red\n')
    shutil.rmtree(self.output)
    job.run(self.plan(labels=other, format='tfrecord'))
    hair = {
      record.name.rpartition('/')[2]: record.attributes
      for name in self.found()
      if name.endswith('.tfrecord')
      for _, record in tfrecord_files.iterate(self.output / name)
    }
    self.assertLen(hair, 11)
    self.assertEqual(hair['000.png'], {'hair': 'red'})
    self.assertEqual(hair['001.png'], {'hair': ''})

  def test_vectors_are_computed(self):
    self.write(*NAMES[:12])
    embedder = mock.Mock(spec=embedding.Embedder)
    embedder.name, embedder.sha256 = 'net.keras', 'a' * 64
    embedder.embed = lambda pngs: np.stack(
      [np.array([image_io.read(png).mean(), 1]) for png in pngs]
    )
    job.run(self.plan(embedder=embedder))
    self.assertEqual(dataset_record.read(self.output).embedding, 'net.keras')
    with np.load(self.output / 'vectors.npz') as file:
      self.assertLen(file['names'], 12)
      for name, vector in zip(file['names'], file['vectors']):
        expected = image_io.read(self.output / name).mean()
        self.assertAlmostEqual(float(vector[0]), expected, places=3)


if __name__ == '__main__':
  absltest.main()

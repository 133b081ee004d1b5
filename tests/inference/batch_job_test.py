"""Folders through Apache Beam: the same bytes, gone on with, whoever fails."""

import os
import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest, parameterized

from tests import shared_artifacts
from tests.inference import beam_methods
from tf_twingan import image_io, inference
from tf_twingan.inference import (
  batch_job,
  file_methods,
  result_record,
  translation_job,
)

TWO_PROCESSES = ('direct_num_workers=2', 'direct_running_mode=multi_processing')


class Model:
  origin, fingerprint = 'runs/anime', 'ab' * 32


class BatchJobTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    self.photos, self.seen = self.root / 'photos', self.root / 'seen'
    self.seen.mkdir()
    self.enter_context(mock.patch.object(batch_job, '_IMAGES', 8))

  def write(self, count):
    for number in range(count):
      random = np.random.default_rng(number)
      image = random.integers(0, 256, [9, 7, 3], np.uint8)
      image[0, 0] = number
      image_io.write_png(self.photos / f'{number:03}.png', image)

  def translate(self, method, output='out', options=(), *, here=False, **more):
    plan = translation_job.plan(self.photos, self.root / output)
    through = {}
    if not here:
      through['translate_files'] = batch_job.through('FnApiRunner', options)
    model = getattr(method, '_model', Model())
    translation_job.run(plan, model, method, **through, **more)

  def content(self, output='out'):
    folder = self.root / output
    return {
      path.relative_to(folder).as_posix(): path.read_bytes()
      for path in folder.rglob('*')
      if path.is_file() and result_record.FOLDER not in path.parts
    }

  def test_a_model_gives_the_same_bytes(self):
    self.write(37)
    (self.photos / 'broken.png').write_bytes(b'no image')
    os.rename(
      self.photos / '003.png', os.fsencode(self.photos) + b'/not\xffutf8.png'
    )
    translator = inference.Translator(str(shared_artifacts.run()))
    method = file_methods.Squares(translator, 'anime')
    self.translate(method, 'here', here=True)
    self.translate(method)
    self.assertEqual(self.content(), self.content('here'))
    self.assertLen(self.content(), 38)
    self.assertIn('skipped.csv', self.content())
    # The loop has nothing left to do, and the other way round.
    before = {p: p.stat().st_mtime_ns for p in self.root.rglob('*.png')}
    self.translate(method, here=True)
    self.translate(method, 'here')
    after = {p: p.stat().st_mtime_ns for p in self.root.rglob('*.png')}
    self.assertEqual(after, before)

  def test_a_failed_job_goes_on_with_what_is_missing(self):
    self.write(39)
    method = beam_methods.Full(self.seen)
    (self.seen / 'full').touch()
    with self.assertRaisesRegex(
      OSError,
      r'FnApiRunner failed: .*No space left on device.* of 39 images are '
      'translated and stay; mend that',
    ) as caught:
      self.translate(method)
    self.assertNotIn('\n', str(caught.exception))
    there = {path.stem for path in (self.root / 'out').glob('*.png')}
    self.assertNotEmpty(there)
    for path in self.seen.iterdir():
      path.unlink()
    self.translate(method)
    read = {path.stem for path in self.seen.iterdir()}
    self.assertLen(self.content(), 39)
    self.assertIn('030', read)
    self.assertEmpty(read & there)

  def test_a_worker_that_dies(self):
    self.write(39)
    method = beam_methods.Dying(self.seen)
    with self.assertRaisesRegex(
      OSError, r'failed: a worker ended in the midst.* of 39 images are trans'
    ):
      self.translate(method, options=TWO_PROCESSES)
    there = {
      path: path.stat().st_mtime_ns
      for path in (self.root / 'out').glob('*.png')
    }
    self.assertNotEmpty(there)
    self.translate(method, options=TWO_PROCESSES)
    self.assertEqual({p: p.stat().st_mtime_ns for p in there}, there)
    self.translate(beam_methods.Inverted(self.seen), 'here', here=True)
    self.assertEqual(self.content(), self.content('here'))

  def test_results_that_went_elsewhere_are_missed(self):
    self.write(3)
    with (
      mock.patch.object(batch_job._Worker, 'work', lambda *_: 0),
      self.assertRaisesRegex(
        OSError, 'ended, but 3 of 3 results are not here: all workers need'
      ),
    ):
      self.translate(beam_methods.Inverted(self.seen))

  def test_a_worker_with_other_packages_is_refused(self):
    self.write(1)
    versions = {**batch_job.dataset_record.package_versions(), 'numpy': '1.0'}
    spec = batch_job._Spec(b'', '', '', 'png', None, '', versions, {})
    with self.assertRaisesRegex(
      ValueError, 'a worker has numpy .*started it 1'
    ):
      batch_job._Worker(spec)

  def test_nothing_is_said_of_what_beam_cannot_measure(self):
    self.write(2)
    with self.assertNoLogs(level='WARNING'):
      self.translate(beam_methods.Inverted(self.seen))

  def test_nothing_is_left_beside_the_record(self):
    self.write(2)
    self.translate(beam_methods.Inverted(self.seen))
    names = os.listdir(self.root / 'out' / result_record.FOLDER)
    self.assertTrue(all(name.endswith('.jsonl') for name in names), names)

  @pytest.mark.slow
  def test_a_job_server(self):
    # As clusters are given jobs, but in this process.
    self.write(20)
    method = beam_methods.Inverted(self.seen)
    plan = translation_job.plan(self.photos, self.root / 'out')
    through = batch_job.through(
      'PortableRunner', ['job_endpoint=embed', 'environment_type=LOOPBACK']
    )
    translation_job.run(plan, Model(), method, translate_files=through)
    self.translate(method, 'here', here=True)
    self.assertEqual(self.content(), self.content('here'))

  @pytest.mark.slow
  def test_a_thousand_images_and_a_worker_that_dies(self):
    self.write(250)
    for number in range(250, 1000):
      shutil.copy(
        self.photos / f'{number % 250:03}.png', self.photos / f'{number}.png'
      )
    method = beam_methods.Dying(self.seen)
    with self.assertRaisesRegex(OSError, 'of 1000 images are translated'):
      self.translate(method, options=TWO_PROCESSES)
    self.translate(method, options=TWO_PROCESSES)
    self.assertLen(self.content(), 1000)


if __name__ == '__main__':
  absltest.main()

"""New versions take the place of old ones under load, damaged ones do not."""

import asyncio
import dataclasses
import gc
import json
import os
import pathlib
import shutil
import tempfile
import threading

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests import shared_artifacts
from tests.serving import exports, model_servers
from tf_twingan.runs import checkpoints
from tf_twingan.serving import (
  batching,
  bundle_versions,
  model_server,
  models,
  remote_model,
  run_versions,
  settings,
  versions,
)

LIMITS = settings.Settings(poll_s=0.05, batch_sizes=(1, 4))


def watch(source, limits=LIMITS):
  """Returns the models that are served at first, and what follows them."""
  model, watched = versions.open_newest(source)
  served = models.Models([model])
  return served, versions.Watcher(served, watched, limits)


def poll(watcher, times=2):
  """Looks as often as a version takes to be settled and loaded."""

  async def look():
    for _ in range(times):
      await watcher.poll()

  asyncio.run(look())


def growth(watcher, path, swaps=4):
  """How many more objects there are in the end than after the first swap.

  Args:
    watcher: follows a version.
    path: a file of it; a newer one is another version.
    swaps: how many versions take the place of others.
  """
  counts = []
  for number in range(swaps):
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    poll(watcher)
    assert watcher.swaps == number + 1, watcher.refused
    gc.collect()
    counts.append(len(gc.get_objects()))
  return counts[-1] - counts[0]


class Fake:
  """A source whose versions are functions of images, uint8 to uint8."""

  name = 'fake'

  def __init__(self):
    self.key, self.versions, self.loads = 1, {1: self.model(1)}, 0

  @staticmethod
  def model(version, translate=lambda images: images):
    class Translator:
      domains, resolution, fingerprint = ('photo', 'anime'), 4, str(version)

      def supports(self, source, to):
        return True

      def translate(self, images, to, source):
        return translate(images)

    return lambda: models.ServedModel('fake', Translator(), version=version)

  def newest(self):
    if self.key is None:
      raise FileNotFoundError('/secret/path')
    return self.key

  def load(self, key):
    self.loads += 1
    return self.versions[key]()


def diverge(images):
  raise FloatingPointError('NaN')


class WatcherTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.source = Fake()
    self.served, self.watcher = watch(self.source)
    self.source.loads = 0

  def test_nothing_new_is_not_loaded(self):
    poll(self.watcher, 4)
    self.assertEqual((self.source.loads, self.watcher.swaps), (0, 0))

  def test_a_new_version_is_put_in_place_once_it_has_settled(self):
    self.source.versions[2] = Fake.model(2)
    self.source.key = 2
    poll(self.watcher, 1)
    self.assertEqual(self.served.find().version, 1)
    poll(self.watcher, 4)
    self.assertEqual(self.served.find().version, 2)
    self.assertEqual((self.source.loads, self.watcher.swaps), (1, 1))

  def test_what_is_still_being_written_is_not_loaded(self):
    for self.source.key in range(2, 6):
      poll(self.watcher, 1)
    self.assertEqual((self.source.loads, self.watcher.refusals), (0, 0))

  @parameterized.named_parameters(
    ('nan', diverge, 'NaN'),
    ('size', lambda images: images[:, :2], r'\[1, 2, 4, 3\]'),
    ('count', lambda images: np.concatenate([images] * 2), r'\[2, 4, 4, 3\]'),
  )
  def test_a_version_with_bad_results_is_refused_once(self, translate, reason):
    self.source.versions[2] = Fake.model(2, translate)
    self.source.key = 2
    with self.assertLogs(versions.__name__, 'ERROR') as logs:
      poll(self.watcher, 6)
    self.assertLen(logs.records, 1)
    self.assertEqual((self.source.loads, self.watcher.refusals), (1, 1))
    self.assertEqual(self.served.find().version, 1)
    self.assertEqual(self.watcher.refused.version, '2')
    self.assertRegex(self.watcher.refused.reason, reason)
    # A later one, or the one that is served, ends that.
    self.source.key = 1
    poll(self.watcher)
    self.assertIsNone(self.watcher.refused)
    self.source.key, self.source.versions[3] = 3, Fake.model(3)
    poll(self.watcher)
    self.assertEqual(self.served.find().version, 3)

  def test_what_cannot_be_loaded_tells_clients_no_paths(self):
    self.source.key = 2  # A KeyError.
    poll(self.watcher)
    self.assertEqual(
      self.watcher.refused.reason, 'it cannot be loaded; the log says why.'
    )

  def test_a_source_that_is_away_is_logged_once(self):
    self.source.key = None
    with self.assertLogs(versions.__name__, 'WARNING') as logs:
      poll(self.watcher, 4)
    self.assertLen(logs.records, 1)
    self.assertEqual(self.served.find().version, 1)
    self.source.key, self.source.versions[2] = 2, Fake.model(2)
    poll(self.watcher)
    self.assertEqual(self.served.find().version, 2)


class BundleTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.bundle = exports.bundle(1)
    self.source = bundle_versions.BundleSource(str(self.bundle))
    self.served, self.watcher = watch(self.source)

  def translate(self):
    return self.served.find().translator.translate(exports.IMAGES, 'anime')

  def assert_serves(self, version):
    self.assertEqual(self.served.find().version, version)
    difference = self.translate().astype(int) - exports.expected(version)
    self.assertLessEqual(np.abs(difference).max(), 1)

  def test_the_two_versions_differ(self):
    self.assert_serves(1)
    difference = exports.expected(1).astype(int) - exports.expected(2)
    self.assertGreater(np.abs(difference).mean(), 5)

  def test_no_request_fails_while_an_export_is_put_in_place(self):
    expected = {v: exports.expected(v).astype(int) for v in (1, 2)}
    answers: dict[int, int] = {1: 0, 2: 0}
    swapped = threading.Event()

    async def client(batcher, number):
      count = 0
      while not swapped.is_set() or count < 20:
        count += swapped.is_set()
        # As a request does: what it begins with, it ends with.
        model = self.served.find()
        row = (number + count) % len(exports.IMAGES)
        (result,) = await batcher.run(
          model.translation('photo', 'anime'), exports.IMAGES[row : row + 1]
        )
        difference = result - expected[model.version][row]
        self.assertLessEqual(np.abs(difference).max(), 1)
        answers[model.version] += 1

    async def swap(watcher):
      await asyncio.to_thread(exports.export, self.bundle, 2)
      while not watcher.swaps:
        await asyncio.sleep(0.05)
      swapped.set()

    async def run():
      batcher = batching.Batcher(LIMITS)
      batcher.start()
      watching = asyncio.create_task(self.watcher.run())
      await asyncio.wait_for(
        asyncio.gather(
          swap(self.watcher), *(client(batcher, n) for n in range(8))
        ),
        300,
      )
      watching.cancel()
      await batcher.close()

    asyncio.run(run())
    self.assertEqual((self.watcher.swaps, self.watcher.refusals), (1, 0))
    self.assertGreater(answers[1], 20)
    self.assertGreater(answers[2], 20)
    self.assert_serves(2)

  def test_a_damaged_version_is_refused_and_the_old_one_serves_on(self):
    damaged = exports.add_damaged(self.bundle, 3)
    with self.assertLogs(versions.__name__, 'ERROR') as logs:
      poll(self.watcher, 5)
    self.assertLen(logs.records, 1)
    self.assert_serves(1)
    self.assertEqual(self.watcher.refused.version, '3')
    self.assertRegex(
      self.watcher.refused.reason,
      'saved_model/3 is not the one that manifest.json describes',
    )
    # Once it is repaired it is tried again.
    original = self.bundle / 'saved_model' / '1' / 'variables' / damaged.name
    shutil.copyfile(original, damaged)
    poll(self.watcher)
    self.assertEqual(self.served.find().version, 3)
    self.assertIsNone(self.watcher.refused)

  def test_a_version_whose_files_are_not_all_there_is_waited_for(self):
    manifest = json.loads((self.bundle / 'manifest.json').read_text())
    entry = manifest['files'].pop('saved_model/1')
    manifest['files']['saved_model/2'], manifest['version'] = entry, 2
    exports.replace_manifest(self.bundle, manifest)
    poll(self.watcher, 4)
    self.assert_serves(1)
    self.assertEqual(self.watcher.refusals, 0)
    saved = self.bundle / 'saved_model'
    (saved / '1').rename(saved / '2')
    poll(self.watcher)
    self.assertEqual(self.served.find().version, 2)

  def test_a_bundle_that_is_replaced_as_a_whole(self):
    top = pathlib.Path(tempfile.mkdtemp())
    link = top / 'bundle'
    link.symlink_to(self.bundle)
    self.served, self.watcher = watch(bundle_versions.BundleSource(str(link)))
    other = top / 'other'
    other.symlink_to(exports.bundle(2))
    os.replace(other, link)
    poll(self.watcher)
    self.assert_serves(2)

  def test_weights_of_another_model_are_refused_by_the_golden_image(self):
    # Checksums that fit: whoever wrote the manifest took the wrong files.
    other = exports.bundle(2)
    shutil.copytree(
      self.bundle / 'golden', other / 'golden', dirs_exist_ok=True
    )
    for path in other.iterdir():
      if path.name != 'golden':
        move = shutil.copytree if path.is_dir() else shutil.copyfile
        options = dict(dirs_exist_ok=True) if path.is_dir() else {}
        move(path, self.bundle / path.name, **options)
    poll(self.watcher)
    self.assert_serves(1)
    self.assertRegex(
      self.watcher.refused.reason, 'golden/input.png does not come out as'
    )

  def test_a_bundle_of_tflite_files(self):
    manifest = json.loads((self.bundle / 'manifest.json').read_text())
    del manifest['files']['saved_model/1']
    exports.replace_manifest(self.bundle, manifest)
    poll(self.watcher)
    self.assertEqual(self.watcher.swaps, 1)
    self.assert_serves(1)
    (name,) = manifest['files']
    (self.bundle / name).write_bytes(b'TFL3')
    manifest['version'] = 2
    exports.replace_manifest(self.bundle, manifest)
    poll(self.watcher)
    self.assertEqual(self.watcher.refused.version, '2')
    self.assert_serves(1)

  def test_nothing_stays_of_versions_that_were_replaced(self):
    grown = growth(self.watcher, self.bundle / 'golden' / 'input.png')
    self.assertLess(grown, 1000)

  def test_a_bundle_without_a_translator_is_no_model(self):
    manifest = json.loads((self.bundle / 'manifest.json').read_text())
    manifest['files'] = {'a.tflite': dict(format='embed')}
    exports.replace_manifest(self.bundle, manifest)
    with self.assertRaisesRegex(ValueError, '--formats=saved_model'):
      self.source.newest()


class RunTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = shared_artifacts.copy_of(shared_artifacts.run(seed=1))
    self.served, self.watcher = watch(
      run_versions.RunSource(str(self.run_dir), 'run')
    )

  def save(self, images_seen):
    """Writes a checkpoint of the other model; returns its largest file."""
    store = checkpoints.Checkpoints(str(self.run_dir / 'checkpoints'))
    model = exports.translator(2).model
    prefix = store.save(
      images_seen,
      {
        'average': model,
        'resolution': tf.Variable(8, dtype=tf.int64),
        'alpha': tf.Variable(1.0),
        'images_seen': tf.Variable(images_seen, dtype=tf.int64),
        'more': tf.Variable(1.0),
      },
    )
    (path,) = pathlib.Path(prefix).parent.glob(f'{images_seen:09d}.data-*')
    return path

  def test_a_newer_checkpoint_is_served(self):
    self.assertEqual(self.served.find().version, 1000)
    self.save(2000)
    poll(self.watcher)
    self.assertEqual(self.served.find().version, 2000)
    np.testing.assert_array_equal(
      self.served.find().translator.translate(exports.IMAGES, 'anime'),
      exports.expected(2),
    )

  def test_nothing_stays_of_checkpoints_that_were_replaced(self):
    # The graphs of one version of this small model are some thousand objects.
    (index,) = (self.run_dir / 'checkpoints').glob('*.index')
    self.assertLess(growth(self.watcher, index), 1000)

  def test_a_damaged_checkpoint_is_refused(self):
    path = self.save(2000)
    path.write_bytes(path.read_bytes()[:100])
    poll(self.watcher, 4)
    self.assertEqual(self.served.find().version, 1000)
    self.assertEqual(self.watcher.refusals, 1)
    self.assertEqual(
      self.watcher.refused,
      ('2000', 'its checkpoint of 2,000 images is damaged.'),
    )


class RemoteTest(parameterized.TestCase):
  def test_versions_of_a_model_server_are_followed(self):
    served = self.enter_context(
      model_servers.ModelServer({exports.NAME: {1: model_servers.inverting()}})
    )
    limits = dataclasses.replace(LIMITS, remote_timeout_s=2.0)
    server = model_server.ModelServer(served.address, limits)
    self.addCleanup(server.close)
    source = remote_model.RemoteModel(server, limits, name=exports.NAME)
    followed, watcher = watch(source, limits)
    of_model = served.models[exports.NAME]
    # Another size, and the old version is there until it is replaced.
    of_model[2] = model_servers.inverting(px=16)
    poll(watcher)
    self.assertEqual(followed.find().version, 2)
    self.assertEqual(followed.find().resolution, 16)
    of_model[3] = model_servers.inverting(px=16, offset=np.nan)
    poll(watcher, 4)
    self.assertEqual(followed.find().version, 2)
    self.assertEqual(watcher.refused.version, '3')
    self.assertIn('NaN', watcher.refused.reason)
    # A server that is away refuses nothing.
    of_model[4] = model_servers.inverting(px=16)
    served.stop()
    poll(watcher, 2)
    self.assertEqual((watcher.refusals, watcher.swaps), (1, 1))


if __name__ == '__main__':
  tf.test.main()

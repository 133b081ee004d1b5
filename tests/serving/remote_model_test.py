"""Models at a model server: results, faults of the server, what it describes.

The server is in this process, speaks the real protocol over loopback, and does
what real ones do when they hang, die, start slowly or hold another model.
"""

import dataclasses
import json
import pathlib
import subprocess
import tempfile
import threading
import time
from concurrent import futures

import grpc
import numpy as np
from absl.testing import absltest, parameterized
from tensorflow.core.framework import types_pb2

from tests.export import untrained
from tests.serving import model_servers
from tf_twingan import image_arrays
from tf_twingan.inference.exported import (
  bundle_translator,
  exported_translator,
)
from tf_twingan.serving import (
  circuit_breaker,
  model_server,
  problems,
  remote_model,
  settings,
)

NAME = 'photo2anime'
LIMITS = settings.Settings(
  remote_timeout_s=3.0, remote_start_s=3.0, breaker_failures=4,
  breaker_open_s=0.5,
)  # fmt: skip
IMAGES = model_servers.images()
INVERTED = model_servers.inverted(IMAGES)


def set_up(test, version=None, *, name=NAME, limits=LIMITS, **options):
  """Starts a server of one model; returns it, and the model."""
  version = version or model_servers.inverting()
  served = test.enter_context(model_servers.ModelServer({name: {1: version}}))
  return served, connect(
    test, served.address, name=name, limits=limits, **options
  )


def connect(test, address, *, limits=LIMITS, certificates=None, **options):
  server = model_server.ModelServer(address, limits, certificates=certificates)
  test.addCleanup(server.close)
  return remote_model.RemoteModel(server, limits, **options)


class ResultsTest(parameterized.TestCase):
  def test_images_come_back_in_their_order(self):
    _, model = set_up(self)
    loaded = model.load(model.newest())
    self.assertEqual((loaded.name, loaded.version), (NAME, 1))
    self.assertEqual(loaded.domains, ('photo', 'anime'))
    self.assertEqual(loaded.directions, (('photo', 'anime'),))
    for count in (1, 3):
      np.testing.assert_array_equal(
        loaded.translator.translate(IMAGES[:count], 'anime'), INVERTED[:count]
      )

  def test_images_of_another_size_are_framed(self):
    _, model = set_up(self)
    wide = np.repeat(IMAGES[:1], 2, axis=2)
    result = model.load(1).translator.translate(wide, 'anime', 'photo')
    self.assertEqual(result.shape, (1, 8, 8, 3))

  def test_large_batches_go_in_several_messages(self):
    limits = dataclasses.replace(LIMITS, remote_message_bytes=6000)
    served, model = set_up(self, limits=limits)
    result = model.load(1).translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, INVERTED)
    self.assertLen(served.specs, 2)

  def test_a_message_that_is_too_large_is_no_result(self):
    limits = dataclasses.replace(LIMITS, remote_message_bytes=500)
    _, model = set_up(self, limits=limits)
    with self.assertRaisesRegex(model_server.Refused, 'RESOURCE_EXHAUSTED'):
      model.load(1).translator.translate(IMAGES, 'anime')

  def test_a_saved_model_gives_the_pixels_that_it_gives_here(self):
    bundle = untrained.bundle()
    _, model = set_up(
      self,
      model_servers.of_saved_model(bundle / 'saved_model' / '1'),
      bundle=str(bundle),
    )
    here = bundle_translator.BundleTranslator.load(bundle, 'saved_model')
    translator = model.load(1).translator
    manifest = json.loads((bundle / 'manifest.json').read_text())
    self.assertEqual(translator.fingerprint, manifest['model']['fingerprint'])
    np.testing.assert_array_equal(
      translator.translate(IMAGES, 'anime'), here.translate(IMAGES, 'anime')
    )
    floats = image_arrays.to_float(IMAGES)
    np.testing.assert_array_equal(
      translator.translate_floats(floats, 'anime', 'photo'),
      here.translate_floats(floats, 'anime', 'photo'),
    )
    np.testing.assert_array_equal(translator.embed(floats), here.embed(floats))

  def test_a_saved_model_of_all_directions(self):
    bundle = untrained.bundle_of_all()
    folder = bundle / 'saved_model' / '1'
    version = model_servers.of_saved_model(folder)
    opened = exported_translator.open_export(folder).translators['']
    for options in ({}, {'bundle': str(bundle)}):
      _, model = set_up(self, version, name='all', **options)
      loaded = model.load(1)
      self.assertCountEqual(loaded.domains, untrained.THREE_DOMAINS)
      self.assertLen(loaded.directions, 6)
      images = model_servers.images(px=4)
      for source, to in loaded.directions:
        np.testing.assert_array_equal(
          loaded.translator.translate(images, to, source),
          opened.translate(images, to, source),
        )

  def test_many_threads_get_their_own_results(self):
    _, model = set_up(self)
    translator = model.load(1).translator
    batches = [model_servers.images(seed=seed) for seed in range(40)]
    with futures.ThreadPoolExecutor(8) as threads:
      results = list(
        threads.map(lambda b: translator.translate(b, 'anime'), batches)
      )
    for batch, result in zip(batches, results):
      np.testing.assert_array_equal(result, model_servers.inverted(batch))


class FaultsTest(parameterized.TestCase):
  def test_a_server_that_hangs_once_is_asked_again(self):
    served, model = set_up(self)
    translator = model.load(1).translator
    hangs = iter([True])
    served.before = lambda _: next(hangs, False) and time.sleep(2)
    begun = time.monotonic()
    result = translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, INVERTED)
    self.assertBetween(time.monotonic() - begun, 0.9, 2.5)

  def test_a_server_that_hangs_ends_by_the_deadline(self):
    limits = dataclasses.replace(LIMITS, remote_timeout_s=1.0)
    served, model = set_up(self, limits=limits)
    translator = model.load(1).translator
    released = threading.Event()
    self.addCleanup(released.set)
    served.before = lambda _: released.wait(20)
    begun = time.monotonic()
    with self.assertRaises(problems.ClientError) as caught:
      translator.translate(IMAGES, 'anime')
    self.assertEqual(caught.exception.status, 504)
    self.assertBetween(time.monotonic() - begun, 0.5, 1.5)
    self.assertLen(served.specs, 3)

  def test_a_server_that_dies_in_a_request_is_asked_again(self):
    served, _ = set_up(self)
    with model_servers.Wire(served.port) as wire:
      model = connect(self, wire.address, name=NAME)
      translator = model.load(1).translator
      dies = iter([True])
      served.before = lambda _: next(dies, False) and wire.cut()
      result = translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, INVERTED)
    self.assertLen(served.specs, 2)

  def test_a_server_that_dies_and_comes_back(self):
    served, model = set_up(self)
    translator = model.load(1).translator
    served.stop()
    for _ in range(2):
      with self.assertRaises(model_server.Unavailable) as caught:
        translator.translate(IMAGES, 'anime')
    self.assertEqual(caught.exception.status, 503)
    self.assertEqual(caught.exception.headers['Retry-After'], '1')
    breaker = model.server.breaker
    self.assertIs(breaker.state, circuit_breaker.State.OPEN)
    self.assertIn('does not answer', model.problem)
    begun = time.monotonic()
    with self.assertRaises(model_server.Unavailable):
      translator.translate(IMAGES, 'anime')
    self.assertLess(time.monotonic() - begun, 0.1)
    self.enter_context(
      model_servers.ModelServer(served.models, port=served.port)
    )
    until = time.monotonic() + 10
    while True:
      try:
        result = translator.translate(IMAGES, 'anime')
        break
      except model_server.Unavailable:
        self.assertLess(time.monotonic(), until)
        time.sleep(0.1)
    np.testing.assert_array_equal(result, INVERTED)
    self.assertIs(breaker.state, circuit_breaker.State.CLOSED)
    self.assertIsNone(model.problem)

  def test_a_server_that_is_open_to_nobody_is_left_alone(self):
    served, model = set_up(self)
    translator = model.load(1).translator

    def fail(request):
      raise model_servers.Fault(grpc.StatusCode.UNAVAILABLE)

    served.before = fail
    with self.assertRaises(model_server.Unavailable):
      translator.translate(IMAGES, 'anime')
    self.assertLen(served.specs, LIMITS.remote_attempts)
    for _ in range(5):
      with self.assertRaises(model_server.Unavailable):
        translator.translate(IMAGES, 'anime')
    # The fourth failure in a row was the last request that it saw.
    self.assertLen(served.specs, LIMITS.breaker_failures)
    self.assertEqual(
      model.server.attempts['UNAVAILABLE'], LIMITS.breaker_failures
    )

  @parameterized.parameters(
    'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNKNOWN'
  )
  def test_what_it_refuses_is_not_sent_again(self, code):
    served, model = set_up(self)
    translator = model.load(1).translator

    def fail(request):
      raise model_servers.Fault(grpc.StatusCode[code])

    served.before = fail
    with self.assertRaisesRegex(model_server.Refused, code) as caught:
      translator.translate(IMAGES, 'anime')
    self.assertEqual(caught.exception.status, 502)
    self.assertNotIn('secret', str(caught.exception))
    self.assertLen(served.specs, 1)

  def test_nan_is_no_image(self):
    _, model = set_up(self, model_servers.inverting(offset=np.nan))
    translator = model.load(1).translator
    with self.assertRaisesRegex(FloatingPointError, 'NaN'):
      translator.translate(IMAGES, 'anime')
    self.assertIs(model.server.breaker.state, circuit_breaker.State.CLOSED)

  @parameterized.named_parameters(
    ('size', lambda image: {'translation': image[:, :4]}, r'\[3, 4, 8, 3\]'),
    ('count', lambda image: {'translation': image[:2]}, r'\[2, 8, 8, 3\]'),
    ('rank', lambda image: {'translation': image[0]}, r'\[8, 8, 3\]'),
    ('type', lambda image: {'translation': np.float64(image)}, 'float64'),
    ('name', lambda image: {'other': image}, 'without translation'),
  )
  def test_wrong_answers_are_no_results(self, translate, reason):
    served, model = set_up(self)
    translator = model.load(1).translator
    served.models[NAME][1].functions['translate'] = translate
    with self.assertRaisesRegex(model_server.Refused, reason) as caught:
      translator.translate(IMAGES, 'anime')
    self.assertEqual(caught.exception.status, 502)


class StartTest(parameterized.TestCase):
  def test_a_server_that_starts_slowly_is_waited_for(self):
    # A port that nothing else takes meanwhile.
    with model_servers.ModelServer({}) as first:
      port = first.port
    model = connect(self, f'127.0.0.1:{port}', name=NAME)
    started = []

    def start():
      served = model_servers.ModelServer({}, port=port)
      started.append(served)
      time.sleep(0.7)
      served.models[NAME] = {3: model_servers.inverting()}

    timer = threading.Timer(0.7, start)
    timer.start()
    loaded, watched = model.wait()
    timer.join()
    self.enter_context(started[0])
    self.assertEqual(loaded.version, 3)
    self.assertEqual(watched, (model, 3))

  def test_an_unknown_model_ends_the_wait(self):
    limits = dataclasses.replace(LIMITS, remote_start_s=0.6)
    served, _ = set_up(self)
    model = connect(self, served.address, name='other', limits=limits)
    with self.assertRaisesRegex(
      ConnectionError, 'has no model other after 0.6 seconds .NOT_FOUND.'
    ):
      model.wait()

  def test_no_server_ends_the_wait(self):
    with model_servers.ModelServer({}) as first:
      address = first.address
    limits = dataclasses.replace(LIMITS, remote_start_s=0.6)
    model = connect(self, address, name=NAME, limits=limits)
    with self.assertRaisesRegex(ConnectionError, '8500 by default'):
      model.wait()

  @parameterized.parameters(
    '',
    'localhost',
    ':8500',
    'localhost:http',
    'http://localhost:8500',
    'a:99999',
  )
  def test_what_is_no_address(self, address):
    with self.assertRaisesRegex(ValueError, 'give host:port'):
      model_server.ModelServer(address, LIMITS)

  def test_encrypted_connections(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    key, certificate = folder / 'key.pem', folder / 'certificate.pem'
    try:
      subprocess.run(
        ['openssl', 'req', '-x509', '-nodes', '-newkey', 'rsa:2048']
        + ['-days', '2', '-subj', '/CN=localhost', '-addext']
        + ['subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
        check=True,
        capture_output=True,
      )
    except FileNotFoundError:
      self.skipTest('openssl makes the certificate, and is not here')
    credentials = grpc.ssl_server_credentials(
      [(key.read_bytes(), certificate.read_bytes())]
    )
    served = self.enter_context(
      model_servers.ModelServer(
        {NAME: {1: model_servers.inverting()}}, credentials=credentials
      )
    )
    trusted = connect(
      self,
      f'grpcs://{served.address}',
      name=NAME,
      certificates=certificate.read_bytes(),
    )
    loaded, _ = trusted.wait()
    result = loaded.translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, INVERTED)
    # Not without the authority, nor without encryption.
    limits = dataclasses.replace(LIMITS, remote_start_s=0.1)
    for address in (f'grpcs://{served.address}', served.address):
      with self.assertRaises(ConnectionError):
        connect(self, address, name=NAME, limits=limits).wait()


class VersionsTest(parameterized.TestCase):
  def test_a_version_is_used_by_its_number_while_it_is_there(self):
    served, model = set_up(self)
    translator = model.load(model.newest()).translator
    served.models[NAME][2] = model_servers.inverting(offset=2.0)
    np.testing.assert_array_equal(
      translator.translate(IMAGES, 'anime'), INVERTED
    )
    # A server unloads the old version some time after it has the new one.
    del served.models[NAME][1]
    result = translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, np.full_like(IMAGES, 255))
    self.assertEqual(model.newest(), 2)

  def test_a_label_chooses_the_version(self):
    served, _ = set_up(self)
    served.models[NAME][2] = model_servers.inverting()
    served.labels[NAME] = {'stable': 1, 'canary': 2}
    for label, version in served.labels[NAME].items():
      model = connect(self, served.address, name=NAME, label=label)
      loaded = model.load(model.newest())
      self.assertEqual(loaded.version, version)
      loaded.translator.translate(IMAGES, 'anime')
      self.assertEqual(served.specs[-1].version.value, version)
    model = connect(self, served.address, name=NAME, label='none')
    with self.assertRaisesRegex(model_server.Refused, 'NOT_FOUND'):
      model.newest()

  def test_when_a_version_goes_the_label_chooses_again(self):
    served, _ = set_up(self)
    served.models[NAME] |= {2: model_servers.inverting(offset=2.0)}
    served.models[NAME] |= {3: model_servers.inverting()}
    served.labels[NAME] = {'stable': 1}
    model = connect(self, served.address, name=NAME, label='stable')
    translator = model.load(model.newest()).translator
    served.labels[NAME]['stable'] = 2
    del served.models[NAME][1]
    result = translator.translate(IMAGES, 'anime')
    np.testing.assert_array_equal(result, np.full_like(IMAGES, 255))


class DescriptionTest(parameterized.TestCase):
  def test_digits_in_a_name_leave_no_guess(self):
    _, model = set_up(self, name='photo2k2anime')
    with self.assertRaisesRegex(ValueError, 'give the bundle'):
      model.load(1)

  def test_a_name_that_is_no_direction(self):
    _, model = set_up(self, name='portraits')
    with self.assertRaisesRegex(ValueError, '--bundle=DIR'):
      model.load(1)

  def test_a_model_without_a_name(self):
    with self.assertRaisesRegex(ValueError, '--tf_serving_model=NAME'):
      set_up(self, name=None)

  @parameterized.named_parameters(
    ('names', dict(names=('classify',)), 'no signature'),
    ('numbers', dict(dtype=types_pb2.DT_UINT8), 'no signature'),
    ('shape', dict(shape=[-1, 8, 4, 3]), 'no signature'),
    ('batch', dict(shape=[1, 8, 8, 3]), 'no signature'),
  )
  def test_what_does_not_translate(self, options, reason):
    _, model = set_up(self, model_servers.inverting(**options))
    with self.assertRaisesRegex(ValueError, reason):
      model.load(1)

  def manifest(self, **changed):
    values = dict(
      name=NAME,
      source='photo',
      target='anime',
      resolution=8,
      version=1,
      model=dict(fingerprint='f' * 64),
      files={},
    )
    folder = tempfile.mkdtemp()
    pathlib.Path(folder, 'manifest.json').write_text(
      json.dumps(values | changed)
    )
    return folder

  def test_a_bundle_says_how_faces_are_aligned(self):
    framed = dict(photo=dict(preparation=dict(faces='human', resolution=8)))
    folder = self.manifest(framing=framed)
    served, model = set_up(self, bundle=folder)
    served.models[NAME][2] = model_servers.inverting()
    loaded = model.load(1)
    self.assertEqual(
      loaded.translator.framing_of('photo').preparation.faces, 'human'
    )
    self.assertTrue(loaded.finds_faces('photo'))
    self.assertEqual(loaded.fingerprint, 'f' * 64)
    # The weights of another version are not those of the manifest.
    self.assertEqual(model.load(2).fingerprint, f'served:{NAME}:2')

  @parameterized.parameters(
    dict(resolution=16), dict(domains=['photo', 'anime'])
  )
  def test_a_bundle_of_another_model(self, **changed):
    _, model = set_up(self, bundle=self.manifest(**changed))
    with self.assertRaisesRegex(ValueError, 'not that of the bundle'):
      model.load(1)


if __name__ == '__main__':
  absltest.main()

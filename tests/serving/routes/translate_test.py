"""Images are translated as `Translator` does, alone or among many others."""

import base64
import concurrent.futures
import contextlib
import functools
import io
import threading
import time
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.serving import clients
from tf_twingan import faces, framing, image_io, photo_files, provenance
from tf_twingan.data.prepare.options import Options
from tf_twingan.serving import models

PHOTO = clients.noise(40, 60, 3)


class Fixed(faces.FaceDetector):
  """Finds two faces, whatever the image is."""

  def find(self, image):
    return [
      faces.Face(
        np.float32([x - r, 20 - r, x + r, 20 + r]),
        0.9,
        np.float32([[x - r / 2, 18], [x + r / 2, 18]]),
        np.float32([x, 24]),
      )
      for x, r in ((40, 9), (15, 7))
    ]


class Nothing(faces.FaceDetector):
  """Finds nothing."""

  def find(self, image):
    return []


class Inverting:
  """Translates two domains to negatives; faces are found in photos."""

  domains = ('photo', 'anime')
  resolution = 8
  fingerprint = 'f' * 64

  def __init__(self, detector='tests-fixed'):
    self.preparation = Options(faces=detector, resolution=16, smallest_side=8)

  def supports(self, source, to):
    return True

  def framing_of(self, domain):
    preparation = self.preparation if domain == 'photo' else None
    return framing.Framing(preparation=preparation)

  def source_for(self, to, source=None):
    return source or next(d for d in self.domains if d != to)

  def translate(self, images, to, source=None, *, style=None):
    return 255 - images


class TranslateTest(parameterized.TestCase):
  def post(self, client, content, accept='image/png', **fields):
    return client.post(
      '/v1/translate',
      data=fields,
      files=clients.upload(content),
      headers={'Accept': accept},
    )

  def test_the_answer_is_what_the_translator_gives(self):
    png = clients.encoded(PHOTO)
    model = clients.model()
    square = model.read(png, 'photo')
    with clients.client() as client:
      answer = self.post(client, png, to='anime')
    self.assertEqual(answer.status_code, 200)
    self.assertEqual(answer.headers['content-type'], 'image/png')
    np.testing.assert_allclose(
      clients.decoded(answer.content).astype(int),
      model.translator.translate(square[None], 'anime')[0],
      atol=1,
    )

  def test_the_result_says_what_made_it(self):
    with clients.client() as client:
      answer = self.post(client, clients.encoded(PHOTO), to='anime')
    packet = Image.open(io.BytesIO(answer.content)).text[provenance.XMP_KEYWORD]
    origin = provenance.parse(packet.encode())
    self.assertEqual(origin.model, 'tiny')
    self.assertEqual(origin.fingerprint, clients.model().fingerprint)
    self.assertEqual(origin.source_type, provenance.WHOLE)

  def test_json_holds_the_same_image(self):
    png = clients.encoded(PHOTO)
    with clients.client() as client:
      plain = self.post(client, png, to='photo')
      answer = self.post(client, png, 'application/json', to='photo').json()
    self.assertEqual(base64.b64decode(answer.pop('image')), plain.content)
    self.assertEqual(
      answer,
      {
        'model': 'tiny',
        'version': 1,
        'source': 'anime',
        'to': 'photo',
        'width': 8,
        'height': 8,
        'faces': None,
        'tile': None,
      },
    )

  def test_the_same_image_is_the_same_bytes_whatever_is_in_its_batch(self):
    contents = [
      clients.encoded(clients.noise(20, 20, 3, seed=seed)) for seed in range(24)
    ]
    sizes = []
    model = clients.model()
    translate = model.translator.translate

    def noted(images, *arguments):
      sizes.append(len(images))
      return translate(images, *arguments)

    with (
      clients.client() as client,
      mock.patch.object(model.translator, 'translate', noted),
      concurrent.futures.ThreadPoolExecutor(24) as threads,
    ):
      ask = lambda c: self.post(client, c, to='anime').content  # noqa: E731
      alone = [ask(content) for content in contents]
      together = list(threads.map(ask, contents * 4))
    self.assertLen(set(alone), 24)
    self.assertEqual(together, alone * 4)
    self.assertGreater(len(set(sizes)), 1, 'Nothing was joined.')

  @parameterized.named_parameters(
    ('domain', dict(to='nowhere'), 422, 'unknown_domain'),
    ('source', dict(to='anime', source='x'), 422, 'unknown_domain'),
    ('model', dict(to='anime', model='x'), 404, 'unknown_model'),
    ('faces', dict(to='anime', faces='some'), 422, 'invalid_request'),
    ('both', dict(to='anime', faces='all', face=0), 422, 'invalid_request'),
    ('negative', dict(to='anime', face=-1), 422, 'invalid_request'),
    ('no_field', {}, 422, 'invalid_request'),
  )
  def test_wrong_fields_are_said(self, fields, status, code):
    with clients.client() as client:
      answer = self.post(client, clients.encoded(PHOTO), **fields)
    self.assertEqual(answer.status_code, status, answer.text)
    self.assertEqual(answer.json()['error']['code'], code)
    self.assertTrue(answer.json()['error']['message'].endswith('.'))

  @parameterized.named_parameters(
    ('text', b'hello'), ('empty', b''), ('half', clients.encoded(PHOTO)[:2000])
  )
  def test_what_is_no_image_is_refused_in_words(self, content):
    with clients.client() as client:
      answer = self.post(client, content, to='anime')
    self.assertIn(answer.status_code, (413, 415, 422))
    self.assertIn('message', answer.json()['error'])

  def test_faces_are_put_back_and_nothing_else_changes(self):
    faces.register('tests-fixed', Fixed)
    with clients.client(models.ServedModel('a', Inverting())) as client:
      found = client.post(
        '/v1/faces', files=clients.upload(clients.encoded(PHOTO))
      ).json()
      whole = self.post(
        client,
        clients.encoded(PHOTO),
        'application/json',
        to='anime',
        faces='all',
      ).json()
      one = self.post(
        client, clients.encoded(PHOTO), 'application/json', to='anime', face=1
      ).json()
      missing = self.post(client, clients.encoded(PHOTO), to='anime', face=2)
    self.assertEqual((found['width'], found['height']), (60, 40))
    self.assertLen(found['faces'], 2)
    self.assertEqual(found['faces'][0]['box'], [31, 11, 49, 29])
    self.assertLen(found['faces'][0]['corners'], 4)
    self.assertEqual(whole['faces'], found['faces'])
    self.assertEqual(one['faces'], found['faces'][1:])
    self.assertEqual(missing.json()['error']['code'], 'no_face')
    changed = clients.decoded(base64.b64decode(whole['image'])) != PHOTO
    self.assertTrue(changed[18:22, 38:42].any())
    self.assertTrue(changed[18:22, 13:17].any())
    changed = clients.decoded(base64.b64decode(one['image'])) != PHOTO
    self.assertFalse(changed[:, 30:].any())
    self.assertTrue(changed[18:22, 13:17].any())

  def test_a_photo_without_a_face_is_said(self):
    faces.register('tests-none', Nothing)
    model = models.ServedModel('a', Inverting('tests-none'))
    with clients.client(model) as client:
      for fields in ({'faces': 'all'}, {'face': 0}, {}):
        answer = self.post(client, clients.encoded(PHOTO), to='anime', **fields)
        self.assertEqual(answer.status_code, 422)
        self.assertIn('found no face', answer.json()['error']['message'])

  def test_a_model_that_knows_no_faces_says_so(self):
    png = clients.encoded(PHOTO)
    with clients.client() as client:
      for answer in (
        self.post(client, png, to='anime', faces='all'),
        self.post(client, png, to='anime', face=0),
        client.post('/v1/faces', files=clients.upload(png)),
      ):
        self.assertEqual(answer.status_code, 422, answer.text)
        self.assertEqual(answer.json()['error']['code'], 'not_supported')

  def test_too_many_faces_are_refused(self):
    faces.register('tests-fixed', Fixed)
    model = models.ServedModel('a', Inverting())
    with clients.client(model, max_faces=1) as client:
      answer = self.post(
        client, clients.encoded(PHOTO), to='anime', faces='all'
      )
    self.assertEqual(answer.json()['error']['code'], 'too_many_faces')

  def test_a_whole_photo_is_translated_by_tiles(self):
    with clients.client(models.ServedModel('a', Inverting())) as client:
      answer = self.post(
        client, clients.encoded(PHOTO), to='anime', faces='none'
      )
    np.testing.assert_allclose(
      clients.decoded(answer.content).astype(int), 255 - PHOTO, atol=1
    )

  def test_a_photo_of_too_many_tiles_is_translated_by_larger_ones(self):
    sizes = []

    class Counting(Inverting):
      def translate(self, images, *arguments, **options):
        if images.any():  # Not while it is tried.
          sizes.append(len(images))
        return super().translate(images, *arguments, **options)

    photo = np.full([40, 60, 3], 200, np.uint8)
    for limit, tile in ((10_000, 8), (20, 46)):
      sizes.clear()
      model = models.ServedModel('a', Counting())
      with clients.client(model, max_tiles=limit) as client:
        answer = self.post(
          client,
          clients.encoded(photo),
          'application/json',
          to='anime',
          faces='none',
        ).json()
      self.assertLessEqual(sum(sizes), limit)
      self.assertEqual(answer['tile'], tile)
      self.assertEqual((answer['width'], answer['height']), (60, 40))
      np.testing.assert_array_equal(
        clients.decoded(base64.b64decode(answer['image'])), 255 - photo
      )

  @contextlib.contextmanager
  def held(self, **limits):
    """A client of a model that waits, and a function that asks it; let it go.

    Yields the client, what sends a request from a thread of its own, an event
    that says that the model waits, and one that lets it go on.
    """
    free, entered = threading.Event(), threading.Event()

    class Held(Inverting):
      def translate(self, images, *arguments, **options):
        if images.any():  # Not while it is tried.
          entered.set()
          free.wait(clients.PATIENCE)
        return super().translate(images, *arguments, **options)

    png = clients.encoded(PHOTO)
    faces.register('tests-fixed', Fixed)
    with (
      clients.client(models.ServedModel('a', Held()), **limits) as client,
      concurrent.futures.ThreadPoolExecutor(4) as threads,
    ):
      ask = lambda **fields: self.post(client, png, **fields)  # noqa: E731
      try:
        yield client, functools.partial(threads.submit, ask), entered, free
      finally:
        free.set()

  def test_no_more_photos_are_in_memory_than_there_are_threads(self):
    read = photo_files.read
    with (
      self.held(image_threads=2) as (client, ask, _, free),
      mock.patch.object(photo_files, 'read', side_effect=read) as reads,
    ):
      asked = [
        ask(to='anime', faces=which) for which in ('all', 'none') for _ in '12'
      ]
      threads = client.app.state.service.threads
      clients.wait_until(lambda: threads.waiting == 4 and reads.call_count == 2)
      time.sleep(0.1)
      self.assertEqual(reads.call_count, 2)
      free.set()
      self.assertEqual([one.result().status_code for one in asked], [200] * 4)

  def test_what_a_model_has_worked_for_is_not_refused(self):
    with self.held(image_threads=1, max_image_work=1) as held:
      client, ask, entered, free = held
      threads = client.app.state.service.threads
      asked = ask(to='photo')
      self.assertTrue(entered.wait(clients.PATIENCE))
      clients.wait_until(lambda: threads.waiting == 0)
      other = threading.Event()
      client.portal.start_task_soon(threads.run, other.wait, clients.PATIENCE)
      clients.wait_until(lambda: threads.waiting == 1)
      self.assertEqual(ask(to='photo').result().status_code, 429)
      free.set()
      clients.wait_until(lambda: threads.waiting == 2 or asked.done())
      other.set()
      self.assertEqual(asked.result().status_code, 200)

  def test_the_event_loop_looks_at_no_image(self):
    png, names = clients.encoded(PHOTO), set()
    read_size = image_io.read_size

    def noted(content):
      names.add(threading.current_thread().name)
      return read_size(content)

    faces.register('tests-fixed', Fixed)
    with (
      clients.client(
        models.ServedModel('a', Inverting()), clients.model()
      ) as client,
      mock.patch.object(image_io, 'read_size', noted),
    ):
      for path, fields in (
        ('translate', {'to': 'photo'}),
        ('translate', {'to': 'anime', 'faces': 'all'}),
        ('translate', {'to': 'anime', 'faces': 'none'}),
        ('faces', {}),
        ('encode', {'model': 'tiny'}),
      ):
        names.clear()
        answer = client.post(
          f'/v1/{path}', data=fields, files=clients.upload(png)
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        (name,) = names
        self.assertStartsWith(name, 'images')

  def test_a_full_server_says_when_to_come_again(self):
    with self.held(max_waiting=1, batch_sizes=(1,)) as held:
      client, ask, entered, free = held
      first = ask(to='photo')
      self.assertTrue(entered.wait(clients.PATIENCE))
      second = ask(to='photo')
      batcher = client.app.state.service.batcher
      clients.wait_until(lambda: batcher.waiting == 1)
      refused = ask(to='photo').result()
      free.set()
      self.assertEqual(first.result().status_code, 200)
      self.assertEqual(second.result().status_code, 200)
    self.assertEqual(refused.status_code, 429)
    self.assertEqual(refused.headers['retry-after'], '1')
    self.assertEqual(refused.json()['error']['code'], 'busy')


if __name__ == '__main__':
  absltest.main()

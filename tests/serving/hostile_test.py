"""Clients that mean harm or know no better, among those that do neither."""

import concurrent.futures
import hashlib
import http.client
import io
import logging
import os
import random
import sys
import tempfile

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.serving import (
  bad_images,
  clients,
  negatives,
  requests_in_process,
  server_process,
)
from tf_twingan.serving import models, settings

_NAMES = {
  'parents': b'../../../../etc/passwd',
  'absolute': b'/etc/cron.d/secret',
  'windows': b'..\\..\\windows\\secret.dll',
  'drive': b'C:\\secret\\con.png',
  'stream': b'secret.png::$DATA',
  'nul': b'secret\x00.png',
  'newline': b'secret\\r\\nX-Evil: 1',
  'long': b'secret' * 500,
  'shell': b'secret; touch /tmp/secret #`touch /tmp/secret`$(id)',
  'page': b'<img src=x onerror=alert(1)>secret.png',
  'turned': 'secret\u202egnp.exe'.encode(),
  'not_utf8': b'secret\xff\xfe\xed\xa0\x80',
}


def _image(seed: int = 0, side: int = 40) -> np.ndarray:
  return clients.noise(side, side + seed % 7, 3, seed=seed)


class _Opened:
  """The files that this process opens, during a block."""

  current: 'list[str] | None' = None

  def __enter__(self) -> list[str]:
    _Opened.current = []
    return _Opened.current

  def __exit__(self, *_):
    _Opened.current = None


def _note(event: str, arguments: tuple) -> None:
  if _Opened.current is not None and event in ('open', 'os.mkdir', 'os.rename'):
    _Opened.current.append(repr(arguments))


# A hook cannot be removed.
sys.addaudithook(_note)


class HostileNamesTest(parameterized.TestCase):
  @parameterized.named_parameters(_NAMES.items())
  def test_names_reach_neither_disk_nor_log(self, name):
    served = models.ServedModel('negatives', negatives.Negatives())
    content = clients.encoded(_image())
    body = requests_in_process.form(('image', content, name), ('to', 'anime'))
    with clients.client(served) as client:
      plain = client.post(
        '/v1/translate', data={'to': 'anime'}, files=clients.upload(content)
      )
      before = sorted(os.listdir(tempfile.gettempdir()))
      with self.assertLogs(level=logging.DEBUG) as logs, _Opened() as opened:
        answer = client.post(
          '/v1/translate', content=body, headers=requests_in_process.FORM
        )
        logging.getLogger().debug('so that there is one')
      after = sorted(os.listdir(tempfile.gettempdir()))
    # A head of a part that is longer is refused, and so is one with a NUL.
    if answer.status_code == 200:
      self.assertEqual(answer.content, plain.content)
    else:
      self.assertEqual(answer.json()['error']['code'], 'bad_form')
      self.assertNotIn('secret', answer.text)
    self.assertNotIn('x-evil', answer.headers)
    self.assertEqual(before, after)
    for line in (*logs.output, *opened):
      self.assertNotIn('secret', line)
      self.assertNotIn('passwd', line)

  def test_most_names_are_no_reason_to_refuse(self):
    refused = 0
    with clients.client(
      models.ServedModel('negatives', negatives.Negatives())
    ) as client:
      for name in _NAMES.values():
        body = requests_in_process.form(
          ('image', clients.encoded(_image()), name), ('to', 'anime')
        )
        answer = client.post(
          '/v1/translate', content=body, headers=requests_in_process.FORM
        )
        refused += answer.status_code != 200
    self.assertLessEqual(refused, 1)

  def test_large_images_stay_in_memory(self):
    content = clients.encoded(clients.noise(1000, 1000, 3))
    self.assertGreater(len(content), 2**21)
    with clients.client(
      models.ServedModel('negatives', negatives.Negatives())
    ) as client:
      with _Opened() as opened:
        answer = client.post(
          '/v1/translate', data={'to': 'anime'}, files=clients.upload(content)
        )
    self.assertEqual(answer.status_code, 200)
    folder = tempfile.gettempdir()
    self.assertEmpty([line for line in opened if folder in line])


class HostileContentTest(parameterized.TestCase):
  def test_bombs_and_others_are_refused(self):
    with clients.client(
      models.ServedModel('negatives', negatives.Negatives())
    ) as client:
      for path in '/v1/translate', '/v1/encode', '/v1/faces':
        for name, content in {
          **bad_images.BOMBS,
          **bad_images.OTHERS,
        }.items():
          with self.subTest(path=path, name=name):
            fields = {'to': 'anime'} if path == '/v1/translate' else {}
            answer = client.post(
              path, data=fields, files=clients.upload(content)
            )
            self.assertIn(answer.status_code, (413, 415, 422))
            self.assertIn('code', answer.json()['error'])

  @parameterized.parameters(
    'text/html', 'application/x-msdownload', 'image/svg+xml', '', '\x01'
  )
  def test_types_are_not_believed(self, kind):
    content = clients.encoded(_image())
    with clients.client(
      models.ServedModel('negatives', negatives.Negatives())
    ) as client:
      answers = [
        client.post(
          '/v1/translate',
          data={'to': 'anime'},
          files={'image': ('a', sent, given)},
        )
        for sent, given in ((content, kind), (b'<html>', 'image/png'))
      ]
    self.assertEqual([a.status_code for a in answers], [200, 415])


class AmongOthersTest(absltest.TestCase):
  def test_corrupt_images_do_not_disturb_good_ones(self):
    """Every tenth request is bad; all others get what they get alone."""
    chance = random.Random(0)
    requests = []
    for number in range(200):
      content = clients.encoded(
        _image(number), chance.choice(['PNG', 'JPEG', 'WEBP'])
      )
      is_bad = number % 10 == 3
      if is_bad:
        content = chance.choice(
          [
            content[: len(content) // 3],
            b'',
            bytes(1000),
            bad_images.BOMBS['png_of_gigapixels'],
          ]
        )
      requests.append((content, chance.choice(['anime', 'photo']), is_bad))
    app, limits = negatives.app(), settings.Settings()
    with server_process.running(app, limits) as address:
      alone = [_translate(address, *request[:2]) for request in requests]
      order = list(range(len(requests)))
      chance.shuffle(order)
      with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(
          lambda number: _translate(address, *requests[number][:2]), order
        )
        for number, answer in zip(order, answers):
          self.assertEqual(answer, alone[number])
    for (_, _, is_bad), (status, _) in zip(requests, alone):
      if is_bad:
        self.assertIn(status, (413, 415, 422))
      else:
        self.assertEqual(status, 200)
    good = [digest for status, digest in alone if status == 200]
    self.assertLen(set(good), len(good))


def _translate(address, content: bytes, to: str) -> tuple[int, str]:
  """The status, and the hash of the answer."""
  connection = http.client.HTTPConnection(*address, timeout=60)
  body = requests_in_process.form(('image', content, b'a'), ('to', to))
  connection.request('POST', '/v1/translate', body, requests_in_process.FORM)
  answer = connection.getresponse()
  content = answer.read()
  connection.close()
  if answer.status == 200:
    Image.open(io.BytesIO(content)).load()
  return answer.status, hashlib.sha256(content).hexdigest()


if __name__ == '__main__':
  absltest.main()

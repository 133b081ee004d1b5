"""Clients of the load benchmark count what goes wrong, and what does not."""

import asyncio
import collections

import fastapi
from absl.testing import absltest

from benchmarks import load_clients
from tests.serving import clients, negatives, server_process
from tf_twingan.serving import settings

_IMAGES = [clients.encoded(clients.noise(20, 20, 3, seed=n)) for n in range(8)]
_REQUESTS = [
  load_clients.post('/v1/translate', image, to='anime') for image in _IMAGES
]
_BAD = [
  load_clients.Upload(load_clients.post('/v1/translate', image, to='anime'))
  for image in (b'', b'no image', _IMAGES[0][:40])
]


def _load(app, digests=None) -> load_clients.Report:
  with server_process.running(app, settings.Settings()) as address:
    if digests is None:
      answers = asyncio.run(load_clients.sequential(address, _REQUESTS))
      digests = [digest for _, digest in answers]
    return asyncio.run(
      load_clients.together(
        address,
        [load_clients.Upload(*pair) for pair in zip(_REQUESTS, digests)],
        _BAD,
        clients=4,
        bad_share=0.2,
        seconds=0.5,
      )
    )


def _answering(*answers: fastapi.Response):
  """An application that gives these in turn, whatever it is asked."""
  turns = collections.deque(answers)

  async def app(scope, receive, send):
    if scope['type'] != 'http':
      return
    more = True
    while more:
      more = (await receive()).get('more_body', False)
    turns.rotate()
    await turns[0](scope, receive, send)

  return app


class LoadClientsTest(absltest.TestCase):
  def test_a_good_server(self):
    report = _load(negatives.app())
    self.assertGreater(len(report.times), 10)
    self.assertGreater(report.refused, 0)
    self.assertEqual(
      (report.wrong, report.failed, report.server_errors), (0, 0, 0)
    )
    self.assertEqual(report.statuses[200], len(report.times))
    self.assertBetween(report.seconds, 0.5, 5)

  def test_answers_of_others_are_wrong(self):
    app = _answering(fastapi.Response(b'a'), fastapi.Response(b'b'))
    report = _load(app, ['0' * 64] * 8)
    self.assertGreater(report.wrong, 0)
    self.assertEmpty(report.times)
    # Corrupt images must not be translated either.
    self.assertGreater(report.failed, 0)
    self.assertEqual(report.refused, 0)

  def test_server_errors_are_failures(self):
    report = _load(_answering(fastapi.Response(b'', 500)), ['0' * 64] * 8)
    self.assertEqual(report.server_errors, report.failed)
    self.assertGreater(report.failed, 0)

  def test_a_server_that_breaks_off_is_a_failure(self):
    report = _load(
      _answering(fastapi.Response(b'', headers={'content-length': '9'})),
      ['0' * 64] * 8,
    )
    self.assertGreater(report.failed, 0)
    self.assertEmpty(report.times)


if __name__ == '__main__':
  absltest.main()

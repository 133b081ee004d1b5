"""Requests in a minute, by address."""

from absl.testing import absltest, parameterized

from tests.serving import requests_in_process as asking
from tf_twingan.serving import problems, rate_limit, settings


class TokenBucketsTest(absltest.TestCase):
  def test_by_hand(self):
    now = [0.0]
    buckets = rate_limit.TokenBuckets(0.5, 3, clock=lambda: now[0])
    self.assertEqual([buckets.take('a') for _ in range(4)], [0, 0, 0, 2])
    # Whoever is refused does not wait longer for having asked.
    now[0] = 1.0
    self.assertEqual(buckets.take('a'), 1)
    now[0] = 2.0
    self.assertEqual(buckets.take('a'), 0)
    self.assertEqual(buckets.take('b'), 0)
    # A bucket does not overflow.
    now[0] = 1000.0
    self.assertEqual([buckets.take('a') for _ in range(4)], [0, 0, 0, 2])

  def test_memory_is_bounded(self):
    buckets = rate_limit.TokenBuckets(1, 1, most=10, clock=lambda: 0.0)
    waits = []
    for number in range(100):
      buckets.take(str(number))
      waits.append(buckets.take('often'))
    self.assertLen(buckets, 10)
    # Whoever comes often is not forgotten.
    self.assertEqual(waits, [0] + [1] * 99)


class AddressTest(parameterized.TestCase):
  @parameterized.parameters(
    ('10.0.0.1', '10.0.0.1'),
    ('::ffff:10.0.0.1', '10.0.0.1'),
    ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'),
    ('2001:db8:1:2::9', '2001:db8:1:2::/64'),
    ('fe80::1%eth0', 'fe80::/64'),
    ('a socket', 'a socket'),
  )
  def test_what_counts_as_one(self, host, expected):
    self.assertEqual(rate_limit.address_of({'client': (host, 1)}), expected)
    self.assertEqual(rate_limit.address_of({'client': None}), '')


async def _ok(scope, receive, send):
  await problems.answer(200, 'ok', 'Good.')(scope, receive, send)


class RateLimitTest(absltest.TestCase):
  def test_by_address_and_path(self):
    app = rate_limit.RateLimit(_ok, settings.Settings(requests_per_minute=12))
    statuses = [
      asking.ask_now(app, 'POST', path, client=client).status
      for path, client in (
        ('/v1/translate', '10.0.0.1'),
        ('/v1/translate', '10.0.0.1'),
        ('/v1/translate', '10.0.0.1'),
        ('/v1/translate', '10.0.0.2'),
        ('/healthz', '10.0.0.1'),
      )
    ]
    self.assertEqual(statuses, [200, 200, 429, 200, 200])
    refused = asking.ask_now(app, 'POST', '/v1/domains', client='10.0.0.1')
    self.assertEqual(refused.code, 'rate_limited')
    self.assertBetween(int(refused.headers['Retry-After'.lower()]), 1, 5)

  def test_none_by_default(self):
    app = rate_limit.RateLimit(_ok, settings.Settings())
    for _ in range(100):
      self.assertEqual(asking.ask_now(app, 'POST', '/v1/a').status, 200)


if __name__ == '__main__':
  absltest.main()

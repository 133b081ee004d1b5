"""ASGI middleware: how many requests a client may make in a minute.

Each address has a bucket of tokens that fills up steadily; a request takes one.
A client that has been quiet may so make several requests at once. An IPv6
client has a whole network of 64 bits, which counts as one address.
"""

import collections
import ipaddress
import math
import time
from collections.abc import Callable

from tf_twingan.serving import problems, settings

# Beyond, the bucket that was not used for longest is forgotten.
_MOST_ADDRESSES = 10_000


class TokenBuckets:
  """Buckets by address, of a bounded number."""

  def __init__(
    self,
    per_second: float,
    burst: float,
    most: int = _MOST_ADDRESSES,
    clock: Callable[[], float] = time.monotonic,
  ):
    """Makes no bucket yet.

    Args:
      per_second: tokens that come into each bucket in a second.
      burst: tokens that a full one has.
      most: number of buckets that are kept.
      clock: seconds.
    """
    self._per_second, self._burst = per_second, max(1.0, burst)
    self._most, self._clock = most, clock
    self._buckets: collections.OrderedDict[str, tuple[float, float]] = (
      collections.OrderedDict()
    )

  def __len__(self) -> int:
    return len(self._buckets)

  def take(self, address: str) -> float:
    """Takes a token.

    Returns:
      0 if there was one, or after how many seconds there is.
    """
    now = self._clock()
    tokens, since = self._buckets.pop(address, (self._burst, now))
    tokens = min(self._burst, tokens + (now - since) * self._per_second)
    wait = 0.0
    if tokens >= 1:
      tokens -= 1
    else:
      wait = (1 - tokens) / self._per_second
    self._buckets[address] = tokens, now
    if len(self._buckets) > self._most:
      self._buckets.popitem(last=False)
    return wait


def address_of(scope) -> str:
  """The address of a client, by which its requests are counted."""
  host = (scope.get('client') or ('',))[0]
  try:
    address = ipaddress.ip_address(host.partition('%')[0])
  except ValueError:
    return host
  if isinstance(address, ipaddress.IPv6Address):
    if address.ipv4_mapped:
      return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
  return str(address)


class RateLimit:
  """Refuses requests to /v1/ of clients that make too many."""

  def __init__(self, app, limits: settings.Settings):
    """Wraps an ASGI application."""
    self._app = app
    self._buckets = None
    if limits.requests_per_minute:
      # What may come at once is what may come in ten seconds.
      per_second = limits.requests_per_minute / 60
      self._buckets = TokenBuckets(per_second, 10 * per_second)

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if (
      self._buckets is not None
      and scope['type'] == 'http'
      and scope['path'].startswith('/v1/')
    ):
      wait = self._buckets.take(address_of(scope))
      if wait:
        seconds = math.ceil(wait)
        response = problems.answer(
          429,
          'rate_limited',
          f'Too many requests; try again in {seconds} s.',
          {'Retry-After': str(seconds)},
        )
        return await response(scope, receive, send)
    await self._app(scope, receive, send)

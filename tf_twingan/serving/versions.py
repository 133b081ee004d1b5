"""Follows the newest version of a model: found, checked, tried, put in place.

A folder or a model server is asked now and then which version it has. A new one
is loaded beside the old one, which serves on meanwhile, and takes its place
once every direction has been tried; requests in progress finish with the old
one. One that fails is refused once, and not tried again until it changes.
"""

import asyncio
import logging
from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol

import numpy as np

from tf_twingan import errors
from tf_twingan.serving import models, problems, settings, steady_sizes

_log = logging.getLogger(__name__)


class Source(Protocol):
  """Where the versions of a model come from."""

  name: str

  def newest(self) -> Hashable:
    """What tells the newest version from others; cheap to ask for.

    Raises:
      Exception: there is none now.
    """

  def load(self, key: Any) -> models.ServedModel:
    """Loads what `newest` returned, and checks it.

    Raises:
      Exception: it is damaged, or not there any more.
    """


class InvalidVersion(ValueError):
  """A version must not be served; the message names no path."""


class Refused(NamedTuple):
  """A version that is not served.

  Attributes:
    version: its number, or what else names it.
    reason: why, for anyone who may ask.
  """

  version: str
  reason: str


class Watched(NamedTuple):
  """A model that is followed.

  Attributes:
    source: where its versions come from.
    key: what `source.newest` returned for the version that is served.
  """

  source: Source
  key: Hashable


def open_newest(source: Source) -> tuple[models.ServedModel, Watched]:
  """Loads the newest version of a source, to be followed from there.

  Raises:
    ValueError: it must not be served.
    Exception: see `Source`.
  """
  key = source.newest()
  try:
    return source.load(key), Watched(source, key)
  except InvalidVersion as error:
    raise ValueError(f'the model {source.name}: {error}') from error


class Watcher:
  """Follows one model.

  Attributes:
    name: name of the model.
    source: where its versions come from.
    refused: the newest version, if it is refused; else None.
    swaps: how many versions it has put in place.
    refusals: how many it has refused.
  """

  def __init__(
    self,
    served: models.Models,
    watched: Watched,
    limits: settings.Settings,
  ):
    """Takes over from the version that is served at first.

    Args:
      served: where new versions are put in place.
      watched: the model, which is one of them.
      limits: the server's settings.
    """
    source, key = watched
    self.name, self.source = source.name, source
    self.refused: Refused | None = None
    self.swaps = self.refusals = 0
    self._models, self._limits = served, limits
    self._served_key = self._seen = key
    self._refused_key: Hashable = None
    self._is_lost = False

  @property
  def problem(self) -> str | None:
    """Why the model translates nothing now, as its server is away; or None."""
    return getattr(self.source, 'problem', None)

  async def run(self) -> None:
    """Polls until it is cancelled."""
    while True:
      await asyncio.sleep(self._limits.poll_s)
      await self.poll()

  async def poll(self) -> None:
    """Looks once, and puts a new version in place if there is one."""
    key = await asyncio.to_thread(self._newest)
    if key is None or key == self._refused_key:
      return
    # What has changed since the last look may still be being written.
    is_settled, self._seen = key == self._seen, key
    if not is_settled:
      return
    if key == self._served_key:
      self.refused = self._refused_key = None
      return
    try:
      model = await asyncio.to_thread(self._load, key)
    except problems.ClientError as error:
      if error.status < 503:
        self._refuse(key, error)
      # Else the model server does not answer now; the next look asks again.
    except Exception as error:
      self._refuse(key, error)
    else:
      previous = self._models.find(self.name).version
      self._models.replace(model)
      self._served_key, self.refused, self._refused_key = key, None, None
      self.swaps += 1
      _log.info(
        'Model %s: version %s is served instead of %s.',
        self.name,
        model.version,
        previous,
      )

  def _newest(self) -> Hashable:
    """What the source has; None if it cannot say, which is logged once."""
    try:
      key = self.source.newest()
    except Exception as error:
      if not self._is_lost:
        _log.warning(
          'Model %s: its versions cannot be seen (%s); the one that is served '
          'stays.',
          self.name,
          errors.printable(errors.first_line(error)),
        )
      self._is_lost = True
      return None
    self._is_lost = False
    return key

  def _load(self, key: Hashable) -> models.ServedModel:
    model = self.source.load(key)
    try_out(model, self._limits)
    return model

  def _refuse(self, key: Hashable, error: Exception) -> None:
    self._refused_key = key
    self.refusals += 1
    # Other messages may hold paths.
    is_plain = isinstance(error, (InvalidVersion, problems.ClientError))
    self.refused = Refused(
      str(getattr(key, 'version', key)),
      str(error) if is_plain else 'it cannot be loaded; the log says why.',
    )
    _log.error(
      'Model %s: version %s is refused, and %s is served on: %s',
      self.name,
      self.refused.version,
      self._models.find(self.name).version,
      errors.printable(errors.first_line(error)),
    )


def try_out(model: models.ServedModel, limits: settings.Settings) -> None:
  """Computes a batch of each size and direction, as the first one is slow.

  Raises:
    InvalidVersion: an output is not finite, or of another size.
  """
  try:
    steady_sizes.settle(model, limits)
    _try_directions(model, limits)
  except FloatingPointError as error:
    raise InvalidVersion('the network gives NaN or infinite values.') from error


def _try_directions(
  model: models.ServedModel, limits: settings.Settings
) -> None:
  rng = np.random.default_rng(0)
  shape = [limits.batch_sizes[-1], model.resolution, model.resolution, 3]
  images = rng.integers(0, 256, shape, np.uint8)
  for size in model.batch_sizes or limits.batch_sizes:
    batch = images[:size]
    for source, to in model.directions:
      outputs = model.translation(source, to).function(batch)
      if np.shape(outputs) != batch.shape:
        raise InvalidVersion(
          f'{source} to {to}: the results are {list(np.shape(outputs))}, not '
          f'{list(batch.shape)}.'
        )
    if model.encodes:
      for domain in model.domains:
        model.encoding(domain).function(batch)

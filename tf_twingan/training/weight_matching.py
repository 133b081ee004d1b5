"""Matches the weights of a new training to another one's, by name and shape.

A name is the path of a variable in a checkpoint, such as
`model/encoder/blocks/8px/0/conv/kernel`. Where a name holds a domain, the
domain that it starts from takes its place. All of this is functions of arrays
by name; `warm_start` reads and assigns them.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tf_twingan.models import named_weights

# How names begin: the model, and its exponential moving average.
LIVE = 'model'
EMA = 'average'
# {how names begin: what they are of}. All else that a checkpoint holds starts
# anew: optimizers, scale of the losses, counters, probabilities of augmentation
# and pools of images.
PARTS = {
  LIVE: 'the model',
  EMA: 'its EMA',
  'discriminators': 'the discriminators',
  'identity': 'the identity projections',
}
# What holds a layer or network for each domain, by the domain's name.
_PER_DOMAIN = ('discriminators', 'networks', 'codes', 'generators', 'identity')
# What follows a domain's name in the variables of a norm, and elsewhere.
_NORM_ROLES = ('scale', 'offset', 'moving_mean', 'moving_variance', 'batches')
_OTHER_ROLES = ('mean',)
# A kernel that has a column for each domain, in the model's order.
_COLUMNS = '/projection/kernel'
# Spectral normalization's estimate for the kernel beside it.
_DIRECTION = '/spectral/direction'

# Each domain of the new training, in order, with the one that it starts from.
Domains = Mapping[str, str | None]


@dataclasses.dataclass(frozen=True)
class Match:
  """What was found for the variables of a new training.

  Attributes:
    values: {name: value to assign}, of the variable's shape.
    left: {name: why the variable keeps its initial value}.
  """

  values: dict[str, np.ndarray]
  left: dict[str, str]


def origin_name(name: str, domains: Domains) -> str | None:
  """The name that a variable has in the other training.

  Args:
    name: of the variable in the new training.
    domains: {domain: the domain that it starts from, or None}.

  Returns:
    The name there; None if it belongs to a domain that starts from none.
  """
  parts = name.split('/')
  found = []
  for parent, part in zip(['', *parts], parts):
    domain, role = _domain_and_role(parent, part, domains)
    if domain is None:
      found.append(part)
      continue
    origin = domains[domain]
    if origin is None:
      return None
    found.append(named_weights.escape(origin) + role)
  return '/'.join(found)


def _domain_and_role(parent, part, domains):
  roles = _NORM_ROLES if parent == 'norm' else _OTHER_ROLES
  for domain in domains:
    if parent in _PER_DOMAIN and part == named_weights.escape(domain):
      return domain, ''
    for role in roles:
      if part == f'{named_weights.escape(domain)}_{role}':
        return domain, f'_{role}'
  return None, ''


def match(
  variables: Mapping[str, np.ndarray],
  weights: Mapping[str, np.ndarray],
  *,
  domains: Domains,
  origin_domains: Sequence[str],
) -> Match:
  """Finds a value for each variable of a new training.

  Args:
    variables: {name: initial value} of the new training.
    weights: {name: value} of the other one. If it holds its EMA alone, the
      model starts from that, too.
    domains: {domain: the domain that it starts from, or None}.
    origin_domains: the domains of the other training, in order.

  Returns:
    Each variable is in one of the two mappings.
  """
  has_live = any(name.startswith(f'{LIVE}/') for name in weights)
  values: dict[str, np.ndarray] = {}
  left: dict[str, str] = {}
  rearranged = set()
  for name, initial in variables.items():
    there = origin_name(name, domains)
    if there is None:
      left[name] = 'its domain starts from no other'
      continue
    if not has_live and there.startswith(f'{LIVE}/'):
      there = EMA + there.removeprefix(LIVE)
    if there not in weights:
      left[name] = 'there is none of this name'
      continue
    value = np.asarray(weights[there])
    if name.endswith(_COLUMNS) and [*domains.values()] != [*origin_domains]:
      value = _columns(value, initial, domains, origin_domains)
      rearranged.add(name)
    if value.shape != np.shape(initial):
      left[name] = (
        f'its shape is {list(value.shape)} there and '
        f'{list(np.shape(initial))} here'
      )
      continue
    values[name] = value
  _match_directions(variables, values, left, rearranged)
  return Match(values, left)


def _columns(value, initial, domains, origin_domains):
  """A kernel with the columns of the domains that the new ones start from."""
  if (
    value.ndim != 2
    or value.shape[0] != initial.shape[0]
    or value.shape[1] != len(origin_domains)
  ):
    return value
  columns = np.array(initial)
  for index, origin in enumerate(domains.values()):
    if origin is not None:
      columns[:, index] = value[:, list(origin_domains).index(origin)]
  return columns


def _match_directions(variables, values, left, rearranged):
  """Gives each kernel the right singular vector that belongs to it."""
  for name in variables:
    if not name.endswith(_DIRECTION):
      continue
    kernel = f'{name.removesuffix(_DIRECTION)}/kernel'
    if kernel not in values:
      values.pop(name, None)
      left.setdefault(name, 'its kernel keeps its initial value')
    elif name not in values or kernel in rearranged:
      matrix = values[kernel].reshape([-1, values[kernel].shape[-1]])
      values[name] = np.linalg.svd(matrix)[2][0].astype(matrix.dtype)
      left.pop(name, None)


def numbers(values: Mapping[str, np.ndarray], part: str) -> int:
  """How many numbers the values of a part hold.

  Args:
    values: {name: value}.
    part: how the names begin, such as `LIVE`.
  """
  return sum(
    np.size(value)
    for name, value in values.items()
    if name.startswith(f'{part}/')
  )

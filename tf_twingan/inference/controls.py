"""How a translation is steered: how far it goes, and to which mixture.

What a domain owns are the scales, offsets and statistics of its norms. Averages
of these lie between the domains (Dumoulin et al., "A Learned Representation for
Artistic Style", 2017, section 3.3), so a translation can go half the way, or to
something of several domains.
"""

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any

from tf_twingan import errors


@dataclasses.dataclass(frozen=True)
class Control:
  """How a translation is steered; by default it is the plain one.

  Attributes:
    strength: from 0, which redraws an image in its own domain, to 1, which
      translates it altogether.
    mix: {domain: how much of it}, the target instead of one domain; of any sum,
      as only the ratios count. None for no mixture.
  """

  strength: float = 1.0
  mix: Mapping[str, float] | None = None

  def __post_init__(self):
    """Checks the numbers.

    Raises:
      ValueError: one is out of its range; names it.
    """
    if not _is_number(self.strength) or not 0 <= self.strength <= 1:
      raise ValueError(
        f'strength is {self.strength!r}; give a number from 0, the source '
        'domain, to 1, the plain translation.'
      )
    if self.mix is None:
      return
    mix = dict(self.mix)
    for domain, share in mix.items():
      if not _is_number(share) or share < 0:
        raise ValueError(
          f'the share of {errors.printable(str(domain))} in the mixture is '
          f'{share!r}; give a number, 0 or more.'
        )
    if not any(mix.values()):
      raise ValueError(
        'the mixture has something of no domain; give a share above 0, such as '
        'anime=0.7,photo=0.3.'
      )
    object.__setattr__(self, 'mix', types.MappingProxyType(mix))

  def shares(
    self, domains: Sequence[str], source: str, to: str
  ) -> dict[str, float]:
    """How much of each domain the result has.

    Args:
      domains: names of the model's domains.
      source: the domain that the images belong to.
      to: the domain to translate to, where there is no mixture.

    Returns:
      {domain: its share}, of all domains in their order; the sum is 1.

    Raises:
      ValueError: the mixture names a domain that the model does not have.
    """
    mix = {to: 1.0} if self.mix is None else self.mix
    for domain in mix:
      if domain not in domains:
        raise ValueError(
          f'the mixture names {errors.printable(str(domain))!r}, and the '
          f'model has {", ".join(domains)}'
          f'{errors.did_you_mean(str(domain), domains) or "."}'
        )
    total = math.fsum(mix.values())
    shares = {d: self.strength * mix.get(d, 0.0) / total for d in domains}
    shares[source] += 1 - self.strength
    return shares

  def as_json(self) -> dict[str, Any]:
    """The values that differ from the plain translation's, as JSON has them."""
    mix = {} if self.mix is None else {'mix': dict(self.mix)}
    return {'strength': self.strength, **mix}

  def __reduce__(self) -> tuple[Any, ...]:
    """Is pickled by its values."""
    mix = None if self.mix is None else dict(self.mix)
    return Control, (self.strength, mix)


def parse_mix(text: str) -> dict[str, float]:
  """Reads a mixture, such as `anime=0.7,photo=0.3`.

  Raises:
    ValueError: it is none, or names a domain twice.
  """
  mix: dict[str, float] = {}
  for part in text.split(','):
    domain, _, share = part.partition('=')
    try:
      value = float(share)
    except ValueError:
      raise ValueError(
        f'{errors.printable(text)} is no mixture; write it as '
        'anime=0.7,photo=0.3.'
      ) from None
    if domain.strip() in mix:
      raise ValueError(
        f'{errors.printable(text)} names {errors.printable(domain.strip())} '
        'twice; give each domain once.'
      )
    mix[domain.strip()] = value
  return mix


def _is_number(value: object) -> bool:
  is_real = isinstance(value, (int, float)) and not isinstance(value, bool)
  return is_real and math.isfinite(value)

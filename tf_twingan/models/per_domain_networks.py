"""One network for each domain, called as if it were one for all.

What sharing convolutions is worth can only be measured against a model that
does not share them: as in CycleGAN (Zhu et al. 2017) nothing but the losses
ties the domains together. A packed batch is split, each part goes through its
own network, and the results are packed again, so that callers need not
distinguish the two.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import base_layer


class PerDomainNetworks(base_layer.BaseLayer):
  """Networks of one shape, one for each domain.

  Attributes:
    networks: {domain: network}.
  """

  def __init__(
    self,
    domains: Sequence[str],
    make: Callable[[str], base_layer.BaseLayer],
    *,
    name: str,
  ):
    """Builds the networks.

    Args:
      domains: their names.
      make: makes the network of a domain, given its name.
      name: layer name.
    """
    super().__init__(name=name)
    self.networks = {domain: make(domain) for domain in domains}

  def call(
    self,
    inputs: Any,
    *,
    domains: Sequence[str],
    condition: tf.Tensor | None = None,
    **stage_and_mode,
  ) -> Any:
    """Runs each part of a packed batch through its domain's network.

    Args:
      inputs: a tensor, or a structure of them; the batch of each is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static; a name may come twice.
      condition: of the networks' norms, packed like the inputs; or None.
      **stage_and_mode: the other arguments of the networks.

    Returns:
      The networks' outputs, packed like the inputs.
    """
    flat = [tf.split(t, len(domains)) for t in tf.nest.flatten(inputs)]
    conditions = [{} for _ in domains]
    if condition is not None:
      parts = tf.split(condition, len(domains))
      conditions = [{'condition': part} for part in parts]
    outputs = [
      self.networks[domain](
        tf.nest.pack_sequence_as(inputs, list(part)),
        domains=[domain],
        **options,
        **stage_and_mode,
      )
      for domain, part, options in zip(domains, zip(*flat), conditions)
    ]
    return tf.nest.map_structure(
      lambda *parts: tf.concat(parts, axis=0), *outputs
    )

"""Figures of versions and model servers, asked for when Prometheus comes."""

from collections.abc import Iterable, Sequence

from tf_twingan import extras
from tf_twingan.serving import circuit_breaker, versions

with extras.needed('serve'):
  from prometheus_client import core, registry


class VersionCollector(registry.Collector):
  """What the watchers of a server have seen and done."""

  def __init__(self, watchers: Sequence[versions.Watcher]):
    """Takes the watchers."""
    self._watchers = watchers

  def collect(self) -> Iterable[core.Metric]:
    """The figures now."""
    swaps = core.CounterMetricFamily(
      'tf_twingan_version_swaps',
      'Versions that took the place of others.',
      labels=['model'],
    )
    refusals = core.CounterMetricFamily(
      'tf_twingan_refused_versions', 'Versions refused.', labels=['model']
    )
    refused = core.GaugeMetricFamily(
      'tf_twingan_version_refused',
      'Whether the newest version is refused, and an older one served.',
      labels=['model'],
    )
    circuit = core.GaugeMetricFamily(
      'tf_twingan_model_server_circuit',
      'The state of the circuit breaker before a model server.',
      labels=['model', 'state'],
    )
    attempts = core.CounterMetricFamily(
      'tf_twingan_model_server_attempts',
      'Calls of a model server, each attempt by its outcome.',
      labels=['model', 'outcome'],
    )
    for watcher in self._watchers:
      model = [watcher.name]
      swaps.add_metric(model, watcher.swaps)
      refusals.add_metric(model, watcher.refusals)
      refused.add_metric(model, watcher.refused is not None)
      server = getattr(watcher.source, 'server', None)
      if server is None:
        continue
      for state in circuit_breaker.State:
        is_in = server.breaker.state is state
        circuit.add_metric([*model, state.name.lower()], is_in)
      for outcome, count in sorted(server.attempts.copy().items()):
        attempts.add_metric([*model, outcome], count)
    return swaps, refusals, refused, circuit, attempts

"""Starts a training from the weights of another run (`--init_from`).

Every weight that matches by name and shape is taken, see `weight_matching`: of
the model, of its EMA, of discriminators and style encoder, and the statistics
of batch norm. Optimizers, schedule and counters start anew. What was taken, and
from where, is kept in the run as `init_from.json`.

It happens once: the weights are saved as the run's first checkpoint, of image
0, before the first step, so that a run that is killed and started again depends
on the other run no more.
"""

import collections
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan import errors, files, framing, json_files
from tf_twingan.models import named_weights, registry, resolutions
from tf_twingan.runs import checkpoints
from tf_twingan.training import (
  console,
  growth_schedule,
  origins,
  progress,
  weight_matching,
)

RECORD = 'init_from.json'
# With less of the model's weights than this the two have nothing in common.
_LEAST_SHARE = 0.25
_NAMED = 3  # Weights that are named on the screen; the record has them all.
# Options that change no weight's shape, or that are compared by themselves.
_NOT_COMPARED = {'model', 'domains', 'max_resolution', 'precision'}


@dataclasses.dataclass(frozen=True)
class WarmStart:
  """What a training starts from.

  Attributes:
    origin: the checkpoint.
    domains: {domain: the origin's domain that it starts from, or None}.
    growth: the growth schedule of the training.
  """

  origin: origins.Origin
  domains: Mapping[str, str | None]
  growth: growth_schedule.Growth

  def apply(
    self,
    trainer: Any,
    position: progress.Progress,
    framings: Mapping[str, framing.Framing] = {},
  ) -> dict[str, Any]:
    """Assigns all that matches, so that the EMA generates as the origin does.

    Args:
      trainer: the Trainer, which has not taken a step yet.
      position: is set to the stage that the weights are of.
      framings: {domain: how its images are made square}, to compare.

    Returns:
      What was taken and from where, as JSON values.

    Raises:
      ValueError: the origin has another model, or hardly anything matches.
    """
    origin, model = self.origin, trainer.model
    config = registry.describe(model)
    _check_kind(origin, config)
    variables = variables_by_name(trainer.state)
    initial = {name: v.numpy() for name, v in variables.items()}
    found = weight_matching.match(
      initial,
      origin.weights,
      domains=self.domains,
      origin_domains=origin.config['domains'],
    )
    differences = _differences(
      {**registry.defaults(model), **origin.config}, config
    )
    live = weight_matching.LIVE
    share = weight_matching.numbers(found.values, live) / max(
      weight_matching.numbers(initial, live), 1
    )
    if share < _LEAST_SHARE:
      raise ValueError(
        f'{origin.name} does not fit: {share:.0%} of the weights of this model '
        f'are there under the same name and in the same shape. '
        f'{" ".join([*differences, ""])}Set these as they are there, see its '
        'model.json, or leave --init_from out.'
      )
    with trainer.strategy.scope():
      for name, value in found.values.items():
        variables[name].assign(value)
      resolution = min(
        max(origin.resolution, self.growth.start_resolution),
        model.max_resolution,
      )
      position.resolution.assign(resolution)
      position.alpha.assign(
        origin.alpha if resolution == origin.resolution else 1.0
      )
    return dict(
      origin=origin.name,
      checkpoint=origin.checkpoint,
      images_seen=origin.images_seen,
      resolution=origin.resolution,
      alpha=origin.alpha,
      saved=origin.saved,
      sha256=origin.sha256,
      domains=dict(self.domains),
      origin_domains=list(origin.config['domains']),
      warnings=[
        *differences,
        *self._framed_otherwise(framings),
        *self._untrained(initial),
        *self._untrained_discriminators(initial, found.values),
      ],
      taken=_count(found.values),
      of=_count(initial),
      left=found.left,
    )

  def _framed_otherwise(self, framings):
    """A sentence for each domain that shows other parts of its images."""
    there = {d: self.origin.framings.get(o) for d, o in self.domains.items()}
    sentences = []
    for d, here in framings.items():
      if there[d] is None:
        continue
      if there[d][:2] != here[:2]:
        sentences.append(
          f'The images of {d} are framed by ?{here} here, and those that '
          f'{self.origin.name} was trained on by ?{there[d]}.'
        )
      if there[d].preparation != here.preparation:
        sentences.append(
          f'The images of {d} are prepared otherwise than those that '
          f'{self.origin.name} was trained on.'
        )
    return sentences

  def _untrained(self, names):
    """A sentence if the schedule begins finer than the origin has come."""
    start, trained = (
      self.growth.start_resolution,
      self.origin.trained_resolution,
    )
    block = resolutions.block_name(start)
    if start <= trained or not any(f'/{block}/' in name for name in names):
      return []
    return [
      f'The schedule begins at {start} px, where {self.origin.name} is not '
      f'trained, without a fade-in; Growth.start_resolution={trained} fades in '
      'what is new.'
    ]

  def _untrained_discriminators(self, names, taken):
    """A sentence if discriminators start from nothing, and nothing waits."""
    start = 'discriminators/'
    if (
      self.growth.discriminator_only_images
      or not any(name.startswith(start) for name in names)
      or any(name.startswith(start) for name in taken)
    ):
      return []
    return [
      'All discriminators start from nothing; Growth.discriminator_only_images '
      'trains them alone for a while, before the model follows them.'
    ]


def prepare(
  run_dir: str,
  name: str,
  *,
  domains: Sequence[str],
  init_domains: Mapping[str, str],
  growth: growth_schedule.Growth,
  retrain_coarser: bool,
) -> WarmStart | None:
  """Reads what a run starts from, before its datasets are loaded.

  Args:
    run_dir: the run that is to be started.
    name: see `origins.read`.
    domains: the domains of the run, in order.
    init_domains: {domain: the origin's domain that it starts from}; others
      start from the one of the same name.
    growth: the growth schedule of the run.
    retrain_coarser: whether the schedule may begin at a coarser resolution
      than the origin has reached.

  Returns:
    None, after a message, if the run is started already: it is continued.

  Raises:
    FileNotFoundError, ValueError: see `origins.read`.
    ValueError: a domain does not exist, or the schedule begins too coarse.
  """
  if checkpoints.Checkpoints(os.path.join(run_dir, 'checkpoints')).prefixes():
    console.say(
      f'{run_dir} is started already{_started_from(run_dir)}; it continues, '
      f'and --init_from={name} is not read again.'
    )
    return None
  origin = origins.read(name)
  by_domain = _origin_domains(domains, origin, init_domains)
  coarsest = min(origin.trained_resolution, growth.final_resolution)
  if growth.start_resolution < coarsest and not retrain_coarser:
    raise ValueError(
      f'The schedule begins at {growth.start_resolution} px, but {name} is '
      f'trained up to {origin.trained_resolution} px: training the coarser '
      'stages again would change weights that the finer ones need. Add '
      f'--gin_param="Growth.start_resolution={coarsest}", or, to do it all the '
      'same, --gin_param="train.retrain_coarser=True".'
    )
  return WarmStart(origin, by_domain, growth)


def write_record(run_dir: str, record: Mapping[str, Any]) -> None:
  """Writes what `WarmStart.apply` returned to the run's `init_from.json`."""
  files.atomic_write(
    os.path.join(run_dir, RECORD), json.dumps(record, indent=1) + '\n'
  )


def summary(record: Mapping[str, Any], run_dir: str) -> list[str]:
  """What to tell the user of a start: a few lines.

  Args:
    record: of `WarmStart.apply`.
    run_dir: the run that keeps it.
  """
  name, left = record['origin'], record['left']
  taken = ', '.join(
    f'{record["taken"].get(part, 0)} of {count} of {title}'
    for part, title in weight_matching.PARTS.items()
    if (count := record['of'].get(part))
  )
  lines = [
    f'Starting from {name} ({record["images_seen"]:,} images seen, '
    f'{record["resolution"]} px). Variables taken: {taken}.'
  ]
  if left:
    names = ', '.join([*left][:_NAMED])
    lines.append(
      f'{len(left)} keep their initial values: {names}'
      f'{", ..." if len(left) > _NAMED else ""}; {run_dir}/{RECORD} lists '
      'them, with the reasons.'
    )
  if record['warnings']:
    lines.append(f'Warning: {" ".join(record["warnings"])}')
  without = [d for d, there in record['domains'].items() if there is None]
  if without:
    free = [
      d for d in record['origin_domains'] if d not in record['domains'].values()
    ]
    if len(free) != len(without):
      free = ['NAME'] * len(without)
    pairs = ','.join(f'{d}={there}' for d, there in zip(without, free))
    lines.append(
      f'Warning: {name} has no domain {" or ".join(without)}, whose norms and '
      'discriminators keep their initial values. It has '
      f'{", ".join(record["origin_domains"])}; to start from one of these, add '
      f'--init_domains={pairs}'
    )
  return lines


def variables_by_name(state: Mapping[str, Any]) -> dict[str, tf.Variable]:
  """The variables of what is taken, by their names in a checkpoint.

  Args:
    state: trackable objects by name, see `Trainer.state`.
  """
  return named_weights.by_name(
    {part: state[part] for part in weight_matching.PARTS if part in state}
  )


def _origin_domains(domains, origin, init_domains):
  """{domain: the origin's domain that it starts from, or None}."""
  known = list(origin.config['domains'])
  for domain, source in init_domains.items():
    if domain not in domains:
      raise ValueError(
        f'--init_domains: {domain!r} is no domain of this training'
        f'{errors.did_you_mean(domain, domains)}; it has {", ".join(domains)}. '
        'Write NEW=OLD.'
      )
    if source not in known:
      raise ValueError(
        f'--init_domains: {origin.name} has no domain {source!r}'
        f'{errors.did_you_mean(source, known)}; it has {", ".join(known)}.'
      )
  return {d: init_domains.get(d, d if d in known else None) for d in domains}


def _check_kind(origin, config):
  there, here = (registry.kind_of(c).__name__ for c in (origin.config, config))
  if there != here:
    raise ValueError(
      f'{origin.name} is a {there}, and this training is of a {here}; start '
      f'from a {here}, or train with Trainer.model = @{there}.'
    )


def _differences(there, here):
  return [
    f'{key} is {there.get(key)!r} there and {here[key]!r} here.'
    for key in here
    if key not in _NOT_COMPARED and there.get(key) != here[key]
  ]


def _count(values):
  counts = collections.Counter(name.split('/')[0] for name in values)
  return {part: counts[part] for part in weight_matching.PARTS if counts[part]}


class _Record(json_files.Model):
  """What is read back of a record."""

  origin: str
  images_seen: json_files.Count


def _started_from(run_dir):
  """' from NAME ...', as the record says, or '' without a record."""
  path = os.path.join(run_dir, RECORD)
  try:
    record = json_files.read(path, _Record, remedy='nothing depends on it')
  except FileNotFoundError:
    return ', without --init_from'
  except (OSError, ValueError):
    return ''
  return f' from {record.origin} at {record.images_seen:,} images'

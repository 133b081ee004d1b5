"""Learns from the images of an index: the domains' means, and the projection.

Learned from few images, both are learned again when there are twice as many,
until there were enough, or when images are removed before that. The sample of a
domain that the index has few images of, or none, is filled up with translations
of the other domains' images, so that the mean of a domain is known before the
first query from it.
"""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from tf_twingan import inference
from tf_twingan.retrieval import embeddings, records

# Images of a domain that are enough; more hardly change what is learned.
ENOUGH = 1024
# With fewer images than this, a domain's sample is filled up.
FILL_UP_BELOW = 64
_TRANSLATED_SAMPLES = 256


def learn(
  images: records.Records,
  model: inference.Translator,
  before: embeddings.Embedding | None,
) -> embeddings.Embedding | None:
  """Learns what has not been learned, or from too few images.

  Args:
    images: the images of the index, one or more.
    model: the model of the index.
    before: what was learned before, or None.

  Returns:
    The new embedding, or None where the one before is still good.
  """
  domains = model.domains
  counts = {d: images.count(d) for d in domains}
  learned_from = (
    dict(before.learned_from) if before else dict.fromkeys(domains, 0)
  )
  projection_is_due = before is None or _is_due(
    len(images), _total(learned_from)
  )
  due = [
    d
    for d in domains
    if projection_is_due
    or learned_from[d] < 0
    or _is_due(counts[d], learned_from[d])
  ]
  if not due:
    return None
  samples = {d: images.sample(d, ENOUGH) for d in domains if counts[d]}
  scales = {d: model.scales(samples[d], d) for d in due if d in samples}
  means: dict[str, embeddings.Means] = dict(before.means) if before else {}
  for domain in due:
    parts: list[embeddings.Scales] = (
      [scales[domain]] if domain in scales else []
    )
    if counts[domain] < FILL_UP_BELOW:
      parts += _translated_samples(domain, samples, model)
    means[domain] = embeddings.mean(parts)
  if projection_is_due:
    projection = embeddings.principal_components(
      np.concatenate(
        [embeddings.features(part, means[d]) for d, part in scales.items()]
      )
    )
  else:
    assert before is not None
    projection = before.projection
  return embeddings.Embedding(
    means,
    projection,
    {d: counts[d] if d in due else learned_from[d] for d in domains},
  )


def forget(
  embedding: embeddings.Embedding, domains: Iterable[str]
) -> embeddings.Embedding | None:
  """What stays of an embedding when images of some domains are removed.

  What was learned from fewer than `ENOUGH` images shows much of each, and is
  learned again; the mean and the directions of more are statistics that stay.

  Returns:
    The same embedding, one whose means of domains are marked to be learned
    again, or None if all is.
  """
  if _total(embedding.learned_from) < ENOUGH:
    return None
  forgotten = {d: -1 for d in domains if embedding.learned_from[d] < ENOUGH}
  if not forgotten:
    return embedding
  return dataclasses.replace(
    embedding, learned_from={**embedding.learned_from, **forgotten}
  )


def _total(learned_from: Mapping[str, int]) -> int:
  return sum(max(0, count) for count in learned_from.values())


def _is_due(count: int, learned_from: int) -> bool:
  return learned_from < ENOUGH and count >= max(1, 2 * learned_from)


def _translated_samples(
  domain: str,
  samples: Mapping[str, np.ndarray],
  model: inference.Translator,
) -> list[embeddings.Scales]:
  """Features of other domains' images, translated to this one."""
  others = {d: part for d, part in samples.items() if d != domain}
  scales: list[embeddings.Scales] = []
  for other, part in others.items():
    step = -(-len(part) * len(others) // _TRANSLATED_SAMPLES)
    translations = model.translate(part[::step], to=domain, source=other)
    scales.append(model.scales(translations, domain))
  return scales

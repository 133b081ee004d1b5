"""What an index learns from its own images: domains' means, and the space.

Learned from few images, both are learned again when there are twice as many,
until there were enough. A domain that the index has few images of, or none,
borrows: its mean is taken over translations of the others' images as well,
so that a single query from it finds its place.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan import inference
from tf_twingan.retrieval import embeddings, records

# Images of a domain that are enough; more change neither any more.
ENOUGH = 1024
# With fewer of its own, a domain borrows this many translations.
BORROWS_BELOW = 64
_BORROWED = 256


def learned(
  images: records.Records,
  translator: inference.Translator,
  old: embeddings.Embedding | None,
) -> embeddings.Embedding | None:
  """Learns what is to be learned, or learned anew.

  Args:
    images: of the index, one or more.
    translator: its model.
    old: what was learned before.

  Returns:
    The new embedding, or None where the old one still serves.
  """
  domains = translator.domains
  counts = {d: images.count(d) for d in domains}
  before = dict(old.learned_from) if old else dict.fromkeys(domains, 0)
  space_due = old is None or _due(len(images), sum(before.values()))
  due = [d for d in domains if space_due or _due(counts[d], before[d])]
  if not due:
    return None
  samples = {d: images.sample(d, ENOUGH) for d in domains if counts[d]}
  scales = {d: translator.scales(samples[d], d) for d in due if d in samples}
  means: dict[str, embeddings.Means] = dict(old.means) if old else {}
  for domain in due:
    parts = [scales[domain]] if domain in scales else []
    if counts[domain] < BORROWS_BELOW:
      parts += _borrowed(domain, samples, translator)
    means[domain] = embeddings.mean(parts)
  if space_due:
    projection = embeddings.principal(
      np.concatenate(
        [embeddings.features(part, means[d]) for d, part in scales.items()]
      )
    )
  else:
    assert old is not None
    projection = old.projection
  return embeddings.Embedding(
    means,
    projection,
    {d: counts[d] if d in due else before[d] for d in domains},
  )


def _due(count: int, learned_from: int) -> bool:
  return learned_from < ENOUGH and count >= max(1, 2 * learned_from)


def _borrowed(
  domain: str,
  samples: Mapping[str, np.ndarray],
  translator: inference.Translator,
) -> list[embeddings.Scales]:
  """Features of other domains' images, translated to this one."""
  others = {d: part for d, part in samples.items() if d != domain}
  scales = []
  for other, part in others.items():
    step = -(-len(part) * len(others) // _BORROWED)
    translations = translator.translate(part[::step], to=domain, source=other)
    scales.append(translator.scales(translations, domain))
  return scales

"""Embeds images: the codes that a model gives them, by a learned embedding."""

import numpy as np

from tf_twingan import inference
from tf_twingan.retrieval import embeddings, options


def embed(
  model: inference.Translator,
  embedding: embeddings.Embedding,
  images: np.ndarray,
  domain: str,
) -> np.ndarray:
  """Embeds images by their own codes.

  Args:
    model: model whose codes are taken.
    embedding: embedding that was learned from such codes.
    images: uint8 RGB [n, height, width, 3].
    domain: name of the domain that the images belong to.

  Returns:
    float32 [n, dimensions], of unit length.
  """
  return embedding.embed(model.scales(images, domain), domain)


def embed_queries(
  model: inference.Translator,
  embedding: embeddings.Embedding,
  images: np.ndarray,
  domain: str,
  target: str,
  by: str,
) -> np.ndarray:
  """Embeds images to search a domain by.

  Args:
    model: model whose codes are taken.
    embedding: embedding that was learned from such codes.
    images: uint8 RGB [n, height, width, 3].
    domain: name of the domain that the images belong to.
    target: name of the domain to search.
    by: which codes to take, one of `options.BY`; within a domain it is always
      the images' own.

  Returns:
    float32 [n, dimensions], of unit length.

  Raises:
    ValueError: `by` is none of `options.BY`.
  """
  if by not in options.BY:
    raise ValueError(f'by is {by!r}; choose one of {", ".join(options.BY)}.')
  own = embed(model, embedding, images, domain)
  if by == 'own' or target == domain:
    return own
  translations = model.translate(images, to=target, source=domain)
  translated = embed(model, embedding, translations, target)
  if by == 'translation':
    return translated
  return embeddings.unit(own + translated)

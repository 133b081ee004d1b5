"""Embeddings: unit vectors from codes, whose angles compare across domains.

Twin-GAN (Li, 2018) searches another domain for the nearest content code. Raw
codes serve that badly: those of each domain surround a mean of their own, far
from the origin, so that any two of one domain are nearly parallel. Therefore
the mean of each domain is subtracted, which an index learns from its own
images. Every scale of the encoder then has the same weight, whatever its number
of channels and the size of their values: its features are scaled to a unit
vector, and those of all scales are concatenated. Positions (4x4) are kept, as
they are part of what a face looks like. The principal components of all that
(PCA) are the embedding. Whitening, i.e. scaling these to equal variance, made
it worse: it amplifies what hardly differs between images and much between
domains.
"""

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_twingan import errors
from tf_twingan.retrieval import npy_files

# Counts changes of the recipe: vectors of different versions do not compare.
VERSION = 1
DIMENSIONS = 128

# {resolution: float32 [n, 4, 4, channels]}, from `Translator.scales`.
Scales = Mapping[int, np.ndarray]
# {resolution: float32 [4, 4, channels]}.
Means = Mapping[int, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Embedding:
  """The learned map from features to vectors.

  Attributes:
    means: mean features of each domain, by its name.
    projection: float32 [features, dimensions], orthonormal columns.
    learned_from: number of images of each domain that were learned from; -1
      where one of them was removed, so that its mean is learned again.
  """

  means: Mapping[str, Means]
  projection: np.ndarray
  learned_from: Mapping[str, int]

  def embed(self, scales: Scales, domain: str) -> np.ndarray:
    """Embeds images.

    Args:
      scales: features of n images.
      domain: name of the domain that they belong to.

    Returns:
      float32 [n, dimensions], of unit length: inner products are cosines.

    Raises:
      ValueError: these are not the features that it was learned from.
    """
    learned = {s: mean.shape for s, mean in self.means[domain].items()}
    found = {s: values.shape[1:] for s, values in scales.items()}
    if learned != found:
      raise ValueError(
        f'The embedding was learned from features of other shapes ({learned}) '
        f'than this model gives ({found}); build the index anew in another '
        'folder.'
      )
    return unit(features(scales, self.means[domain]) @ self.projection)

  def key(self, domain: str) -> str:
    """A name of all that decides a domain's vectors, 16 hex digits."""
    digest = hashlib.sha256(np.ascontiguousarray(self.projection).tobytes())
    for _, mean in sorted(self.means[domain].items()):
      digest.update(mean.tobytes())
    return digest.hexdigest()[:16]

  def to_bytes(self, domains: Sequence[str]) -> bytes:
    """An .npz file; domains are stored by their place in `domains`."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
      f'mean_{place}_{scale}': mean
      for place, domain in enumerate(domains)
      for scale, mean in self.means[domain].items()
    }
    np.savez(
      buffer,
      projection=self.projection,
      learned_from=[self.learned_from[d] for d in domains],
      **arrays,
    )
    return buffer.getvalue()

  @classmethod
  def from_bytes(cls, content: bytes, domains: Sequence[str]) -> 'Embedding':
    """The embedding that `to_bytes` stored.

    Raises:
      ValueError: it is something else; says what is wrong with it.
    """
    try:
      arrays = _read_arrays(content)
      means: dict[str, dict[int, np.ndarray]] = {d: {} for d in domains}
      for name, array in arrays.items():
        if name.startswith('mean_'):
          _, place, scale = name.split('_')
          means[domains[int(place)]][int(scale)] = array
      counts = arrays['learned_from'].tolist()
      embedding = cls(means, arrays['projection'], dict(zip(domains, counts)))
    # Whatever a damaged archive makes its readers raise.
    except Exception as error:
      raise ValueError(
        f'it holds no embedding: {errors.first_line(error)}'
      ) from None
    embedding._check(counts, len(domains))
    return embedding

  def _check(self, counts: list, domains: int) -> None:
    projection, means = self.projection, list(self.means.values())
    lengths = {sum(array.size for array in mean.values()) for mean in means}
    arrays = [projection, *(a for mean in means for a in mean.values())]
    if not (
      projection.ndim == 2
      and projection.shape[1] >= 1
      and lengths == {len(projection)}
      and all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays)
      and len(counts) == domains
      and all(isinstance(count, int) for count in counts)
    ):
      raise ValueError('it holds an embedding of other features')


def _read_arrays(content: bytes) -> dict[str, np.ndarray]:
  """The arrays of an .npz file, of which none is larger than the file."""
  with zipfile.ZipFile(io.BytesIO(content)) as archive:
    if sum(m.file_size for m in archive.infolist()) > len(content):
      raise ValueError('its arrays are larger than itself')
    return {
      member.filename.removesuffix('.npy'): _read_member(archive, member)
      for member in archive.infolist()
    }


def _read_member(
  archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> np.ndarray:
  if member.compress_type != zipfile.ZIP_STORED:
    # A few bytes could expand to any size.
    raise ValueError(f'{member.filename} is compressed')
  return npy_files.parse(archive.read(member))


def unit(rows: np.ndarray) -> np.ndarray:
  """Rows [n, d] scaled to length 1, float32; rows of zeros stay so."""
  lengths = np.linalg.norm(rows, axis=1, keepdims=True)
  return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)


def mean(parts: Sequence[Scales]) -> dict[int, np.ndarray]:
  """The mean of several sets' features, for each scale [4, 4, channels]."""
  return {
    scale: np.concatenate([part[scale] for part in parts])
    .mean(axis=0, dtype=np.float64)
    .astype(np.float32)
    for scale in parts[0]
  }


def features(scales: Scales, means: Means) -> np.ndarray:
  """Features of all scales, centred, each scale of unit length.

  Args:
    scales: features of n images of one domain.
    means: mean features of that domain.

  Returns:
    float32 [n, features], of unit length.
  """
  return unit(
    np.concatenate(
      [
        unit((scales[scale] - means[scale]).reshape(len(scales[scale]), -1))
        for scale in sorted(scales)
      ],
      axis=1,
    )
  )


def principal_components(
  rows: np.ndarray, dimensions: int = DIMENSIONS
) -> np.ndarray:
  """The directions of the largest variance (PCA).

  Args:
    rows: float32 [n, features], of mean 0.
    dimensions: number of directions; the result has fewer if the rows span
      fewer.

  Returns:
    float32 [features, at most dimensions], orthonormal columns, at least one.
  """
  # The rows' inner products hold as much as the covariance, and there are
  # fewer rows than features.
  rows = rows.astype(np.float64)
  values, vectors = np.linalg.eigh(rows @ rows.T)
  order = np.argsort(values)[::-1][:dimensions]
  order = order[values[order] > 1e-9 * max(values.max(), 1e-30)]
  if not len(order):  # A single image is its own mean: any direction does.
    return np.eye(rows.shape[1], 1, dtype=np.float32)
  directions = rows.T @ (vectors[:, order] / np.sqrt(values[order]))
  return directions.astype(np.float32)

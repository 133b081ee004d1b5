"""One line before a training whose images an audit would find fault with.

The same measures and limits as an audit's, without what takes long: faces,
near-duplicates, blur. Exact copies are looked for among all images, of which
few bytes are read, and the rest in an even sample; all are decoded already.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from tf_twingan import errors, image_arrays, shell_words
from tf_twingan.data import duplicates
from tf_twingan.data.audit import (
  dataset_findings,
  dataset_measures,
  image_measures,
  pair_findings,
  thresholds,
)
from tf_twingan.data.audit.finding import LOW, SEVERITIES, Finding
from tf_twingan.data.prepare import quality
from tf_twingan.data.sources import base, registry

_EXAMINED = 256  # Of each domain.
_SIDE = 32  # px at which they are measured.


def warning(
  datasets: Mapping[str, str],
  images: Mapping[str, np.ndarray],
  names: Mapping[str, Sequence[str]],
  *,
  few: bool = False,
) -> str | None:
  """The gravest that an audit would find, in one line, and how to learn more.

  Nothing is said of images that come with the package.

  Args:
    datasets: {domain: dataset}.
    images: {domain: uint8 [n, resolution, resolution, 3]}, to train on.
    names: {domain: what its images are called}.
    few: whether few images are meant, as where a run starts from another one.

  Returns:
    The line; None where there is nothing to say.
  """
  parsed = {d: registry.parse(string) for d, string in datasets.items()}
  own = [d for d, one in parsed.items() if not one.comes_with_package]
  if not own:
    return None
  measured = {
    domain: _measure(domain, one, images[domain], names[domain])
    for domain, one in parsed.items()
  }
  limits = thresholds.DEFAULT
  found: list[Finding] = []
  for domain in own:
    for about in dataset_findings.ABOUT_PIXELS:
      found += about(measured[domain], limits)
    if not few:
      found += dataset_findings.few_images(measured[domain], limits)
    pairs = duplicates.within(images[domain])
    found += dataset_findings.repeated(
      measured[domain],
      [(names[domain][i], names[domain][first]) for i, first in pairs],
      len(images[domain]),
      exact=True,
    )
  for pair in itertools.combinations(datasets, 2):
    if {*pair} & {*own}:
      for about_both in pair_findings.ABOUT_PIXELS:
        found += about_both(measured[pair[0]], measured[pair[1]], limits)
  grave = sorted(
    (one for one in found if one.severity != LOW),
    key=lambda one: SEVERITIES.index(one.severity),
  )
  if not grave:
    return None
  more = f' ({len(grave) - 1} more)' if len(grave) > 1 else ''
  command = shell_words.join(
    [
      *('python', '-m', 'tf_twingan.audit'),
      *(f'{domain}={string}' for domain, string in datasets.items()),
      '--output=audited',
    ]
  )
  return (
    f'Warning: {errors.printable(grave[0].sentence)}{more} `{command}` says '
    'more.'
  )


def _measure(
  domain: str, dataset: base.Dataset, images: np.ndarray, names: Sequence[str]
) -> dataset_measures.DatasetMeasures:
  """What an audit measures of pixels, of a sample."""
  chosen = dataset_measures.evenly(len(images), _EXAMINED)
  sample = images[chosen]
  side = min(_SIDE, sample.shape[1])
  small = image_arrays.downsample(sample, side)
  rows = [image_measures.measure(image, side, side) for image in small]
  columns = dict.fromkeys(
    dataset_measures.COLUMNS, np.full(len(chosen), np.nan)
  )
  table = np.array(rows, np.float64).T
  columns |= dict(zip(image_measures.ImageMeasures._fields, table))
  columns['uniform'] = np.array([quality.measure(i).uniform for i in small])
  return dataset_measures.DatasetMeasures(
    domain,
    dataset.text,
    len(images),
    unreadable=(),
    names=[names[i] for i in chosen],
    splits=[''] * len(chosen),
    formats=[''] * len(chosen),
    columns=columns,
    digests=(),
    fingerprints=(),
    thumbnails=np.zeros([len(chosen), 0], np.float32),
    mean_image=np.zeros([side, side, 3], np.uint8),
    preparation=dataset.preparation(),
    photos=dataset.text,
  )

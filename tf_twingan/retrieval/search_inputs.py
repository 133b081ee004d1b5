"""Datasets and image files that a command of the search reads, by domain.

Which domain is taken for granted is printed, and images that cannot be read are
listed.
"""

import functools
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import tqdm

from tf_twingan import errors, image_io, inference, shell_words
from tf_twingan.data import dataset_strings, run_datasets
from tf_twingan.data.sources import base, registry

# Images of one dataset or file, and the name of the domain they belong to.
DomainImages = tuple[str, base.NamedImages]


def open_datasets(
  model: inference.Translator,
  datasets: Sequence[str],
  *,
  default: str,
  limit: int | None = None,
) -> list[DomainImages]:
  """Opens datasets; says which are taken for images of the default domain.

  Args:
    model: model of the index.
    datasets: `DATASET` or `DOMAIN=DATASET` each.
    default: name of the domain of those that name none.
    limit: number of images of each to take; None takes all.

  Raises:
    ValueError: a dataset cannot be used, or there is no such domain.
  """
  opened = []
  for text in datasets:
    domain, dataset = dataset_strings.split_flag(text)
    if domain is not None:
      model.check_domain(domain)
    else:
      domain = default
      flag = shell_words.quote(f'--source=DOMAIN={dataset}')
      print(
        f'{errors.printable(dataset)}: taken for images of {domain!r}; '
        f'{flag} says otherwise'
      )
    run_datasets.warn_of_framing({domain: dataset}, model.framings)
    images = registry.named_images(dataset, model.resolution, limit=limit)
    opened.append((domain, images))
  return opened


def open_files(
  model: inference.Translator, files: Sequence[str], *, default: str
) -> Iterator[DomainImages]:
  """Opens image files, each as a collection of one image.

  Args:
    model: model of the index; reads the files.
    files: `PATH` or `DOMAIN=PATH` each.
    default: name of the domain of those that name none.
  """
  for text in files:
    domain, equals, path = text.partition('=')
    if not equals or domain not in model.domains:
      domain, path = default, text
      flag = shell_words.quote(f'--image=DOMAIN={path}')
      print(
        f'{errors.printable(path)}: taken for an image of {domain!r}; '
        f'{flag} says otherwise'
      )
    yield (
      domain,
      base.NamedImages(
        path, [path], functools.partial(model.read, domain=domain)
      ),
    )


def read(
  images: base.NamedImages,
  names: Sequence[str],
  skipped: list[tuple[str, str]],
) -> Iterator[tuple[str, np.ndarray]]:
  """Reads images with a progress bar; then lists those that cannot be read.

  Args:
    images: the dataset or file.
    names: names of the images to read.
    skipped: gets (name, reason) of each image that cannot be read.

  Yields:
    (name, uint8 RGB [height, width, 3]).
  """
  unreadable = []
  for name in tqdm.tqdm(
    names,
    desc=f'reading {errors.printable(images.dataset)}',
    unit=' images',
    delay=1,
  ):
    try:
      yield name, images.read(name)
      continue
    except image_io.UnreadableImage as error:
      reason = error.reason
    except OSError as error:
      reason = errors.reason(error)
    unreadable.append((name, reason))
  for name, reason in unreadable:
    print(
      f'  skipped {errors.printable(name)}: {errors.printable(reason)}',
      file=sys.stderr,
    )
  skipped += unreadable

"""From finished shards to a dataset: choose, split, write, and declare it.

Everything is written aside and moved into place at the end, dataset.json last.
Images go from shard to output one by one, so that any number of them fits into
memory; what is known of all images at once is their records.
"""

import collections
import os
import pathlib
import shutil
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tqdm.auto

from tf_twingan import files
from tf_twingan.data import attributes, image_vectors
from tf_twingan.data.prepare import (
  carried,
  dataset_record,
  embedding,
  folder_output,
  inputs,
  prepared_images,
  rejections,
  selection,
  shards,
  sheet,
  tfrecord_output,
)
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.sources import base

REJECTED = 'rejected.csv'
# What stands in the output beside train, test and the .tfrecord files.
NAMES = (
  REJECTED,
  dataset_record.SHEET,
  attributes.FILE,
  carried.ORIGINS,
  image_vectors.FILE,
  dataset_record.CHECKSUMS,
  dataset_record.NAME,
)


class Job(NamedTuple):
  """What is prepared, how and where to.

  Attributes:
    text: the input as the user gave it.
    opened: its photos.
    options: everything that decides the pixels.
    output: folder of the dataset.
    format: 'folder' or 'tfrecord'.
    embedder: computes the vectors; None for those of the input, if any.
  """

  text: str
  opened: inputs.Input
  options: options_lib.Options
  output: pathlib.Path
  format: dataset_record.Format = 'folder'
  embedder: embedding.Embedder | None = None

  @property
  def unfinished(self) -> pathlib.Path:
    """The folder of the shards, which is there until all is finished."""
    return self.output / '.unfinished'

  @property
  def spec(self) -> shards.Spec:
    """What the shards follow from."""
    folder = os.fspath(self.unfinished.absolute())
    return shards.Spec(self.opened.dataset, self.options, folder)


class Choice(NamedTuple):
  """What becomes of all photos.

  Attributes:
    images: records of the images that are kept, in order.
    places: the place of each of them among all images, in order.
    photos: the place of the photo of each of them among all photos.
    splits: their splits.
    rejections: what was left out, in the order of the photos.
  """

  images: list[shards.ImageRecord]
  places: list[int]
  photos: list[int]
  splits: list[str]
  rejections: list[rejections.Rejection]


def choose(
  job: Job,
  images: Sequence[shards.ImageRecord],
  rejected: Sequence[rejections.Rejection],
) -> Choice:
  """Chooses among the images of all shards.

  Args:
    job: what is prepared.
    images: records of all images.
    rejected: what the shards left out.

  Raises:
    ValueError: not one image is left; says why.
  """
  order = {name: i for i, name in enumerate(job.opened.names)}
  own = [job.opened.splits[order[image.photo]] for image in images]
  selected = selection.select(images, own, job.options)
  left_out = sorted(
    [*rejected, *selected.rejections], key=lambda one: order[one.file]
  )
  if not selected.kept:
    counts = collections.Counter(one.reason for one in left_out)
    reasons = ', '.join(f'{n} {reason}' for reason, n in counts.most_common())
    whole = ', and --faces=none takes whole photos'
    raise ValueError(
      f'none of {len(order):,} photos gives an image ({reasons}); --dry_run '
      f'lists why{whole if job.options.faces != "none" else ""}'
    )
  return Choice(
    [images[i] for i in selected.kept],
    selected.kept,
    [order[images[i].photo] for i in selected.kept],
    selected.splits,
    left_out,
  )


def finish(job: Job) -> Choice:
  """Writes the dataset of a job whose shards are all there.

  Args:
    job: what is prepared.

  Returns:
    What was kept and left out.

  Raises:
    OSError: something cannot be written, or a shard is not there.
    ValueError: a shard is damaged, or not one image is left.
  """
  paths = [
    shards.path_of(job.unfinished, number)
    for number in range(len(shards.split(job.opened.names)))
  ]
  read = [shards.read_record(path) for path in paths]
  choice = choose(
    job,
    [image for shard in read for image in shard.images],
    [one for shard in read for one in shard.rejections],
  )
  staging = job.unfinished / 'finished'
  shutil.rmtree(staging, ignore_errors=True)
  staging.mkdir()
  images = prepared_images.PreparedImages(
    paths, [len(shard.images) for shard in read]
  )
  digests = _write(job, choice, staging, images)
  checksums = dataset_record.write_checksums(staging, digests)
  record = dataset_record.DatasetRecord(
    version=dataset_record.VERSION,
    input=job.text,
    photos=len(job.opened.names),
    names_sha256=job.opened.names_sha256,
    images={split: choice.splits.count(split) for split in base.SPLITS},
    rejected=dict(
      sorted(collections.Counter(r.reason for r in choice.rejections).items())
    ),
    format=job.format,
    options=job.options,
    checksums_sha256=checksums,
    packages=dataset_record.package_versions(),
    embedding=None if job.embedder is None else job.embedder.name,
    dataset_sha256=job.opened.dataset_sha256,
    labels_sha256=job.opened.labels_sha256,
    vectors_sha256=job.opened.vectors_sha256,
    embedding_sha256=None if job.embedder is None else job.embedder.sha256,
  )
  _move(staging, job.output)
  dataset_record.write(job.output, record)
  return choice


def _write(
  job: Job,
  choice: Choice,
  staging: pathlib.Path,
  images: prepared_images.PreparedImages,
) -> dict[str, str]:
  """Writes all but dataset.json; returns the checksum of each file."""
  places = choice.places
  names = folder_output.image_names(
    [image.photo for image in choice.images],
    [image.face for image in choice.images],
    choice.splits,
  )
  labels = {
    column: [values[i] for i in choice.photos]
    for column, values in (job.opened.attributes or {}).items()
  }
  vectors = _vectors(job, choice, names, images)
  if job.format == 'folder':
    progress = _progress(images.read(places), len(places), 'writing')
    digests = folder_output.write(staging, names, progress)
    if labels:
      attributes.write(staging / attributes.FILE, names, labels)
    if vectors is not None:
      carried.write_vectors(staging / image_vectors.FILE, names, vectors)
  else:
    digests = tfrecord_output.write(
      staging,
      images,
      places,
      names=names,
      splits=choice.splits,
      side=job.options.resolution,
      attributes=labels,
      vectors=vectors,
    )
  shown = sheet.choose(len(names))
  sheet.write(
    staging / dataset_record.SHEET,
    [names[i] for i in shown],
    images.read([places[i] for i in shown]),
  )
  rejections.write(staging / REJECTED, choice.rejections)
  carried.write_origins(staging / carried.ORIGINS, names, choice.images)
  for name in NAMES:
    if (staging / name).exists():
      digests[name] = files.sha256_of(staging / name)
  return digests


def _vectors(
  job: Job,
  choice: Choice,
  names: Sequence[str],
  images: prepared_images.PreparedImages,
) -> np.ndarray | None:
  """A row for each image: computed, or that of its photo."""
  if job.embedder is not None:
    pngs = _progress(images.read(choice.places), len(names), 'embedding')
    rows = job.embedder.embed(pngs)
    return image_vectors.check_vectors(
      rows, names, dataset=f'--embed: {job.embedder.name}'
    )
  if job.opened.vectors is None:
    return None
  return job.opened.vectors[choice.photos]


def _progress(
  pngs: Iterator[bytes], count: int, description: str
) -> Iterator[bytes]:
  return tqdm.auto.tqdm(
    pngs, total=count, desc=description, unit=' images', delay=1
  )


def _move(staging: pathlib.Path, output: pathlib.Path) -> None:
  """Moves what is written into place."""
  for path in sorted(staging.iterdir()):
    target = output / path.name
    # Of a program that was stopped right here.
    if target.is_dir() and not target.is_symlink():
      shutil.rmtree(target)
    os.replace(path, target)
  if hasattr(os, 'sync'):
    # At once for all, as one by one takes as long as to prepare them.
    os.sync()

"""From finished shards to a dataset: choose, split, write, and declare it.

Everything is written aside and moved into place at the end, dataset.json last.
Images go from shard to output one by one, so that any number of them fits into
memory; what is known of all images at once is their records.
"""

import collections
import csv
import io
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tqdm.auto

from tf_twingan import files
from tf_twingan.data.prepare import (
  dataset_record,
  folder_output,
  inputs,
  rejections,
  selection,
  shards,
  sheet,
)
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.sources import base

REJECTED = 'rejected.csv'
ORIGINS = 'origins.csv'
SHEET = 'sheet.png'
# All that is moved to the output, beside dataset.json.
NAMES = (
  *base.SPLITS,
  REJECTED,
  ORIGINS,
  SHEET,
  dataset_record.CHECKSUMS,
)


class Job(NamedTuple):
  """What is prepared, how and where to.

  Attributes:
    text: the input as the user gave it.
    opened: its photos.
    options: everything that decides the pixels.
    output: folder of the dataset.
    format: 'folder' or 'tfrecord'.
  """

  text: str
  opened: inputs.Input
  options: options_lib.Options
  output: pathlib.Path
  format: dataset_record.Format = 'folder'

  @property
  def unfinished(self) -> pathlib.Path:
    """The folder of the shards, which is there until all is finished."""
    return self.output / '.unfinished'

  @property
  def spec(self) -> shards.Spec:
    """What the shards follow from."""
    folder = os.fspath(self.unfinished.absolute())
    return shards.Spec(self.opened.dataset, self.options, folder)

  @property
  def names_sha256(self) -> str:
    """The checksum of the photos' names."""
    text = '\n'.join(self.opened.names)
    return files.sha256(text.encode(errors='surrogatepass'))


class Choice(NamedTuple):
  """What becomes of all photos.

  Attributes:
    images: records of the images that are kept, in order.
    places: the place of each of them among all images, in order.
    splits: their splits.
    rejections: what was left out, in the order of the photos.
  """

  images: list[shards.ImageRecord]
  places: list[int]
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
    raise ValueError(
      f'none of {len(order):,} photos gives an image ({reasons}); --dry_run '
      'lists why, and --faces=none takes whole photos'
    )
  return Choice(
    [images[i] for i in selected.kept],
    selected.kept,
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
  counts = [len(shard.images) for shard in read]
  digests = _write(job, choice, staging, paths, counts)
  checksums = dataset_record.write_checksums(staging, digests)
  record = dataset_record.DatasetRecord(
    version=dataset_record.VERSION,
    input=job.text,
    photos=len(job.opened.names),
    names_sha256=job.names_sha256,
    images={split: choice.splits.count(split) for split in base.SPLITS},
    rejected=dict(
      sorted(collections.Counter(r.reason for r in choice.rejections).items())
    ),
    format=job.format,
    options=job.options,
    checksums_sha256=checksums,
    packages=dataset_record.package_versions(),
  )
  _move(staging, job.output)
  dataset_record.write(job.output, record)
  return choice


def _write(
  job: Job,
  choice: Choice,
  staging: pathlib.Path,
  paths: Sequence[pathlib.Path],
  counts: Sequence[int],
) -> dict[str, str]:
  """Writes all but dataset.json; returns the checksum of each file."""
  photos = [image.photo for image in choice.images]
  names = folder_output.image_names(
    photos, [image.face for image in choice.images], choice.splits
  )
  output = folder_output.FolderOutput(staging)
  sheet_images = sheet.Sheet(len(names))
  for split in base.SPLITS:
    (staging / split).mkdir()
  for name, png in zip(names, _pngs(choice.places, paths, counts)):
    output.write(name, png)
    sheet_images.add(name, png)
  output.close()
  sheet_images.write(staging / SHEET)
  rejections.write(staging / REJECTED, choice.rejections)
  _write_origins(staging / ORIGINS, names, choice.images)
  return {**output.digests, **_digests(staging, (REJECTED, ORIGINS, SHEET))}


def _pngs(
  places: Sequence[int], paths: Sequence[pathlib.Path], counts: Sequence[int]
) -> Iterator[bytes]:
  """The images of some places among those of all shards, one by one."""
  ends = np.cumsum(counts)
  by_shard: dict[int, list[int]] = collections.defaultdict(list)
  for place in places:
    shard = int(np.searchsorted(ends, place, side='right'))
    by_shard[shard].append(place - int(ends[shard]) + counts[shard])
  with tqdm.auto.tqdm(
    total=len(places), desc='writing', unit=' images', delay=1
  ) as progress:
    for shard, numbers in by_shard.items():
      for png in shards.read_images(paths[shard], numbers):
        yield png
        progress.update()


def _write_origins(
  path: pathlib.Path,
  names: Sequence[str],
  images: Sequence[shards.ImageRecord],
) -> None:
  """Writes which photo each image is from, and where in it the face is."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(['file', 'photo', 'left', 'top', 'right', 'bottom', 'score'])
  for name, image in zip(names, images):
    box = [f'{side:.1f}' for side in image.box or ()] or [''] * 4
    score = '' if image.score is None else f'{image.score:.3f}'
    writer.writerow([name, image.photo, *box, score])
  path.write_bytes(text.getvalue().encode('utf-8', 'surrogateescape'))


def _digests(folder: pathlib.Path, names: Sequence[str]) -> Mapping[str, str]:
  return {name: files.sha256((folder / name).read_bytes()) for name in names}


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

"""What a job was asked for, held against what is asked for now.

Of a job that is not finished, .unfinished/job.json says so, and dataset.json of
a finished one. Nothing that was made of other photos, or by other options or
packages, is mixed, or taken for what is asked for.
"""

import json
from typing import Any

from tf_twingan import errors, files, json_files
from tf_twingan.data.prepare import dataset_record, finish

_NAME = 'job.json'


class _JobRecord(json_files.Model):
  """What a job that is not finished was asked for.

  Attributes:
    dataset: string of the dataset.
    photos: number of its photos.
    names_sha256: checksum of their names.
    options: see `options.Options`.
    files_sha256: see `inputs.Input.files_sha256`.
    packages: versions of what decides the pixels.
  """

  dataset: str
  photos: json_files.Count
  names_sha256: str
  options: dict[str, Any]
  # None in those of before.
  files_sha256: str | None = None
  packages: dict[str, str] | None = None


def begin(job: finish.Job) -> None:
  """Records what is asked for, or holds it against what was.

  Args:
    job: what is prepared; its folder of what is unfinished is there.

  Raises:
    OSError: the record cannot be read or written.
    ValueError: what is unfinished is of other photos, options or packages, or
      its record is damaged.
  """
  path = job.unfinished / _NAME
  remedy = (
    f'choose another --output, or delete {errors.printable(job.unfinished)} to '
    'begin anew'
  )
  opened = job.opened
  now = _JobRecord(
    dataset=opened.dataset,
    photos=len(opened.names),
    names_sha256=opened.names_sha256,
    options=job.options.model_dump(mode='json'),
    files_sha256=opened.files_sha256(),
    packages=dataset_record.package_versions(),
  )
  try:
    before = json_files.read(path, _JobRecord, remedy=remedy)
  except FileNotFoundError:
    # Not by pydantic, as names may be of any bytes.
    files.atomic_write(path, json.dumps(now.model_dump()))
    return
  difference = _difference(before, now)
  if difference:
    raise ValueError(
      f'{errors.printable(job.output)} holds an unfinished preparation with '
      f'{difference}; give the same again to go on, {remedy}'
    )


def _difference(before: _JobRecord, now: _JobRecord) -> str:
  """What differs, as it was; '' if nothing does."""
  if before.dataset != now.dataset:
    return f'--input={errors.printable(before.dataset)}'
  if before.names_sha256 != now.names_sha256:
    return f'other photos, {before.photos:,} of them ({now.photos:,} now)'
  different = _different_option(before.options, now.options)
  if different:
    return different
  if before.files_sha256 not in (None, now.files_sha256):
    return 'photos that were changed or replaced since'
  if before.packages is not None and now.packages is not None:
    for name in sorted({**before.packages, **now.packages}):
      old, new = before.packages.get(name), now.packages.get(name)
      if old != new:
        return f'{name} {old or "missing"} (now {new or "missing"})'
  return ''


def difference_of_finished(
  record: dataset_record.DatasetRecord, job: finish.Job
) -> str:
  """What a finished dataset was made of or by that a job does not ask for.

  Args:
    record: of the dataset; what those of before do not say counts as equal.
    job: what is asked for.

  Returns:
    What differs, as it was, for a message; '' if nothing does.
  """
  opened = job.opened
  if record.names_sha256 != opened.names_sha256:
    return 'other photos'
  if record.dataset_sha256 not in (None, opened.dataset_sha256):
    return f'--input={errors.printable(record.input)}, which was another one'
  if record.format != job.format:
    return f'--format={record.format}'
  different = _different_option(
    record.options.model_dump(), job.options.model_dump()
  )
  if different:
    return different
  if record.labels_sha256 not in (None, opened.labels_sha256):
    return 'other labels, or none'
  return _different_vectors(record, job)


def _different_vectors(
  record: dataset_record.DatasetRecord, job: finish.Job
) -> str:
  """What other vectors a finished dataset has; '' if they are alike."""
  embedder = job.embedder
  if record.embedding != (None if embedder is None else embedder.name):
    given = errors.printable(record.embedding or '')
    return f'--embed=.../{given}' if given else 'no --embed'
  # Those of the input are of no use with --embed.
  if embedder is None:
    known, asked = record.vectors_sha256, job.opened.vectors_sha256
    return '' if known in (None, asked) else 'other vectors, or none'
  if record.embedding_sha256 not in (None, embedder.sha256):
    return (
      f'another network --embed=.../{errors.printable(embedder.name)}, or '
      'another --embed_range'
    )
  return ''


def _different_option(before: dict[str, Any], now: dict[str, Any]) -> str:
  """The first option that differs, as it was; '' if none does."""
  for name in now:
    if before.get(name) != now[name]:
      return f'--{name}={before.get(name)}'
  return ''

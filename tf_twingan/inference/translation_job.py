"""The translation of an image or a folder: planned, run and reported.

What a user can have got wrong is found by `plan`, before a model is loaded.
"""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tf_twingan import errors, files, image_io, photo_files, provenance
from tf_twingan.inference import (
  file_methods,
  file_translation,
  output_files,
  result_record,
  skipped_files,
  translator,
)
from tf_twingan.runs import loading


class Plan(NamedTuple):
  """What is translated, and where to.

  Attributes:
    root: the image, or the folder of the images.
    folder: folder of the results.
    kind: format of the results.
    outputs: {image: file of its result}.
    record: what earlier calls wrote to the folder.
    is_folder: whether a folder is translated, with a report of what failed.
  """

  root: pathlib.Path
  folder: pathlib.Path
  kind: photo_files.Format
  outputs: Mapping[pathlib.Path, pathlib.Path]
  record: result_record.ResultRecord
  is_folder: bool


def plan(
  root: str | os.PathLike,
  output: str | os.PathLike,
  kind: photo_files.Format | None = None,
  *,
  has_others: bool = False,
) -> Plan:
  """Finds the images, and holds their results against what is there.

  Args:
    root: an image, or a folder of images.
    output: folder of the results; of one image also the file of its result,
      with the suffix of a format.
    kind: format of the results; None for that of the file, or PNG.
    has_others: whether an image may have several results, a file for each face.

  Raises:
    FileNotFoundError: there is nothing to translate.
    OSError: nothing can be written there.
    ValueError: files of others would be overwritten, `output` names a file of
      another format than results can have, or `output` and `kind` do not agree.
  """
  root, output = pathlib.Path(root), pathlib.Path(output)
  named = photo_files.format_of(output)
  is_folder = root.is_dir()
  if not named and not is_folder and not output.is_dir():
    _check_is_no_image(output)
  if named and not is_folder and not output.is_dir():
    if kind not in (None, named):
      raise ValueError(
        f'--output={errors.printable(output)} and --format={kind} name two '
        'formats; leave one of them out.'
      )
    folder, kind = output.parent, named
    images = file_translation.find_images(root, folder)
    outputs = dict.fromkeys(images, output)
    file_translation.check_originals(outputs, has_others=has_others)
  else:
    folder, kind = output, kind or 'png'
    files.check_writable(folder)
    images = file_translation.find_images(root, folder)
    outputs = file_translation.output_paths(
      images, root, folder, kind, has_others=has_others
    )
  files.check_writable(folder)
  record = result_record.ResultRecord(folder)
  output_files.check_replaced(outputs.values(), record)
  if is_folder:
    files.check_writable(folder / result_record.FOLDER)
    skipped_files.check_replaced(folder)
  return Plan(root, folder, kind, outputs, record, is_folder)


def _check_is_no_image(output: pathlib.Path) -> None:
  """Refuses a folder that is named like an image, as a file must be meant."""
  if output.suffix.lower() in image_io.SUFFIXES:
    written = ', '.join(photo_files.SUFFIXES.values())
    raise ValueError(
      f'--output={errors.printable(output)}: no {output.suffix} is written; '
      f'name a file of these formats: {written}.'
    )


def run(
  planned: Plan,
  model: translator.Translator,
  method: file_methods.Method,
  *,
  says_origin: bool = True,
  translate_files: Callable[
    ..., dict[pathlib.Path, str]
  ] = file_translation.translate_files,
) -> None:
  """Translates what is planned, and prints what became of it.

  A folder's images that are translated already are left as they are.

  Args:
    planned: from `plan`.
    model: the translator in use.
    method: what becomes of each image.
    says_origin: whether results say of themselves what made them.
    translate_files: what translates; `batch_job.through` gives others.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    KeyboardInterrupt: the user stopped it; says how many are translated.
    OSError: nothing can be written any more; likewise.
    ValueError: not one image could be translated.
  """
  # One image is translated again, and leaves nothing beside its result unless
  # that does not say what it is.
  is_noted = planned.is_folder or not says_origin
  skipped = translate_files(
    method,
    planned.outputs,
    planned.folder,
    kind=planned.kind,
    origin=origin_of(model) if says_origin else None,
    record=planned.record if is_noted else None,
  )
  if method.summary:
    print(method.summary)
  if planned.is_folder:
    skipped_files.write(planned.folder, skipped, planned.root)
  skipped_files.print_result(
    len(planned.outputs), skipped, planned.folder, is_written=planned.is_folder
  )


def origin_of(model: Any) -> provenance.Provenance:
  """What results of a model say of themselves; a bundle says its own name."""
  origin = getattr(model, 'name', None) or model.origin
  # Not where on this machine a run is.
  name = origin.removeprefix(loading.PRETRAINED_PREFIX)
  return provenance.Provenance(
    os.path.basename(name), model.fingerprint, provenance.version()
  )

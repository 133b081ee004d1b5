"""The translation of a folder through Apache Beam, by other machines too.

Beam decides who translates which images, and a `ModelHandler` of its
`RunInference` loads the model once for each worker. A worker does what this
computer would do, and writes the results and their record into the output, so
all workers must see the model, the input and the output by the same paths.
"""

import contextlib
import functools
import logging
import os
import pathlib
import pickle
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tf_twingan import (
  beam_parts,
  beam_runners,
  errors,
  extras,
  photo_files,
  provenance,
)
from tf_twingan.data.prepare import dataset_record
from tf_twingan.inference import result_record

with extras.needed('beam'), beam_runners.without_warnings():
  from apache_beam.ml.inference import base

# Images that one worker takes at once: it starts its threads for them anew.
_IMAGES = 256
# What decides the last bits of a network's outputs.
_ENVIRONMENT = (
  'KERAS_BACKEND',
  'TF_CPP_MIN_LOG_LEVEL',
  'TF_ENABLE_ONEDNN_OPTS',
)


class _Spec(NamedTuple):
  """What a worker needs to know.

  Attributes:
    method: the `file_methods.Method`, pickled: its model is named by its path.
    folder: folder of the results.
    names: file of the images, a line for each part.
    kind: format of the results.
    origin: what they say of how they came about.
    key: what they are noted as.
    versions: packages of the computer that began.
    environment: variables of it.
  """

  method: bytes
  folder: str
  names: str
  kind: photo_files.Format
  origin: provenance.Provenance | None
  key: str
  versions: dict[str, str]
  environment: dict[str, str]


class _Worker:
  """What a worker has loaded: the method, with its model, and the output."""

  def __init__(self, spec: _Spec):
    beam_runners.check_versions(
      spec.versions, dataset_record.package_versions()
    )
    for name, value in spec.environment.items():
      os.environ.setdefault(name, value)
    # TensorFlow comes with it, which reads the environment.
    from tf_twingan.inference import file_pipeline, output_files

    self._translate = file_pipeline.translate
    self._method = pickle.loads(spec.method)
    self._names, self._key = spec.names, spec.key
    self._record = result_record.ResultRecord(spec.folder)
    self._writer = output_files.OutputFiles(
      spec.folder,
      0,
      'translated',
      kind=spec.kind,
      origin=spec.origin,
      record=output_files.Record(self._record, spec.key),
    )

  def work(self, part: beam_parts.Part) -> int:
    """Translates the images of a part; returns how many failed."""
    pairs = beam_parts.read(self._names, part)
    outputs = {pathlib.Path(path): pathlib.Path(to) for path, to in pairs}
    failed = 0
    for path, reason in self._translate(
      self._method, outputs.items(), self._writer
    ):
      if reason is not None:
        failed += 1
        self._record.note_skipped(outputs[path], self._key, reason)
    return failed


class TranslationHandler(
  base.ModelHandler[beam_parts.Part, base.PredictionResult, Any]
):
  """Lets `RunInference` translate files; parts of their list are its examples.

  The inference of a part is the number of its images that failed.
  """

  def __init__(self, spec: _Spec):
    """Takes what workers need to know."""
    super().__init__()
    self._spec = spec

  def load_model(self) -> _Worker:
    """See `ModelHandler`."""
    return _Worker(self._spec)

  def run_inference(
    self,
    batch: Sequence[beam_parts.Part],
    model: _Worker,
    inference_args: dict[str, Any] | None = None,
  ) -> Iterable[base.PredictionResult]:
    """See `ModelHandler`."""
    del inference_args
    for part in batch:
      yield base.PredictionResult(part, model.work(part))

  def batch_elements_kwargs(self) -> Mapping[str, Any]:
    """See `ModelHandler`: a part is a batch already."""
    return {'min_batch_size': 1, 'max_batch_size': 1}


def through(
  runner: str, options: Sequence[str] = ()
) -> Callable[..., dict[pathlib.Path, str]]:
  """What translates files by a runner of Beam, for `translation_job.run`.

  Args:
    runner: name of the runner: FnApiRunner is on this computer.
    options: options of Beam and of the runner, `direct_num_workers=2`.

  Raises:
    ValueError: there is no such runner or option.
  """
  parsed = beam_runners.parse(runner, options)
  return functools.partial(_translate_files, runner=runner, beam_options=parsed)


def _translate_files(
  method: Any,
  outputs: Mapping[pathlib.Path, pathlib.Path],
  folder: str | os.PathLike,
  *,
  runner: str,
  beam_options: Any,
  kind: photo_files.Format = 'png',
  origin: provenance.Provenance | None = None,
  record: result_record.ResultRecord | None = None,
) -> dict[pathlib.Path, str]:
  """Does what `file_translation.translate_files` does, by a runner of Beam."""
  from tf_twingan.inference import file_translation, output_files

  folder = os.path.abspath(folder)
  record = record or result_record.ResultRecord(folder)
  origin = file_translation.stated(method, origin)
  key = file_translation.key_of(method, kind, origin)
  todo = file_translation.remaining(outputs, output_files.Record(record, key))
  if not todo:
    return {}
  names = pathlib.Path(
    folder, result_record.FOLDER, f'{uuid.uuid4().hex}.names'
  )
  names.parent.mkdir(parents=True, exist_ok=True)
  try:
    handler = TranslationHandler(
      _Spec(
        pickle.dumps(method),
        folder,
        os.fspath(names),
        kind,
        origin,
        key,
        dataset_record.package_versions(),
        {n: os.environ[n] for n in _ENVIRONMENT if n in os.environ},
      )
    )
    parts = beam_parts.write(names, _contents(todo))
    with (
      _saying_how_far(outputs, folder, key),
      _progress(names.parent, len(todo)),
    ):
      with _without_memory_warning():
        beam_parts.run(
          runner, beam_options, parts, 'translate' >> base.RunInference(handler)
        )
      return _skipped(todo, folder, key, runner)
  finally:
    with contextlib.suppress(OSError):
      names.unlink()


@contextlib.contextmanager
def _without_memory_warning() -> Iterator[None]:
  """Keeps RunInference from saying that it cannot measure a model."""

  # It does where PyTorch is not installed, and through the progress bar.
  def is_of_use(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith('Resource module is not available')

  logging.root.addFilter(is_of_use)
  try:
    yield
  finally:
    logging.root.removeFilter(is_of_use)


def _contents(
  todo: Mapping[pathlib.Path, pathlib.Path],
) -> Iterator[list[list[str]]]:
  """The images of each part, with the files of their results."""
  pairs = [
    [os.path.abspath(image), os.path.abspath(output)]
    for image, output in todo.items()
  ]
  for start in range(0, len(pairs), _IMAGES):
    yield pairs[start : start + _IMAGES]


def _skipped(
  todo: Mapping[pathlib.Path, pathlib.Path],
  folder: str,
  key: str,
  runner: str,
) -> dict[pathlib.Path, str]:
  """What the workers said of images that have no result."""
  record = result_record.ResultRecord(folder)
  skipped, missing = {}, 0
  for path, output in todo.items():
    if record.is_done(output, path, key):
      continue
    reason = record.reason(output, key)
    if reason is None:
      missing += 1
    else:
      skipped[path] = reason
  if missing:
    raise OSError(
      f'{runner} ended, but {missing} of {len(todo)} results are not here: all '
      'workers need this folder by the same path'
    )
  return skipped


@contextlib.contextmanager
def _saying_how_far(
  outputs: Mapping[pathlib.Path, pathlib.Path], folder: str, key: str
) -> Iterator[None]:
  """Lets what ends the block say how many images are translated."""

  def done() -> str:
    record = result_record.ResultRecord(folder)
    count = sum(record.is_done(o, path, key) for path, o in outputs.items())
    return f'{count} of {len(outputs)} images are translated and stay'

  try:
    yield
  except KeyboardInterrupt:
    raise KeyboardInterrupt(
      f'{done()}; the same command goes on with the rest.'
    ) from None
  except OSError as error:
    raise OSError(
      f'{errors.first_line(error)}. {done()}; mend that, and give the same '
      'command again.'
    ) from error


def _progress(
  folder: pathlib.Path, todo: int
) -> contextlib.AbstractContextManager[None]:
  """Shows how many lines the record gets, whoever writes them."""
  read = {path: path.stat().st_size for path in folder.glob('*.jsonl')}
  lines = 0

  def count() -> int:
    nonlocal lines
    for path in folder.glob('*.jsonl'):
      with contextlib.suppress(OSError), open(path, 'rb') as file:
        file.seek(read.get(path, 0))
        content = file.read()
        read[path] = read.get(path, 0) + len(content)
        lines += content.count(b'\n')
    return lines

  return beam_parts.progress(count, todo, 'translating', 'images')

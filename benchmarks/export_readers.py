r"""Checks that other libraries load a bundle and translate the same with it.

  python -m benchmarks.export_readers bundles/anime
  python -m benchmarks.export_readers bundles/anime --readers=litert,task

Each reader is a process of its own that has no tf_twingan:

  litert      ai-edge-litert: every TFLite file, through its signature
  task        tflite-support without TensorFlow: metadata, `ImageEmbedder`,
              `ImageSearcher`
  tensorflow  another TensorFlow: the SavedModel's signatures, 1 and 3 images
  c_api       a C program linked to the TensorFlow library of this environment

The golden input goes through each, and its translation is compared with the
golden output, within the parity that the manifest says of the file. Embeddings
are compared with those of the same file in this environment. The first three
need virtual environments; one that is missing is made under --environments with
pip. Where tflite-support cannot be installed, `task` is left out unless its
environment is there. Exits with 1 if anything differs.
"""

import json
import pathlib
import platform
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from absl import flags
from PIL import Image

from tf_twingan import cli, compat, files, image_arrays
from tf_twingan.data import cache

_TASK = 'task'
_PACKAGES: Mapping[str, tuple[str, ...]] = {
  'litert': ('ai-edge-litert', 'pillow'),
  _TASK: ('tflite-support==0.4.4', 'libusb-package', 'numpy<2', 'pillow'),
  'tensorflow': ('tensorflow-cpu==2.21.0', 'pillow'),
}
_C_API = 'c_api'
_ALL = (*_PACKAGES, _C_API)
_READERS = flags.DEFINE_list(
  'readers', list(_ALL), 'Readers, with commas between.'
)
_ENVIRONMENTS = flags.DEFINE_string(
  'environments',
  None,
  'Holds one virtual environment a reader, named after it; by default beside '
  "the images' cache.",
)

_NO_TASK_LIBRARY = (
  'Left out the reader task: tflite-support can be installed for Python 3.10 '
  'and 3.11 only, on Linux and macOS with an Intel or AMD processor.'
)
_HERE = pathlib.Path(__file__).resolve().parent
_COSINE = 0.999
_STEP = 1.0  # Of 255: two roundings of one value.
_CARD = 'MODEL_CARD.md'


class Row(NamedTuple):
  """One line of the table.

  Attributes:
    reader: name of the reader.
    file: name of the file, and of a signature if it has several.
    difference: difference from the expected output, in words.
    passes: whether that is small enough.
  """

  reader: str
  file: str
  difference: str
  passes: bool


class Bundle(NamedTuple):
  """A bundle and its golden images.

  Attributes:
    folder: folder of the bundle.
    manifest: content of manifest.json.
    image: the golden input, float32 [1, px, px, 3] in [-1, 1].
    expected: the golden output, float64 [px, px, 3] in [0, 255].
  """

  folder: pathlib.Path
  manifest: Mapping[str, Any]
  image: np.ndarray
  expected: np.ndarray

  @classmethod
  def load(cls, folder: str) -> 'Bundle':
    """Loads one; raises FileNotFoundError if the folder holds none."""
    path = pathlib.Path(folder, 'manifest.json')
    if not path.is_file():
      raise FileNotFoundError(
        f'{folder} is no bundle: it holds no manifest.json. Give the folder of '
        'one direction, OUTPUT/<to>.'
      )
    manifest = json.loads(path.read_text('utf-8'))
    golden_input, expected = (
      np.asarray(Image.open(path.parent / manifest['golden'][end]), np.float64)
      for end in ('input', 'output')
    )
    image = image_arrays.to_float(golden_input)[None]
    return cls(path.parent.resolve(), manifest, image, expected)


def main(argv) -> None:
  """Prints one table."""
  if len(argv) != 2:
    sys.exit(f'Error: give one bundle, not {len(argv) - 1}: OUTPUT/<to>.')
  rows = []
  with cli.report_errors():
    bundle = Bundle.load(argv[1])
    unknown = set(_READERS.value) - set(_ALL)
    if unknown or not _READERS.value:
      raise ValueError(
        f'--readers={",".join(_READERS.value)}; choose of {", ".join(_ALL)}.'
      )
    for reader in _READERS.value:
      if reader == _TASK and not _can_have_task_library():
        print(_NO_TASK_LIBRARY, file=sys.stderr)
      else:
        rows += _c_api(bundle) if reader == _C_API else _read(reader, bundle)
  print('| reader | file | difference | |\n|---|---|---|---|')
  for row in rows:
    verdict = 'as expected' if row.passes else '**differs**'
    print(f'| {row.reader} | `{row.file}` | {row.difference} | {verdict} |')
  sys.exit(not all(row.passes for row in rows))


def _read(reader: str, bundle: Bundle) -> Iterator[Row]:
  script = str(_HERE / 'read_bundle.py')
  # Isolated: it finds nothing beside the script or in the working folder.
  command = [_python(reader), '-I', script, reader, str(bundle.folder)]
  results = json.loads(_run(command))
  if not results:
    yield Row(reader, bundle.folder.name, 'no file of its kind', False)
  for file, measures in results.items():
    entry = bundle.manifest['files'][file.split(' ')[0]]
    yield compare(reader, file, measures, entry, bundle)


def compare(
  reader: str,
  file: str,
  measures: Mapping[str, Any],
  entry: Mapping[str, Any],
  bundle: Bundle,
) -> Row:
  """Compares what `read_bundle` read from one file with the bundle.

  Args:
    reader: name of the reader.
    file: name of the file, and of its signature if it has several.
    measures: what was read, as `read_bundle` printed it.
    entry: the file's entry in the manifest.
    bundle: the bundle with its golden images.
  """
  notes, passes = [], []
  if 'png' in measures:
    text, is_close = _difference(
      np.array(measures['png']), bundle, _STEP, _STEP
    )
    notes.append(text)
    passes.append(is_close)
  elif 'result' in measures:
    result = np.array(measures['result'])
    if result.ndim == 1:
      cosine = _cosine(result, _embedding(bundle, file.split(' ')[0], entry))
      notes.append(f'{result.size} numbers, cosine {cosine:.6f}')
      passes.append(cosine >= _COSINE)
    else:
      text, is_close = _difference(_to_255(result), bundle, *_limits(entry))
      notes.append(text)
      passes.append(is_close)
  if 'nearest' in measures:
    same = _items(measures['nearest']) == _items(entry['nearest'])
    notes.append(
      f'{len(entry["nearest"])} neighbours, {"the same" if same else "others"}'
    )
    passes.append(same)
  if 'spread' in measures:
    notes.append(f'shape {list(measures["shape"])}')
    # The rows of a batch are one image; only the order of sums may differ.
    passes.append(measures['spread'] <= 1e-4)
  if 'partitions' in measures:
    count = measures['partitions']
    notes.append(f'{count} partition{"" if count == 1 else "s"}')
    passes.append(count >= 1)
  if 'associated' in measures:
    described = _CARD in measures['associated'] and measures.get(
      'metadata', True
    )
    notes.append('metadata' if described else 'no metadata')
    passes.append(described)
  if 'names' in measures:
    expected = [
      entry['input']['name'],
      *entry.get('choice', ()),
      entry['output']['name'],
    ]
    notes.append(', '.join(measures['names']))
    # The order of a file's inputs is not fixed.
    passes.append(sorted(measures['names']) == sorted(expected))
  return Row(reader, file, '; '.join(notes), all(passes))


def _items(neighbours) -> list[tuple]:
  """Images with their distances, rounded as floating point needs it."""
  return [
    (n['name'], n['source'], n['domain'], round(n['distance'], 2))
    for n in neighbours
  ]


def _limits(entry) -> tuple[float, float]:
  """The largest and the mean difference that a file may have, of 255."""
  parity = entry['parity']
  if entry['format'] == 'saved_model':
    return _STEP, _STEP
  # The PSNR is that of all images; a single one may be twice as far off.
  psnr = parity['psnr']
  rmse = 0.0 if psnr is None else 255 / 10 ** (psnr / 20)
  return parity['max_difference'] * 127.5 + _STEP, 2 * rmse + _STEP / 2


def _difference(image, bundle, most, mean_most) -> tuple[str, bool]:
  """The difference from the golden output in words; whether it is small."""
  if image.shape != bundle.expected.shape:
    return f'shape {list(image.shape)}', False
  off = np.abs(image - bundle.expected)
  # Both comparisons are false for NaN.
  is_close = bool(off.max() <= most and off.mean() <= mean_most)
  return (
    f'off by {off.max():.0f} of 255 at most, {off.mean():.2f} in the mean',
    is_close,
  )


def _to_255(values):
  return np.clip(np.rint(values * 127.5 + 127.5), 0, 255)


def _cosine(a, b) -> float:
  a, b = np.ravel(a), np.ravel(b)
  return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def _embedding(bundle, name, entry) -> np.ndarray:
  """The golden input's embedding by the same file in this environment."""
  path = str(bundle.folder / name)
  if entry['format'] == 'saved_model':
    signatures = tf.saved_model.load(path).signatures
    (output,) = entry['signatures']['embed']['outputs']
    return signatures['embed'](image=tf.constant(bundle.image))[output].numpy()
  file = pathlib.Path(path).read_bytes()
  run = compat.tflite_interpreter(file).get_signature_runner()
  return run(**{entry['input']['name']: bundle.image})[entry['output']['name']]


def _c_api(bundle: Bundle) -> Iterator[Row]:
  image = np.concatenate([bundle.image] * 2)
  with tempfile.TemporaryDirectory() as folder:
    program = f'{folder}/load_saved_model'
    library = tf.sysconfig.get_lib()
    _run(
      ['gcc', '-O1', str(_HERE / 'load_saved_model.c'), '-o', program]
      + [f'-I{tf.sysconfig.get_include()}', f'-L{library}']
      + ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2']
      + [f'-Wl,-rpath,{library}']
    )
    for name, entry in bundle.manifest['files'].items():
      if entry['format'] != 'saved_model':
        continue
      saved = str(bundle.folder / name)
      signature = next(
        s for s in entry['signatures'] if s.endswith(('_floats', 'translate'))
      )
      translate = tf.saved_model.load(saved).signatures[signature]
      (output,) = entry['signatures'][signature]['outputs']
      expected = translate(image=tf.constant(image))[output].numpy()
      operations = _operations(saved, signature)
      size = [str(number) for number in image.shape[:2]]
      result = _run([program, saved, *operations, *size], image.tobytes())
      images = np.frombuffer(result, np.float32).reshape(expected.shape)
      text, is_close = _difference(_to_255(images[-1]), bundle, _STEP, _STEP)
      sums = [
        float(values.sum(dtype=np.float64)) for values in (images, expected)
      ]
      yield Row(
        _C_API,
        f'{name} {signature}, batch {len(image)}',
        f'{text}; sum {sums[0]:.3f}, from Python {sums[1]:.3f}',
        is_close and bool(np.abs(images - expected).max() <= 1e-4),
      )


def _operations(saved: str, signature: str) -> tuple[str, str]:
  """The first and the last operation of a signature in the graph."""
  from tensorflow.core.protobuf import saved_model_pb2

  parsed = saved_model_pb2.SavedModel.FromString(
    pathlib.Path(saved, 'saved_model.pb').read_bytes()
  )
  definition = parsed.meta_graphs[0].signature_def[signature]
  (first,), (last,) = definition.inputs.values(), definition.outputs.values()
  return first.name, last.name


def _can_have_task_library() -> bool:
  """Whether an environment with it is there, or can be made."""
  return (_environment(_TASK) / 'bin' / 'python').exists() or (
    sys.version_info < (3, 12)
    and sys.platform != 'win32'
    and platform.machine() == 'x86_64'
  )


def _environment(reader: str) -> pathlib.Path:
  folder = pathlib.Path(_ENVIRONMENTS.value or cache.folder() / 'readers')
  return folder / reader


def _python(reader: str) -> str:
  """The Python of a reader's environment, which is created if missing."""
  environment = _environment(reader)
  python = environment / 'bin' / 'python'
  if not python.exists():
    packages = _PACKAGES[reader]
    print(f'Making {environment} with {", ".join(packages)}.', file=sys.stderr)
    with files.atomic_path(environment) as unfinished:
      venv.create(unfinished, with_pip=True)
      pip = [str(unfinished / 'bin/python'), '-m', 'pip', 'install', '-q']
      _run([*pip, *packages])
  return str(python)


def _run(command: list[str], stdin: bytes = b'') -> bytes:
  """Runs a program and returns its standard output.

  Raises:
    OSError: it does not exist, or fails; with the end of its messages.
  """
  done = subprocess.run(command, input=stdin, capture_output=True, check=False)
  if done.returncode:
    message = done.stderr.decode(errors='replace').strip()[-2000:]
    raise OSError(
      f'{" ".join(command)} ended with {done.returncode}:\n{message}'
    )
  return done.stdout


if __name__ == '__main__':
  cli.run(main)

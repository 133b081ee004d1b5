"""Reads an exported bundle with another library, without tf_twingan.

  PYTHON -I benchmarks/read_bundle.py READER BUNDLE

`export_readers` runs it with the Python of an environment that has only that
reader's library, NumPy and Pillow. It prints one line of JSON, {file: {measure:
value}}, which `export_readers` compares with the bundle.
"""

import ctypes
import importlib
import io
import json
import pathlib
import sys
import zipfile
from collections.abc import Mapping
from importlib import util
from typing import Any

import numpy as np
from PIL import Image

_BATCHES = (1, 3)
_METADATA = b'TFLITE_METADATA'  # The name under which a file keeps it.


def main() -> None:
  """Prints what one reader reads from a bundle."""
  name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
  if util.find_spec('tf_twingan'):
    sys.exit('Error: this environment has tf_twingan; take one that has not.')
  manifest = json.loads((folder / 'manifest.json').read_text('utf-8'))
  golden = _pixels((folder / manifest['golden']['input']).read_bytes())
  readers = {'litert': litert, 'task': task, 'tensorflow': tensorflow}
  print(json.dumps(readers[name](folder, manifest, golden)))


def litert(folder, manifest, golden) -> dict[str, Any]:
  """Runs every TFLite file by LiteRT's interpreter, through its signature."""
  # By name, as tf_twingan's own environment has no such package.
  litert_interpreter = importlib.import_module('ai_edge_litert.interpreter')
  results = {}
  for name, entry in _tflite(manifest).items():
    interpreter = litert_interpreter.Interpreter(
      str(folder / name), num_threads=2
    )
    run = interpreter.get_signature_runner()
    image = _quantize(golden[None] / 127.5 - 1.0, entry['input'])
    # The domains' numbers, where a file has all domains.
    numbers = {n: np.int32([p]) for n, p in entry.get('choice', {}).items()}
    outputs = run(**{entry['input']['name']: image}, **numbers)
    result = _dequantize(outputs[entry['output']['name']][0], entry['output'])
    operations = [o['op_name'] for o in interpreter._get_ops_details()]
    results[name] = dict(
      result=result.tolist(),
      partitions=operations.count('DELEGATE'),
      metadata=_METADATA in (folder / name).read_bytes(),
      associated=zipfile.ZipFile(folder / name).namelist(),
    )
  return results


def task(folder, manifest, golden) -> dict[str, Any]:
  """Reads every TFLite file's metadata; the Task library runs what it can."""
  # Its libraries link to libusb, which the system may not have.
  libusb = importlib.import_module('libusb_package')
  ctypes.CDLL(str(libusb.get_library_path()), mode=ctypes.RTLD_GLOBAL)
  from tflite_support import metadata
  from tflite_support.task import vision

  results = {}
  for name, entry in _tflite(manifest).items():
    display = metadata.MetadataDisplayer.with_model_file(str(folder / name))
    graph = json.loads(display.get_metadata_json())['subgraph_metadata'][0]
    results[name] = dict(
      associated=display.get_packed_associated_file_list(),
      names=[
        tensor['name']
        for end in ('input', 'output')
        for tensor in graph[f'{end}_tensor_metadata']
      ],
    )
    path = folder / manifest['golden']['input']
    image = vision.TensorImage.create_from_file(str(path))
    if entry['format'] == 'search':
      searcher = vision.ImageSearcher.create_from_file(str(folder / name))
      results[name]['nearest'] = [
        dict(json.loads(bytes(n.metadata)), distance=n.distance / 2)
        for n in searcher.search(image).nearest_neighbors
      ]
    if entry['format'] == 'embed':
      embedder = vision.ImageEmbedder.create_from_file(str(folder / name))
      embedded = embedder.embed(image)
      vector = embedded.embeddings[0].feature_vector.value
      results[name]['result'] = np.asarray(vector, np.float64).tolist()
  return results


def tensorflow(folder, manifest, golden) -> dict[str, Any]:
  """Runs every SavedModel by the TensorFlow of the environment."""
  import tensorflow as tf

  encoded = (folder / manifest['golden']['input']).read_bytes()
  image = (golden / 127.5 - 1.0).astype(np.float32)
  results = {}
  for name, entry in manifest['files'].items():
    if entry['format'] != 'saved_model':
      continue
    signatures = tf.saved_model.load(str(folder / name)).signatures
    (png,) = signatures['serving_default'](image_bytes=tf.constant([encoded]))[
      'png_bytes'
    ].numpy()
    results[f'{name} serving_default'] = dict(png=_pixels(png).tolist())
    # The signatures of one direction, or the first of all directions.
    first = [s for s in entry['signatures'] if s.endswith('_floats')][:1]
    for signature in first or ('translate', 'embed'):
      (output,) = entry['signatures'][signature]['outputs']
      for batch in _BATCHES:
        images = tf.constant(np.stack([image] * batch))
        outputs = signatures[signature](image=images)[output].numpy()
        results[f'{name} {signature}, batch {batch}'] = dict(
          shape=outputs.shape,
          result=outputs[-1].tolist(),
          spread=float(np.abs(outputs - outputs[:1]).max()),
        )
  return results


def _tflite(manifest: Mapping[str, Any]) -> dict[str, Any]:
  files = manifest['files'].items()
  return {name: entry for name, entry in files if name.endswith('.tflite')}


def _pixels(encoded: bytes) -> np.ndarray:
  return np.asarray(Image.open(io.BytesIO(encoded)).convert('RGB'))


def _quantize(values, tensor):
  if 'scale' not in tensor:
    return values.astype(tensor['dtype'])
  steps = np.rint(values / tensor['scale'] + tensor['zero_point'])
  limits = np.iinfo(tensor['dtype'])
  return np.clip(steps, limits.min, limits.max).astype(tensor['dtype'])


def _dequantize(values, tensor):
  if 'scale' not in tensor:
    return values
  return (values.astype(np.float64) - tensor['zero_point']) * tensor['scale']


if __name__ == '__main__':
  main()

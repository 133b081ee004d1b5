"""Builds and searches an index with tflite-support, in a process of its own.

TensorFlow and tflite-support's Task library register the same C++ types in
Python and can't be loaded together. So `search_index` runs this module by its
path (its package would import TensorFlow) and sends a request: JSON with the
action, a folder for its files, and where to import from.
"""

import ctypes
import json
import pathlib
import sys

import numpy as np


def build(folder: pathlib.Path, user_info: str) -> None:
  """Writes `index.ldb`, an index of the vectors with an item for each.

  Args:
    folder: holds vectors.npy, float32 [n, d] of unit length, and items.json, n
      strings.
    user_info: description of the index as a whole.
  """
  from tensorflow_lite_support.scann_ondevice.cc.core import (
    serialized_searcher_pb2 as scann,
  )
  from tensorflow_lite_support.scann_ondevice.cc.python import index_builder

  vectors = np.load(folder / 'vectors.npy')
  items = json.loads((folder / 'items.json').read_text('utf-8'))
  config = scann.ScannOnDeviceConfig(query_distance=scann.SQUARED_L2_DISTANCE)
  # With a single leaf every vector is compared with, so the search is exact.
  leaf = config.partitioner.leaf.add()
  leaf.dimension.extend(np.zeros(vectors.shape[1]).tolist())
  content = index_builder.create_serialized_index_file(
    vectors.shape[1],
    config.SerializeToString(),
    user_info,
    np.zeros(len(vectors), np.uint32),
    items,
    compression=True,
    float_database=vectors.ravel(),
  )
  (folder / 'index.ldb').write_bytes(content)


def search(folder: pathlib.Path, k: int) -> None:
  """Writes found.json: for each image k pairs of an item and its distance.

  Args:
    folder: holds model.tflite and images.npy, uint8 [n, px, px, 3].
    k: number of neighbours of each image.
  """
  from tensorflow_lite_support.python.task.core import base_options
  from tensorflow_lite_support.python.task.processor.proto import (
    search_options_pb2,
  )
  from tensorflow_lite_support.python.task.vision import image_searcher
  from tensorflow_lite_support.python.task.vision.core import tensor_image

  searcher = image_searcher.ImageSearcher.create_from_options(
    image_searcher.ImageSearcherOptions(
      base_options.BaseOptions(file_name=str(folder / 'model.tflite')),
      search_options=search_options_pb2.SearchOptions(max_results=k),
    )
  )
  found = []
  for image in np.load(folder / 'images.npy'):
    result = searcher.search(tensor_image.TensorImage.create_from_array(image))
    found.append(
      [
        [bytes(n.metadata).decode(), n.distance]
        for n in result.nearest_neighbors
      ]
    )
  (folder / 'found.json').write_text(json.dumps(found), 'utf-8')


def main() -> None:
  """Runs the action that standard input requests."""
  request = json.load(sys.stdin)
  sys.path[:] = request.pop('path')
  # tflite-support imports TensorFlow if it can, though only for documentation.
  sys.modules['tensorflow'] = None
  import libusb_package

  # As in `metadata_packing`: it links to what the system may not have.
  path = str(libusb_package.get_library_path())
  ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
  action = {'build': build, 'search': search}[request.pop('action')]
  action(pathlib.Path(request.pop('folder')), **request)

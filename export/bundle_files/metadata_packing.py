"""Packs metadata and further files into a TFLite file.

By tflite-support, where it can be installed: it ends with Python 3.11 and has
none for Windows, or for ARM on Linux and macOS. Elsewhere the same bytes
are written by the flatbuffers' schemas alone.
"""

import ctypes
import dataclasses
import io
import types
import zipfile
from collections.abc import Mapping

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tf_twingan import tflite_files
from tf_twingan.inference.exported import tflite_metadata

# The first versions of tflite-support that read all of a file's metadata.
_PARSER, _PARSER_OF_INDEXES = '1.0.0', '1.4.0'


def pack(
  model: bytes,
  metadata: tflite_metadata.ModelMetadata,
  associated: Mapping[str, bytes],
) -> bytes:
  """Packs them into a file.

  Args:
    model: content of a TFLite file without metadata.
    metadata: describes it; names all associated files.
    associated: {name: content} of the associated files.

  Returns:
    The file with the metadata, a zip of the associated files at its end.
  """
  writer = tflite_support()
  if writer is None:
    return pack_by_schema(model, metadata, associated)
  populator = writer.MetadataPopulator.with_model_buffer(model)
  populator.load_metadata_buffer(tflite_metadata.write(metadata))
  populator.load_associated_file_buffers(associated)
  populator.populate()
  return populator.get_model_buffer()


def tflite_support() -> types.ModuleType | None:
  """tflite-support's module for metadata, None where it is not installed."""
  try:
    import libusb_package

    # Its libraries link to libusb, which they do not need here. Loaded first,
    # the packaged one serves where the system has none.
    path = str(libusb_package.get_library_path())
    ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    from tensorflow_lite_support.metadata.python import metadata
  except ImportError:
    return None
  return metadata


def pack_by_schema(
  model: bytes,
  metadata: tflite_metadata.ModelMetadata,
  associated: Mapping[str, bytes],
) -> bytes:
  """Packs them without tflite-support; see `pack`."""
  metadata = dataclasses.replace(
    metadata, min_parser_version=_parser_version(metadata)
  )
  parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
  buffer = schema.BufferT()
  buffer.data = np.frombuffer(tflite_metadata.write(metadata), np.uint8)
  entry = schema.MetadataT()
  entry.name, entry.buffer = tflite_metadata.NAME, len(parsed.buffers)
  parsed.buffers.append(buffer)
  parsed.metadata = [*(parsed.metadata or []), entry]
  builder = flatbuffers.Builder(0)
  builder.Finish(parsed.Pack(builder), tflite_files.IDENTIFIER)
  packed = io.BytesIO()
  packed.write(builder.Output())
  with zipfile.ZipFile(packed, 'a') as archive:
    for name, content in associated.items():
      archive.writestr(name, content)
  return packed.getvalue()


def _parser_version(metadata: tflite_metadata.ModelMetadata) -> str:
  outputs = metadata.subgraph_metadata[0].output_tensor_metadata
  types_of_files = [f.type for t in outputs for f in t.associated_files or []]
  if tflite_metadata.SCANN_INDEX_FILE in types_of_files:
    return _PARSER_OF_INDEXES
  return _PARSER

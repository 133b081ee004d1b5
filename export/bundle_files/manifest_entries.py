"""A manifest's entries: checksum, contents, inputs and outputs of one file."""

import pathlib
from collections.abc import Mapping
from typing import Any

from export import tensor_names
from export.bundle_files import tflite_contents
from tf_twingan.inference.exported import bundle_checksums


def tflite_entry(
  file_format: str, model: bytes, output_name: str
) -> dict[str, Any]:
  """The entry of a TFLite file.

  Args:
    file_format: name of its format.
    model: content of the file; among its inputs is one image.
    output_name: name of its output.
  """
  contents = tflite_contents.read(model)
  image = next(i for i in contents.inputs if len(i['shape']) == 4)
  return dict(
    format=file_format,
    **bundle_checksums.of_content(model),
    operations=contents.operations,
    gmacs=round(contents.gmacs, 6),
    peak_memory=contents.peak_memory,
    input=dict(name=tensor_names.IMAGE, **image),
    output=dict(name=output_name, **contents.outputs[0]),
  )


def saved_model_entry(
  file_format: str, folder: pathlib.Path, signatures: Mapping[str, Any]
) -> dict[str, Any]:
  """The entry of one version of a SavedModel.

  Args:
    file_format: name of its format.
    folder: folder of the version.
    signatures: signatures that were loaded from it.
  """
  return dict(
    format=file_format,
    **bundle_checksums.of_folder(folder),
    signatures={
      name: dict(
        inputs=sorted(signature.structured_input_signature[1]),
        outputs=sorted(signature.structured_outputs),
      )
      for name, signature in signatures.items()
    },
  )

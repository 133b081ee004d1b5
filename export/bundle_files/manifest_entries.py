"""What a manifest says of one file: checksum, contents, inputs and outputs."""

import pathlib
from collections.abc import Mapping
from typing import Any

from export.bundle_files import directory, tflite_contents
from export.formats.tflite import INPUT


def of_tflite(
  model: bytes, kind: str, output: str, **more: Any
) -> dict[str, Any]:
  """Of a TFLite file.

  Args:
    model: the file; among what it takes is one image.
    kind: its format.
    output: name of what it gives.
    **more: what else to say.
  """
  contents = tflite_contents.read(model)
  image = next(i for i in contents.inputs if len(i['shape']) == 4)
  return dict(
    format=kind,
    **directory.fingerprint(model),
    operations=contents.operations,
    gmacs=round(contents.gmacs, 6),
    peak_memory=contents.peak_memory,
    input=dict(name=INPUT, **image),
    output=dict(name=output, **contents.outputs[0]),
    **more,
  )


def of_saved_model(
  folder: pathlib.Path, signatures: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
  """Of one version of a SavedModel.

  Args:
    folder: of the version.
    signatures: as they were loaded from it.
    **more: what else to say.
  """
  return dict(
    format='saved_model',
    **directory.fingerprint_of_folder(folder),
    signatures={
      name: dict(
        inputs=sorted(signature.structured_input_signature[1]),
        outputs=sorted(signature.structured_outputs),
      )
      for name, signature in signatures.items()
    },
    **more,
  )

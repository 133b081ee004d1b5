"""TFLite files that translate: one format for each kind of arithmetic."""

import pathlib
from typing import Any

import numpy as np

from export import contexts, parity, tensor_names
from export.bundle_files import manifest_entries, metadata
from export.formats import base
from tf_twingan.inference.exported import tflite


def create(name: str) -> base.Format:
  """Returns the format of one kind in `graph.tflite_conversion`."""
  return _TFLite(name)


class _TFLite(base.Format):
  """Files of one direction, or of all with the domains' numbers as inputs."""

  def file_name(self, context: contexts.Context) -> str:
    return f'{context.name}_{context.resolution}_{self.name}.tflite'

  def build(self, context: contexts.Context, scratch: pathlib.Path) -> bytes:
    graph = context.tflite_graph(self.name)
    return metadata.add(
      graph.convert(self.name, context.calibration),
      context.about,
      output_name=tensor_names.TRANSLATION,
      number_descriptions=context.number_descriptions,
      domains=context.translator.domains,
    )

  def load(self, built: bytes) -> tflite.File:
    return tflite.File(built)

  def run(
    self,
    loaded: tflite.File,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> np.ndarray:
    floats = context.floats[direction[0]]
    return loaded.run(floats, **context.numbers(direction))

  def manifest_entry(
    self, built: bytes, loaded: tflite.File, context: contexts.Context
  ) -> dict[str, Any]:
    entry = manifest_entries.tflite_entry(
      self.name, built, tensor_names.TRANSLATION
    )
    # The numbers of the golden images.
    numbers = context.numbers(context.directions[0])
    return entry | dict(choice=numbers) if numbers else entry

  def parity_notes(self, found: parity.ImageParity) -> dict[str, Any]:
    if self.name != 'int8':
      return {}
    return dict(
      experimental=found.psnr is not None
      and found.psnr < parity.EXPERIMENTAL_BELOW
    )

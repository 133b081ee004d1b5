"""All directions of a model in one SavedModel, which share the convolutions.

A domain owns its norms alone, so three domains' six directions take hardly
more room than one. The norms stay apart from the kernels here and cost a
multiplication a layer. Signatures of `OUTPUT/all/saved_model/VERSION/`, for
each pair of domains:

  photo2anime         image_bytes -> png_bytes
  photo2anime_floats  image -> translation

serving_default is the first of these. A TFLite file could take the norms as an
input vector, at the same speed (benchmarks/README.md); it is not written yet.
"""

import itertools
import os
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from export import bundle, folding, network, parity, serving
from tf_twingan import images as images_lib
from tf_twingan import inference
from tf_twingan.exported import saved_model
from tf_twingan.models import twingan

NAME = 'all'


def export(
  translator: inference.Translator,
  pictures: Mapping[str, np.ndarray],
  output: str | os.PathLike,
  version: int | None = None,
) -> dict[str, parity.Parity]:
  """Saves all directions, and compares each with the model.

  Args:
    translator: of the model.
    pictures: held out, uint8 [n, px, px, 3] of each domain.
    output: the folder for `all/`.
    version: of the SavedModel; None for the next.

  Returns:
    {direction: its parity}.

  Raises:
    OSError: it could not be written.
    ValueError: a direction does not draw what the model draws; nothing is
      left behind.
  """
  folder = pathlib.Path(output, NAME, 'saved_model')
  version = version or serving.next_version(folder)
  drawers = drawers_of(
    translator.model, translator.resolution, translator.alpha
  )
  signatures, warm_up = {}, {}
  for (source, target), drawer in drawers.items():
    name = f'{source}2{target}'
    files, numbers = serving.drawing_signatures(drawer)
    signatures |= {name: files, f'{name}{saved_model.FLOATS}': numbers}
    warm_up[name] = {serving.FILES: serving.as_pngs(pictures[source][:1])}
  signatures[serving.SERVING_DEFAULT] = signatures[next(iter(warm_up))]
  reached = {}
  for (source, target), drawer in drawers.items():
    floats = images_lib.to_float(pictures[source])
    found = parity.compare(
      drawer.translate(tf.constant(floats)).numpy(),
      bundle.references(translator, source, target, floats),
    )
    gate = parity.GATES['saved_model']
    if not gate.passes(found):
      raise ValueError(f'{source}2{target}: {found}, but it needs {gate}.')
    reached[f'{source}2{target}'] = found
  serving.write(list(drawers.values()), signatures, folder, version, warm_up)
  serving.write_configs(folder.parent / 'serving', NAME)
  return reached


def drawers_of(
  model: twingan.TwinGAN, resolution: int, alpha: float = 1.0
) -> dict[tuple[str, str], network.Network]:
  """A network for each pair of domains, which share their kernels."""
  variables = network.Variables()
  return {
    (source, target): network.Network(
      folding.fold(
        model, source, target, resolution=resolution, alpha=alpha, shared=True
      ),
      variables=variables,
      direction=(source, target),
    )
    for source, target in itertools.permutations(model.domains, 2)
  }

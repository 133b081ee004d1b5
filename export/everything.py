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

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from export import bundle, folding, network, parity, serving
from tf_twingan import images as images_lib
from tf_twingan import inference

NAME = 'all'


class _Served(tf.Module):
  """What is saved."""


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
  drawers = drawers_of(translator)
  served = _Served()
  served.drawers = list(drawers.values())
  signatures, warm_up = {}, {}
  px = translator.resolution
  for (source, target), drawer in drawers.items():
    name = f'{source}2{target}'
    for key, function in _functions(name, drawer, px).items():
      signatures[key] = function
    shown = pictures[source][:1]
    warm_up[name] = {
      'image_bytes': np.array(
        [tf.io.encode_png(p).numpy() for p in shown], object
      )
    }
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
  serving.write(served, signatures, folder, version, warm_up)
  serving.write_configs(folder.parent / 'serving', NAME)
  return reached


def drawers_of(
  translator: inference.Translator,
) -> dict[tuple[str, str], network.Network]:
  """A network for each pair of domains, which share their kernels."""
  variables = network.Variables()
  return {
    (source, target): network.Network(
      folding.of_translator(translator, source, target, shared=True),
      variables=variables,
      direction=(source, target),
    )
    for source in translator.domains
    for target in translator.domains
    if source != target
  }


def _functions(name: str, drawer: network.Network, px: int) -> dict[str, Any]:
  image = tf.TensorSpec([None, px, px, 3], tf.float32, name='image')
  files = tf.TensorSpec([None], tf.string, name='image_bytes')
  return {
    name: tf.function(
      lambda image_bytes: {'png_bytes': serving.drawn(drawer, image_bytes)},
      autograph=False,
    ).get_concrete_function(files),
    f'{name}_floats': tf.function(
      lambda image: {'translation': drawer.translate(image)}, autograph=False
    ).get_concrete_function(image),
  }

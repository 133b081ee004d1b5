"""All directions of a model in one bundle, which share the convolutions.

A domain owns its norms alone, so three domains' six directions take hardly
more room than one. The norms stay apart from the kernels here and cost a
multiplication a layer.

  OUTPUT/all/all_<px>_<kind>.tflite        draws any domain in any; see
                                           `selection`
  OUTPUT/all/saved_model/<version>/        for each pair of domains
      photo2anime                          image_bytes -> png_bytes
      photo2anime_floats                   image -> translation
  OUTPUT/all/serving/*.config              for tensorflow_model_server
  OUTPUT/all/golden/*.png                  an image of each domain, and each
                                           direction's drawing of it
  OUTPUT/all/manifest.json, README.md

serving_default is the first of the pairs. Each file is compared as it was
written, in every direction from one domain to another, and left out if one of
them fails its gate. There are no kinds with 8-bit activations: a tensor has one
scale, which the norms of domains that differ would have to share.
"""

import functools
import itertools
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export import exporter, parity
from export.bundle_files import directory, manifest_entries, metadata, readme
from export.formats import saved_model as formats_saved_model
from export.formats import tflite as formats_tflite
from export.formats.tflite import INPUT, TRANSLATION
from export.graph import domain_selection, folded_network, folding
from tf_twingan import image_arrays, image_io, inference
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.inference.exported import saved_model as exported_saved_model
from tf_twingan.inference.exported import tflite as exported_tflite
from tf_twingan.models import twingan

NAME = 'all'
KINDS = ('float32', 'float16', 'dynamic')
FORMATS = ('saved_model', *KINDS)

_CHOICES = {
  domain_selection.SOURCE: 'The domain of the image.',
  domain_selection.TARGET: 'The domain to draw it in.',
}


def export(
  translator: inference.Translator,
  images: Mapping[str, np.ndarray],
  formats: Sequence[str],
  output: str | os.PathLike,
  about: metadata.About,
) -> tuple[dict[str, Any], list[exporter.Failure]]:
  """Exports all directions.

  Args:
    translator: of the model.
    images: held out, uint8 [n, px, px, 3] of each domain.
    formats: some of FORMATS.
    output: the folder for `all/`.
    about: what the files say of themselves; its version counts SavedModels.

  Returns:
    The manifest, and the formats that failed their gate.

  Raises:
    OSError: something could not be written; what was there is untouched.
    ValueError: a format is unknown, or the folder holds something else.
  """
  exporter.check_formats(formats, FORMATS)
  target = pathlib.Path(output, NAME)
  with directory.replacing(target, NAME) as aside:
    maker = _Maker(translator, images, about, aside)
    failures = []
    for kind in formats:
      failure = (
        maker.saved_model(target)
        if kind == 'saved_model'
        else maker.tflite(kind)
      )
      if failure:
        failures.append(failure)
    manifest = maker.finish(failures)
  return manifest, failures


def drawers_of(
  model: twingan.TwinGAN, resolution: int, alpha: float = 1.0
) -> dict[tuple[str, str], folded_network.Network]:
  """A network for each pair of domains, which share their kernels."""
  variables = folded_network.Variables()
  return {
    (source, target): folded_network.Network(
      folding.fold(
        model, source, target, resolution=resolution, alpha=alpha, shared=True
      ),
      variables=variables,
      direction=(source, target),
    )
    for source, target in itertools.permutations(model.domains, 2)
  }


class _Maker:
  """Makes one file after the other, and keeps what the manifest says."""

  def __init__(self, translator, images, about, folder):
    self._translator, self._images = translator, images
    self._about, self._folder = about, folder
    self._pairs = list(itertools.permutations(translator.domains, 2))
    self._floats = {d: image_arrays.to_float(p) for d, p in images.items()}
    self._references = {
      pair: exporter.expected_images(translator, *pair, self._floats[pair[0]])
      for pair in self._pairs
    }
    self._drawers = drawers_of(
      translator.model, translator.resolution, translator.alpha
    )
    self._files: dict[str, Any] = {}

  @functools.cached_property
  def _selection(self) -> domain_selection.Selection:
    translator = self._translator
    return domain_selection.Selection(
      translator.model, translator.resolution, translator.alpha
    )

  def tflite(self, kind: str) -> exporter.Failure | None:
    """Makes a file of this kind; returns what is wrong with it, if anything."""
    domains = self._translator.domains
    model = formats_tflite.convert(
      self._selection.translate,
      self._selection,
      kind,
      output_name=TRANSLATION,
      images=next(iter(self._floats.values())),
      more=domain_selection.INPUTS,
    )
    model = metadata.add(
      model,
      self._about,
      input_name=INPUT,
      output_name=TRANSLATION,
      draws=True,
      choices=_CHOICES,
      domains=domains,
    )
    name = f'{NAME}_{self._translator.resolution}_{kind}.tflite'
    path = self._folder / name
    path.write_bytes(model)
    written = path.read_bytes()
    file = exported_tflite.File(written)

    def drawn(source, target):
      file.choose(source=domains.index(source), target=domains.index(target))
      return file.run(self._floats[source])

    reached = self._compared(drawn)
    failure = _judged(kind, reached)
    if failure:
      path.unlink()
      return failure
    self._files[name] = manifest_entries.of_tflite(
      written,
      kind,
      TRANSLATION,
      # Of the golden images.
      choice=dict(zip(_CHOICES, map(domains.index, self._pairs[0]))),
      **_told(reached),
    )
    return None

  def saved_model(self, target: pathlib.Path) -> exporter.Failure | None:
    """Saves all directions; returns what is wrong with them, if anything."""
    version = int(self._about.version)
    directory.check_version(target, version)
    signatures, warm_up = {}, {}
    for pair, drawer in self._drawers.items():
      name = bundle_manifest.direction(*pair)
      files, numbers = formats_saved_model.drawing_signatures(drawer)
      signatures |= {
        name: files,
        f'{name}{exported_saved_model.FLOATS}': numbers,
      }
      warm_up[name] = {
        formats_saved_model.FILES: formats_saved_model.as_pngs(
          self._images[pair[0]][:1]
        )
      }
    signatures[formats_saved_model.SERVING_DEFAULT] = signatures[
      bundle_manifest.direction(*self._pairs[0])
    ]
    folder = self._folder / 'saved_model'
    folder.mkdir()
    saved = formats_saved_model.write(
      list(self._drawers.values()), signatures, folder, version, warm_up
    )
    loaded = tf.saved_model.load(str(saved)).signatures

    def drawn(source, target):
      run = loaded[
        bundle_manifest.direction(source, target) + exported_saved_model.FLOATS
      ]
      return run(image=tf.constant(self._floats[source]))[TRANSLATION].numpy()

    reached = self._compared(drawn)
    failure = _judged('saved_model', reached)
    if failure:
      shutil.rmtree(folder)
      return failure
    formats_saved_model.write_configs(self._folder / 'serving', NAME)
    self._files[f'saved_model/{version}'] = manifest_entries.of_saved_model(
      saved, loaded, **_told(reached)
    )
    return None

  def _compared(self, drawn) -> dict[str, parity.Parity]:
    return {
      bundle_manifest.direction(*pair): parity.compare(
        drawn(*pair), self._references[pair]
      )
      for pair in self._pairs
    }

  def finish(self, failures: Sequence[exporter.Failure]) -> dict[str, Any]:
    """Writes the goldens, the manifest and the README."""
    translator = self._translator
    for domain, shown in self._images.items():
      image_io.write_png(self._folder / _golden(domain), shown[0])
    for pair, drawn in self._references.items():
      image_io.write_png(
        self._folder / _golden(bundle_manifest.direction(*pair)),
        image_arrays.to_uint8(drawn[0]),
      )
    first = self._pairs[0]
    manifest = dict(
      name=NAME,
      domains=list(translator.domains),
      resolution=translator.resolution,
      weights=self._drawers[first].weights,
      **directory.origin(translator, self._about),
      golden=dict(
        input=_golden(first[0]),
        output=_golden(bundle_manifest.direction(*first)),
      ),
      files=self._files,
      failed=exporter.failures_to_json(failures),
    )
    directory.write_texts(
      self._folder,
      manifest,
      self._about.card,
      readme.readme_of_all(manifest),
    )
    return manifest


def _golden(name):
  return f'golden/{name}.png'


def _judged(kind, reached) -> exporter.Failure | None:
  """A failure that names the first direction to fail."""
  for name, found in reached.items():
    failure = exporter.check_gate(kind, found)
    if failure:
      told = dict(direction=name, **failure.reached)
      return failure._replace(reached=told)
  return None


def _told(reached) -> dict[str, Any]:
  """Of a manifest: each direction's parity, and the worst of each figure."""
  found = list(reached.values())
  psnrs = [p.psnr for p in found if p.psnr is not None]
  worst = parity.Parity(
    max(p.max_difference for p in found),
    min(psnrs, default=None),
    min(p.ssim for p in found),
    sum(p.pictures for p in found),
  )
  return dict(
    parity=worst._asdict(),
    directions={name: p._asdict() for name, p in reached.items()},
  )

"""One direction's files in a folder, each held against the model first.

  OUTPUT/<to>/<from>2<to>_<px>_<kind>.tflite     see `conversion`
  OUTPUT/<to>/embed_<from>_<px>.tflite           for search
  OUTPUT/<to>/search_<from>2<to>_<px>.tflite     with an index, see `searcher`
  OUTPUT/<to>/<from>2<to>_<px>.onnx
  OUTPUT/<to>/saved_model/<version>/             see `serving`
  OUTPUT/<to>/serving/*.config                   for tensorflow_model_server
  OUTPUT/<to>/golden/{input,output}.png          to check an integration with
  OUTPUT/<to>/manifest.json, README.md

All of it is made aside and moved in place at the end; a format that fails its
gate is left out and told of.
"""

import functools
import os
import pathlib
import shutil
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tqdm

from export import parity
from export.bundle_files import directory, manifest_entries, metadata, readme
from export.formats import embedding, saved_model, search_index
from export.formats import tflite as formats_tflite
from export.formats.tflite import EMBEDDING, INPUT, TRANSLATION
from export.graph import equalization, folded_network, folding
from tf_twingan import image_arrays, image_io, inference
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.inference.exported import tflite as exported_tflite
from tf_twingan.retrieval import embeddings

DEFAULT_FORMATS = ('saved_model', *formats_tflite.KINDS, 'embed')
# The others need more: an extra, an index.
FORMATS = (*DEFAULT_FORMATS, 'onnx', 'search')
# Images that ranges of activations are taken from.
CALIBRATION = 100
_BATCH = 8

_NEIGHBOURS = 5  # That are compared, and told for the golden input.

_GOLDENS = ('golden/input.png', 'golden/output.png')


class Images(NamedTuple):
  """Of the source's domain, uint8 [n, px, px, 3].

  Attributes:
    calibration: some that were trained on.
    held_out: those to compare by.
  """

  calibration: np.ndarray
  held_out: np.ndarray


class ExportDirection(NamedTuple):
  """What to export.

  Attributes:
    translator: of the model.
    source: the domain of the images.
    target: the domain to draw them in.
    images: of the source's domain.
    learn: makes what embeds; called once, if a format has need of it.
    about: what the files say of themselves; its version counts SavedModels.
    search: what to look images up in; for 'search' alone.
  """

  translator: inference.Translator
  source: str
  target: str
  images: Images
  learn: Callable[[], embeddings.Embedding]
  about: metadata.About
  search: search_index.Search | None = None

  @property
  def name(self) -> str:
    """E.g. photo2anime."""
    return bundle_manifest.direction(self.source, self.target)


class Failure(NamedTuple):
  """A format that did not pass: which, what it reached, and its gate."""

  kind: str
  reached: dict[str, Any]
  gate: str


def export(
  direction: ExportDirection, formats: Sequence[str], output: str | os.PathLike
) -> tuple[dict[str, Any], list[Failure]]:
  """Exports one direction.

  Args:
    direction: what to export.
    formats: some of FORMATS.
    output: the folder for `<to>/`.

  Returns:
    The manifest, and the formats that failed their gate.

  Raises:
    ImportError: 'onnx' is asked for and not installed.
    OSError: something could not be written; what was there is untouched.
    ValueError: a format is unknown or lacks its index, or the folder holds
      another direction.
  """
  check_formats(formats)
  if 'search' in formats and direction.search is None:
    raise ValueError("the format 'search' needs an index of the target.")
  target = pathlib.Path(output, direction.target)
  with directory.replacing(target, direction.name) as aside:
    maker = _Maker(direction, aside)
    failures = []
    with tqdm.tqdm(formats, unit=' formats') as bar:
      for kind in bar:
        bar.set_description(f'exporting {direction.name}: {kind}')
        failure = maker.make(kind, target)
        if failure:
          failures.append(failure)
    manifest = maker.finish(failures)
  return manifest, failures


def check_formats(
  formats: Sequence[str], known: Sequence[str] = FORMATS
) -> None:
  """Raises ValueError naming the formats that there are."""
  unknown = [kind for kind in formats if kind not in known]
  if unknown or not formats:
    raise ValueError(
      f'formats are {", ".join(formats) or "none"}; choose of '
      f'{", ".join(known)}.'
    )


class _Maker:
  """Makes one file after the other, and keeps what the manifest says."""

  def __init__(self, direction: ExportDirection, folder: pathlib.Path):
    self._direction, self._folder = direction, folder
    translator = direction.translator
    self._floats = image_arrays.to_float(direction.images.held_out)
    self._calibration = image_arrays.to_float(
      direction.images.calibration[:CALIBRATION]
    )
    self._weights = folding.of_translator(
      translator, direction.source, direction.target
    )
    self._network = folded_network.Network(self._weights)
    self._references = expected_images(
      translator, direction.source, direction.target, self._floats
    )
    self._files: dict[str, Any] = {}
    self._px = translator.resolution

  @functools.cached_property
  def _equalized(self) -> folded_network.Network:
    return folded_network.Network(
      equalization.equalize(self._weights, self._calibration)
    )

  @functools.cached_property
  def _learned(self) -> embeddings.Embedding:
    return self._direction.learn()

  @functools.cached_property
  def _embedder(self) -> embedding.Embedder:
    return embedding.Embedder(
      self._network, self._learned, self._direction.source
    )

  def make(self, kind: str, target: pathlib.Path) -> Failure | None:
    """Makes a format; returns what is wrong with it, if anything is."""
    if kind == 'saved_model':
      return self._saved_model(target)
    if kind == 'embed':
      return self._embed()
    if kind == 'search':
      return self._search()
    if kind == 'onnx':
      return self._onnx()
    return self._tflite(kind)

  def _tflite(self, kind: str) -> Failure | None:
    # Equal in exact arithmetic; the float kinds have no need of it.
    exact = kind in ('float32', 'float16')
    drawer = self._network if exact else self._equalized
    model = formats_tflite.drawing(drawer, kind, self._calibration)
    model = metadata.add(
      model,
      self._direction.about,
      input_name=INPUT,
      output_name=TRANSLATION,
      draws=True,
    )
    reached = parity.compare(
      exported_tflite.File(model).run(self._floats), self._references
    )
    failure = check_gate(kind, reached)
    if not failure:
      name = f'{self._direction.name}_{self._px}_{kind}.tflite'
      self._add_model(name, kind, model, parity=reached._asdict())
      if kind == 'int8':
        self._files[name]['experimental'] = (
          reached.psnr is not None and reached.psnr < parity.EXPERIMENTAL_BELOW
        )
    return failure

  def _search(self) -> Failure | None:
    direction = self._direction
    search, source = direction.search, direction.source
    target = direction.target
    index = search_index.build(search, target)
    model = embedding.convert(
      search_index.Query(search, source, target),
      self._px,
      direction.about._replace(
        name=f'{source} in {target}',
        description=f'Looks images of {source} up among '
        f'{search.index.count(target):,} of {target}.',
      ),
      index,
    )
    held_out = direction.images.held_out
    k = min(_NEIGHBOURS, search.index.count(target))
    expected = search.index.query(
      held_out, source, k=k, among=[target], by=search.by
    )
    found = search_index.find(model, held_out, k)
    reached = dict(
      top_1=search_index.agreement(found, expected), pictures=len(held_out)
    )
    if not reached['top_1'] >= parity.SAME_NEIGHBOUR:
      gate = f'the same neighbour for {parity.SAME_NEIGHBOUR:.0%} at least'
      return Failure('search', reached, gate)
    self._add_model(
      f'search_{direction.name}_{self._px}.tflite',
      'search',
      model,
      by=search.by,
      items=search.index.count(target),
      index_bytes=len(index),
      nearest=[item._asdict() for item in found[0]],
      parity=reached,
    )
    return None

  def _embed(self) -> Failure | None:
    direction = self._direction
    model = embedding.convert(
      self._embedder,
      self._px,
      direction.about._replace(
        name=f'{direction.source} embedding',
        description=f'Embeds images of {direction.source} to search with.',
      ),
    )
    held_out = direction.images.held_out
    expected = self._learned.embed(
      direction.translator.scales(held_out, direction.source), direction.source
    )
    cosines = np.sum(
      exported_tflite.File(model).run(self._floats) * expected, axis=1
    )
    least = float(cosines.min())
    reached = dict(cosine=least, pictures=len(cosines))
    if not least >= parity.EMBEDDING_COSINE:
      gate = f'cosine at least {parity.EMBEDDING_COSINE}'
      return Failure('embed', reached, gate)
    name = f'embed_{direction.source}_{self._px}.tflite'
    self._add_model(name, 'embed', model, parity=reached)
    return None

  def _add_model(self, name, kind, model, **more):
    (self._folder / name).write_bytes(model)
    embeds = kind in ('embed', 'search')
    self._files[name] = manifest_entries.of_tflite(
      model, kind, EMBEDDING if embeds else TRANSLATION, **more
    )

  def _saved_model(self, target: pathlib.Path) -> Failure | None:
    direction = self._direction
    folder = self._folder / 'saved_model'
    version = int(direction.about.version)
    directory.check_version(target, version)
    folder.mkdir()
    held_out = direction.images.held_out
    saved = saved_model.save(
      self._network, self._embedder, folder, version, held_out
    )
    signatures = tf.saved_model.load(str(saved)).signatures
    # Both ways in: as numbers, and as files that it decodes and encodes.
    drawn = signatures[saved_model.TRANSLATE](image=tf.constant(self._floats))
    reached = parity.compare(drawn[TRANSLATION].numpy(), self._references)
    files = signatures[saved_model.SERVING_DEFAULT](
      image_bytes=tf.constant(saved_model.as_pngs(held_out))
    )[saved_model.PNGS].numpy()
    as_images = np.stack([tf.io.decode_png(file).numpy() for file in files])
    off = as_images.astype(int) - image_arrays.to_uint8(self._references)
    failure = check_gate('saved_model', reached)
    if not failure and np.abs(off).max() > 1:
      failure = Failure(
        'saved_model',
        dict(pixel_difference=int(np.abs(off).max())),
        'PNGs within 1 of 255',
      )
    if failure:
      shutil.rmtree(folder)
      return failure
    saved_model.write_configs(self._folder / 'serving', direction.name)
    self._files[f'saved_model/{version}'] = manifest_entries.of_saved_model(
      saved, signatures, parity=reached._asdict()
    )
    return None

  def _onnx(self) -> Failure | None:
    # Here, not above: an extra that most do without.
    from export.formats import onnx

    model = onnx.convert(self._network, INPUT, TRANSLATION)
    reached = parity.compare(onnx.run(model, self._floats), self._references)
    failure = check_gate('onnx', reached)
    if not failure:
      name = f'{self._direction.name}_{self._px}.onnx'
      (self._folder / name).write_bytes(model)
      self._files[name] = dict(
        format='onnx',
        **directory.fingerprint(model),
        input=dict(name=INPUT, dtype='float32'),
        output=dict(name=TRANSLATION, dtype='float32'),
        parity=reached._asdict(),
      )
    return failure

  def finish(self, failures: Sequence[Failure]) -> dict[str, Any]:
    """Writes the goldens, the manifest and the README."""
    direction, translator = self._direction, self._direction.translator
    images = [
      direction.images.held_out[0],
      image_arrays.to_uint8(self._references[0]),
    ]
    for name, image in zip(_GOLDENS, images):
      image_io.write_png(self._folder / name, image)
    manifest = dict(
      name=direction.name,
      source=direction.source,
      target=direction.target,
      resolution=self._px,
      weights=self._network.weights,
      **directory.origin(translator, direction.about),
      golden=dict(zip(('input', 'output'), _GOLDENS)),
      files=self._files,
      failed=failures_to_json(failures),
    )
    directory.write_texts(
      self._folder,
      manifest,
      direction.about.card,
      readme.readme(manifest),
    )
    return manifest


def expected_images(
  translator: inference.Translator, source: str, target: str, floats: np.ndarray
) -> np.ndarray:
  """What the model itself draws, float32 [n, px, px, 3], clipped to [-1, 1]."""

  def drawn(images):
    return translator.model.translate(
      images,
      source,
      target,
      resolution=translator.resolution,
      alpha=translator.alpha,
    ).numpy()

  return np.clip(
    np.concatenate(
      [
        drawn(tf.constant(floats[i : i + _BATCH]))
        for i in range(0, len(floats), _BATCH)
      ]
    ),
    -1,
    1,
  )


def failures_to_json(failures: Sequence[Failure]) -> dict[str, Any]:
  """Of a manifest: what failed."""
  return {f.kind: dict(reached=f.reached, gate=f.gate) for f in failures}


def check_gate(kind: str, reached: parity.Parity) -> Failure | None:
  """A failure, if what a format reached does not pass its gate."""
  gate = parity.GATES[kind]
  if gate.passes(reached):
    return None
  return Failure(kind, reached._asdict(), str(gate))

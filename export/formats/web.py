"""A page that translates in the visitor's browser: a folder for any file host.

It runs a TFLite file by LiteRT.js, on the visitor's own device. The folder has
the page (`export/web/`), TFLite files, golden images that the page checks
itself by, and a manifest.json for the page. LiteRT.js is not in it, unless an
npm install of it is given; see `bundle_files.litert_js`.
"""

import base64
import hashlib
import html
import json
import pathlib
import string
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from export import contexts, parity, tensor_names
from export.bundle_files import golden, litert_js
from export.formats import base, tflite
from tf_twingan import framing, provenance
from tf_twingan.data.prepare import photos
from tf_twingan.inference import translation_job
from tf_twingan.inference.exported import bundle_checksums
from tf_twingan.inference.exported import tflite as tflite_files

# The first is what a page starts with, and has to pass its gate. Others are
# smaller files for the visitor to choose, if they pass theirs.
KINDS = ('float16', 'dynamic')
MANIFEST = 'manifest.json'
# Other processors sum in another order, and pixels are rounded, dB.
_OTHER_ROUNDING = 1.0
_PAGE = pathlib.Path(__file__).parent.parent / 'web'
_INDEX = 'index.html'
# Begins with a dot, as a relative address in an import map has to.
_RUNTIME_FOLDER = f'./litert_js/{litert_js.VERSION}/'


def create(name: str) -> base.Format:
  """Returns the format."""
  return _Web(name)


class _Model(NamedTuple):
  """One TFLite file of the page."""

  kind: str
  name: str
  content: bytes
  images: dict[contexts.Direction, np.ndarray]
  parities: dict[contexts.Direction, parity.ImageParity]


class _Web(base.Format):
  """Pages of one direction, or of all."""

  def check(self, context: contexts.Context, target: pathlib.Path) -> None:
    if context.litert_js is not None:
      litert_js.read(context.litert_js)

  def file_name(self, context: contexts.Context) -> str:
    return self.name

  def build(
    self, context: contexts.Context, scratch: pathlib.Path
  ) -> pathlib.Path:
    folder = scratch / self.name
    models = [_build_model(kind, context, scratch) for kind in KINDS]
    # The exporter holds the first to its gate.
    chosen = [m for m in models if m is models[0] or _passes(m)]
    for path, content in _contents(context, chosen).items():
      location = folder / path
      location.parent.mkdir(parents=True, exist_ok=True)
      location.write_bytes(content)
    golden.write(folder, context)
    return folder

  def load(self, built: pathlib.Path) -> tflite_files.File:
    manifest = json.loads((built / MANIFEST).read_text('utf-8'))
    first = built / manifest['files'][0]['name']
    return tflite_files.File(first.read_bytes())

  def run(
    self,
    loaded: tflite_files.File,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> np.ndarray:
    return tflite.create(KINDS[0]).run(loaded, context, direction)

  def manifest_entry(
    self,
    built: pathlib.Path,
    loaded: tflite_files.File,
    context: contexts.Context,
  ) -> dict[str, Any]:
    contents = sorted(p for p in built.rglob('*') if p.is_file())
    return dict(
      format=self.name,
      **bundle_checksums.of_folder(built),
      contents={
        p.relative_to(built).as_posix(): bundle_checksums.of_content(
          p.read_bytes()
        )
        for p in contents
      },
    )


def _build_model(kind, context, scratch):
  file_format = tflite.create(kind)
  content = file_format.build(context, scratch)
  loaded = file_format.load(content)
  images = {d: file_format.run(loaded, context, d) for d in context.directions}
  return _Model(
    kind,
    file_format.file_name(context),
    content,
    images,
    {d: parity.compare(i, context.expected[d]) for d, i in images.items()},
  )


def _passes(model):
  gate = parity.GATES[model.kind]
  return all(gate.passes(found) for found in model.parities.values())


def _contents(
  context: contexts.Context, models: list[_Model]
) -> Mapping[str, bytes]:
  """{path: content} of the folder's files but the golden images."""
  page = {p.name: p.read_bytes() for p in _PAGE.iterdir()}
  runtime_url, runtime = litert_js.URL, {}
  if context.litert_js is not None:
    runtime_url = _RUNTIME_FOLDER
    runtime = litert_js.read(context.litert_js)
  manifest = _manifest(context, models, runtime_url)
  template = page[_INDEX].decode()
  page[_INDEX] = _fill(template, manifest, runtime_url).encode()
  return {
    **page,
    **{model.name: model.content for model in models},
    **{_RUNTIME_FOLDER + path: content for path, content in runtime.items()},
    MANIFEST: (json.dumps(manifest, indent=1) + '\n').encode(),
  }


def _manifest(context, models, runtime_url):
  origin = translation_job.origin_of(context.translator)
  return dict(
    name=context.name,
    resolution=context.resolution,
    directions=[_direction(context, *d) for d in context.directions],
    files=[_file(context, model) for model in models],
    runtime=dict(
      package=litert_js.PACKAGE,
      version=litert_js.VERSION,
      url=runtime_url,
      integrity=dict(litert_js.INTEGRITY),
    ),
    provenance=dict(origin.texts()),
    licence=context.about.licence,
    author=context.about.author,
  )


def _direction(context, source, target):
  framed = context.translator.framings.get(source, framing.Framing())
  prepared = framed.preparation
  golden_names = context.golden_of((source, target))
  return dict(
    source=source,
    target=target,
    numbers=context.numbers((source, target)),
    framing=dict(crop=framed.crop, fit=framed.fit),
    prepared=None if prepared is None else photos.describe(prepared),
    **{end: golden.file(name) for end, name in golden_names.items()},
  )


def _file(context, model):
  worst = parity.worst(list(model.parities.values()))
  return dict(
    format=model.kind,
    name=model.name,
    **bundle_checksums.of_content(model.content),
    integrity=litert_js.integrity(model.content),
    input=tensor_names.IMAGE,
    output=tensor_names.TRANSLATION,
    needed=[_needed(context, model, d) for d in context.directions],
    parity=worst.to_json(),
  )


def _needed(context, model, direction):
  """The PSNR that a browser has to reach for the golden image, dB.

  The gate is for all images together; a single one may be farther off.
  """
  found = parity.compare(
    model.images[direction][:1], context.expected[direction][:1]
  )
  gate = parity.GATES[model.kind].psnr
  return gate if found.psnr is None else min(gate, found.psnr - _OTHER_ROUNDING)


def _fill(template, manifest, runtime_url):
  """The page for one model."""
  core = 'dist/index.js'
  import_map = json.dumps(
    {
      'imports': {
        litert_js.PACKAGE: runtime_url + core,
        '@litertjs/wasm-utils': './runtime.js',
      },
      'integrity': {runtime_url + core: litert_js.INTEGRITY[core]},
    },
    indent=1,
  )
  allowed = '' if runtime_url == _RUNTIME_FOLDER else f' {runtime_url}'
  digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest())
  policy = '; '.join(
    [
      "default-src 'none'",
      f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest.decode()}'"
      + allowed,
      "style-src 'self'",
      "img-src 'self' blob:",
      f"connect-src 'self'{allowed}",
      "base-uri 'none'",
      "form-action 'none'",
    ]
  )
  return string.Template(template).substitute(
    policy=policy,  # Has no double quotes.
    title=html.escape(_title(manifest['directions'])),
    icon=html.escape(manifest['directions'][0]['output']),
    import_map=import_map,
    about=html.escape(_about(manifest)),
  )


def _title(directions):
  if len(directions) == 1:
    return f'From {directions[0]["source"]} to {directions[0]["target"]}'
  *domains, last = dict.fromkeys(d['source'] for d in directions)
  return f'Translate between {", ".join(domains)} and {last}'


def _about(manifest):
  """Whose model it is, by which programs."""
  by = f' by {manifest["author"]}' if manifest['author'] else ''
  licence = f', {manifest["licence"]}' if manifest['licence'] else ''
  return (
    f'Model {manifest["name"]}{by}{licence}. Runs by LiteRT.js '
    f'{litert_js.VERSION}, Apache-2.0. Made with {provenance.PROGRAM} '
    f'{provenance.version()}.'
  )

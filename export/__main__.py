r"""Exports a model to files that load without tf_twingan.

  python -m export --model=avatar_twins --to=anime --output=bundles
  python -m export --run_dir=runs/mine --to=anime --output=bundles \
      --run_datasets --formats=saved_model,dynamic,int8
  python -m export --run_dir=runs/anime --to=all --output=bundles
  python -m export --model=avatar_twins --to=anime --output=bundles \
      --formats=search --index=faces.index
  python -m export --model=avatar_twins --to=anime --output=bundles \
      --formats=web
  python -m export plan --resolution=256 --max_mb=4 --max_ms=50
  python -m export benchmark bundles/anime

One direction goes into OUTPUT/TO/: a SavedModel for TensorFlow Serving, TFLite
files for phones, a README for app developers, and manifest.json with sizes,
checksums and parity. 32 held-out images go through the model and through every
file; a format whose images differ too much is left out, and the exit code is 1.

Formats: saved_model; float32, float16 (GPUs), dynamic (CPUs: 8-bit weights),
hybrid (8 bits but for the last stage), int8 (uint8 in and out), embed (for
search), onnx (needs the extra [onnx]), search (needs --index: a file for the
Task library's ImageSearcher, which embeds an image of --from and finds the
nearest of that index's images of --to), web (a folder for any file host: a page
that translates in the visitor's browser by LiteRT.js, which it loads from a
public host or, with --litert_js, brings). --to=all writes all directions, which
share the convolutions: a SavedModel, and TFLite files (float32, float16,
dynamic) that take the domains beside the image.

`plan` converts untrained networks and says which one fits. `benchmark` times a
bundle's TFLite files on this computer, no phone. The scores of a bundle:

  python -m tf_twingan.evaluate --exported=bundles/anime --output=scored
"""

from absl import flags

from export import commands
from export.formats import registry
from tf_twingan import cli
from tf_twingan.retrieval import options

cli.define_run_dir()
flags.DEFINE_string('model', None, 'A model that ships: avatar_twins.')
flags.DEFINE_string('to', None, 'The domain to translate to, or all.')
flags.DEFINE_string('from', None, 'The domain of the images, if not the other.')
flags.DEFINE_list(
  'formats', None, 'What to write; by default all but onnx, search, web.'
)
cli.define_path('output', "The folder of the bundle's folder.")
flags.DEFINE_multi_string(
  'source',
  [],
  'Images of a domain, DOMAIN=DATASET, to calibrate and compare with; by '
  'default the embedded avatars that the model was trained on.',
)
cli.define_run_datasets()
cli.define_path(
  'index',
  'A search index, whose embedding is exported; by default one is learned '
  'from the images. Format search takes its images, too.',
)
flags.DEFINE_string('qdrant', None, 'Qdrant server that searches --index.')
flags.DEFINE_enum(
  'by',
  None,
  options.BY,
  f'search: as --by of tf_twingan.search; {options.DEFAULT_BY} if not given.',
)
cli.define_path(
  'litert_js', 'web: the folder of `npm install @litertjs/core`, to be copied.'
)
flags.DEFINE_integer('version', None, 'Of the SavedModel, or the next.', 1)
flags.DEFINE_string('author', '', 'Who made the model.')
flags.DEFINE_string('licence', '', 'The licence of the weights.')
flags.DEFINE_integer('resolution', None, 'plan: the side of the images, px.')
flags.DEFINE_float('max_mb', None, 'plan: the largest file, 1e6 bytes.', 0)
flags.DEFINE_float('max_ms', None, 'plan: the longest time an image, here.', 0)
flags.DEFINE_enum('format', 'dynamic', registry.PLANNED, 'plan: of the limits.')
flags.DEFINE_list(
  'threads', '1,2', 'benchmark, plan: how many; plan takes the last.'
)


def main(argv) -> None:
  """Exports, plans, or times a bundle."""
  with cli.report_errors():
    commands.run(argv, flags.FLAGS)


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

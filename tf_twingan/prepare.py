r"""Prepares images to train on: finds and aligns faces, cleans, splits.

  python -m tf_twingan.prepare --input=/my/portraits --faces=human \
      --output=prepared/photo
  python -m tf_twingan.prepare --input=/my/drawings --faces=anime \
      --output=prepared/anime --margin=0.1 --dry_run
  python -m tf_twingan.prepare --input=tfds:oxford_iiit_pet --faces=cat \
      --output=prepared/cat --resolution=128

  python -m tf_twingan.train --gin_file=photos.gin --run_dir=runs/mine \
      --photo=folder:prepared/photo --anime=folder:prepared/anime

The input is a folder, with all folders below it, or any dataset string; it is
only read. Each face becomes one square image with the eyes in the same place.
What is unreadable, tiny, blurred, without a face, or repeats another image is
left out. Look at sheet.png first.

  train/, test/   images to train on and held-out ones; none of these has a
                  near-duplicate among those. One in ten is held out, or the
                  split that the input has is kept
  rejected.csv    every photo that was left out, why, and what it repeats
  origins.csv     the photo that each image was cut from, and where
  sheet.png       some of the images
  dataset.json    all options, counts and versions; SHA256SUMS: checksums
  attributes.csv, vectors.npz  labels and vectors of the images, where the input
                  has them, or --embed computes them

Ctrl-C keeps what is done, and the same command goes on; once it is finished,
it checks that no file was damaged. --dry_run writes nothing, lists what would
be left out, and checks --embed and --attributes.
"""

import sys

from absl import flags

from tf_twingan import cli, prepare_flags

_INPUT = cli.define_path(
  'input', 'A folder of photos, or a dataset string.', required=True
)
_OUTPUT = cli.define_path('output', 'A new folder for the dataset.')
prepare_flags.define()
_FORMAT = flags.DEFINE_enum(
  'format', 'folder', ['folder', 'tfrecord'], 'PNG files, or TFRecord files.'
)
_ATTRIBUTES = cli.define_path(
  'attributes', 'Labels of the photos, instead of those that the input has.'
)
_DRY_RUN = flags.DEFINE_bool('dry_run', False, 'Only report.')
_WORKERS = flags.DEFINE_integer(
  'workers', None, 'Threads; by default, as many as processors.', lower_bound=1
)


def main(argv) -> None:
  """Prepares all photos of the input."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    options = prepare_flags.options()
    prepare_shards = prepare_flags.prepare_shards()
    from tf_twingan.data.prepare import job as job_lib
    from tf_twingan.data.prepare import report

    if _DRY_RUN.value:
      prepare_flags.embedder()  # Only checked.
      photos, choice = job_lib.dry_run(
        _INPUT.value, options, _OUTPUT.value, _ATTRIBUTES.value, _WORKERS.value
      )
      outputs = _OUTPUT.value, _FORMAT.value
      print('\n'.join(report.dry_lines(photos, choice, *outputs)))
      print('\n'.join(report.rejected_lines(choice)), file=sys.stderr)
      return
    if _OUTPUT.value is None:
      raise ValueError('give --output=DIR, a new folder, or --dry_run.')
    job = job_lib.plan(
      _INPUT.value,
      options,
      _OUTPUT.value,
      format=_FORMAT.value,
      labels=_ATTRIBUTES.value,
      embedder=prepare_flags.embedder(),
    )
    choice = None
    if not job_lib.is_finished(job):
      choice = job_lib.run(job, _WORKERS.value, prepare_shards)
    if choice is None:
      print(f'{_OUTPUT.value} is finished, and all of its files are whole.')
      return
    print('\n'.join(report.lines(len(job.opened.names), choice)))
    print(report.last_line(job))


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

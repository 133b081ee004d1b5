r"""Says what is wrong with images before a GPU-day is spent on them.

  python -m tf_twingan.audit folder:/my/photos --output=audited
  python -m tf_twingan.audit photo=folder:/my/photos anime=folder:/my/anime \
      --output=audited
  python -m tf_twingan.audit photo=folder:prepared/photo \
      anime=folder:prepared/anime --faces=photo=human --faces=anime=anime \
      --output=audited

Writes audit.html, which needs no other file, and audit.json, and prints what it
found, each finding with the command that cures it: unreadable, tiny, blurred,
uniform and repeated images, held-out ones that are trained on, too; where two
datasets differ in what a translation should not have to change: size, place
and tilt of faces, brightness, colour, backgrounds; labels out of balance. Most
bad translations come from these.

A dataset is `folder:PATH`, `tfds:NAME`, `tfrecord:GLOB` or another one of
docs/datasets.md, with options; its domain goes in front. Faces are measured as
training sees them, ?crop= and ?fit= included. Nothing is changed: `python -m
tf_twingan.prepare` does that.
"""

from absl import flags

from tf_twingan import cli

_OUTPUT = cli.define_path(
  'output', 'The folder for the results.', required=True
)
_FACES = flags.DEFINE_multi_string(
  'faces',
  [],
  'Which faces to look for: human, anime, cat, none, or MODULE:FACTORY, for a '
  'detector of yours; of one dataset as DOMAIN=human. By default what is found '
  'in most images of a sample.',
)
_LIMIT = flags.DEFINE_integer(
  'limit',
  4000,
  'Images of each dataset that are examined, an even sample of more; faces are '
  'looked for in 500 of them at most.',
  lower_bound=1,
)


def main(argv) -> None:
  """Audits the datasets."""
  with cli.report_errors():
    # Here, not above: --help need not wait for TensorFlow.
    from tf_twingan.data.audit import command

    command.run(
      command.Options(argv[1:], _OUTPUT.value, _FACES.value, _LIMIT.value)
    )


def run() -> None:
  """Runs the console script."""
  cli.run(main)


if __name__ == '__main__':
  run()

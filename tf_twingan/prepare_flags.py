"""Flags for all options of a preparation, whose defaults stand in `Options`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from absl import flags

from tf_twingan import cli, faces
from tf_twingan.data.prepare import options as options_lib

if TYPE_CHECKING:
  from tf_twingan.data.prepare import embedding, finish

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()

# What they mean in full is in `options.Options`.
_HELP = {
  'faces': 'Which faces to find and align: human, anime, cat; none, for the '
  'central square of each photo; or MODULE:FACTORY, for a detector of yours.',
  'resolution': 'Side of the prepared images, px.',
  'margin': "What to keep around a face, as a share of the face's size; 0 is "
  'from the brow to the chin.',
  'padding': 'What is put where the square leaves the photo: blur or reflect.',
  'background': 'keep; or cut head and shoulders out, and put them before '
  "plain (white), a colour such as '#80c0ff', or random, a plain colour for "
  'each image. People only.',
  'smallest_side': "The least length of a photo's shorter side, px.",
  'smallest_face': 'The least size of a face in the photo, px.',
  'largest_roll': 'How far a head may be tilted, degrees.',
  'least_inside': 'The least share of the face that must lie in the photo.',
  'most_faces': 'The most faces to take of a photo; all by default.',
  'blur': 'The least sharpness; blurred images have little.',
  'uniform': 'The largest share of one colour.',
  'duplicate_distance': 'How far apart near-duplicates may be, in percent; '
  'unrelated images are about 100 apart.',
  'keep_duplicates': 'Keep near-duplicates, on the same side of the split.',
}
_REQUIRED = 'faces'


def define() -> None:
  """Defines the flags, for `options`, `embedder` and `prepare_shards`."""
  for name, help_text in _HELP.items():
    default = options_lib.Options.model_fields[name].default
    if name == _REQUIRED:
      flags.DEFINE_string(name, None, help_text, required=True)
    elif isinstance(default, bool):
      flags.DEFINE_bool(name, default, help_text)
    elif isinstance(default, int) or default is None:
      flags.DEFINE_integer(name, default, help_text)
    elif isinstance(default, float):
      flags.DEFINE_float(name, default, help_text)
    else:
      flags.DEFINE_string(name, default, help_text)
  cli.define_path(
    'embed',
    'A network of images (NAME.keras, a SavedModel, NAME.tflite) whose outputs '
    'become vectors.npz.',
  )
  flags.DEFINE_enum(
    'embed_range',
    '-1..1',
    ['-1..1', '0..1', '0..255'],
    'The values of the pixels that it takes, if they are floats.',
  )
  cli.define_runner()


def options() -> options_lib.Options:
  """The options that the flags ask for.

  Raises:
    ValueError: a flag has a value that an option cannot have, or --faces names
      a detector that cannot be imported; names it.
  """
  values = {name: flags.FLAGS[name].value for name in _HELP}
  # The user's own command line may name a module.
  faces.load(values['faces'])
  try:
    return options_lib.Options(**values)
  except ValueError as error:
    raise ValueError(f'--{error}') from None


def embedder() -> 'embedding.Embedder | None':
  """What --embed names; None without it.

  Raises:
    FileNotFoundError: there is nothing at its path.
    ValueError: it is no network of images.
  """
  from tf_twingan.data.prepare import embedding

  path = flags.FLAGS['embed'].value
  if path is None:
    return None
  return embedding.Embedder(path, flags.FLAGS['embed_range'].value)


def prepare_shards() -> 'Callable[[finish.Job], None] | None':
  """What prepares the shards if --runner asks for one of Beam's, else None.

  Raises:
    MissingPackage: Apache Beam is not installed.
    ValueError: a flag does not go with the runner.
  """
  values = flags.FLAGS
  cli.check_beam_options()
  if values.runner is None:
    return None
  if values.dry_run:
    raise ValueError('--dry_run works on this computer: leave out --runner')
  if values.workers is not None:
    raise ValueError(
      '--workers counts threads of this program; a runner has its own flag, '
      'such as --beam_option=direct_num_workers=2 of FnApiRunner'
    )
  from tf_twingan.data.prepare import beam_job

  return beam_job.through(values.runner, values.beam_option)

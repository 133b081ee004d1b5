"""Flags of `translate` that say what its results are like."""

import os
from typing import TYPE_CHECKING, Any

from absl import flags

from tf_twingan import beam_runners, cli, photo_files

if TYPE_CHECKING:
  from tf_twingan.inference import translator as translator_lib

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()


def define() -> None:
  """Defines the flags, for the functions below."""
  cli.define_path(
    'reference', 'An image of the domain --to, whose style to take.'
  )
  flags.DEFINE_integer(
    'style_seed', None, 'A random style, the same for a number.', lower_bound=0
  )
  flags.DEFINE_float(
    'strength',
    None,
    'How far to go: 0 stays in the source domain, 1 is the plain translation.',
  )
  flags.DEFINE_string(
    'mix',
    None,
    'A mixture of domains to translate to, such as anime=0.7,photo=0.3.',
  )
  flags.DEFINE_enum(
    'format',
    None,
    [*photo_files.SUFFIXES],
    'The format of the results; that of --output, if it names a file, or PNG.',
  )
  flags.DEFINE_bool(
    'provenance',
    True,
    'Let results say of themselves that a model made them, and which one.',
  )
  flags.DEFINE_bool('no_provenance', False, 'The same as --noprovenance.')
  cli.define_runner()


def planned() -> dict[str, Any]:
  """What `translation_job.plan` takes of the flags."""
  return {
    'kind': flags.FLAGS['format'].value,
    'has_others': flags.FLAGS.crops,
  }


def target(to: str | None) -> str:
  """The domain to translate to: --to, or what --mix has most of.

  Args:
    to: the value of --to.

  Raises:
    ValueError: neither is given, or --mix is no mixture, or alone does not tell
      what the images are.
  """
  mix = _mix()
  if to is not None:
    return to
  if mix is None:
    raise ValueError('give --to=DOMAIN, the domain to translate to.')
  if flags.FLAGS['from'].value is None:
    # The other one of two domains may be in the mixture, too.
    raise ValueError(
      'give --from=DOMAIN, the domain of the images, with --mix.'
    )
  return max(mix, key=mix.__getitem__)


def load_translator(
  run_dir: str | None, model: str | None, bundle: str | None
) -> 'translator_lib.Translator':
  """Loads the model, steered by --strength and --mix.

  Args:
    run_dir: see `cli.load_translator`.
    model: see `cli.load_translator`.
    bundle: see `cli.load_translator`.

  Raises:
    FileNotFoundError: there is no such model.
    ValueError: it is damaged, or a flag has a value that it cannot have.
  """
  strength, mix = flags.FLAGS.strength, _mix()
  if strength is None and mix is None:
    return cli.load_translator(run_dir, model, bundle)
  from tf_twingan.inference import controls

  control = controls.Control(1.0 if strength is None else strength, mix)
  if bundle is not None:
    raise ValueError(
      '--strength and --mix need the model itself, --run_dir or --model: '
      'exported files hold plain translations.'
    )
  if mix is not None and abs(sum(mix.values()) - 1) > 1e-6:
    print(f'The shares of --mix={flags.FLAGS.mix} are divided by their sum.')
  return cli.load_translator(run_dir, model, bundle).steered(control)


def _mix() -> dict[str, float] | None:
  """The mixture of --mix, or None."""
  if flags.FLAGS.mix is None:
    return None
  from tf_twingan.inference import controls

  try:
    return controls.parse_mix(flags.FLAGS.mix)
  except ValueError as error:
    raise ValueError(f'--mix: {error}') from None


def says_origin() -> bool:
  """Whether results say of themselves what made them."""
  return flags.FLAGS.provenance and not flags.FLAGS.no_provenance


def check_runner(path: str) -> None:
  """Finds out early whether what --runner asks for is there.

  Args:
    path: what is translated.

  Raises:
    MissingPackage: Apache Beam is not installed.
    ValueError: there is no such runner, or an option that does not go with it,
      or there is one image alone.
  """
  cli.check_beam_options()
  if flags.FLAGS.runner is not None:
    if os.path.isfile(path):
      # Workers note their results in the folder, and one image has no record.
      raise ValueError(
        '--runner is for folders, and --input is one image: leave --runner out.'
      )
    beam_runners.parse(flags.FLAGS.runner, flags.FLAGS.beam_option)


def through_runner() -> dict[str, Any]:
  """What `translation_job.run` takes to go through --runner; {} without it."""
  runner, options = flags.FLAGS.runner, flags.FLAGS.beam_option
  if runner is None:
    return {}
  from tf_twingan.inference import batch_job

  return {'translate_files': batch_job.through(runner, options)}


def style_code(translator: 'translator_lib.Translator', to: str) -> Any:
  """The style code that --reference or --style_seed asks for, or None.

  Args:
    translator: the translator in use.
    to: name of the domain to translate to.

  Raises:
    ValueError: both are given, the image cannot be read, or the model has no
      style codes.
  """
  reference, seed = flags.FLAGS.reference, flags.FLAGS.style_seed
  if reference is not None and seed is not None:
    raise ValueError(
      f'--reference={reference} and --style_seed={seed} both ask for a style; '
      'give one of them.'
    )
  if seed is not None:
    return translator.random_styles(1, seed)[0]
  if reference is None:
    return None
  image = translator.read(reference, to)
  return translator.style(image[None], to)[0]

"""Flags of `translate` for whole photos: which faces, and how to paste them."""

from typing import TYPE_CHECKING, Any

from absl import flags

from tf_twingan import cli, faces

if TYPE_CHECKING:
  from tf_twingan.inference import file_methods, photographs

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()

# Those that change how faces are put back, and so need some.
_OF_FACES = (
  'detector',
  'any_roll',
  'crops',
  'feather',
  'harmonize',
  'match_colours',
)
_OF_PHOTOS = ('keep_location',)
# Those that say what becomes of the photo, of which crops have nothing.
_NOT_OF_CROPS = ('feather', 'harmonize', 'match_colours', 'keep_location')


def define() -> None:
  """Defines the flags, for `method`."""
  flags.DEFINE_enum(
    'faces',
    None,
    ['all', 'largest', 'none'],
    'Translate whole photos at their own size: put all faces back where they '
    'were, or the largest one; or none, for whole images by overlapping tiles. '
    'Without it, each result is the one square that the model takes.',
  )
  flags.DEFINE_string(
    'detector',
    None,
    'What finds the faces: human, anime, cat, or MODULE:FACTORY for a detector '
    'of yours. By default that of the training.',
  )
  flags.DEFINE_bool(
    'any_roll',
    False,
    'Find faces that lie on their side or stand on their head, too: looks at '
    'each photo turned four ways.',
  )
  flags.DEFINE_bool(
    'crops', False, 'Write the aligned square of each face, not the photo.'
  )
  flags.DEFINE_bool(
    'side_by_side', False, 'Put each result beside what it was made of.'
  )
  flags.DEFINE_bool('compare', False, 'The same as --side_by_side.')
  flags.DEFINE_float(
    'feather',
    0.14,
    'The border in which photo and face are mixed, as a share of the square.',
  )
  flags.DEFINE_bool(
    'harmonize', True, "Move the colours near that border to the photo's."
  )
  flags.DEFINE_float(
    'match_colours',
    0.0,
    "How far to move the colours of the whole face to the photo's: 0 to 1.",
  )
  cli.define_path(
    'upscale',
    'Enlarge what the model gives 2, 3 or 4 times, or by the '
    'super-resolution network at a path.',
  )
  flags.DEFINE_integer(
    'tile',
    None,
    'With --faces=none, how many pixels of the photo a tile is wide, such as '
    "1000 to show the model more at a time; by default the model's resolution.",
    lower_bound=1,
  )
  flags.DEFINE_bool(
    'keep_location',
    False,
    'Let photos keep where they were taken: GPS, time zone and caption.',
  )


def check() -> None:
  """Finds out early which flags do not go together.

  Raises:
    ValueError: one needs another; or --detector names what is not there.
  """
  which = flags.FLAGS.faces
  for name in (*_OF_FACES, *_OF_PHOTOS):
    if flags.FLAGS[name].present and which is None:
      raise ValueError(
        f'--{name} is for whole photos: give --faces=all or --faces=largest, '
        'too.'
      )
  for name in _OF_FACES:
    if flags.FLAGS[name].present and which == 'none':
      raise ValueError(
        f'--{name} is about faces, and --faces=none asks for none: leave one '
        'of them out.'
      )
  for name in _NOT_OF_CROPS:
    if flags.FLAGS[name].present and flags.FLAGS.crops:
      raise ValueError(
        f'--{name} is about the photo that a face is put back into, and '
        '--crops writes none: leave one of them out.'
      )
  if which is not None and not flags.FLAGS.frame_as_trained:
    raise ValueError(
      '--noframe_as_trained is about the one square of each image that is '
      'taken without --faces: leave one of them out.'
    )
  if flags.FLAGS.tile is not None and which != 'none':
    raise ValueError('--tile is for whole images: give --faces=none, too.')
  if flags.FLAGS.detector is not None:
    # The user's own command line may name a module.
    faces.load(flags.FLAGS.detector)


def method(
  translator: Any, to: str, source: str, style: Any
) -> 'file_methods.Method':
  """What becomes of each image, by the flags; prints how images are framed.

  Args:
    translator: the translator in use.
    to: name of the domain to translate to.
    source: name of the domain of the images.
    style: style code of all results, or None.

  Raises:
    FileNotFoundError: there is nothing at the path of --upscale.
    MissingPackage: what finds faces is not installed.
    ValueError: a flag has a value that it cannot have, or nothing tells which
      faces to find.
  """
  from tf_twingan.inference import (
    file_methods,
    file_translation,
    photo_methods,
    upscaling,
  )

  which, given = flags.FLAGS.faces, flags.FLAGS.upscale
  compare = compares()
  if which is None:
    file_translation.print_framing(translator, source)
    upscale = None if given is None else upscaling.load(given)
    return file_methods.Squares(
      translator,
      to,
      source,
      style=style,
      side_by_side=compare,
      upscale=upscale,
      asked={'upscale': upscale.identity} if upscale else {},
    )
  kind = photo_methods.PastedFaces
  if which == 'none':
    kind = photo_methods.WholeImages
  elif flags.FLAGS.crops:
    kind = photo_methods.FaceCrops
  whole, asked = whole_photos(translator, source)
  return kind(
    whole,
    to,
    source,
    style=style,
    compare=compare,
    keep_location=flags.FLAGS.keep_location,
    asked=asked,
  )


def compares() -> bool:
  """Whether results are put beside what they were made of."""
  return flags.FLAGS.side_by_side or flags.FLAGS.compare


def whole_photos(
  translator: Any, source: str
) -> 'tuple[photographs.Photographs, dict[str, Any]]':
  """What --faces asks for; prints how faces are aligned.

  Args:
    translator: see `method`.
    source: see `method`.

  Returns:
    What translates whole photos, and its options, as JSON knows them.

  Raises:
    FileNotFoundError: see `method`.
    MissingPackage: see `method`.
    ValueError: see `method`.
  """
  from tf_twingan.data.prepare import photos
  from tf_twingan.inference import upscaling

  which, given = flags.FLAGS.faces, flags.FLAGS.upscale
  upscale = None if given is None else upscaling.load(given)
  asked: dict[str, Any] = {'tile': flags.FLAGS.tile}
  if which != 'none':
    asked = {name: flags.FLAGS[name].value for name in _OF_FACES}
  whole = _photographs(translator, which, upscale)
  asked |= {'faces': which, 'upscale': upscale and upscale.identity}
  if which != 'none':
    preparation = whole.preparation(source)
    asked['preparation'] = preparation.model_dump(mode='json')
    print(f'Images of {source} are {photos.describe(preparation)}.')
  return whole, asked


def _photographs(translator, which, upscale) -> 'photographs.Photographs':
  from tf_twingan.inference import photographs

  return photographs.Photographs(
    translator,
    faces=which,
    detector=flags.FLAGS.detector,
    any_roll=flags.FLAGS.any_roll,
    feather=flags.FLAGS.feather,
    harmonize=flags.FLAGS.harmonize,
    match_colours=flags.FLAGS.match_colours,
    upscale=upscale,
    tile=flags.FLAGS.tile,
  )

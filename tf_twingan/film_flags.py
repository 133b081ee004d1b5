"""Flags of `translate` for films and cameras, and what they ask for."""

import os
from collections.abc import Callable
from typing import Any

from absl import flags

from tf_twingan import photo_flags, provenance, translate_flags
from tf_twingan.inference.films import containers

# What is defined here counts as the program's own, and is shown by its --help.
flags.disclaim_key_flags()

# What only images have.
_OF_IMAGES = ('beam_option', 'crops', 'format', 'frame_as_trained', 'runner')


def define() -> None:
  """Defines the flags, for `run`."""
  flags.DEFINE_bool(
    'smooth',
    True,
    'Follow the faces of a film, so that they do not flicker; --nosmooth '
    'translates each frame by itself.',
  )


def are_meant(path: str, output: str | None) -> bool:
  """Whether the input is a film or a camera; films have all faces put back.

  Args:
    path: value of --input.
    output: value of --output.

  Raises:
    ValueError: a flag does not go with the input.
  """
  values = flags.FLAGS
  is_camera = containers.is_camera(path)
  if output is None and not is_camera:
    raise ValueError('--output is missing: say where the results are to go.')
  # A folder may be called like a film.
  is_film = containers.is_film(path) and not os.path.isdir(path)
  if not is_camera and not is_film:
    if values['smooth'].present:
      raise ValueError(
        f'--smooth is for films, and --input={path} is none; leave it out.'
      )
    return False
  for name in _OF_IMAGES:
    if values[name].present:
      raise ValueError(
        f'--{name} is for images, and --input={path} is a film; leave it out.'
      )
  if is_camera and values.keep_location:
    raise ValueError(
      f'--keep_location is for photos and films, and --input={path} says no '
      'place; leave it out.'
    )
  if values.faces is None:
    values.faces = 'all'
  if values.faces == 'none' and values['smooth'].present and values.smooth:
    raise ValueError(
      '--smooth follows faces, and --faces=none asks for none; leave one of '
      'them out.'
    )
  return True


def run(
  path: str,
  output: str | None,
  load: Callable[[], Any],
  to: str,
  source: str | None,
) -> None:
  """Translates a film or what a camera shows.

  Args:
    path: the film, or the address of the camera.
    output: file of the result; None for a window, of a camera alone.
    load: loads the translator, once everything else is known to be right.
    to: name of the domain to translate to.
    source: name of the domain of the images, or None.

  Raises:
    MissingPackage: what reads films is not installed.
    OSError: there is no such film, or the result cannot be written.
    ValueError: something that was asked for is not possible.
  """
  from tf_twingan.inference import file_methods, translation_job
  from tf_twingan.inference.films import (
    camera,
    film_translator,
    frame_translators,
    job,
  )

  planned = None
  if containers.is_camera(path):
    camera.check(path, output)
  else:
    planned = job.plan(path, output)
  translator = load()
  source = translator.source_for(to, source)
  style = translate_flags.style_code(translator, to)
  whole, asked = photo_flags.whole_photos(translator, source)
  smooth = flags.FLAGS.smooth
  kind = frame_translators.FrameByFrame
  if smooth:
    kind = film_translator.FilmTranslator
  frames = kind(whole, to, source, style=style)
  if photo_flags.compares():
    frames = frame_translators.SideBySide(frames)
  origin = None
  if translate_flags.says_origin():
    origin = translation_job.origin_of(translator)
    if whole.faces != 'none' or photo_flags.compares():
      origin = origin._replace(source_type=provenance.PARTS)
  if planned is None:
    camera.run(path, frames, output, origin=origin)
    return
  options = {
    'smooth': smooth,
    'compare': photo_flags.compares(),
    **asked,
    **file_methods.direction_options(translator, to, source, style),
  }
  job.run(
    planned,
    frames,
    options,
    origin=origin,
    keep_location=flags.FLAGS.keep_location,
  )

"""The translation of a film, planned and run; it goes on where it was stopped.

Frames are translated one after the other and encoded in parts of two seconds.
A part is kept once it is whole, with the state of the translation after it, so
that a film that was stopped is, in the end, the same as one that was not, to
the bit. The parts are joined when all are there.
"""

import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tqdm

from tf_twingan import errors, extras, files, provenance
from tf_twingan.inference.films import (
  containers,
  film_tags,
  frame_translators,
  joining,
  reader,
  segments,
  writer,
)

with extras.needed('video'):
  import av


class Plan(NamedTuple):
  """A film that can be translated.

  Attributes:
    film: the input.
    output: file of the result.
    container: how that is coded.
  """

  film: reader.Film
  output: pathlib.Path
  container: containers.Container


def plan(path: str | os.PathLike, output: str | os.PathLike) -> Plan:
  """Looks at the film, and at what is where its result goes.

  Args:
    path: the film.
    output: file of the result; its suffix says the container.

  Raises:
    FileNotFoundError: there is no such film.
    OSError: nothing can be written there.
    UnreadableFilm: it is no film, or one that cannot be read.
    ValueError: the result cannot go there.
  """
  output = pathlib.Path(output)
  if not os.path.exists(path):
    raise FileNotFoundError(
      f'{errors.printable(path)}: no such file; check the path'
    )
  if os.path.realpath(path) == os.path.realpath(output):
    raise ValueError(
      f'{errors.printable(output)} is the film to translate and would be '
      'overwritten; choose another --output.'
    )
  check_output(output)
  files.check_writable(segments.root(output))
  film = reader.Film(path)
  return Plan(film, output, containers.container_of(output))


def check_output(output: pathlib.Path) -> None:
  """Finds out before any work whether a film can be written.

  Raises:
    OSError: it cannot.
    ValueError: its name is not that of a film, or a film of others is there.
  """
  if output.is_dir():
    raise ValueError(
      f'{errors.printable(output)} is a folder; give a file for the film, such '
      f'as --output={errors.printable(output / "translated.mp4")}.'
    )
  containers.container_of(output)
  files.check_writable(output.parent, output.name)
  if output.exists() and not film_tags.is_result(output):
    raise ValueError(
      f'{errors.printable(output)} is there, does not say that it is an '
      'earlier output, and would be overwritten; choose another --output, or '
      'move it away.'
    )


def run(
  planned: Plan,
  translator: frame_translators.FrameTranslator,
  options: Mapping[str, Any],
  *,
  origin: provenance.Provenance | None = None,
  keep_location: bool = False,
) -> None:
  """Translates a film, and prints what became of it.

  Args:
    planned: from `plan`.
    translator: translates its frames.
    options: all that decides what it makes of a frame, the model's fingerprint
      included, as JSON knows it.
    origin: what the result says of itself; None for nothing.
    keep_location: whether the result says where the film was taken.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    KeyboardInterrupt: the user stopped it; says how far it came.
    OSError: nothing can be written any more; likewise.
    UnreadableFilm: it has no images, or some that cannot be converted.
    ValueError: another process translates the same film, or a film of others
      has come to be where the result goes.
  """
  film, output, container = planned
  for remark in film.remarks:
    print(remark)
  stored = segments.Segments(
    output,
    {
      'input': segments.identity(film.path),
      'options': dict(options),
      'container': container._asdict(),
      'versions': [provenance.version(), av.__version__],
    },
  )
  with stored.locked():
    parts = stored.finished()
    try:
      _translate(film, translator, stored, parts, container)
      with files.atomic_path(output) as unfinished:
        tags = film_tags.result_tags(
          film.tags, origin, keep_location=keep_location
        )
        remarks = joining.join(
          film,
          stored,
          parts,
          unfinished,
          container,
          tags,
          keep_location=keep_location,
        )
        # Hours may have gone by.
        check_output(output)
    except KeyboardInterrupt:
      raise KeyboardInterrupt(
        f'{_done(parts, stored)}; the same command goes on there.'
      ) from None
    except (OSError, av.FFmpegError) as error:
      raise OSError(
        f'{errors.printable(output)}: {errors.reason(error)}. '
        f'{_done(parts, stored)}; mend that, and give the same command again.'
      ) from None
  are_left = stored.remove()
  _print_result(film, output, parts, remarks)
  if are_left:
    print(
      f'{errors.printable(stored.root)} holds parts of calls with other '
      'options; delete it if they are of no more use.'
    )


def _translate(
  film: reader.Film,
  translator: frame_translators.FrameTranslator,
  stored: segments.Segments,
  parts: list[segments.Part],
  container: containers.Container,
) -> None:
  """Makes the parts that are missing, and adds them to the list."""
  translator.reset()
  if parts:
    translator.restore(stored.state(len(parts) - 1))
  done = sum(part.frames for part in parts)
  coding = writer.Coding(
    container, film.colors, film.time_base, film.rate, film.pixel_shape
  )
  # Not less than is done, of a film that says too few.
  total = film.frame_count and max(film.frame_count, done)
  with tqdm.tqdm(
    total=total, initial=done, unit=' frames', desc='translating'
  ) as bar:
    frames = film.frames(skip=done)
    first = next(frames, None)
    while first is not None:
      with stored.part(len(parts)) as part:
        made, first = _make_part(
          film, translator, part, coding, first, frames, bar
        )
      parts.append(made)
  if not parts:
    raise reader.UnreadableFilm(
      f'{errors.printable(film.path)} holds no image that can be decoded.'
    )


def _make_part(
  film: reader.Film,
  translator: frame_translators.FrameTranslator,
  part: segments.UnfinishedPart,
  coding: writer.Coding,
  first: reader.Frame,
  frames: Iterator[reader.Frame],
  bar: Any,
) -> tuple[segments.Part, reader.Frame | None]:
  """Makes a part; returns it, and the frame that the next one begins with."""
  unchanged, duration = 0, 0
  frame: reader.Frame | None = first
  with writer.Writer(part.video, coding, format=segments.FORMAT) as images:
    while (
      frame is not None and frame.seconds < first.seconds + segments.SECONDS
    ):
      result = translator.translate(frame.image, frame.seconds)
      unchanged += np.array_equal(result, frame.image)
      images.write(result, frame.pts - film.start)
      duration = frame.duration
      bar.update()
      frame = next(frames, None)
  made = segments.Part(
    pts=images.pts, duration=duration, unchanged=int(unchanged)
  )
  part.finish(made, translator.state())
  return made, frame


def _done(parts: list[segments.Part], stored: segments.Segments) -> str:
  count = sum(part.frames for part in parts)
  if not count:
    return f'No part of {segments.SECONDS} seconds is finished yet'
  return (
    f'{count} frames are translated and stay in {errors.printable(stored.root)}'
  )


def _print_result(
  film: reader.Film,
  output: pathlib.Path,
  parts: list[segments.Part],
  remarks: list[str],
) -> None:
  for remark in remarks:
    print(remark)
  count = sum(part.frames for part in parts)
  unchanged = sum(part.unchanged for part in parts)
  if unchanged:
    print(
      f'In {unchanged} of {count} frames nothing was found to translate; they '
      'stay as they are.'
    )
  if film.missing:
    print(f'The film is not whole: {film.missing}.')
  print(f'{count} frames translated to {errors.printable(output)}')

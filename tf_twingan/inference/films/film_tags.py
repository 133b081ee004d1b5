"""What a film's container says of it: kept, dropped and added.

Titles and dates are kept, and the camera where the container has a place for
it, which MP4 has not. Where it was taken is dropped unless it is asked for.
What made the result is said in the comment, which all containers have, as
images say it, see `provenance`.
"""

import os
import re
from collections.abc import Mapping

from tf_twingan import extras, provenance
from tf_twingan.inference.films import reader

with extras.needed('video'):
  import av

_COMMENT = 'comment'
# In all spellings of QuickTime, Matroska and the vendors of cameras.
_PLACES = ('location', 'gps', 'geo', '\u00a9xyz', 'xyz', 'coordinates')
# Apple's names, which containers of others do not take, and what they take.
_PLAIN = {
  'com.apple.quicktime.creationdate': 'date',
  'com.apple.quicktime.location.iso6709': 'location',
  'com.apple.quicktime.make': 'make',
  'com.apple.quicktime.model': 'model',
}
# What describes the file, and not the film.
_OF_THE_FILE = {
  'compatible_brands',
  'duration',
  'encoder',
  'major_brand',
  'minor_version',
}
# All of what `result_tags` says, and what FFmpeg says of itself where it is
# told `writer.EXACT`, as only this program does: whoever edits a result keeps
# the comment, and has another encoder.
_SOURCES = '|'.join(map(re.escape, (provenance.WHOLE, provenance.PARTS)))
_STATEMENT = re.compile(
  rf'{provenance.MARK} (in parts )?by {provenance.PROGRAM} \S+, model .+, '
  rf'fingerprint \S+ \(({_SOURCES})\)(; .*)?',
  re.DOTALL,
)
_ENCODERS = ('', 'Lavf')


def result_tags(
  tags: Mapping[str, str],
  origin: provenance.Provenance | None,
  *,
  keep_location: bool = False,
) -> dict[str, str]:
  """The tags of a result.

  Args:
    tags: those of the input.
    origin: what made the result; None to say nothing of that.
    keep_location: whether to keep what says where it was taken.
  """
  kept = {}
  for name, value in tags.items():
    is_place = any(place in name.lower() for place in _PLACES)
    if name.lower() not in _OF_THE_FILE and (keep_location or not is_place):
      kept[name] = value
  for name in list(kept):
    if plain := _PLAIN.get(name.lower()):
      value = kept.pop(name)
      if plain not in (other.lower() for other in kept):
        kept[plain] = value
  if origin is not None:
    comment = next((n for n in kept if n.lower() == _COMMENT), _COMMENT)
    said = f'{origin.statement} ({origin.source_type})'
    before = kept.pop(comment, '')
    kept[_COMMENT] = f'{said}; {before}' if before else said
  return kept


def is_result(path: str | os.PathLike) -> bool:
  """Whether a film is as this program made it, by what it says of itself.

  Args:
    path: a file. Anything may be there.
  """
  try:
    with reader.opened(path) as container:
      tags = {n.lower(): value for n, value in container.metadata.items()}
  except (reader.UnreadableFilm, OSError, av.FFmpegError):
    return False
  is_ours = _STATEMENT.fullmatch(tags.get(_COMMENT, '')) is not None
  return is_ours and tags.get('encoder', '') in _ENCODERS

"""The faces of a film: which face of a frame is which of the frame before.

Faces are detected every few tenths of a second, and where a shot begins or a
face is lost; in between they are followed by `motion`. A detection is off by
some percent of a face each time, while flow is precise and drifts. So a track
keeps two places: the mean of its detections, and the one that is used, which
glides towards it. Both move along with the flow, so that nothing lags behind a
camera that pans, and nothing drifts.

A face that two detections in a row do not find is hidden, and comes back under
its number if it is found again within a second, where it would be by then.

The one face of a film, where all others are left alone, is the largest at
first. It stays that until its shot ends, it is hidden while another is to be
seen, or another is much larger.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tf_twingan import faces
from tf_twingan.data.prepare import alignment, preparer
from tf_twingan.inference.films import face_places, motion

# Seconds: between detections, until a hidden face is forgotten, and in which
# the place that is used comes 63 % nearer to the mean of detections.
_INTERVAL, _MEMORY, _GLIDE = 0.4, 1.0, 0.4
# The weight of a new detection in the mean, and how far off, in sides of the
# square, one must be to replace all of it.
_WEIGHT, _JUMP = 0.3, 0.25
# Detections in a row that may miss a face before it is hidden.
_MISSES = 2
# A detection is of a track if it is so near, in sides of the face, and of
# nearly its size. Where a hidden face has gone is less certain.
_NEAR, _NEAR_A_SECOND, _SIZES = 0.6, 1.0, 1.7
# Where one face alone is followed, how many times its size another must have to
# take its place: detections of one face differ by a tenth.
_OUTGROWN = 1.3

# What a track holds beside its face.
_FIELDS = (
  'number',
  'matrix',
  'mean',
  'confirmed',
  'place',
  'resolution',
  'velocity',
  'misses',
)

Detect = Callable[[np.ndarray], Sequence[preparer.PreparedImage]]


@dataclasses.dataclass
class Track:
  """One face through a film.

  Attributes:
    number: from 0 on, in the order in which faces appear; never used again.
    face: where the face is in the frame.
    matrix: float64 [2, 3], from the frame to the square, smoothed over time.
    mean: of the detections, as `matrix` is.
    confirmed: time at which a detection last found it, seconds.
    place: (x, y) of its middle at that time.
    resolution: side of the square, px.
    velocity: pixels a second, x and y.
    misses: detections in a row that did not find it.
  """

  number: int
  face: faces.Face
  matrix: np.ndarray
  mean: np.ndarray
  confirmed: float
  place: np.ndarray
  resolution: int
  velocity: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(2))
  misses: int = 0

  @property
  def hidden(self) -> bool:
    """Whether it is not to be seen for now."""
    return self.misses >= _MISSES

  def move(self, transform: np.ndarray) -> None:
    """Takes it to where a similarity transform of the frame does."""
    if transform is motion.IDENTITY:
      return
    back = alignment.inverse(transform)
    self.matrix = alignment.compose(self.matrix, back)
    self.mean = alignment.compose(self.mean, back)
    self.face = face_places.moved(self.face, transform)

  def glide(self, elapsed: float) -> None:
    """Lets the place that is used come nearer to the mean of detections."""
    share = 1 - np.exp(-elapsed / _GLIDE)
    self.matrix = motion.blend(self.matrix, self.mean, share, self.resolution)

  def confirm(self, one: preparer.PreparedImage, time: float) -> None:
    """Takes a detection of this face into the mean."""
    face = _face_of(one)
    off = motion.distance(one.matrix, self.mean, self.resolution)
    if self.hidden or off > _JUMP:
      self.mean = self.matrix = one.matrix
      self.face = face
    else:
      self.mean = motion.blend(self.mean, one.matrix, _WEIGHT, self.resolution)
      self.face = face_places.blended(self.face, face, _WEIGHT)
    if time > self.confirmed:
      moved = face_places.middle(face) - self.place
      self.velocity = moved / (time - self.confirmed)
    self.place, self.confirmed, self.misses = face_places.middle(face), time, 0


class Tracker:
  """Finds and follows the faces of one frame after another."""

  def __init__(
    self,
    detect: Detect,
    *,
    interval: float = _INTERVAL,
    only_one: bool = False,
  ):
    """Begins a film.

    Args:
      detect: finds and aligns the faces of a frame, as `Photographs.find` does.
      interval: seconds between detections; 0 detects in every frame.
      only_one: whether one face is shown alone, and which one changes seldom.
    """
    self._detect = detect
    self._interval = interval
    self._only_one = only_one
    self.reset()

  def reset(self) -> None:
    """Begins a film."""
    self._count = 0
    self.cut()

  def cut(self) -> None:
    """Begins a shot: no face is one of those before."""
    self._tracks: list[Track] = []
    self._before: np.ndarray | None = None
    self._time = self._due = -np.inf
    self._chosen = -1  # Number of the one face, if there is one.

  def update(self, frame: np.ndarray, time: float) -> list[Track]:
    """Follows all faces to the next frame, and finds those that appeared.

    Args:
      frame: uint8 RGB [height, width, 3], of the same shape as those before.
      time: of the frame, seconds; later than that of the frame before.

    Returns:
      The tracks that are to be seen, in the order of their numbers; each is
      changed by the next call.
    """
    elapsed = 0.0 if self._before is None else max(0.0, time - self._time)
    lost = self._follow(frame, elapsed)
    # Times of frames are rounded.
    if lost or time > self._due - 1e-6 or self._interval <= 0:
      self._find(frame, time, lost)
    for track in self._tracks:
      track.glide(elapsed)
    self._before, self._time = frame, time
    seen = [track for track in self._tracks if not track.hidden]
    return self._choose(seen) if self._only_one else seen

  def state(self) -> dict[str, np.ndarray]:
    """What `restore` takes, beside the last frame, to go on from here."""
    state = {
      'clock': np.array([self._time, self._due, self._count, self._chosen]),
      'faces': np.array([face_places.to_numbers(t.face) for t in self._tracks]),
    }
    for field in _FIELDS:
      values = [getattr(track, field) for track in self._tracks]
      state[field] = np.array(values, np.float64)
    return state

  def restore(
    self, state: Mapping[str, np.ndarray], frame: np.ndarray | None
  ) -> None:
    """Goes on where another tracker gave its state.

    Args:
      state: of the other tracker.
      frame: the last one that it was given; None if there was none.
    """
    self._time, self._due, count, chosen = map(float, state['clock'])
    self._count, self._chosen = int(count), int(chosen)
    self._before = frame
    self._tracks = []
    for row, numbers in enumerate(state['faces']):
      values = {field: state[field][row] for field in _FIELDS}
      for field in ('number', 'resolution', 'misses'):
        values[field] = int(values[field])
      values['confirmed'] = float(values['confirmed'])
      self._tracks.append(
        Track(face=face_places.from_numbers(numbers), **values)
      )

  def _choose(self, seen: Sequence[Track]) -> list[Track]:
    """The one face, of those to be seen; none if there is none."""
    if not seen:
      return []
    largest = max(seen, key=lambda track: track.face.side)
    for track in seen:
      if track.number == self._chosen:
        if largest.face.side < _OUTGROWN * track.face.side:
          return [track]
    self._chosen = largest.number
    return [largest]

  def _follow(self, frame: np.ndarray, elapsed: float) -> set[int]:
    """Moves all tracks along; returns the numbers of those that got lost."""
    lost = set()
    for track in self._tracks:
      moved = None
      if not track.hidden and self._before is not None:
        moved = motion.follow(self._before, frame, track.face.box)
        if moved is None:
          lost.add(track.number)
      if moved is None:
        moved = _shift(track.velocity * elapsed)
      track.move(moved)
    return lost

  def _find(self, frame: np.ndarray, time: float, lost: set[int]) -> None:
    """Detects, and joins what was found with the tracks that there are."""
    found = list(self._detect(frame))
    self._due = time + self._interval
    for track, one in _pairs(self._tracks, found, time):
      track.confirm(one, time)
      found = [other for other in found if other is not one]
    for track in self._tracks:
      if track.confirmed == time:
        continue
      was_hidden = track.hidden
      # What neither flow nor a detection finds is gone at once.
      track.misses += _MISSES if track.number in lost else 1
      if not track.hidden:
        self._due = time  # Once more with the next frame.
      elif not was_hidden:
        # Flow may have followed what covers the face.
        goal = track.place + track.velocity * (time - track.confirmed)
        track.move(_shift(goal - face_places.middle(track.face)))
    self._tracks = [
      track
      for track in self._tracks
      if not track.hidden or time - track.confirmed <= _MEMORY
    ]
    for one in found:
      face = _face_of(one)
      track = Track(
        number=self._count,
        face=face,
        matrix=one.matrix,
        mean=one.matrix,
        confirmed=time,
        place=face_places.middle(face),
        resolution=len(one.image),
      )
      self._tracks.append(track)
      self._count += 1


def _pairs(
  tracks: Sequence[Track], found: Sequence[preparer.PreparedImage], time: float
) -> list[tuple[Track, preparer.PreparedImage]]:
  """Which detection is of which track: the nearest first, each once."""
  candidates = []
  for i, track in enumerate(tracks):
    near = _NEAR
    if track.hidden:
      near += _NEAR_A_SECOND * (time - track.confirmed)
    for j, one in enumerate(found):
      face = _face_of(one)
      sides = sorted([face.side, track.face.side])
      apart = (
        np.hypot(*(face_places.middle(face) - face_places.middle(track.face)))
        / sides[1]
      )
      if apart <= near and sides[1] <= _SIZES * sides[0]:
        candidates.append((apart, i, j))
  pairs, taken = [], (set[int](), set[int]())
  for _, i, j in sorted(candidates):
    if i not in taken[0] and j not in taken[1]:
      taken[0].add(i)
      taken[1].add(j)
      pairs.append((tracks[i], found[j]))
  return pairs


def _face_of(one: preparer.PreparedImage) -> faces.Face:
  if one.face is None:
    raise ValueError(
      'an image without a face has no track; translate whole frames instead.'
    )
  # In one precision, from which on it is moved.
  return face_places.from_numbers(face_places.to_numbers(one.face))


def _shift(offset: np.ndarray) -> np.ndarray:
  """The transform that moves by (x, y)."""
  return np.column_stack([np.eye(2), offset])

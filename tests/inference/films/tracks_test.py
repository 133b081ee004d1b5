"""Tracks over films whose faces are known, with detectors that err as told."""

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan import faces
from tf_twingan.data.prepare import alignment, preparer
from tf_twingan.inference.films import motion, tracks

RESOLUTION = 32
SIDE = 60.0
BACKGROUND = np.asarray(
  Image.fromarray(
    np.random.default_rng(0).integers(60, 120, [20, 40, 3], np.uint8)
  ).resize((480, 240), Image.Resampling.BICUBIC)
)


def portrait(number):
  """A face of its own texture, uint8 [60, 60, 3]."""
  spots = np.random.default_rng(100 + number).integers(0, 256, [10, 10, 3])
  image = Image.fromarray(spots.astype(np.uint8))
  return np.asarray(image.resize((60, 60), Image.Resampling.BICUBIC))


def frame_with(places):
  """A frame that shows faces: {number: (x, y) of the middle}."""
  frame = BACKGROUND.copy()
  for number, (x, y) in places.items():
    left, top = int(x) - 30, int(y) - 30
    frame[top : top + 60, left : left + 60] = portrait(number)
  return frame


def detection(x, y, side=SIDE):
  box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
  face = faces.Face(box.astype(np.float32), 0.9)
  matrix = alignment.matrix(face, alignment.Template(), 0.3, RESOLUTION)
  image = np.zeros([RESOLUTION, RESOLUTION, 3], np.uint8)
  return preparer.PreparedImage(image, face, matrix, 1.0)


class Film:
  """Frames with faces at known places, and a detector that finds them.

  Attributes:
    calls: indices of frames that were searched.
  """

  def __init__(self, places, *, jitter=0.0, blind=(), interval=0.4):
    """Makes a film of 25 frames a second.

    Args:
      places: for each frame {number: (x, y)} of the faces.
      jitter: standard deviation of a detection's place, px.
      blind: indices of frames in which nothing is found.
      interval: of the tracker.
    """
    self.places, self.calls = places, []
    rng = np.random.default_rng(0)

    def detect(frame):
      del frame
      self.calls.append(self.index)
      if self.index in blind:
        return []
      return [
        detection(x + rng.normal(0, jitter), y + rng.normal(0, jitter))
        for x, y in places[self.index].values()
      ]

    self.tracker = tracks.Tracker(detect, interval=interval)

  def play(self):
    """{number of the track: (x, y) of its square's middle} of each frame."""
    seen = []
    for index, places in enumerate(self.places):
      self.index = index
      found = self.tracker.update(frame_with(places), index / 25)
      seen.append({t.number: square_middle(t.matrix) for t in found})
    return seen


def play_one(sides, cuts=(), stops=()):
  """Shows one face of two; returns where it is in each frame, None for none.

  Args:
    sides: of both in each frame, at 100 px and at 350 px; None if hidden.
    cuts: indices of frames that begin a shot.
    stops: indices of frames from which on another tracker goes on.
  """
  index, shown, frame = 0, [], None

  def detect(frame):
    del frame
    found = [
      detection(x, 120, s) for x, s in zip((100, 350), sides[index]) if s
    ]
    return sorted(found, key=lambda one: -one.face.side)

  tracker = tracks.Tracker(detect, interval=0, only_one=True)
  for index, here in enumerate(sides):
    if index in cuts:
      tracker.cut()
    if index in stops:
      state = tracker.state()
      tracker = tracks.Tracker(detect, interval=0, only_one=True)
      tracker.restore(state, frame)
    places = zip((100, 350), here)
    frame = frame_with({x: (x, 120) for x, side in places if side})
    found = tracker.update(frame, index / 25)
    assert len(found) <= 1
    shown.append(round(float(found[0].face.box[::2].mean())) if found else None)
  return shown


def square_middle(matrix):
  middle = np.full([1, 2], RESOLUTION / 2)
  return alignment.apply(alignment.inverse(matrix), middle)[0]


def errors(seen, places, number=0, truth=0):
  return np.array(
    [np.subtract(s[number], p[truth]) for s, p in zip(seen, places)]
  )


class TracksTest(parameterized.TestCase):
  def test_follows_a_face_that_is_seldom_detected(self):
    places = [{0: (100 + 3 * i, 120 + i)} for i in range(40)]
    film = Film(places)
    seen = film.play()
    self.assertLess(np.abs(errors(seen, places)).max(), 1.5)
    self.assertEqual(film.calls, [0, 10, 20, 30])

  def test_trembles_far_less_than_detections(self):
    places = [{0: (100 + 2 * i, 120)} for i in range(60)]
    raw = errors(Film(places, jitter=2, interval=0).play(), places)
    film = Film(places, jitter=2)
    smooth = errors(film.play(), places)
    steps = np.abs(np.diff(smooth, axis=0))
    self.assertLess(steps.max(), 0.5)
    self.assertLess(np.abs(smooth).max(), 5)
    # A tracker that detects in every frame and only averages trembles more.
    self.assertLess(steps.mean(), 0.7 * np.abs(np.diff(raw, axis=0)).mean())

  def test_does_not_drift_away(self):
    # Flow is off by 0.3 px in each frame, which 100 frames would add up.
    places = [{0: (240, 120)} for _ in range(100)]
    film = Film(places)
    wrong = np.array([[1.0, 0.0, 0.3], [0.0, 1.0, 0.0]])
    with absltest.mock.patch.object(motion, 'follow', return_value=wrong):
      seen = film.play()
    drift = np.abs(errors(seen, places)).max()
    self.assertBetween(drift, 1, 16)

  def test_a_still_frame_keeps_every_bit(self):
    places = [{0: (240, 120)}] * 15
    film = Film(places)
    seen = film.play()
    for middle in seen:
      np.testing.assert_array_equal(middle[0], seen[0][0])

  def test_numbers_stay_with_faces_that_cross(self):
    places = [{0: (80 + 5 * i, 80), 1: (400 - 5 * i, 150)} for i in range(50)]
    seen = Film(places).play()
    self.assertTrue(all(len(s) == 2 for s in seen))
    # The larger comes first; both are of one size, so the order is as found.
    self.assertLess(np.abs(errors(seen, places, 0, 0)).max(), 3)
    self.assertLess(np.abs(errors(seen, places, 1, 1)).max(), 3)

  def test_a_missed_detection_changes_nothing(self):
    places = [{0: (100 + 2 * i, 120)} for i in range(40)]
    film = Film(places, blind=[10, 20])
    seen = film.play()
    self.assertTrue(all(set(s) == {0} for s in seen))
    # Each was made up for in the next frame.
    self.assertEqual(film.calls[:3], [0, 10, 11])

  def test_a_short_occlusion_keeps_the_number(self):
    places = [{0: (100 + 4 * i, 120)} for i in range(60)]
    for hidden in range(25, 40):
      places[hidden] = {}
    film = Film(places)
    seen = film.play()
    self.assertEqual(set(seen[24]), {0})
    self.assertEqual(seen[30], {})
    self.assertEqual(set(seen[59]), {0})
    back = next(i for i in range(30, 60) if seen[i])
    self.assertLessEqual(back, 50)
    self.assertLess(np.abs(errors(seen[back:], places[back:])).max(), 3)

  def test_a_missed_detection_changes_nothing_at_a_frame_in_two_seconds(self):
    film = Film([{0: (240, 120)}] * 9, blind=[1, 4, 7])
    seen = []
    for film.index in range(9):
      frame = frame_with(film.places[0])
      found = film.tracker.update(frame, 2.0 * film.index)
      seen.append([track.number for track in found])
    self.assertEqual(seen, [[0]] * 9)

  def test_what_covers_a_face_does_not_take_its_number_away(self):
    places = [{0: (100 + 4 * i, 120)} for i in range(45)]
    film = Film(places, blind=range(15, 31))

    def follow(before, after, box):
      del before, after, box
      # What covers it goes to the left, fast.
      return tracks._shift(np.array([-12.0 if 10 < film.index < 31 else 4, 0]))

    with absltest.mock.patch.object(motion, 'follow', follow):
      seen = film.play()
    self.assertEqual(seen[25], {})
    self.assertEqual(set(seen[44]), {0})
    self.assertLess(np.abs(errors(seen[44:], places[44:])).max(), 3)

  def test_a_long_absence_begins_a_new_track(self):
    places = [{0: (200, 120)} if not 10 <= i < 60 else {} for i in range(80)]
    seen = Film(places).play()
    self.assertEqual(set(seen[5]), {0})
    self.assertEqual(set(seen[79]), {1})

  def test_a_face_that_appears_is_found_at_the_next_detection(self):
    places = [{0: (100, 120)} for _ in range(25)]
    for later in range(12, 25):
      places[later] = {0: (100, 120), 1: (350, 120)}
    seen = Film(places).play()
    self.assertEqual(set(seen[19]), {0})
    self.assertEqual(set(seen[20]), {0, 1})

  def test_after_a_cut_no_face_is_one_of_before(self):
    film = Film([{0: (200, 120)}] * 4)
    film.index = 0
    frame = frame_with(film.places[0])
    first = film.tracker.update(frame, 0.0)
    self.assertEqual([t.number for t in first], [0])
    film.tracker.cut()
    film.index = 1
    second = film.tracker.update(frame, 0.04)
    self.assertEqual([t.number for t in second], [1])
    self.assertEqual(film.calls, [0, 1])
    film.tracker.reset()
    self.assertEqual([t.number for t in film.tracker.update(frame, 0.0)], [0])

  def test_one_face_is_shown_until_another_is_much_larger(self):
    rng = np.random.default_rng(0)
    for later, expected in (
      (lambda: rng.uniform(54, 66, 2), {100}),  # Now one is larger, now one.
      (lambda: (60, 74), {100}),
      (lambda: (60, 90), {350}),
      (lambda: (None, 60), {350}),
      (lambda: (60, None), {100}),
    ):
      seen = play_one([(61, 60)] * 3 + [later() for _ in range(12)])
      self.assertEqual(seen[:3], [100] * 3)
      self.assertEqual(set(seen[-6:]), expected)
      # At most one change.
      self.assertLessEqual(np.count_nonzero(np.diff(seen)), 1)

  def test_one_face_does_not_change_back_where_it_was_hidden(self):
    seen = play_one([(61, 60)] * 3 + [(None, 60)] * 5 + [(61, 60)] * 9)
    self.assertEqual(seen[:3] + seen[8:], [100] * 3 + [350] * 9)

  def test_one_face_comes_back_where_it_is_alone(self):
    seen = play_one([(60, None)] * 3 + [(None, None)] * 5 + [(60, None)] * 3)
    self.assertEqual(seen[:3] + seen[5:], [100] * 3 + [None] * 3 + [100] * 3)

  def test_one_face_is_chosen_anew_after_a_cut(self):
    sides = [(61, 60)] * 3 + [(60, 61)] * 5
    self.assertEqual(play_one(sides), [100] * 8)
    self.assertEqual(play_one(sides, cuts=[3]), [100] * 3 + [350] * 5)

  def test_one_face_is_the_same_in_another_process(self):
    sides = [(61, 60)] * 3 + [(60, 61)] * 5
    self.assertEqual(play_one(sides, stops=[4]), [100] * 8)

  def test_boxes_and_points_move_along(self):
    turn = np.array([[0.0, -2.0, 10.0], [2.0, 0.0, 20.0]])
    face = faces.Face(
      np.array([10.0, 10, 30, 30]),
      0.5,
      eyes=np.array([[15.0, 15], [25, 15]]),
      mouth=np.array([20.0, 25]),
    )
    one = detection(20, 20)._replace(face=face)
    tracker = tracks.Tracker(lambda frame: [one])
    track = tracker.update(BACKGROUND, 0.0)[0]
    before = track.matrix
    track.move(turn)
    np.testing.assert_allclose(track.face.box, [-50, 40, -10, 80])
    np.testing.assert_allclose(track.face.eyes, [[-20, 50], [-20, 70]])
    np.testing.assert_allclose(track.face.mouth, [-40, 60])
    # What the square showed there, it shows where that has gone.
    np.testing.assert_allclose(
      alignment.apply(track.matrix, alignment.apply(turn, face.eyes)),
      alignment.apply(before, face.eyes),
    )

  def test_refuses_images_without_a_face(self):
    one = detection(100, 100)._replace(face=None)
    with self.assertRaisesRegex(ValueError, 'without a face'):
      tracks.Tracker(lambda frame: [one]).update(BACKGROUND, 0.0)


if __name__ == '__main__':
  absltest.main()

"""Films translated frame after frame, with a Photographs that is made up."""

import io

import numpy as np
from absl.testing import absltest
from PIL import Image

from tf_twingan import faces, framing
from tf_twingan.data.prepare import alignment, preparer, rejections
from tf_twingan.inference import photographs
from tf_twingan.inference.films import film_translator
from tf_twingan.metrics import flicker

SIDE = 32


def scene(seed=0, size=(240, 160)):
  """A smooth random image, uint8 [height, width, 3]."""
  spots = np.random.default_rng(seed).integers(40, 200, [16, 24, 3], np.uint8)
  return np.asarray(
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
  )


def noisy(frame, seed):
  noise = np.random.default_rng(seed).normal(0, 6, frame.shape)
  return np.clip(np.rint(frame + noise), 0, 255).astype(np.uint8)


class Negatives:
  """A Photographs whose translation of a face is its negative.

  Its detector finds one face, and is off by up to two pixels each time.

  Attributes:
    faces: as that of a Photographs.
    found: how many frames have been searched.
    source: the domain that the frames were said to belong to.
    cuttable: whether `cut` finds a subject.
    opacity: mean of what `cut` says is the subject's, with noise; None for
      nothing cut out.
    pasted: what was pasted, by frame.
  """

  def __init__(self, faces='all'):
    self.faces, self.found, self.cuttable = faces, 0, True
    self.source = self.opacity = None
    self.pasted = []
    self._rng = np.random.default_rng(0)

  def direction(self, to, source):
    return to or 'anime', source or 'photo'

  def find(self, photo, source=None, *, every=False):
    del every
    self.found += 1
    self.source = source
    rng = np.random.default_rng(int(photo.sum()) + self.found)
    x, y = np.array([120, 80]) + rng.uniform(-2, 2, 2)
    box = np.array([x - 30, y - 30, x + 30, y + 30])
    face = faces.Face(box, 0.9)
    matrix = alignment.matrix(face, alignment.Template(), 0.0, SIDE)
    one = self._square(photo, matrix)._replace(face=face)
    return preparer.Prepared([one], [])

  def cut(self, photo, matrix, source=None):
    del source
    if not self.cuttable:
      return rejections.Rejection('', 'no_person', None)
    one = self._square(photo, matrix)
    if self.opacity is None:
      return one
    alpha = self._rng.uniform(-0.05, 0.05, [SIDE, SIDE]) + self.opacity
    return one._replace(alpha=alpha.astype(np.float32))

  def _square(self, photo, matrix):
    square = alignment.warp(photo, matrix, SIDE)
    return preparer.PreparedImage(square, None, matrix, 1.0)

  def translate_faces(self, faces, to, source, *, style=None):
    del to, source, style
    squares = [255 - face.image for face in faces]
    return np.array(squares, np.uint8).reshape(-1, SIDE, SIDE, 3)

  def paste(self, photo, faces, translated):
    self.pasted.append(faces)
    result = photo.copy()
    for face, square in zip(faces, translated):
      height, width = photo.shape[:2]
      image, covered = (
        Image.fromarray(layer).transform(
          (width, height),
          Image.Transform.AFFINE,
          tuple(face.matrix.ravel()),
          Image.Resampling.BILINEAR,
        )
        for layer in (square, np.full([SIDE, SIDE], 255, np.uint8))
      )
      inside = np.asarray(covered) == 255
      result[inside] = np.asarray(image)[inside]
    return result

  def translate(self, photo, to=None, source=None, *, style=None):
    if self.faces == 'none':
      return 255 - photo
    found = self.find(photo, source).images
    translated = self.translate_faces(found, to, source, style=style)
    return self.paste(photo, found, translated)


class InvertingTranslator:
  """Translates images of two domains to their negatives."""

  domains, resolution = ('photo', 'anime'), SIDE

  def framing_of(self, domain):
    del domain
    return framing.Framing()

  def source_for(self, to, source=None):
    return source or next(d for d in self.domains if d != to)

  def translate(self, images, to, source=None, *, style=None):
    del to, source, style
    return 255 - images


class MiddleDetector(faces.FaceDetector):
  """Finds a face of 60 pixels in the middle of every image."""

  def find(self, image):
    del image
    return [faces.Face(np.float32([90, 50, 150, 110]), 0.9)]


class TwoDetector(faces.FaceDetector):
  """Finds two faces, of which now one and now the other is larger."""

  def __init__(self):
    self._count = 0

  def find(self, image):
    del image
    self._count += 1
    off = 2 if self._count % 2 else -2
    left = [30 - off, 50 - off, 80 + off, 100 + off]
    right = [150 + off, 50 + off, 200 - off, 100 - off]
    found = [faces.Face(np.float32(box), 0.9) for box in (left, right)]
    return sorted(found, key=lambda face: -face.side)


def play(negatives, frames):
  film = film_translator.FilmTranslator(negatives)
  return [film.translate(frame, i / 25) for i, frame in enumerate(frames)]


class FilmTranslatorTest(absltest.TestCase):
  def test_a_still_film_has_no_flicker_at_all(self):
    frames = [scene()] * 30
    outputs = play(Negatives(), frames)
    for output in outputs:
      np.testing.assert_array_equal(output, outputs[0])
    self.assertEqual(flicker.flicker(outputs, frames), 0.0)
    # The face is translated, and frame by frame it does flicker.
    self.assertGreater(np.abs(outputs[0].astype(int) - scene()).mean(), 2)
    negatives = Negatives()
    alone = [negatives.translate(frame) for frame in frames]
    self.assertGreater(flicker.flicker(alone, frames), 0.002)

  def test_a_face_stays_to_the_bit_where_another_place_changes(self):
    frames = []
    for i in range(30):
      frame = scene().copy()
      frame[:12, : 4 * i] = 255  # Progress along the upper edge.
      frames.append(frame)
    negatives = Negatives()
    outputs = play(negatives, frames)
    face = slice(55, 105), slice(95, 145)
    for output in outputs[1:10]:  # Until it is detected again.
      np.testing.assert_array_equal(output[face], outputs[0][face])
    self.assertEqual(negatives.found, 3)

  def test_a_film_with_noise_flickers_far_less_than_frame_by_frame(self):
    frames = [noisy(scene(), seed) for seed in range(30)]
    region = np.zeros([160, 240], bool)
    region[55:105, 95:145] = True
    negatives = Negatives()
    alone = [negatives.translate(frame) for frame in frames]
    followed = play(Negatives(), frames)
    regions = [region] * 30
    before = flicker.flicker(alone, frames, regions=regions)
    after = flicker.flicker(followed, frames, regions=regions)
    self.assertLess(after, 0.4 * before)
    for frame, output in zip(frames, followed):
      np.testing.assert_array_equal(output[:30], frame[:30])

  def test_nothing_of_the_shot_before_is_left_after_a_cut(self):
    frames = [noisy(scene(0), i) for i in range(6)]
    frames += [noisy(scene(7), 10 + i) for i in range(3)]
    film = play(Negatives(), frames)
    fresh_photographs = Negatives()
    fresh_photographs.found = 1  # So that the detector errs alike.
    fresh = play(fresh_photographs, frames[6:])
    for output, expected in zip(film[6:], fresh):
      np.testing.assert_array_equal(output, expected)

  def test_reset_begins_a_film(self):
    frames = [noisy(scene(), i) for i in range(4)]
    negatives = Negatives()
    film = film_translator.FilmTranslator(negatives)
    for i, frame in enumerate(frames):
      film.translate(frame, i / 25)
    self.assertEqual(negatives.found, 1)
    film.reset()
    negatives.found = 0
    again = film.translate(frames[0], 0.0)
    self.assertEqual(negatives.found, 1)
    np.testing.assert_array_equal(again, play(Negatives(), frames[:1])[0])

  def test_goes_on_from_a_saved_state_to_the_bit(self):
    wide = scene(0, (300, 160))
    frames = [noisy(wide[:, i : i + 240], i) for i in range(40)]
    whole = play(Negatives(), frames)
    for stop in (0, 1, 13, 25):
      negatives = Negatives()
      first = film_translator.FilmTranslator(negatives)
      for i in range(stop):
        first.translate(frames[i], i / 25)
      file = io.BytesIO()
      np.savez(file, **first.state())
      file.seek(0)
      later = Negatives()
      later.found = negatives.found
      second = film_translator.FilmTranslator(later)
      with np.load(file, allow_pickle=False) as state:
        second.restore(state)
      for i in range(stop, 40):
        np.testing.assert_array_equal(
          second.translate(frames[i], i / 25), whole[i], f'{stop}: {i}'
        )

  def test_another_size_begins_a_film(self):
    negatives = Negatives()
    film = film_translator.FilmTranslator(negatives)
    film.translate(scene(), 0.0)
    output = film.translate(scene(0, (300, 200)), 0.04)
    self.assertEqual(output.shape, (200, 300, 3))
    self.assertEqual(negatives.found, 2)

  def test_the_result_and_the_frame_are_the_callers(self):
    film = film_translator.FilmTranslator(Negatives())
    frame = scene().copy()
    first = film.translate(frame, 0.0)
    np.testing.assert_array_equal(frame, scene())
    expected = first.copy()
    first[:] = 0
    frame[:] = 0
    np.testing.assert_array_equal(film.translate(scene(), 0.04), expected)

  def test_without_faces_each_frame_is_translated_whole(self):
    negatives = Negatives('none')
    frames = [scene(0), scene(1)]
    for output, frame in zip(play(negatives, frames), frames):
      np.testing.assert_array_equal(output, 255 - frame)
    self.assertEqual(negatives.found, 0)

  def test_a_face_that_cannot_be_cut_out_leaves_the_frame(self):
    negatives = Negatives()
    negatives.cuttable = False
    np.testing.assert_array_equal(play(negatives, [scene()])[0], scene())

  def test_a_face_that_is_missed_once_does_not_show_through(self):
    negatives = Negatives()
    negatives.opacity = 0.5
    film = film_translator.FilmTranslator(negatives)
    outputs = []
    for i in range(6):
      negatives.cuttable = i != 3
      outputs.append(film.translate(noisy(scene(), i), i / 25))
    middle = slice(70, 90), slice(110, 130)
    error = outputs[3][middle].astype(int) - outputs[2][middle]
    self.assertLess(np.abs(error).max(), 3)
    before, after = (negatives.pasted[i][0].alpha for i in (2, 3))
    np.testing.assert_allclose(before, after, atol=0.01)

  def test_the_edge_of_what_is_cut_out_does_not_tremble(self):
    negatives = Negatives()
    negatives.opacity = 0.5
    play(negatives, [noisy(scene(), i) for i in range(30)])
    alphas = [faces[0].alpha for faces in negatives.pasted]
    self.assertEqual(alphas[0].dtype, np.float32)
    given = 0.1 / 3  # Mean difference of two values of that noise.
    self.assertLess(np.abs(np.diff(alphas[10:], axis=0)).mean(), 0.4 * given)
    self.assertAlmostEqual(np.mean(alphas[-1]), 0.5, delta=0.01)

  def test_goes_with_photographs(self):
    faces.DETECTORS['middle'] = MiddleDetector
    self.addCleanup(faces.DETECTORS.pop, 'middle', None)
    film = film_translator.FilmTranslator(
      photographs.Photographs(
        InvertingTranslator(), detector='middle', harmonize=False
      )
    )
    for i in range(3):
      frame = noisy(scene(), i)
      output = film.translate(frame, i / 25)
      np.testing.assert_array_equal(output[:20], frame[:20])
      middle = slice(65, 95), slice(105, 135)
      error = np.abs(output[middle].astype(int) - (255 - scene()[middle]))
      self.assertLess(error.mean(), 12)

  def test_the_largest_is_one_face_throughout(self):
    faces.DETECTORS['two'] = TwoDetector
    self.addCleanup(faces.DETECTORS.pop, 'two', None)
    for which, expected in (
      ('largest', {(True, False)}),
      ('all', {(True, True)}),
    ):
      film = film_translator.FilmTranslator(
        photographs.Photographs(
          InvertingTranslator(), faces=which, detector='two', harmonize=False
        )
      )
      changed = set()
      for i in range(45):
        frame = noisy(scene(), i)
        differs = film.translate(frame, i / 25) != frame
        changed.add(
          (
            bool(differs[60:90, 40:70].any()),
            bool(differs[60:90, 160:190].any()),
          )
        )
      self.assertEqual(changed, expected)

  def test_asks_for_the_source_domain(self):
    negatives = Negatives()
    film = film_translator.FilmTranslator(negatives, 'photo', 'anime')
    film.translate(scene(), 0.0)
    self.assertEqual(negatives.source, 'anime')


if __name__ == '__main__':
  absltest.main()

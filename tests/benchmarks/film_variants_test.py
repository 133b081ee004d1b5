"""Ways to smooth a film that are measured find and paste as films do."""

import numpy as np
from absl.testing import absltest, parameterized

from benchmarks import film_variants
from tf_twingan import faces
from tf_twingan.data.prepare import options
from tf_twingan.inference import translator
from tf_twingan.inference.films import film_translator

FACE = faces.Face(
  np.float32([40, 30, 80, 70]),
  0.9,
  np.float32([[52, 46], [68, 46]]),
  np.float32([60, 62]),
)


class _Fixed(faces.FaceDetector):
  """Finds one face in every image, and counts them."""

  searched = 0

  def find(self, image):
    type(self).searched += 1
    return [FACE]


class FilmVariantsTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = translator.Translator.from_pretrained('avatar_twins')

  def setUp(self):
    super().setUp()
    faces.DETECTORS['fixed'] = _Fixed
    self.addCleanup(faces.DETECTORS.pop, 'fixed', None)
    _Fixed.searched = 0

  @parameterized.parameters(
    film_translator.FilmTranslator,
    film_variants.NothingSmoothed,
    film_variants.OutputsSmoothed,
    film_variants.CodesSmoothed,
  )
  def test_only_faces_change_and_frames_are_searched_once(self, way):
    photographs = film_variants.RememberingPhotographs(
      self.model, preparation=options.Options(faces='fixed', resolution=64)
    )
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, [3, 100, 200, 3], np.uint8)
    searched = []
    for _ in range(2):
      film = way(photographs)
      outputs = [film.translate(f, t / 25) for t, f in enumerate(frames)]
      searched.append(_Fixed.searched)
    self.assertEqual(searched[0], searched[1])
    for frame, output in zip(frames, outputs):
      np.testing.assert_array_equal(output[:, 120:], frame[:, 120:])
      self.assertGreater(
        np.abs(output.astype(int) - frame)[40:60, 50:70].mean(), 5
      )


if __name__ == '__main__':
  absltest.main()

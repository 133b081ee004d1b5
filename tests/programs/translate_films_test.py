"""The translate program with films and cameras."""

import pathlib
import tempfile
from unittest import mock

import av
import cv2
import numpy as np
from absl.testing import absltest, parameterized

from tests import shared_artifacts
from tests.inference.films import film_files
from tests.programs import in_process
from tf_twingan import faces, image_io, provenance, translate_flags
from tf_twingan.inference.films import (
  film_translator,
  frame_translators,
  job,
)


class Middle(faces.FaceDetector):
  """Finds a face in the middle of every image."""

  def find(self, image):
    return [faces.Face(np.float32([20, 12, 44, 36]), 0.9)]


class Corners(faces.FaceDetector):
  """Finds two faces in every image, the larger one on the left."""

  def find(self, image):
    return [
      faces.Face(np.float32([4, 12, 30, 38]), 0.9),
      faces.Face(np.float32([40, 14, 60, 34]), 0.9),
    ]


class TranslateFilmsTest(parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()

  def setUp(self):
    super().setUp()
    faces.DETECTORS['middle'] = Middle
    faces.DETECTORS['corners'] = Corners
    self.addCleanup(faces.DETECTORS.pop, 'middle', None)
    self.addCleanup(faces.DETECTORS.pop, 'corners', None)
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.images = film_files.images(6)
    self.clip = film_files.write(
      self.folder / 'clip.mp4', self.images, sound='aac'
    )
    self.output = self.folder / 'clip.anime.mp4'

  def translate(self, *more, path=None, output=''):
    output = self.output if output == '' else output
    return in_process.run(
      'translate',
      f'--run_dir={self.run_dir}',
      '--to=anime',
      f'--input={path or self.clip}',
      *([f'--output={output}'] if output else []),
      *more,
    )

  @parameterized.parameters(
    ((), True),
    (('--nosmooth', '--faces=largest'), True),
    (('--faces=none',), False),
  )
  def test_a_film(self, more, has_faces):
    if has_faces:
      more = (*more, '--detector=middle')
    code, output = self.translate(*more)
    self.assertEqual(code, 0, output)
    self.assertIn(f'6 frames translated to {self.output}', output)
    images, _ = film_files.read(self.output)
    self.assertEqual(images.shape, self.images.shape)
    differences = np.abs(images - self.images.astype(int)).mean(axis=(0, 3))
    self.assertGreater(differences[20:28, 28:36].mean(), 8)
    is_like_before = differences[:4].mean() < 5 and differences[-4:].mean() < 5
    self.assertEqual(is_like_before, has_faces)
    with av.open(str(self.output)) as container:
      self.assertLen(container.streams.audio, 1)
      comment = container.metadata['comment']
    self.assertStartsWith(comment, 'AI-generated')
    kind = 'compositeWith' if has_faces else 'digitalsourcetype/trained'
    self.assertIn(kind, comment)

  @parameterized.product(more=[(), ('--nosmooth',)], which=['all', 'largest'])
  def test_which_faces(self, more, which):
    code, output = self.translate(
      '--detector=corners', f'--faces={which}', *more
    )
    self.assertEqual(code, 0, output)
    images, _ = film_files.read(self.output)
    differences = np.abs(images - self.images.astype(int)).mean(axis=(0, 3))
    left, right = differences[20:30, 12:22], differences[20:28, 46:54]
    self.assertGreater(left.mean(), 8)
    self.assertEqual(right.mean() > 8, which == 'all')

  @parameterized.parameters(
    ((), film_translator, 'FilmTranslator', True, False, 'all'),
    (
      ('--nosmooth', '--keep_location', '--faces=largest'),
      frame_translators,
      'FrameByFrame',
      False,
      True,
      'largest',
    ),
  )
  def test_what_flags_ask_for(
    self, more, module, name, smooth, keep_location, which
  ):
    style = np.arange(4, dtype=np.float32)
    with (
      mock.patch.object(job, 'run') as run,
      mock.patch.object(translate_flags, 'style_code', return_value=style),
      mock.patch.object(module, name) as kind,
    ):
      code, output = self.translate('--detector=middle', '--feather=0.2', *more)
    self.assertEqual(code, 0, output)
    (planned, frames, options), more = run.call_args
    self.assertEqual(planned.output, self.output)
    self.assertIs(frames, kind.return_value)
    (whole, to, source), given = kind.call_args
    self.assertEqual((whole.faces, to, source), (which, 'anime', 'photo'))
    np.testing.assert_array_equal(given['style'], style)
    self.assertEqual(more['keep_location'], keep_location)
    self.assertEqual(more['origin'].source_type, provenance.PARTS)
    # They tell parts of one call from those of another.
    self.assertEqual(options['smooth'], smooth)
    self.assertEqual(options['compare'], False)
    self.assertEqual(options['faces'], which)
    self.assertEqual(options['detector'], 'middle')
    self.assertEqual(options['feather'], 0.2)
    self.assertEqual(options['to'], 'anime')
    self.assertIsNotNone(options['style'])

  def test_a_folder_that_is_called_like_a_film(self):
    photos = self.folder / 'photos.mov'
    photos.mkdir()
    image_io.write_png(photos / 'a.png', self.images[0])
    code, output = self.translate(path=photos, output=self.folder / 'out')
    self.assertEqual(code, 0, output)
    self.assertTrue((self.folder / 'out' / 'a.png').exists())

  def test_side_by_side_and_no_provenance(self):
    code, output = self.translate(
      '--side_by_side', '--detector=middle', '--no_provenance'
    )
    self.assertEqual(code, 0, output)
    images, _ = film_files.read(self.output)
    self.assertEqual(images.shape[1:3], (48, 128))
    with av.open(str(self.output)) as container:
      self.assertNotIn('comment', container.metadata)

  def test_stopped_and_resumed_is_the_same_film(self):
    film_files.write(self.clip, film_files.images(45))
    whole = self.folder / 'whole.mp4'
    code, output = self.translate('--detector=middle', output=whole)
    self.assertEqual(code, 0, output)
    original, calls = film_translator.FilmTranslator.translate, []

    def translate(*arguments):
      calls.append(arguments)
      if len(calls) == 30:
        raise KeyboardInterrupt
      return original(*arguments)

    stopped = mock.patch.object(
      film_translator.FilmTranslator, 'translate', translate
    )
    with stopped:
      code, output = self.translate('--detector=middle')
    self.assertEqual(code, 1)
    self.assertIn(
      f'Interrupted. 20 frames are translated and stay in {self.output}.parts; '
      'the same command goes on there.',
      output,
    )
    code, output = self.translate('--detector=middle')
    self.assertEqual(code, 0, output)
    self.assertEqual(self.output.read_bytes(), whole.read_bytes())

  def test_a_camera(self):
    device = mock.Mock()
    device.read.side_effect = [
      *((True, image[..., ::-1]) for image in self.images),
      KeyboardInterrupt,
    ]
    with mock.patch.object(cv2, 'VideoCapture', return_value=device):
      code, output = self.translate('--detector=middle', path='camera:0')
    self.assertEqual(code, 0, output)
    self.assertIn(f'6 frames translated to {self.output}', output)
    self.assertLen(film_files.read(self.output)[0], 6)

  def test_a_camera_without_a_display(self):
    device = mock.Mock()
    with (
      mock.patch.object(cv2, 'VideoCapture', return_value=device),
      mock.patch.dict('os.environ', DISPLAY=''),
    ):
      code, output = self.translate(
        '--detector=middle', path='camera:0', output=None
      )
    self.assertEqual(code, 1)
    self.assertRegex(output, r'Error: There is no display .*\n$')

  def test_what_is_refused_in_one_line(self):
    (self.folder / 'still.mp4').write_bytes(b'no film')
    for more, path, output, reason in (
      (['--crops'], None, '', '--crops is for images, and --input='),
      (['--format=png'], None, '', '--format is for images'),
      (['--noframe_as_trained'], None, '', '--frame_as_trained is for images'),
      (['--beam_option=x=1'], None, '', '--beam_option is for images'),
      (['--smooth', '--faces=none'], None, '', '--smooth follows faces'),
      (['--keep_location'], 'camera:0', '', '--keep_location is for photos'),
      (['--smooth'], 'a.png', '', '--smooth is for films, and --input=a.png'),
      ([], None, None, '--output is missing'),
      ([], 'a.png', None, '--output is missing'),
      ([], None, self.folder, 'is a folder; give a file for the film'),
      ([], None, self.clip, 'would be overwritten'),
      ([], self.folder / 'still.mp4', '', 'is no film that can be read'),
      ([], 'no.mp4', '', 'no.mp4: no such file; check the path'),
      ([], 'camera:one', '', 'camera:0 is the first one'),
      (['--from=anime', '--to=x'], None, '', 'no domain|no such|unknown'),
    ):
      with self.subTest(reason):
        code, said = self.translate(*more, path=path, output=output)
        self.assertEqual(code, 1, said)
        self.assertRegex(said.splitlines()[-1], f'^Error: .*({reason})')


if __name__ == '__main__':
  absltest.main()

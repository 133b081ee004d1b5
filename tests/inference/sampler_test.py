"""Drawing from noise with what a training left, in Python and as a command."""

import pathlib
import tempfile

import numpy as np
import tensorflow as tf

import tf_twingan
from tests import program_process, tiny_run
from tf_twingan import image_io
from tf_twingan.inference import sampler
from tf_twingan.losses import teacher_model


class SamplingTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = tiny_run.make_of_noise()
    cls.sampler = tf_twingan.Sampler(str(cls.run_dir))

  def sample(self, *flags):
    output = pathlib.Path(tempfile.mkdtemp(), 'sampled')
    code, text = program_process.run('sample', f'--output={output}', *flags)
    return code, text, output

  def test_images_depend_on_noise_and_domain_alone(self):
    self.assertEqual(self.sampler.domains, ('photo', 'anime'))
    self.assertEqual(self.sampler.resolution, 8)
    self.assertEqual(self.sampler.images_seen, 1000)
    latents = self.sampler.noise(40, seed=3)
    photos = self.sampler.draw(latents, 'photo')
    self.assertEqual(photos.shape, (40, 8, 8, 3))
    self.assertEqual(photos.dtype, np.uint8)
    self.assertNotAllEqual(photos[0], photos[1])
    self.assertNotAllEqual(photos, self.sampler.draw(latents, 'anime'))
    for index in (0, 33):
      alone = self.sampler.draw(latents[index : index + 1], 'photo')
      self.assertAllClose(alone[0], photos[index], atol=1)
    self.assertAllEqual(self.sampler.noise(5, seed=3), latents[:5])
    self.assertNotAllClose(self.sampler.noise(5, seed=4), latents[:5])
    self.assertEqual(self.sampler.draw(latents[:0], 'photo').shape[0], 0)

  def test_one_domain_goes_without_saying(self):
    single = tf_twingan.Sampler(str(tiny_run.make_of_noise(['anime'])))
    latents = single.noise(2)
    self.assertAllEqual(single.draw(latents), single.draw(latents, 'anime'))
    with self.assertRaisesRegex(ValueError, 'draws photo, anime; name one'):
      self.sampler.draw(latents)

  def test_between_goes_along_an_arc(self):
    way = sampler.between(np.float32([3, 0]), np.float32([0, 1]), 3)
    half = np.sqrt(0.5)
    expected = [[1, 0], [half, half], [0, 1]]
    self.assertAllClose(way, np.sqrt(2) * np.float32(expected), atol=1e-6)
    same = sampler.between(np.float32([2, 0]), np.float32([1, 0]), 2)
    self.assertAllClose(same, np.sqrt(2) * np.float32([[1, 0], [1, 0]]))

  def test_bad_input_is_named(self):
    with self.assertRaisesRegex(ValueError, "no domain 'cat'.*photo, anime"):
      self.sampler.draw(self.sampler.noise(1), 'cat')
    with self.assertRaisesRegex(ValueError, r'are \[2, 5\]; give \[n, 6\]'):
      self.sampler.draw(np.zeros([2, 5], np.float32), 'photo')

  def test_what_translates_and_what_draws_name_each_other(self):
    run = tiny_run.make()
    with self.assertRaisesRegex(
      ValueError, f'tf_twingan.translate --run_dir={run} '
    ):
      tf_twingan.Sampler(str(run))
    with self.assertRaisesRegex(
      ValueError, f'tf_twingan.sample --run_dir={self.run_dir} '
    ):
      tf_twingan.Translator(str(self.run_dir))
    with self.assertRaisesRegex(ValueError, 'name a model that translates'):
      teacher_model.Teacher(str(self.run_dir))

  def test_the_command_draws_every_domain_of_the_same_noise(self):
    code, text, output = self.sample(
      f'--run_dir={self.run_dir}', '--count=10', '--seed=3'
    )
    self.assertEqual(code, 0, text)
    self.assertIn(f'10 images of anime in {output / "anime"}', text)
    latents = self.sampler.noise(10, seed=3)
    for domain in self.sampler.domains:
      drawn = self.sampler.draw(latents, domain)
      self.assertAllClose(
        image_io.read(output / domain / '0009.png'), drawn[9], atol=1
      )
      self.assertGreater(image_io.read(output / f'{domain}.png').shape[0], 96)

  def test_the_command_goes_from_noise_to_noise(self):
    code, text, output = self.sample(
      f'--run_dir={self.run_dir}',
      '--count=3',
      '--domain=anime',
      '--interpolate=4',
    )
    self.assertEqual(code, 0, text)
    names = sorted(p.name for p in (output / 'anime').iterdir())
    self.assertLen(names, 8)
    self.assertEqual(names[-1], '0001_03.png')
    self.assertFalse((output / 'photo').exists())
    last, first = (
      image_io.read(output / 'anime' / n)
      for n in ('0000_03.png', '0001_00.png')
    )
    self.assertAllClose(last, first, atol=1)

  def test_user_errors_are_one_line(self):
    other = tiny_run.make()
    flags = [
      f'--output={pathlib.Path(tempfile.mkdtemp(), "output")}',
      f'--run_dir={self.run_dir}',
    ]
    instead = f'tf_twingan.sample --run_dir={self.run_dir} '
    for program, cases in {
      'sample': {
        'tf_twingan.translate --run_dir=': [*flags, f'--run_dir={other}'],
        "no domain 'cat'": [*flags, '--domain=cat'],
        '--count is 1; give 2 or more': [
          *flags,
          '--count=1',
          '--interpolate=3',
        ],
        'not a run directory': [*flags, '--run_dir=/does/not/exist'],
      },
      'translate': {instead: [*flags, '--to=anime', f'--input={other}']},
      'evaluate': {instead: flags},
    }.items():
      results = program_process.run_each(program, *cases.values())
      for message, (code, text) in zip(cases, results, strict=True):
        self.assertEqual(code, 1, text)
        last = text.strip().splitlines()[-1]
        self.assertStartsWith(last, 'Error: ')
        self.assertIn(message, last)
        self.assertNotIn('Traceback', text)


if __name__ == '__main__':
  tf.test.main()

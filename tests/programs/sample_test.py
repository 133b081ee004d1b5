"""The sample program: what it writes, prints and refuses."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest

import tf_twingan
from tests import shared_artifacts
from tests.programs import in_process
from tf_twingan import image_io


class SampleTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run_of_noise()

  def setUp(self):
    super().setUp()
    self.output = pathlib.Path(tempfile.mkdtemp(), 'sampled')

  def sample(self, *flags):
    return in_process.run(
      'sample', f'--output={self.output}', f'--run_dir={self.run_dir}', *flags
    )

  def test_every_domain_comes_from_the_same_noise(self):
    code, text = self.sample('--count=10', '--seed=3')
    self.assertEqual(code, 0, text)
    self.assertIn(f'10 images of anime in {self.output / "anime"}', text)
    sampler = tf_twingan.Sampler(str(self.run_dir))
    latents = sampler.noise(10, seed=3)
    for domain in sampler.domains:
      expected = sampler.generate(latents, domain)
      np.testing.assert_allclose(
        image_io.read(self.output / domain / '0009.png').astype(int),
        expected[9],
        atol=1,
      )
      sheet = image_io.read(self.output / f'{domain}.png')
      self.assertGreater(sheet.shape[0], 96)

  def test_interpolation_leads_from_one_noise_to_the_next(self):
    code, text = self.sample('--count=3', '--domain=anime', '--interpolate=4')
    self.assertEqual(code, 0, text)
    names = sorted(p.name for p in (self.output / 'anime').iterdir())
    self.assertLen(names, 8)
    self.assertEqual(names[-1], '0001_03.png')
    self.assertFalse((self.output / 'photo').exists())
    last, first = (
      image_io.read(self.output / 'anime' / name).astype(int)
      for name in ('0000_03.png', '0001_00.png')
    )
    np.testing.assert_allclose(last, first, atol=1)

  def test_other_images_in_the_output_are_never_overwritten(self):
    (self.output / 'anime').mkdir(parents=True)
    own = self.output / 'anime' / '0001.png'
    image_io.write_png(own, np.zeros([6, 6, 3], np.uint8))
    code, text = self.sample('--count=2', '--domain=anime')
    self.assertEqual(code, 1)
    self.assertIn('0001.png is there, is no earlier output', text)
    self.assertEqual(image_io.read(own).shape, (6, 6, 3))

  def test_user_errors_are_one_line(self):
    other = shared_artifacts.run()
    for message, flags in {
      f'tf_twingan.translate --run_dir={other}': [f'--run_dir={other}'],
      "no domain 'cat'": ['--domain=cat'],
      '--count is 1; give 2 or more': ['--count=1', '--interpolate=3'],
      f'{__file__}: no folder, so that nothing can be written': [
        '--run_dir=/does/not/exist',
        f'--output={__file__}',
      ],
      'not a run directory': ['--run_dir=/does/not/exist'],
      "unexpected argument 'here'": ['here'],
    }.items():
      code, text = self.sample(*flags)
      self.assertEqual(code, 1, text)
      last = text.strip().splitlines()[-1]
      self.assertStartsWith(last, 'Error: ')
      self.assertIn(message, last)
      self.assertFalse(self.output.exists())

  def test_what_wants_images_names_this_program(self):
    for program in ('translate', 'evaluate'):
      code, text = in_process.run(
        program,
        f'--run_dir={self.run_dir}',
        f'--output={self.output}',
        *(['--to=anime', '--input=.'] if program == 'translate' else []),
      )
      self.assertEqual(code, 1, text)
      instead = f'tf_twingan.sample --run_dir={self.run_dir} '
      self.assertRegex(text, f'(?m)^Error: .*{instead}')


if __name__ == '__main__':
  absltest.main()

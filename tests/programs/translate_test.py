"""The translate program: what it writes, prints and refuses."""

import pathlib
import tempfile

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests import shared_artifacts
from tests.programs import in_process
from tf_twingan import image_arrays, image_io, inference


def translate(*flags):
  return in_process.run('translate', *flags)


class TranslateTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(tempfile.mkdtemp())
    self.inputs, self.outputs = folder / 'in', folder / 'out'
    (self.inputs / 'deep').mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, [50, 40, 3], np.uint8)
    self.image = Image.fromarray(noise)
    self.image.save(self.inputs / 'a.jpg')
    self.image.save(self.inputs / 'a.png')
    self.image.save(self.inputs / 'deep' / 'b.webp')
    (self.inputs / 'broken.jpg').write_bytes(b'\xff\xd8 no image')
    (self.inputs / 'notes.txt').write_text('no image')
    self.flags = [
      f'--run_dir={self.run_dir}',
      f'--input={self.inputs}',
      f'--output={self.outputs}',
    ]

  def results(self):
    return sorted(
      str(p.relative_to(self.outputs)) for p in self.outputs.rglob('*.png')
    )

  def test_a_folder(self):
    code, output = translate(*self.flags, '--to=anime')
    self.assertEqual(code, 0, output)
    # Two sources of one name keep their endings apart.
    self.assertEqual(self.results(), ['a.jpg.png', 'a.png.png', 'deep/b.png'])
    self.assertIn('3 of 4 images translated', output)
    self.assertIn('skipped', output)
    self.assertIn('broken.jpg', output)
    self.assertEqual(
      image_io.read(self.outputs / 'deep' / 'b.png').shape, (8, 8, 3)
    )

  def test_one_image_beside_its_source(self):
    one = [*self.flags[:1], f'--input={self.inputs / "a.jpg"}', self.flags[2]]
    code, output = translate(*one, '--to=anime', '--side_by_side')
    self.assertEqual(code, 0, output)
    self.assertEqual(self.results(), ['a.png'])
    pair = image_io.read(self.outputs / 'a.png')
    self.assertEqual(pair.shape, (8, 16, 3))
    source = image_arrays.square(
      image_io.read(self.inputs / 'a.jpg', at_least=16), 8
    )
    np.testing.assert_array_equal(pair[:, :8], source)

  def test_a_reference_or_a_seed_chooses_the_style(self):
    run = shared_artifacts.run(style_size=4)
    reference = self.inputs / 'reference.png'
    Image.new('RGB', (30, 20), (250, 20, 60)).save(reference)
    translator = inference.Translator(str(run))
    read = image_arrays.square(image_io.read(reference), 8)
    for flag, style in (
      (f'--reference={reference}', translator.style(read[None], 'anime')[0]),
      ('--style_seed=7', translator.random_styles(1, seed=7)[0]),
    ):
      code, output = translate(
        f'--run_dir={run}',
        f'--input={self.inputs / "a.png"}',
        f'--output={self.outputs}',
        '--to=anime',
        flag,
      )
      self.assertEqual(code, 0, output)
      source = image_arrays.square(image_io.read(self.inputs / 'a.png'), 8)
      written = image_io.read(self.outputs / 'a.png').astype(int)
      expected = translator.translate(source[None], to='anime', style=style)[0]
      self.assertLessEqual(np.abs(written - expected).max(), 1)
      mean_style = translator.translate(source[None], to='anime')[0]
      self.assertGreater(np.abs(written - mean_style).max(), 5)

  def test_originals_are_never_overwritten(self):
    before = (self.inputs / 'a.png').read_bytes()
    (self.inputs / 'a.jpg').unlink()
    code, output = translate(
      *self.flags, '--to=anime', f'--output={self.inputs}'
    )
    self.assertEqual(code, 1)
    self.assertIn('would be overwritten; choose another --output', output)
    self.assertEqual((self.inputs / 'a.png').read_bytes(), before)

  def test_user_errors_are_one_line(self):
    empty, broken = (pathlib.Path(tempfile.mkdtemp()) for _ in range(2))
    (broken / 'broken.jpg').write_bytes(b'no image')
    to_anime = [*self.flags, '--to=anime']
    for message, flags in {
      "no domain 'cat'": [*self.flags, '--to=cat'],
      "no domain 'dog'": [*to_anime, '--from=dog'],
      'give either --run_dir': to_anime[1:],
      "model 'dogs'": [*to_anime[1:], '--model=dogs'],
      '/no/such': [*to_anime, '--input=/no/such'],
      f'{__file__}: no folder, so that nothing can be written': [
        *to_anime,
        '--run_dir=/no/such',
        f'--output={__file__}/in/it',
      ],
      'no style codes': [*to_anime, '--style_seed=1'],
      'both ask for a style; give one of them': [
        *to_anime,
        '--style_seed=1',
        '--reference=a.png',
      ],
      str(empty): [*to_anime, f'--input={empty}'],
      'no image could be read': [*to_anime, f'--input={broken}'],
      "unexpected argument 'here'": [*to_anime, 'here'],
    }.items():
      code, output = translate(*flags)
      self.assertEqual(code, 1, output)
      last = output.strip().splitlines()[-1]
      self.assertStartsWith(last, 'Error: ')
      self.assertIn(message, last)


if __name__ == '__main__':
  absltest.main()

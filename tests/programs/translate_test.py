"""The translate program: what it writes, prints and refuses."""

import os
import pathlib
import shutil
import tempfile
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest
from PIL import Image

from tests import shared_artifacts, tiny_run
from tests.programs import in_process
from tf_twingan import (
  framing,
  image_arrays,
  image_io,
  inference,
  provenance,
)
from tf_twingan.inference import batching
from tf_twingan.runs import recorded_framing


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

  @pytest.mark.slow
  def test_images_are_framed_as_in_training(self):
    run = tiny_run.make()
    recorded_framing.write(run, {'photo': framing.Framing(0.5)})
    flags = [f'--run_dir={run}', *self.flags[1:], '--to=anime']
    framed = inference.Translator(str(run))

    def expected(image):
      return framed.translate(image[None], to='anime')[0]

    code, output = translate(*flags)
    self.assertEqual(code, 0, output)
    self.assertIn('photo are framed as in training: crop=0.5', output)
    np.testing.assert_array_equal(
      image_io.read(self.outputs / 'a.png.png'),
      expected(image_arrays.square(np.asarray(self.image), 8, crop=0.5)),
    )
    code, output = translate(*flags, '--noframe_as_trained')
    self.assertNotIn('framed', output)
    np.testing.assert_array_equal(
      image_io.read(self.outputs / 'a.png.png'),
      expected(image_arrays.square(np.asarray(self.image), 8)),
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

  def test_odd_entries_are_listed_and_the_others_translated(self):
    os.symlink('/no/such.png', self.inputs / 'dangling.png')
    os.symlink('loop.png', self.inputs / 'loop.png')
    os.mkfifo(self.inputs / 'pipe.png')
    long = f'{"a" * 251}.png'
    self.image.save(self.inputs / long)
    # Kept apart by their endings, the names are too long for the disk.
    for ending in ('.png', '.jpg'):
      self.image.save(self.inputs / f'{"b" * 251}{ending}')
    not_utf8 = os.fsdecode(b'\xff.png')
    self.image.save(self.inputs / not_utf8)
    (self.outputs / 'deep' / 'b.png').mkdir(parents=True)
    code, output = translate(*self.flags, '--to=anime')
    self.assertEqual(code, 0, output)
    self.assertCountEqual(
      [p for p in os.listdir(self.outputs) if p not in ('deep', '.translated')],
      ['a.jpg.png', 'a.png.png', long, not_utf8, 'skipped.csv'],
    )
    self.assertIn('4 of 11 images translated', output)
    listed = [
      line.split(': ', 1)
      for line in output.splitlines()
      if '  skipped ' in line
    ]
    names = [pathlib.Path(path.split()[-1]).name for path, _ in listed]
    self.assertCountEqual(
      names,
      ['broken.jpg', 'dangling.png', 'loop.png', 'pipe.png', 'b.webp']
      + [f'{"b" * 251}{ending}' for ending in ('.png', '.jpg')],
    )
    self.assertTrue(all(reason for _, reason in listed))
    self.assertTrue(output.isascii())

  def test_outputs_inside_the_input_are_not_translated_again(self):
    flags = [*self.flags, '--to=anime', f'--output={self.inputs / "deep"}']
    (self.inputs / 'deep' / 'b.webp').unlink()
    for _ in range(2):
      code, output = translate(*flags)
      self.assertEqual(code, 0, output)
      self.assertIn('2 of 3 images translated', output)
    self.assertIn('2 images in', output)
    self.assertIn('are left out: outputs go there', output)

  def test_an_interruption_keeps_what_is_done(self):
    shutil.rmtree(self.inputs / 'deep')
    with (
      mock.patch.object(batching, 'BATCH_SIZE', 1),
      mock.patch.object(
        inference.Translator,
        'translate',
        side_effect=[np.zeros([1, 8, 8, 3], np.uint8), KeyboardInterrupt],
      ),
    ):
      code, output = translate(*self.flags, '--to=anime')
    self.assertEqual(code, 1)
    self.assertRegex(
      output, 'Interrupted. 1 of 3 images are translated and stay; the same'
    )
    self.assertLen(self.results(), 1)

  def test_the_same_command_goes_on(self):
    flags = [*self.flags, '--to=anime', '--format=webp']
    code, output = translate(*flags)
    self.assertEqual(code, 0, output)
    results = {p: p.stat().st_mtime_ns for p in self.outputs.rglob('*.webp')}
    self.assertLen(results, 3)
    next(iter(results)).unlink()
    code, output = translate(*flags)
    self.assertEqual(code, 0, output)
    self.assertIn('2 of 4 images are translated already and stay', output)
    self.assertIn('3 of 4 images translated', output)
    after = {p: p.stat().st_mtime_ns for p in self.outputs.rglob('*.webp')}
    self.assertLen(after.items() & results.items(), 2)
    # Another domain is another result.
    code, output = translate(*flags, '--to=photo', '--from=anime')
    self.assertNotIn('already', output)

  def test_through_beam(self):
    code, output = translate(*self.flags, '--to=anime', '--runner=FnApiRunner')
    self.assertEqual(code, 0, output)
    self.assertEqual(self.results(), ['a.jpg.png', 'a.png.png', 'deep/b.png'])
    self.assertIn('3 of 4 images translated', output)
    self.assertIn('broken.jpg', (self.outputs / 'skipped.csv').read_text())
    # It goes on with what the loop did, and the other way round.
    code, output = translate(*self.flags, '--to=anime')
    self.assertIn('3 of 4 images are translated already', output)

  def test_results_say_what_they_are_unless_told_not_to(self):
    one = [self.flags[0], f'--input={self.inputs / "a.jpg"}', '--to=anime']
    for flags, expected in (
      ([], 'run'),
      (['--noprovenance'], None),
      (['--no_provenance'], None),
    ):
      output = pathlib.Path(tempfile.mkdtemp())
      code, printed = translate(*one, f'--output={output / "b.png"}', *flags)
      self.assertEqual(code, 0, printed)
      origin = provenance.read(output / 'b.png')
      self.assertEqual(origin and origin.model, expected)

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

  @pytest.mark.slow
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

  def test_other_images_in_the_output_are_never_overwritten(self):
    self.outputs.mkdir()
    self.image.save(self.outputs / 'b.png')
    before = (self.outputs / 'b.png').read_bytes()
    code, output = translate(
      *self.flags, '--to=anime', f'--input={self.inputs / "deep" / "b.webp"}'
    )
    self.assertEqual(code, 1)
    self.assertIn('b.png is there, is no earlier output, and would', output)
    self.assertEqual((self.outputs / 'b.png').read_bytes(), before)

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
      "did you mean 'FnApiRunner'?": [*to_anime, '--runner=FnApirunner'],
      '--input is one image: leave --runner out': [
        *to_anime,
        '--run_dir=/no/such',
        '--runner=FnApiRunner',
        f'--input={broken / "broken.jpg"}',
      ],
      'give --runner=FnApiRunner, too': [*to_anime, '--beam_option=a=1'],
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

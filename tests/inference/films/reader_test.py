"""Films of every kind are read right, or refused in one line."""

import io
import os
import pathlib
import tempfile
from fractions import Fraction
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.inference.films import film_files
from tf_twingan import image_limits
from tf_twingan.inference.films import reader

QUARTER_TURN = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)


def png():
  file = io.BytesIO()
  Image.new('RGB', (16, 16), (200, 0, 0)).save(file, 'png')
  return file.getvalue()


class ReaderTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def film(self, name='film.mp4', *frames, **options):
    return reader.Film(film_files.write(self.folder / name, *frames, **options))

  @parameterized.parameters(
    ('a.mp4', 'libx264', 'aac'),
    ('a.mov', 'libx264', 'pcm_s16le'),
    ('a.mkv', 'libx264', 'flac'),
    ('a.mkv', 'libx265', None),
    ('a.webm', 'libvpx-vp9', 'libopus'),
    ('a.avi', 'libx264', 'libmp3lame'),
    ('a.avi', 'mpeg4', None),
    ('a.ts', 'libx264', 'aac'),
    ('a.mp4', 'gif', None),
  )
  def test_containers_and_codecs(self, name, codec, sound):
    images = film_files.images(12)
    options = {}
    if codec == 'gif':
      options = {'pixels': 'rgb8', 'format': 'gif'}
    elif codec == 'mpeg4':  # It has no tags, and players assume these.
      options = {'tags': (6, 1, 2, 2)}
    film = self.film(
      name,
      images,
      codec=codec,
      sound=sound,
      time_base=Fraction(1, film_files.RATE),
      **options,
    )
    frames = list(film.frames())
    self.assertEqual((film.width, film.height), (64, 48))
    self.assertEqual(film.frame_count, 12)
    self.assertEqual(film.rate, film_files.RATE)
    self.assertIsNone(film.missing)
    first = frames[0].seconds
    self.assertBetween(first, 0, 0.1)
    np.testing.assert_allclose(
      [frame.seconds - first for frame in frames],
      np.arange(12) / film_files.RATE,
      atol=1e-3,
    )
    if codec != 'gif':
      decoded = np.stack([frame.image for frame in frames]).astype(int)
      self.assertLess(np.abs(decoded - images).mean(), 8)

  def test_times_vary(self):
    pts = [0, 40, 50, 300, 1000]
    film = self.film('a.mp4', pts=pts, time_base=Fraction(1, 30_000))
    self.assertEqual(
      [frame.pts * film.time_base * 30_000 for frame in film.frames()], pts
    )

  def test_joined_films_follow_each_other(self):
    path = self.folder / 'a.ts'
    film_files.write(
      path, film_files.images(15), time_base=Fraction(1, film_files.RATE)
    )
    path.write_bytes(3 * path.read_bytes())
    film = reader.Film(path)
    times = [frame.seconds for frame in film.frames()]
    np.testing.assert_allclose(
      times, times[0] + np.arange(45) / film_files.RATE, atol=1e-3
    )
    np.testing.assert_allclose(
      np.array(film.joined) * float(film.time_base), [1.5, 3.0], atol=1e-3
    )
    again = [frame.seconds for frame in film.frames(skip=20)]
    self.assertEqual(again, times[20:])

  def test_a_time_that_goes_back_a_little_follows_the_one_before(self):
    film = self.film('a.mkv', film_files.images(5))
    for pts, (frame, last) in (
      (200, (100, 100)),
      (200, (50, 100)),
      (101, (101, 100)),
      (200, (None, 100)),
    ):
      self.assertEqual(film._pts(mock.Mock(pts=frame), last), pts)
    self.assertEmpty(film.joined)

  def test_frames_are_upright(self):
    film = self.film(matrix=QUARTER_TURN, pixel_shape=Fraction(4, 3))
    self.assertEqual((film.width, film.height), (48, 64))
    self.assertEqual(film.pixel_shape, Fraction(3, 4))
    image = next(film.frames()).image
    self.assertEqual(image.shape, (64, 48, 3))
    # Of the corners the upper left one is blue, the upper right one red.
    np.testing.assert_allclose(image[2, 2], (40, 40, 200), atol=20)
    np.testing.assert_allclose(image[2, -3], (200, 40, 40), atol=20)

  def test_skipping_leaves_the_others_as_they_are(self):
    film = self.film('a.mp4', film_files.images(9))
    frames = list(film.frames())
    rest = list(film.frames(skip=4))
    self.assertLen(rest, 5)
    for frame, again in zip(frames[4:], rest):
      np.testing.assert_array_equal(frame.image, again.image)
      self.assertEqual(frame[1:], again[1:])

  def test_a_cover_is_no_film(self):
    film = self.film(sound='aac', cover=png())
    self.assertLen(list(film.frames()), 5)
    self.assertEmpty(film.remarks)

  def test_sound_may_come_first(self):
    film = self.film('a.mkv', sound='aac', sound_first=True)
    self.assertLen(list(film.frames()), 5)

  def test_one_of_several_films(self):
    film = self.film('two.mkv', second='mpeg4')
    self.assertEqual((film.width, film.height), (64, 48))
    self.assertEqual(
      film.remarks, ['It holds 2 films; number 1 is translated.']
    )

  def test_ten_bits(self):
    gray = [np.full([48, 64, 3], (502, 512, 512), np.uint16)] * 2
    film = self.film(
      'a.mp4', gray, codec='libx264', pixels='yuv420p10le', tags=(9, 1, 9, 14)
    )
    np.testing.assert_allclose(next(film.frames()).image, 128, atol=2)
    self.assertEqual(film.colors.result, (9, 1, 9, 14))
    self.assertEmpty(film.remarks)

  def test_high_dynamic_range_is_said(self):
    white = [np.full([48, 64, 3], (573, 512, 512), np.uint16)] * 2
    film = self.film(
      'a.mp4', white, codec='libx264', pixels='yuv420p10le', tags=(9, 1, 9, 16)
    )
    self.assertEqual(film.colors.result, (1, 1, 1, 1))
    self.assertRegex(film.remarks[0], 'high dynamic range, and the result a st')

  @parameterized.parameters(
    ('a.mkv', {'cluster_time_limit': '500'}),
    ('a.mp4', {'movflags': 'faststart'}),
  )
  def test_a_film_that_breaks_off(self, name, options):
    path = self.folder / name
    film_files.write(path, film_files.images(50), sound='aac', options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    film = reader.Film(path)
    count = len(list(film.frames()))
    self.assertBetween(count, 15, 35)
    self.assertRegex(
      film.missing, r'^.*it breaks off after [123]\.\d of 5\.0 seconds$'
    )

  def test_damage_that_the_container_leaves_out_is_said(self):
    path = self.folder / 'a.mkv'
    film_files.write(path, film_files.images(60), sound='aac')
    content = bytearray(path.read_bytes())
    for place in range(8000, 12_000):
      content[place] ^= 0x5A
    path.write_bytes(content)
    film = reader.Film(path)
    lost = 60 - len(list(film.frames()))
    self.assertGreater(lost, 10)
    self.assertEqual(film.missing, f'about {lost} frames are missing')

  def test_no_length_and_no_times(self):
    film = self.film('a.h264')
    self.assertIsNone(film.seconds)
    self.assertIsNone(film.frame_count)
    steps = np.diff([frame.seconds for frame in film.frames()])
    np.testing.assert_allclose(steps, 1 / float(film.rate))

  def test_what_is_no_film(self):
    write = self.folder.joinpath
    film_files.write(write('index.mp4'), film_files.images(9))
    whole = write('index.mp4').read_bytes()
    write('index.mp4').write_bytes(whole[: len(whole) // 2])
    write('empty.mp4').write_bytes(b'')
    write('text.mp4').write_text('no film ' * 500)
    # FFmpeg would open what a playlist names.
    film_files.write(write('other.ts'))
    write('list.mp4').write_text(
      f'#EXTM3U\n#EXTINF:1,\n{write("other.ts")}\n#EXT-X-ENDLIST\n'
    )
    film_files.write(write('none.mp4'), [])
    film_files.write(write('none.mkv'), [])
    film_files.write_sound(write('sound.mkv'))
    film_files.write_sound(write('cover.mp3'), 'libmp3lame', png())
    os.mkfifo(write('pipe.mp4'))
    for kind in ('png', 'jpeg', 'webp', 'bmp', 'tiff', 'avif'):
      Image.new('RGB', (32, 32)).save(write(f'{kind}.mp4'), kind)
    for name, reason in (
      (
        'index.mp4',
        'is no film that can be read .*; it may be damaged, or cut',
      ),
      ('empty.mp4', 'is empty'),
      ('text.mp4', 'is no film that can be read'),
      ('list.mp4', 'is no film that can be read'),
      ('none.mp4', 'holds no film'),
      ('none.mkv', 'is no film that can be read'),
      ('sound.mkv', 'holds no film, only sound'),
      ('cover.mp3', 'holds no film: its image is the cover of sound'),
      ('pipe.mp4', 'is no regular file but a FIFO'),
      *((f'{k}.mp4', 'is a still') for k in ('png', 'jpeg', 'webp', 'bmp')),
      *((f'{k}.mp4', 'is a still image; give') for k in ('tiff', 'avif')),
    ):
      with self.subTest(name):
        with self.assertRaisesRegex(reader.UnreadableFilm, reason) as caught:
          reader.Film(self.folder / name)
        message = str(caught.exception)
        self.assertStartsWith(message, f'{self.folder / name} ')
        self.assertNotIn('\n', message)
        self.assertEndsWith(message, '.')
    with self.assertRaises(FileNotFoundError):
      reader.Film(self.folder / 'missing.mp4')

  def test_dolby_vision_alone_is_refused(self):
    film_files.write(self.folder / 'a.mp4', codec='libx265')
    content = (self.folder / 'a.mp4').read_bytes()
    self.assertIn(b'hev1', content)
    (self.folder / 'a.mp4').write_bytes(content.replace(b'hev1', b'dvhe'))
    with self.assertRaisesRegex(reader.UnreadableFilm, 'Dolby Vision alone'):
      reader.Film(self.folder / 'a.mp4')

  def test_too_large(self):
    refused = image_limits.Refused('9x9 pixels are over the limit')
    with mock.patch.object(image_limits, 'check_pixels', side_effect=refused):
      with self.assertRaisesRegex(reader.UnreadableFilm, '9x9 pixels are over'):
        self.film()


if __name__ == '__main__':
  absltest.main()

"""A film is translated whole, with its sound, and goes on where it stopped."""

import contextlib
import io
import os
import pathlib
import tempfile
import tracemalloc
from fractions import Fraction
from unittest import mock

import av
import numpy as np
import pytest
from absl.testing import absltest, parameterized

from tests.inference.films import film_files
from tf_twingan import files, provenance
from tf_twingan.inference.films import (
  film_tags,
  frame_translators,
  job,
  joining,
  reader,
)
from tf_twingan.inference.films import sound as sound_lib

ORIGIN = provenance.Provenance('tiny', 'f' * 64, '1.0', provenance.PARTS)


class Trail:
  """Leaves a trail of the frames before: what a state is for."""

  def __init__(self, fails_at=None, error=KeyboardInterrupt):
    self.count, self._fails_at, self._error = 0, fails_at, error
    self.times = []
    self.reset()

  def reset(self):
    self._mean = None

  def translate(self, frame, time):
    if self.count == self._fails_at:
      raise self._error
    self.count += 1
    self.times.append(time)
    new = frame.astype(np.float32)
    self._mean = new if self._mean is None else self._mean * 0.7 + new * 0.3
    return 255 - self._mean.astype(np.uint8)

  def state(self):
    return {'mean': self._mean}

  def restore(self, state):
    self._mean = state['mean']


class Same:
  """Changes nothing."""

  def reset(self):
    pass

  def translate(self, frame, time):
    return frame

  def state(self):
    return {}

  def restore(self, state):
    pass


def translate(path, output, translator, **options):
  """Translates a film; returns what is printed."""
  printed = io.StringIO()
  with contextlib.redirect_stdout(printed):
    with contextlib.redirect_stderr(io.StringIO()):
      job.run(job.plan(path, output), translator, {}, origin=ORIGIN, **options)
  return printed.getvalue()


def packets(path, kind):
  """The packets of a stream: their times in seconds, and their bytes."""
  with av.open(str(path)) as container:
    stream = next(s for s in container.streams if s.type == kind)
    return [
      (float(packet.pts * packet.time_base), bytes(packet))
      for packet in container.demux(stream)
      if packet.size
    ]


class JobTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.output = self.folder / 'out.mp4'

  def film(self, name='film.mp4', *frames, **options):
    return film_files.write(self.folder / name, *frames, **options)

  @parameterized.parameters(
    ('a.mp4', 'libx264', 'aac', 'out.mp4', True),
    ('a.mp4', 'libx264', 'aac', 'out.mov', True),
    ('a.mp4', 'libx264', 'aac', 'out.mkv', True),
    ('a.mp4', 'libx264', 'aac', 'out.webm', False),
    ('a.mkv', 'libx264', 'libopus', 'out.webm', True),
    ('a.ts', 'libx264', 'aac', 'out.mp4', True),
    ('a.avi', 'mpeg4', 'adpcm_ima_wav', 'out.mp4', False),
    ('a.mov', 'libx264', 'pcm_s16le', 'out.mkv', True),
    ('a.webm', 'libvpx-vp9', 'libopus', 'out.mp4', True),
  )
  def test_sound_and_times_are_kept(self, name, codec, sound, output, copied):
    path = self.film(
      name,
      film_files.images(25),
      codec=codec,
      sound=sound,
      time_base=Fraction(1, film_files.RATE),
    )
    output = self.folder / output
    said = translate(path, output, Same())
    images, times = film_files.read(output)
    original, _ = film_files.read(path)
    self.assertLen(images, 25)
    np.testing.assert_allclose(
      np.diff([float(t) for t in times]), 1 / film_files.RATE, atol=2e-3
    )
    self.assertLess(np.abs(images - original.astype(int)).mean(), 3)
    before, after = packets(path, 'audio'), packets(output, 'audio')
    if copied:
      self.assertLessEqual(
        {content for _, content in after[1:-1]},
        {content for _, content in before} | _without_headers(before),
      )
      self.assertNotIn('encoded anew', said)
    else:
      self.assertRegex(said, 'Its sound is encoded anew, from .* to')
    # Sound and images begin together as before.
    self.assertAlmostEqual(
      after[-1][0], before[-1][0] - _start(path), delta=0.1
    )
    with av.open(str(output)) as container:
      self.assertAlmostEqual(container.duration / 1e6, 2.5, delta=0.1)
      stream = container.streams.video[0]
      self.assertEqual(stream.average_rate, film_files.RATE)
      self.assertEqual(
        stream.codec_context.codec.canonical_name,
        'vp9' if output.suffix == '.webm' else 'h264',
      )
      self.assertEqual(stream.codec_context.pix_fmt, 'yuv420p')

  @parameterized.parameters('out.mp4', 'out.mkv', 'out.webm')
  def test_joined_films_keep_their_sound(self, output):
    path = self.film(
      'a.ts',
      film_files.images(30),
      sound='aac',
      time_base=Fraction(1, film_files.RATE),
    )
    path.write_bytes(2 * path.read_bytes())
    output = self.folder / output
    said = translate(path, output, Same())
    self.assertEqual('encoded anew' in said, output.suffix == '.webm')
    _, images = film_files.read(output)
    sound = [time for time, _ in packets(output, 'audio')]
    self.assertLen(images, 60)
    self.assertAlmostEqual(float(images[-1] - images[0]), 5.9, delta=0.01)
    self.assertAlmostEqual(sound[-1] - sound[0], 6, delta=0.25)
    # Nothing is lost where they meet.
    self.assertLess(max(np.diff(sound)), 0.1)
    self.assertGreater(min(np.diff(sound)), 0)
    with av.open(str(output)) as container:
      self.assertAlmostEqual(container.duration / 1e6, 6, delta=0.25)

  def test_sound_whose_channels_change_is_encoded(self):
    path = film_files.write_changing_sound(
      self.folder / 'a.mkv', ['5.1', 'stereo', 'mono']
    )
    output = self.folder / 'out.webm'
    said = translate(path, output, Same())
    self.assertIn('Its sound is encoded anew, from ac3 to opus', said)
    with av.open(str(output)) as container:
      frames = list(container.decode(audio=0))
    times = [float(frame.pts * frame.time_base) for frame in frames]
    self.assertAlmostEqual(times[-1], 3, delta=0.1)
    self.assertLess(max(np.diff(times)), 0.05)
    for second in range(3):
      [loud] = [
        np.abs(frame.to_ndarray()).mean()
        for frame, time in zip(frames, times)
        if second + 0.5 <= time < second + 0.52
      ]
      self.assertGreater(loud, 0.02)

  def test_sound_that_goes_on_alone_keeps_its_times(self):
    film = mock.Mock(start=100, time_base=Fraction(1, 1000), joined=[3000])
    clock = sound_lib._Clock(film, Fraction(1, 100))
    # The second step back is of sound alone, and follows what was before.
    times = [clock.time(time, 2) for time in (10, 12, 200, 10, 12, 90, 10, 8)]
    self.assertEqual(times, [0, 2, 190, 300, 302, 380, 382, 380])

  @parameterized.parameters('out.mp4', 'out.mov', 'out.mkv')
  def test_long_gaps_at_the_end_are_part_of_its_length(self, output):
    pts = [*range(0, 280, 40), 10_240, 20_240, 30_240]
    path = self.film('a.mkv', film_files.images(len(pts)), pts=pts)
    translate(path, self.folder / output, Same())
    with av.open(str(self.folder / output)) as container:
      self.assertAlmostEqual(container.duration / 1e6, 30.34, delta=0.05)
      stream = container.streams.video[0]
      if stream.duration:
        length = float(stream.duration * stream.time_base)
        self.assertAlmostEqual(length, 30.34, delta=0.05)
      *_, last = container.decode(stream)
      self.assertLess(last.duration * last.time_base, 0.3)

  def test_variable_times_colours_and_shape_of_pixels(self):
    pts = [0, 40, 50, 300, 1000, 30_000, 90_001, 90_500]
    path = self.film(
      pts=pts,
      frames=film_files.images(len(pts)),
      time_base=Fraction(1, 30_000),
      tags=(9, 1, 9, 14),
      pixel_shape=Fraction(4, 3),
    )
    translate(path, self.output, Same())
    _, times = film_files.read(self.output)
    self.assertEqual([time * 30_000 for time in times], pts)
    with av.open(str(self.output)) as container:
      stream = container.streams.video[0]
      context = stream.codec_context
      self.assertEqual(stream.sample_aspect_ratio, Fraction(4, 3))
      self.assertEqual(
        (
          context.colorspace,
          context.color_range,
          context.color_primaries,
          context.color_trc,
        ),
        (9, 1, 9, 14),
      )
    self.assertEqual(reader.Film(self.output).colors.result, (9, 1, 9, 14))

  @parameterized.parameters('out.mp4', 'out.webm')
  def test_odd_sizes(self, output):
    path = self.film('a.mkv', film_files.images(3, 33, 47), codec='ffv1')
    translate(path, self.folder / output, Same())
    images, _ = film_files.read(self.folder / output)
    is_even = output == 'out.mp4'
    self.assertEqual(images.shape[1:3], (34, 48) if is_even else (33, 47))

  def test_a_turned_film_is_upright(self):
    path = self.film(matrix=(0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    translate(path, self.output, Same())
    images, _ = film_files.read(self.output)
    self.assertEqual(images.shape[1:3], (64, 48))
    np.testing.assert_allclose(images[0][4, 4], (40, 40, 200), atol=25)

  def test_high_dynamic_range_becomes_standard(self):
    gray = [np.full([48, 64, 3], (509, 512, 512), np.uint16)] * 2
    path = self.film(
      'a.mkv', gray, codec='ffv1', pixels='yuv420p10le', tags=(9, 1, 9, 16)
    )
    said = translate(path, self.output, Same())
    self.assertIn('high dynamic range', said)
    film = reader.Film(self.output)
    self.assertEqual(film.colors.source, (1, 1, 1, 1))
    # 100 cd/m2, where 203 are white.
    np.testing.assert_allclose(next(film.frames()).image, 190, atol=3)

  def test_stopped_and_resumed_is_the_same_film(self):
    path = self.film('a.mp4', film_files.images(65), sound='aac')
    translate(path, self.folder / 'whole.mp4', Trail())
    with self.assertRaisesRegex(
      KeyboardInterrupt,
      r'^40 frames are translated and stay in .*out\.mp4\.par',
    ):
      translate(path, self.output, Trail(fails_at=45))
    self.assertFalse(self.output.exists())
    parts = self.folder / 'out.mp4.parts'
    self.assertLen(list(parts.rglob('video.nut')), 2)
    resumed = Trail()
    translate(path, self.output, resumed)
    self.assertEqual(resumed.count, 25)
    self.assertAlmostEqual(resumed.times[0], 4.0)
    self.assertEqual(
      self.output.read_bytes(), (self.folder / 'whole.mp4').read_bytes()
    )
    self.assertFalse(parts.exists())

  def test_stopped_before_anything_is_finished(self):
    with self.assertRaisesRegex(
      KeyboardInterrupt, '^No part of 2 seconds is f'
    ):
      translate(self.film(), self.output, Trail(fails_at=3))

  def test_joining_is_resumed(self):
    path = self.film('a.mp4', film_files.images(25))
    with mock.patch.object(joining, 'join', side_effect=KeyboardInterrupt):
      with self.assertRaisesRegex(KeyboardInterrupt, '^25 frames'):
        translate(path, self.output, Trail())
    again = Trail()
    translate(path, self.output, again)
    self.assertEqual(again.count, 0)
    self.assertLen(film_files.read(self.output)[0], 25)

  def test_parts_of_other_calls_are_not_taken(self):
    path = self.film('a.mp4', film_files.images(45))
    with self.assertRaises(KeyboardInterrupt):
      translate(path, self.output, Trail(fails_at=30))
    other = self.film('b.mp4', film_files.images(45)[::-1])
    translator = Trail()
    said = translate(other, self.output, translator)
    self.assertEqual(translator.count, 45)
    self.assertIn('holds parts of calls with other options', said)
    with self.assertRaises(KeyboardInterrupt):
      job.run(job.plan(path, self.output), Trail(fails_at=0), {'faces': 'all'})
    first = Trail()
    translate(path, self.output, first)
    self.assertEqual(first.count, 25)

  @parameterized.parameters('part.json', 'video.nut')
  def test_damaged_parts_are_made_again(self, name):
    path = self.film('a.mp4', film_files.images(65))
    translate(path, self.folder / 'whole.mp4', Trail())
    with self.assertRaises(KeyboardInterrupt):
      translate(path, self.output, Trail(fails_at=60))
    [*_, last] = sorted(self.folder.rglob(name))
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    again = Trail()
    translate(path, self.output, again)
    self.assertEqual(again.count, 25)
    self.assertEqual(
      self.output.read_bytes(), (self.folder / 'whole.mp4').read_bytes()
    )

  @parameterized.parameters(
    (lambda states: states[-1].unlink(), 45),
    (lambda states: states[-1].write_bytes(states[-1].read_bytes()[:99]), 45),
    (lambda states: [state.unlink() for state in states], 85),
  )
  def test_goes_on_from_the_last_state_that_is_whole(self, damage, count):
    path = self.film('a.mp4', film_files.images(85))
    translate(path, self.folder / 'whole.mp4', Trail())
    with self.assertRaises(KeyboardInterrupt):
      translate(path, self.output, Trail(fails_at=70))
    damage(sorted(self.folder.rglob('state.npz')))
    again = Trail()
    translate(path, self.output, again)
    self.assertEqual(again.count, count)
    self.assertEqual(
      self.output.read_bytes(), (self.folder / 'whole.mp4').read_bytes()
    )

  def test_states_do_not_fill_the_disk(self):
    path = self.film('a.mp4', film_files.images(105))
    with self.assertRaises(KeyboardInterrupt):
      translate(path, self.output, Trail(fails_at=90))
    self.assertLen(list(self.folder.rglob('video.nut')), 4)
    states = sorted(self.folder.rglob('state.npz'))
    self.assertEqual([s.parent.name for s in states], ['00002', '00003'])

  def test_a_full_disk_is_said_with_what_stays(self):
    path = self.film('a.mp4', film_files.images(30))
    full = OSError(28, 'No space left on device')
    with self.assertRaisesRegex(
      OSError,
      r'No space left on device\. 20 frames are translated and stay in ',
    ):
      translate(path, self.output, Trail(fails_at=25, error=full))

  def test_what_ffmpeg_refuses_is_said_with_what_stays(self):
    path = self.film('a.mp4', film_files.images(30))
    refused = av.error.ArgumentError(22, 'Invalid argument')
    with mock.patch.object(joining, 'join', side_effect=refused):
      with self.assertRaisesRegex(
        OSError, r'Invalid argument\. 30 frames are translated and stay in '
      ):
        translate(path, self.output, Same())

  def test_two_processes_do_not_write_one_film(self):
    path = self.film()
    with mock.patch.object(files, 'lock', side_effect=files.Locked):
      with self.assertRaisesRegex(ValueError, 'translated by another process'):
        translate(path, self.output, Same())

  def test_places_are_dropped_and_origin_is_said(self):
    path = self.film(
      'a.mkv',
      metadata={
        'title': 'A day',
        'location': '+48.8577+002.295/',
        'com.apple.quicktime.location.ISO6709': '+48.8577+002.295/',
        'comment': 'mine',
      },
    )
    for keep, output in ((False, 'out.mkv'), (True, 'kept.mkv')):
      translate(path, self.folder / output, Same(), keep_location=keep)
      content = (self.folder / output).read_bytes()
      self.assertEqual(b'48.8577' in content, keep)
      with av.open(str(self.folder / output)) as container:
        tags = {n.lower(): v for n, v in container.metadata.items()}
      self.assertEqual(tags['title'], 'A day')
      self.assertStartsWith(tags['comment'], ORIGIN.statement)
      self.assertIn(ORIGIN.source_type, tags['comment'])
      self.assertEndsWith(tags['comment'], '; mine')

  @parameterized.parameters('out.mp4', 'out.mov', 'out.mkv')
  def test_names_of_apple_become_those_of_all(self, output):
    path = self.film(
      'a.mov',
      metadata={
        'com.apple.quicktime.make': 'Apple',
        'com.apple.quicktime.model': 'A model',
        'com.apple.quicktime.location.ISO6709': '+48.8500+002.2900/',
      },
      options={'movflags': 'use_metadata_tags'},
    )
    for keep in (True, False):
      translate(path, self.folder / output, Same(), keep_location=keep)
      with av.open(str(self.folder / output)) as container:
        tags = {n.lower(): v for n, v in container.metadata.items()}
      expected = '+48.8500+002.2900/' if keep else None
      self.assertEqual(tags.get('location'), expected)
      if output != 'out.mp4':  # It has no place for them.
        self.assertEqual((tags['make'], tags['model']), ('Apple', 'A model'))

  def test_subtitles_that_say_places_are_dropped(self):
    output = 'out.mkv'
    path = film_files.write_subtitles(
      self.folder / 'a.mkv',
      ['GPS (2.29, 48.85, 30)', '[longtitude: -2.29]', 'Turn the GPS off.'],
    )
    for keep in (True, False):
      said = translate(path, self.folder / output, Same(), keep_location=keep)
      content = (self.folder / output).read_bytes()
      self.assertEqual(b'2.29' in content, keep)
      self.assertIn(b'Turn the GPS off.', content)
      self.assertEqual('say where it was taken are left out' in said, not keep)

  @parameterized.parameters('.mp4', '.mov', '.mkv', '.webm')
  def test_own_results_may_be_replaced_and_others_not(self, suffix):
    output = self.folder / f'out{suffix}'
    path = self.film('a.mp4')
    translate(path, output, Same())
    translate(path, output, Same())
    other = self.film(
      f'other{suffix}',
      codec='libvpx-vp9' if suffix == '.webm' else 'libx264',
    )
    with self.assertRaisesRegex(
      ValueError, 'is there, does not say that it is'
    ):
      job.plan(path, other)

  @parameterized.parameters('.mp4', '.mov', '.mkv')
  def test_edits_of_own_results_are_not_replaced(self, suffix):
    own = self.folder / f'own{suffix}'
    translate(self.film('a.mp4'), own, Same())
    edited = self.folder / f'edited{suffix}'
    with av.open(str(own)) as before, av.open(str(edited), 'w') as after:
      after.metadata.update(before.metadata)
      stream = after.add_stream_from_template(before.streams.video[0])
      for packet in before.demux(video=0):
        if packet.size:
          packet.stream = stream
          after.mux(packet)
    self.assertTrue(film_tags.is_result(own))
    self.assertFalse(film_tags.is_result(edited))

  def test_a_comment_that_begins_like_an_own_one_is_none(self):
    path = self.film(
      'a.mp4',
      metadata={'comment': 'AI-generated in parts by tf_twingan 1.0, mine'},
      options={'fflags': '+bitexact'},
    )
    self.assertFalse(film_tags.is_result(path))

  def test_a_film_that_comes_meanwhile_is_not_replaced(self):
    path = self.film('a.mp4', film_files.images(25))

    class Meanwhile(Trail):
      def translate(own, frame, time):
        self.output.write_bytes(b'precious')
        return super().translate(frame, time)

    with self.assertRaisesRegex(ValueError, 'move it away'):
      translate(path, self.output, Meanwhile())
    self.assertEqual(self.output.read_bytes(), b'precious')
    self.output.unlink()
    again = Trail()
    translate(path, self.output, again)
    self.assertEqual(again.count, 0)

  def test_outputs_that_are_refused(self):
    path = self.film('a.mp4')
    for output, reason in (
      (path, 'is the film to translate and would be overwritten'),
      (self.folder, 'is a folder; give a file for the film, such as'),
      (
        self.folder / 'a.gif',
        'end it with one of .m4v, .mkv, .mov, .mp4, .web',
      ),
    ):
      with self.assertRaisesRegex(ValueError, reason):
        job.plan(path, output)
    for output, reason in (
      (self.folder / 'b.mp4', r'b\.mp4\.parts: no folder'),
      (self.folder / f'{"b" * 248}.mp4', 'File name too long'),
    ):
      (self.folder / 'b.mp4.parts').write_text('of others')
      with self.assertRaisesRegex(OSError, reason):
        job.plan(path, output)
    os.symlink(path, self.output)
    with self.assertRaisesRegex(ValueError, 'is the film to translate'):
      job.plan(path, self.output)
    with self.assertRaisesRegex(FileNotFoundError, 'no such file; check'):
      job.plan(self.folder / 'no.mp4', self.folder / 'b.mp4')

  def test_what_is_missing_is_said(self):
    path = self.film(
      'a.mkv', film_files.images(50), options={'cluster_time_limit': '500'}
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    said = translate(path, self.output, Trail())
    self.assertRegex(
      said, r'The film is not whole: .*breaks off after \d\.\d of'
    )

  def test_frames_without_a_face_are_counted(self):
    said = translate(self.film(), self.output, Same())
    self.assertIn('In 5 of 5 frames nothing was found to translate', said)
    self.assertIn(f'5 frames translated to {self.output}', said)

  def test_side_by_side(self):
    wrapped = frame_translators.SideBySide(Trail())
    translate(self.film(), self.output, wrapped)
    images, _ = film_files.read(self.output)
    self.assertEqual(images.shape[1:3], (48, 128))
    total = images[0, :, :64].astype(int) + images[0, :, 64:]
    self.assertLess(np.abs(total - 255).mean(), 6)

  def test_memory_is_bounded(self):
    self.check_memory(480, 640, 30)

  @pytest.mark.slow
  def test_memory_is_bounded_for_4k(self):
    self.check_memory(2160, 3840, 24)

  def check_memory(self, height, width, count):
    images = film_files.images(1, height, width)
    path = self.film('a.mp4', images.repeat(count, axis=0))
    images = None
    tracemalloc.start()
    try:
      translate(path, self.output, Same())
      _, peak = tracemalloc.get_traced_memory()
    finally:
      tracemalloc.stop()
    self.assertLess(peak, 6 * height * width * 3)
    with av.open(str(self.output)) as container:
      stream = container.streams.video[0]
      self.assertEqual((stream.height, stream.width), (height, width))
      self.assertEqual(stream.frames, count)

  def test_frame_by_frame(self):
    photographs = mock.Mock()
    one = frame_translators.FrameByFrame(photographs, 'anime', style=3)
    one.translate('frame', 1.0)
    photographs.translate.assert_called_once_with(
      'frame', 'anime', None, style=3
    )
    self.assertEmpty(one.state())


def _start(path):
  with av.open(str(path)) as container:
    return container.start_time / 1e6


def _without_headers(before):
  """AAC of a transport stream has seven bytes before each packet."""
  return {content[7:] for _, content in before}


if __name__ == '__main__':
  absltest.main()

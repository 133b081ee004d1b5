"""A camera is translated to a file or a window, until the user ends it."""

import contextlib
import io
import pathlib
import sys
import tempfile
from unittest import mock

import av
import cv2
import numpy as np
from absl.testing import absltest, parameterized

from tests.inference.films import film_files
from tf_twingan import provenance
from tf_twingan.inference.films import camera, containers, film_tags, window

ORIGIN = provenance.Provenance('tiny', 'f' * 64, '1.0', provenance.PARTS)


class Device:
  """A camera that shows so many images, and then nothing, or Ctrl-C."""

  def __init__(self, count, end=None):
    self.images = list(film_files.images(max(count, 1))[:count])
    self.end, self.is_released = end, False

  def isOpened(self):  # noqa: N802
    return self.images is not None

  def read(self):
    if not self.images:
      if self.end is not None:
        raise self.end
      return False, None
    return True, self.images.pop(0)[..., ::-1]

  def release(self):
    self.is_released = True


class Negative:
  def __init__(self):
    self.resets = 0

  def reset(self):
    self.resets += 1

  def translate(self, frame, time):
    return 255 - frame


class Screen:
  """A window that is closed after so many images."""

  def __init__(self, count):
    self.left, self.shown = count, []

  def __call__(self, title):
    self.title = title
    return contextlib.nullcontext(self)

  def show(self, image, seconds):
    self.shown.append(image)
    self.left -= 1
    return self.left >= 0


def run(device, output=None, translator=None):
  printed = io.StringIO()
  with contextlib.redirect_stdout(printed):
    with contextlib.redirect_stderr(printed):
      camera.run(
        'camera:0',
        translator or Negative(),
        output,
        origin=ORIGIN,
        open_device=lambda number: device,
      )
  return printed.getvalue()


class CameraTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.output = pathlib.Path(tempfile.mkdtemp(), 'out.mp4')

  @parameterized.parameters(None, KeyboardInterrupt())
  def test_to_a_file_until_it_ends(self, end):
    device, translator = Device(6, end), Negative()
    said = run(device, self.output, translator)
    self.assertIn(f'6 frames translated to {self.output}', said)
    self.assertIn('frames/s', said)
    images, times = film_files.read(self.output)
    expected = 255 - film_files.images(6).astype(int)
    self.assertLess(np.abs(images - expected).mean(), 5)
    self.assertTrue(all(np.diff(times) > 0))
    self.assertTrue(device.is_released)
    self.assertEqual(translator.resets, 1)
    self.assertTrue(film_tags.is_result(self.output))
    self.assertEqual(
      [p.name for p in self.output.parent.iterdir()], ['out.mp4']
    )

  def test_what_there_is_of_a_recording_stays(self):
    class Fails(Negative):
      count = 0

      def translate(self, frame, time):
        self.count += 1
        if self.count > 4:
          raise self.error
        return 255 - frame

    for number, error in enumerate(
      (
        RuntimeError('unknown'),
        FloatingPointError('NaN'),
        OSError(28, 'No space left on device'),
      )
    ):
      with self.subTest(error=error):
        output = self.output.with_name(f'{number}.mp4')
        translator, device = Fails(), Device(6)
        translator.error = error
        with self.assertRaises(type(error)):
          run(device, output, translator)
        self.assertTrue(device.is_released)
        self.assertLen(film_files.read(output)[0], 4)
    # Of one that fails at once nothing is there, so that it can be tried again.
    translator = Fails()
    translator.count, translator.error = 4, RuntimeError('unknown')
    with self.assertRaises(RuntimeError):
      run(Device(6), self.output, translator)
    self.assertFalse(self.output.exists())

  @parameterized.parameters('.mp4', '.mov', '.mkv')
  def test_a_recording_that_is_not_ended_can_be_played(self, suffix):
    # Noise, of which an encoder holds back no more than what it looks ahead.
    device = Device(1)
    rng = np.random.default_rng(0)
    device.images = list(rng.integers(0, 256, [150, 96, 128, 3], np.uint8))
    output, copy = (self.output.with_suffix(s + suffix) for s in ('.a', '.b'))

    class Stopwatch(Negative):
      count = 0

      def translate(self, frame, time):
        self.count += 1
        if self.count == 150:
          copy.write_bytes(output.read_bytes())
        return frame

    seconds = mock.Mock(monotonic=mock.Mock(side_effect=np.arange(150) / 25))
    with mock.patch.object(camera, 'time', seconds):
      run(device, output, Stopwatch())
    self.assertLen(film_files.read(output)[0], 150)
    with av.open(str(copy)) as container:
      # The last image may be there in part.
      packets = [p for p in container.demux(video=0) if p.size]
    self.assertGreater(len(packets), 40)

  def test_no_recording_is_replaced(self):
    camera.check('camera:0', self.output)
    run(Device(6), self.output)
    before = self.output.read_bytes()
    # Also one that came after the first look.
    for again in (
      lambda: camera.check('camera:0', self.output),
      lambda: run(Device(3), self.output),
    ):
      with self.assertRaisesRegex(ValueError, 'recording cannot be made again'):
        again()
    self.assertEqual(self.output.read_bytes(), before)

  def test_to_a_window_until_it_is_closed(self):
    screen, device = Screen(3), Device(9)
    with mock.patch.object(window, 'Window', screen):
      said = run(device)
    self.assertTrue(device.is_released)
    self.assertIn('3 frames translated', said)
    np.testing.assert_array_equal(
      screen.shown[0], 255 - film_files.images(1)[0]
    )

  def test_no_camera(self):
    gone = Device(0)
    gone.images = None
    for device, reason in (
      (gone, 'camera:0: there is no such camera, or another program has it'),
      (Device(0), 'camera:0: the camera gives no image'),
    ):
      with self.assertRaisesRegex(camera.NoCamera, reason):
        run(device, self.output)
      self.assertTrue(device.is_released)
      self.assertFalse(self.output.exists())

  def test_a_number_that_no_camera_has(self):
    with self.assertRaisesRegex(camera.NoCamera, 'camera:97: there is no such'):
      next(camera.images('camera:97'))

  def test_what_opencv_opens_is_read(self):
    device = Device(2)
    device.set = mock.Mock()
    with mock.patch.object(cv2, 'VideoCapture', return_value=device) as opened:
      (image, first), (_, second) = camera.images('camera:2')
    opened.assert_called_once_with(2)
    np.testing.assert_array_equal(image, film_files.images(1)[0])
    self.assertEqual(first, 0)
    self.assertGreaterEqual(second, 0)

  def test_addresses(self):
    self.assertTrue(containers.is_camera('camera:0'))
    self.assertFalse(containers.is_camera('camera.mp4'))
    for address in ('camera:', 'camera:front', 'camera:-1'):
      with self.assertRaisesRegex(camera.NoCamera, 'camera:0 is the first one'):
        camera.check(address, None)
    with self.assertRaisesRegex(ValueError, 'end it with one of'):
      camera.check('camera:0', 'a.png')
    camera.check('camera:0', self.output)


class WindowTest(absltest.TestCase):
  def test_without_a_display(self):
    with mock.patch.dict('os.environ', DISPLAY=''):
      with self.assertRaisesRegex(
        ValueError, 'no display .* --output=camera.m'
      ):
        window.Window('title')

  def test_without_tkinter(self):
    with mock.patch.dict(sys.modules, tkinter=None):
      with self.assertRaisesRegex(
        ValueError, 'no tkinter.* --output=camera.mp4'
      ):
        window.Window('title')

  def test_images_are_shown_until_it_is_closed(self):
    tkinter, photos = mock.MagicMock(), mock.MagicMock()
    tkinter.TclError = type('TclError', (Exception,), {})
    modules = {'tkinter': tkinter, 'PIL.ImageTk': photos}
    with mock.patch.dict(sys.modules, modules):
      with mock.patch('PIL.ImageTk', photos, create=True):
        with window.Window('title') as screen:
          image = np.zeros([4, 6, 3], np.uint8)
          self.assertTrue(screen.show(image))
          label = tkinter.Label.return_value
          label.configure.assert_called_once_with(
            image=photos.PhotoImage.return_value
          )
          tkinter.Tk.return_value.update.side_effect = tkinter.TclError
          self.assertFalse(screen.show(image))
    tkinter.Tk.return_value.destroy.assert_called_once()


if __name__ == '__main__':
  absltest.main()

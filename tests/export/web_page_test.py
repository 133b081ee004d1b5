"""The page that translates in the browser, driven in headless Chromium.

Needs an npm install of LiteRT.js; docs/export.md says how to get one.
"""

import base64
import contextlib
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import tempfile
import threading
import time
import unittest
from unittest import mock

import numpy as np
import pytest
from absl.testing import absltest, parameterized
from PIL import Image
from selenium.webdriver.common import action_chains, keys

from export import exporter
from export.bundle_files import litert_js
from tests import source_tree
from tests.export import untrained
from tests.serving import browsers
from tf_twingan import image_arrays, image_io, provenance
from tf_twingan.inference.exported import tflite

# Where `npm install @litertjs/core` was run.
LITERT_JS = 'TF_TWINGAN_LITERT_JS'
LITERT_JS_FOLDER = '~/.cache/tf_twingan/litert_js'
RNG = np.random.default_rng(7)
# Runs a module of the page on a canvas, and returns RGB.
SQUARE = """
const [url, resolution, framing, done] = arguments;
(async () => {
  const {square} = await import('./square.js');
  const image = await createImageBitmap(await (await fetch(url)).blob());
  const found = square(
    image, image.width, image.height, resolution, framing);
  return [...found.pixels];
})().then(done, (error) => done(String(error)));
"""
# Gives the page a file as a person would who drops or pastes it.
GIVE = """
const [kind, content, name] = arguments;
const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
const data = new DataTransfer();
data.items.add(new File([bytes], name, {type: 'image/png'}));
document.dispatchEvent(kind === 'paste'
  ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true})
  : new DragEvent('drop', {dataTransfer: data, bubbles: true}));
"""
# Drops a second file while the first one is translated.
TWICE = """
const files = [...arguments].map((content) => new File(
  [Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'a.png'));
const drop = () => {
  const data = new DataTransfer();
  data.items.add(files.shift());
  document.dispatchEvent(new DragEvent('drop', {dataTransfer: data}));
};
Promise.all(files.map((file) => createImageBitmap(file))).then((images) => {
  self.createImageBitmap = async () => images.shift();
  const now = performance.now.bind(performance);
  performance.now = () => {
    performance.now = now;
    drop();
    return now();
  };
  drop();
});
"""


def photo(height, width):
  """A photo with edges and smooth parts."""
  small = RNG.integers(0, 256, [7, 9, 3], dtype=np.uint8)
  image = np.asarray(Image.fromarray(small).resize((width, height)), int)
  noise = RNG.integers(-20, 21, image.shape)
  return np.clip(image + noise, 0, 255).astype(np.uint8)


def export(context, folder):
  with untrained.lower_gates():
    _, failures = exporter.export(context, ['web'], folder)
  assert not failures, failures
  return folder / context.folder_name / 'web'


def installed_litert_js():
  """Where LiteRT.js was installed, or else skips the test."""
  folder = os.environ.get(LITERT_JS) or os.path.expanduser(LITERT_JS_FOLDER)
  try:
    litert_js.read(folder)
  except FileNotFoundError as error:
    raise unittest.SkipTest(
      f'{error} The folder is {LITERT_JS} or {LITERT_JS_FOLDER} here.'
    ) from None
  return folder


class Handler(http.server.SimpleHTTPRequestHandler):
  """Serves files, and keeps the first lines of requests."""

  def end_headers(self):
    # As public hosts of packages do.
    self.send_header('Access-Control-Allow-Origin', '*')
    super().end_headers()

  def log_message(self, *arguments):
    self.server.requests.append(arguments[1])


@contextlib.contextmanager
def served(folder):
  """Serves a folder on a free port: `address` and `requests` of the server."""
  handler = functools.partial(Handler, directory=str(folder))
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
    server.requests = []
    server.address = f'http://127.0.0.1:{server.server_port}/'
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
      yield server
    finally:
      server.shutdown()


@functools.cache
def exported():
  """Pages of one direction and of all, with the runtime."""
  runtime = installed_litert_js()
  folder = pathlib.Path(tempfile.mkdtemp())
  for context in (
    untrained.one_direction(name='photo2anime'),
    untrained.all_directions(untrained.DOMAINS),
  ):
    context.litert_js = runtime
    export(context, folder)
  return folder


@browsers.needed
class PageTestCase(parameterized.TestCase):
  """Pages of untrained models, served on this machine, and a browser."""

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.top = exported()
    cls.server = cls.enter_context(served(cls.top))
    cls.browser = browsers.browser()
    cls.downloads = pathlib.Path(tempfile.mkdtemp())
    cls.browser.execute_cdp_cmd(
      'Browser.setDownloadBehavior',
      dict(behavior='allow', downloadPath=str(cls.downloads)),
    )

  def setUp(self):
    super().setUp()
    browsers.show_as(self.browser)

  def open(self, page='anime', query=''):
    self.server.requests.clear()
    self.browser.get(f'{self.server.address}{page}/web/{query}')
    self.wait(lambda: self.text('status') != '' or self.error())

  def open_ready(self, page='anime', query=''):
    self.open(page, query)

    def is_ready():
      return (
        self.text('status').startswith(('Ready', 'Checked')) or self.error()
      )

    self.wait(is_ready)
    self.assertEqual(self.error(), '')

  def wait(self, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
      if time.monotonic() > end:
        logs = self.browser.get_log('browser')
        self.fail(f'{self.text("status")!r}, {self.error()!r}, {logs}')
      time.sleep(0.05)

  def part(self, name):
    return self.browser.find_element('id', name)

  def text(self, name):
    return self.part(name).get_property('textContent').strip()

  def error(self):
    return (
      '' if self.part('error').get_property('hidden') else self.text('error')
    )

  def choose(self, path):
    self.part('choose').send_keys(str(path))

  def result(self):
    """Downloads the result as a visitor would; returns the PNG."""
    for path in self.downloads.iterdir():
      path.unlink()
    self.part('download').click()

    def is_whole():
      return [p.suffix for p in self.downloads.iterdir()] == ['.png']

    self.wait(is_whole)
    (path,) = self.downloads.iterdir()
    return path.read_bytes()

  def wait_for_translation(self):
    self.wait(
      lambda: self.text('status').startswith('Translated') or self.error()
    )
    self.assertEqual(self.error(), '')


class TranslationTest(PageTestCase):
  @parameterized.parameters(('anime', 'float16'), ('all', 'dynamic'))
  def test_golden_images_come_out_within_the_gate(self, page, file):
    self.assert_golden_images_come_out(page, file)

  @parameterized.parameters(('anime', 'dynamic'), ('all', 'float16'))
  @pytest.mark.slow
  def test_golden_images_of_other_files_do_so(self, page, file):
    self.assert_golden_images_come_out(page, file)

  def assert_golden_images_come_out(self, page, file):
    self.open_ready(page, f'?check&file={file}&accelerator=wasm')
    self.wait(lambda: self.text('status').startswith('Checked'))
    manifest = json.loads((self.top / page / 'web/manifest.json').read_text())
    rows = self.browser.find_elements('css selector', '#checked tbody tr')
    cells = [[c.text for c in r.find_elements('tag name', 'td')] for r in rows]
    self.assertLen(cells, len(manifest['directions']))
    for _, largest, psnr, verdict in cells:
      self.assertEqual(verdict, 'right')
      reached, gate = re.fullmatch(r'(\S+) \(needs ([\d.]+)\)', psnr).groups()
      if reached != 'equal':
        self.assertGreaterEqual(float(reached), float(gate))
      self.assertLessEqual(int(largest), 1 if file == 'float16' else 30)
    self.assertEqual(self.text('accelerator'), 'WebAssembly')
    self.assertIn(file, self.text('status'))

  def test_a_photo_becomes_what_python_makes_of_it(self):
    image = photo(97, 61)
    path = self.top / 'photo.png'
    image_io.write_png(path, image)
    self.open_ready(query='?accelerator=wasm')
    before = list(self.server.requests)
    self.choose(path)
    self.wait_for_translation()
    png = self.result()
    square = image_arrays.square(image, untrained.PX)
    file = tflite.File(
      (self.top / 'anime/web/photo2anime_8_float16.tflite').read_bytes()
    )
    expected = image_arrays.to_uint8(
      file.run(image_arrays.to_float(square[None]))
    )
    off = image_io.read(png).astype(int) - expected[0]
    self.assertLessEqual(np.abs(off).max(), 1)
    # It was asked for nothing more, and for nothing but files before.
    self.assertEqual(self.server.requests, before)
    self.assertTrue(all(r.startswith('GET /anime/web/') for r in before))
    path.write_bytes(png)
    origin = provenance.read(path)
    self.assertEqual(origin.source_type, provenance.WHOLE)
    self.assertNotEmpty(origin.fingerprint)
    self.assertRegex(self.text('time'), r'^[\d.]+ ms$')

  @parameterized.parameters('paste', 'drop')
  def test_a_photo_that_is(self, kind):
    path = self.top / f'{kind}.png'
    image_io.write_png(path, photo(20, 30))
    self.open_ready()
    encoded = base64.b64encode(path.read_bytes()).decode()
    self.browser.execute_script(GIVE, kind, encoded, 'a.png')
    self.wait_for_translation()

  def test_a_file_that_is_no_image_is_refused_in_words(self):
    path = self.top / 'notes.png'
    path.write_text('no image')
    self.open_ready()
    self.choose(path)
    self.wait(self.error)
    self.assertIn('notes.png is no image that this browser can', self.error())
    # And the next one is taken.
    image_io.write_png(path, photo(9, 9))
    self.choose(path)
    self.wait_for_translation()

  def test_of_two_photos_the_last_one_counts(self):
    encoded = []
    for name in ('first.png', 'second.png'):
      path = self.top / name
      image_io.write_png(path, photo(20, 30))
      encoded.append(base64.b64encode(path.read_bytes()).decode())
    self.open_ready()
    self.choose(path)
    self.wait_for_translation()
    expected = self.result()
    self.open_ready()
    self.browser.execute_script(TWICE, *encoded)
    self.wait_for_translation()
    self.assertEqual(self.result(), expected)

  def test_the_camera_gives_photos(self):
    self.open_ready()
    self.part('camera').click()
    self.wait(lambda: self.part('take').is_displayed())
    self.part('take').click()
    self.wait_for_translation()
    self.part('stop').click()
    self.assertFalse(self.part('video').is_displayed())
    self.assertTrue(self.part('camera').is_enabled())

  def test_all_directions_can_be_chosen(self):
    path = self.top / 'photo.png'
    image_io.write_png(path, photo(10, 10))
    self.open_ready('all')
    self.choose(path)
    self.wait_for_translation()
    self.assertIn('Translated to anime', self.text('status'))
    first = self.result()
    self.part('source').send_keys('anime')
    self.wait(lambda: 'Translated to photo' in self.text('status'))
    self.assertNotEqual(self.result(), first)


@browsers.needed
class SquareTest(parameterized.TestCase):
  """What needs no model and no runtime."""

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.top = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(source_tree.ROOT / 'export/web', cls.top / 'web')
    cls.server = cls.enter_context(served(cls.top))
    cls.browser = browsers.browser()

  def square(self, name, *arguments):
    """Makes an image of the folder square by the page's own module."""
    self.browser.get(f'{self.server.address}web/style.css')
    found = self.browser.execute_async_script(SQUARE, f'/{name}', *arguments)
    self.assertIsInstance(found, list, found)
    return found

  @parameterized.named_parameters(
    ('wide', (97, 150), 8, 1.0, 'crop'),
    ('high', (301, 40), 8, 1.0, 'crop'),
    ('photo', (1203, 1601), 64, 1.0, 'crop'),
    ('cropped', (250, 333), 16, 0.7, 'crop'),
    ('padded', (250, 97), 16, 1.0, 'pad'),
    ('padded_and_cropped', (64, 251), 32, 0.83, 'pad'),
    ('enlarged', (7, 5), 16, 1.0, 'crop'),
    ('as_it_is', (16, 16), 16, 1.0, 'crop'),
    ('in_strips', (1500, 1600), 32, 1.0, 'crop'),
  )
  def test_photos_become_the_same_bytes_as_in_training(
    self, shape, resolution, crop, fit
  ):
    image = photo(*shape)
    image_io.write_png(self.top / 'square.png', image)
    found = self.square(
      f'square.png?{shape}', resolution, dict(crop=crop, fit=fit)
    )
    expected = image_arrays.square(image, resolution, fit, crop=crop)
    off = np.reshape(found, expected.shape) - expected.astype(int)
    self.assertEqual(np.abs(off).max(), 0)

  def test_transparent_photos_are_laid_on_white(self):
    pixels = RNG.integers(0, 256, [50, 50, 4], dtype=np.uint8)
    pixels[:25, :, 3] = 0
    Image.fromarray(pixels).save(self.top / 'alpha.png')
    found = self.square('alpha.png', 8, dict(crop=1, fit='crop'))
    expected = image_io.read_square(str(self.top / 'alpha.png'), 8).astype(int)
    off = np.reshape(found, expected.shape) - expected
    # The canvas keeps colours multiplied by alpha, in eight bits.
    self.assertLessEqual(np.abs(off).max(), 2)
    self.assertEqual(found[:3], [255] * 3)


class OtherHostTest(PageTestCase):
  def test_the_runtime_may_come_from_another_host(self):
    (folder,) = self.top.glob('anime/web/litert_js/*')
    with served(folder) as host:
      context = untrained.one_direction(name='photo2anime')
      with mock.patch.object(litert_js, 'URL', host.address):
        page = export(context, pathlib.Path(tempfile.mkdtemp(dir=self.top)))
      self.open_ready(page.parent.relative_to(self.top), '?check')
      self.wait(lambda: self.text('status').startswith('Checked'))
      self.assertIn(' 0 wrong', self.text('status'))
      files = {request.split(' ')[1] for request in host.requests}
    self.assertEqual(
      {path.removeprefix('/') for path in files},
      {f for f in litert_js.INTEGRITY if 'compat' not in f},
    )


class FailureTest(PageTestCase):
  def damaged(self, path, change):
    """A copy of the folder with one file changed; its page."""
    copy = pathlib.Path(tempfile.mkdtemp(dir=self.top))
    shutil.copytree(self.top / 'anime/web', copy / 'web')
    (location,) = copy.glob(f'web/{path}')
    change(location)
    return copy.name

  def assert_fails(self, page, message):
    self.open(page)
    self.wait(self.error)
    self.assertRegex(self.error(), message)
    self.assertFalse(self.part('choose').is_enabled())

  def test_a_runtime_that_was_changed_does_not_run(self):
    for path in ('dist/index.js', 'wasm/litert_wasm_internal.wasm'):
      with self.subTest(path):
        page = self.damaged(
          f'litert_js/*/{path}', lambda p: p.write_bytes(p.read_bytes() + b' ')
        )
        self.assert_fails(
          page, f'{path} could not be loaded, or is not the file'
        )

  def test_a_starter_that_was_changed_does_not_run(self):
    page = self.damaged(
      'litert_js/*/wasm/litert_wasm_internal.js',
      lambda p: p.write_bytes(b'document.title = "changed";' + p.read_bytes()),
    )
    self.assert_fails(page, 'litert_wasm_internal.js could not be loaded')
    self.assertNotEqual(self.browser.title, 'changed')

  def test_a_model_that_was_changed_is_not_used(self):
    page = self.damaged(
      '*float16.tflite', lambda p: p.write_bytes(p.read_bytes() + b' ')
    )
    self.assert_fails(page, 'float16.tflite could not be loaded, or is not')

  def test_a_missing_file_is_named(self):
    page = self.damaged('manifest.json', lambda p: p.unlink())
    self.assert_fails(page, 'manifest.json: HTTP 404')

  def test_a_browser_that_gives_other_images_is_found_out(self):
    other = np.zeros([untrained.PX, untrained.PX, 3], np.uint8)
    page = self.damaged(
      'golden/output.png', lambda p: image_io.write_png(p, other)
    )
    self.assert_fails(page, 'its images differ from those it gave')

  def test_a_file_that_comes_out_wrong_is_not_used(self):
    def ask_for_too_much(path):
      manifest = json.loads(path.read_text())
      manifest['files'][1]['needed'] = [300.0]
      path.write_text(json.dumps(manifest))

    page = self.damaged('manifest.json', ask_for_too_much)
    image_io.write_png(self.top / 'photo.png', photo(9, 9))
    self.open_ready(page)
    self.part('file').send_keys('dynamic')
    self.wait(self.error)
    self.assertIn('its images differ from those it gave', self.error())
    self.assertStartsWith(
      self.part('file').get_property('value'), 'photo2anime_8_float16'
    )
    self.choose(self.top / 'photo.png')
    self.wait_for_translation()


class LayoutTest(PageTestCase):
  def test_it_fits_a_phone(self):
    for width, page in ((375, 'anime'), (320, 'all')):
      browsers.show_as(self.browser, width, 800)
      self.open_ready(page, '?check')
      self.wait(lambda: self.text('status').startswith('Checked'))
      wide = self.browser.execute_script(
        'return document.documentElement.scrollWidth'
      )
      self.assertLessEqual(wide, width)

  def test_every_control_has_a_name_and_is_reached_by_keyboard(self):
    self.open_ready('all')
    controls = [
      control
      for control in self.browser.find_elements(
        'css selector', 'input, button, select, a, canvas, video'
      )
      if control.is_displayed()
    ]
    for control in controls:
      self.assertNotEmpty(control.accessible_name, control.get_attribute('id'))
    reached = set()
    for _ in range(2 * len(controls)):
      action_chains.ActionChains(self.browser).send_keys(
        keys.Keys.TAB
      ).perform()
      reached.add(self.browser.switch_to.active_element.get_attribute('id'))
    self.assertContainsSubset(
      {'choose', 'camera', 'source', 'target', 'share', 'download', 'file'}
      | {'check'},
      reached,
    )

  def test_text_stands_out_in_the_light_and_in_the_dark(self):
    script = """
      const style = getComputedStyle(document.documentElement);
      return ['back', 'card', 'text', 'soft', 'accent', 'on-accent', 'wrong']
        .map((name) => style.getPropertyValue(`--${name}`).trim());
    """
    for is_dark in (False, True):
      browsers.show_as(self.browser, dark=is_dark)
      self.open('anime')
      back, card, text, soft, accent, on_accent, wrong = map(
        luminance, self.browser.execute_script(script)
      )
      for pair in (
        *(
          (front, behind)
          for front in (text, soft, wrong, accent)
          for behind in (back, card)
        ),
        (on_accent, accent),
      ):
        low, high = sorted(pair)
        self.assertGreater((high + 0.05) / (low + 0.05), 4.5, is_dark)


def luminance(colour):
  """Relative luminance of #rgb or #rrggbb, as WCAG 2 has it."""
  digits = colour.removeprefix('#')
  if len(digits) == 3:
    digits = ''.join(2 * d for d in digits)
  values = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
  linear = np.where(
    values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
  )
  return float(linear @ [0.2126, 0.7152, 0.0722])


if __name__ == '__main__':
  absltest.main()

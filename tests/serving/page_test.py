"""The page, as people use it, in a real browser."""

import base64
import contextlib
import io
import pathlib
import re
import tempfile
import time

import numpy as np
import pytest
from absl.testing import absltest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.serving import browsers, page_server
from tf_twingan import image_io
from tf_twingan.serving import models
from tf_twingan.serving.routes import page

MAX_BYTES = 200_000
FACE = list(page_server.FACE)
NEGATIVE = [255 - value for value in FACE]
GREY, GREY_NEGATIVE = [90] * 3, [165] * 3
_WAIT_S = 20

# Gives a file to the page as a paste or a drop does.
_GIVE = """
const [kind, bytes, name, type] = arguments;
const data = new DataTransfer();
const content = Uint8Array.from(atob(bytes), c => c.charCodeAt(0));
data.items.add(new File([content], name, {type}));
if (kind === 'paste') {
  document.dispatchEvent(new ClipboardEvent(
      'paste', {clipboardData: data, bubbles: true, cancelable: true}));
} else {
  for (const type of ['dragenter', 'dragover', 'drop']) {
    document.body.dispatchEvent(new DragEvent(
        type, {dataTransfer: data, bubbles: true, cancelable: true}));
  }
}
"""
# The colour of a canvas at a place, as shares of its sides.
_PIXEL = """
const [id, x, y] = arguments;
const canvas = document.getElementById(id);
return [...canvas.getContext('2d').getImageData(
    Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1
).data].slice(0, 3);
"""
# Texts whose contrast with what is behind them is less than WCAG AA asks for.
_FAINT = """
const channels = text => {
  const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
  return [r, g, b, a];
};
const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
    v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const color = channels(getComputedStyle(element).backgroundColor);
    if (color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].filter(n => n.nodeType === 3)
      .map(n => n.textContent.trim()).join('');
  // Those on images have a dark ground of their own.
  if (!text || !element.checkVisibility() || element.closest('.frame, .skip')) {
    continue;
  }
  const style = getComputedStyle(element);
  const [a, b] = [luminance(channels(style.color)), luminance(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize);
  if (ratio < (size >= 24 ? 3 : 4.5)) faint.push(`${text}: ${ratio}`);
}
return faint;
"""
# Whether what has the focus looks so.
_SHOWS_FOCUS = """
const element = document.activeElement;
// What is seen of an input is its label, or the frame of the slider.
return [element, element.labels?.[0], element.closest('.frame')].some(
    e => e && getComputedStyle(e).outlineStyle !== 'none');
"""


def _png(image) -> bytes:
  stream = io.BytesIO()
  image.save(stream, format='PNG')
  return stream.getvalue()


class PageFilesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.files = {
      path.relative_to(page.FOLDER).as_posix(): path.read_bytes()
      for path in page.FOLDER.rglob('*')
      if path.is_file()
    }

  def test_all_of_it_is_small(self):
    size = sum(map(len, self.files.values()))
    self.assertLess(size, MAX_BYTES)
    self.assertGreater(size, 20_000)

  def test_nothing_is_loaded_from_elsewhere(self):
    for name, content in self.files.items():
      if name.endswith(('.css', '.js')):
        self.assertNotRegex(content, rb'//[\w-]+\.', name)
    index = self.files['index.html'].decode()
    self.assertEmpty(re.findall(r'(?:src|<link[^>]*href)="(?!/page/)', index))

  def test_every_file_that_is_named_is_there(self):
    named = set()
    for name, content in self.files.items():
      if name.endswith(('.html', '.css', '.js')):
        text = content.decode()
        named.update(re.findall(r'/page/([\w./]+\.\w+)', text))
        named.update(re.findall(r"from '\./([\w.]+)'", text))
    examples = re.findall(r"file: '(\w+)'", self.files['examples.js'].decode())
    named.update(f'examples/{name}.webp' for name in examples)
    self.assertEqual(named | {'index.html'}, set(self.files))

  def test_the_index_has_no_script_or_style_of_its_own(self):
    index = self.files['index.html'].decode()
    self.assertNotRegex(
      index, r'<style|\sstyle=|\son\w+=|<script(?![^>]* src=)'
    )


@contextlib.contextmanager
def _page_at(address: str, **shown):
  """The browser with the page, once its first example is translated."""
  driver = browsers.browser()
  browsers.show_as(driver, **shown)
  driver.get_log('browser')  # Forgets what was before.
  driver.get(address)
  yield _Page(driver)
  driver.get('about:blank')


class _Page:
  """The page as its tests see it."""

  def __init__(self, driver):
    self.driver = driver

  def get(self, element_id: str):
    return self.driver.find_element(By.ID, element_id)

  def until(self, condition, what: str = 'what was waited for'):
    end = time.monotonic() + _WAIT_S
    while not (value := condition()):
      if time.monotonic() > end:
        raise AssertionError(f'{what} did not come; {self.said()}')
      time.sleep(0.02)
    return value

  def said(self) -> str:
    """What the page says: its status, or what went wrong."""
    return ' '.join(
      self.driver.execute_script(
        "return ['status', 'problem-text']"
        '.map(id => document.getElementById(id).textContent)'
      )
    ).strip()

  @contextlib.contextmanager
  def answered(self, with_words: str):
    """What is done inside leads to a status or problem with these words."""
    self.driver.execute_script(
      "document.getElementById('status').textContent = ''"
    )
    yield
    self.until(lambda: re.search(with_words, self.said()), with_words)
    self.until(lambda: self.get('frame').get_attribute('aria-busy') == 'false')

  def give(self, kind: str, content: bytes, name='a.png', type='image/png'):
    self.driver.execute_script(
      _GIVE, kind, base64.b64encode(content).decode(), name, type
    )

  def pixel(self, canvas: str, x: float = 0.5, y: float = 0.5) -> list[int]:
    return self.driver.execute_script(_PIXEL, canvas, x, y)

  def labels(self, fieldset: str) -> list[str]:
    return [
      label.text
      for label in self.get(fieldset).find_elements(By.TAG_NAME, 'label')
    ]

  def choose(self, fieldset: str, label: str):
    for option in self.get(fieldset).find_elements(By.CSS_SELECTOR, '.option'):
      if option.text == label:
        return option.find_element(By.TAG_NAME, 'input').click()
    raise AssertionError(f'{label!r} is not among {self.labels(fieldset)}')

  def log(self) -> list[str]:
    """Errors of the console, those of the content security policy included."""
    return [
      entry['message']
      for entry in self.driver.get_log('browser')
      if entry['level'] == 'SEVERE'
    ]


@browsers.needed
class PageTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls._closing = contextlib.ExitStack()
    folder = cls._closing.enter_context(tempfile.TemporaryDirectory())
    cls.address = cls._closing.enter_context(
      page_server.started(page_server.stand_ins(folder))
    )

  @classmethod
  def tearDownClass(cls):
    cls._closing.close()
    super().tearDownClass()

  def open(self, address: str | None = None, **shown) -> _Page:
    """Opens the page, which is quiet in the console unless a test reads it."""
    opened = self.enter_context(_page_at(address or self.address, **shown))
    self.addCleanup(lambda: self.assertEmpty(opened.log()))
    opened.until(lambda: ' px, in ' in opened.said(), 'the first example')
    return opened

  def upload(self, opened: _Page, image, words=r'px, in', name='me.png'):
    folder = self.enter_context(tempfile.TemporaryDirectory())
    path = pathlib.Path(folder, name)
    path.write_bytes(_png(image))
    with opened.answered(words):
      opened.get('file').send_keys(str(path))

  def download(self, opened: _Page) -> tuple[str, bytes]:
    """Downloads the result: the name and content of the file."""
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    opened.driver.execute_cdp_cmd(
      'Browser.setDownloadBehavior',
      {'behavior': 'allow', 'downloadPath': str(folder)},
    )
    opened.get('download').click()

    def is_whole():
      return [path.suffix for path in folder.iterdir()] == ['.png']

    opened.until(is_whole, 'the file')
    (path,) = folder.iterdir()
    return path.name, path.read_bytes()

  def assert_colour(self, pixel, expected):
    # What is pasted is mixed with what is around it.
    self.assertSequenceAlmostEqual(pixel, expected, delta=8)

  def test_an_example_is_translated_at_once(self):
    opened = self.open()
    self.assertEqual(opened.get('title').text, 'Day into night')
    self.assertRegex(opened.said(), '^Day into night, 16 × 16 px, in .* s')
    # The plain background of an avatar.
    before, after = (opened.pixel(id_, 0.1, 0.1) for id_ in ('before', 'after'))
    self.assertSequenceAlmostEqual(before, [255 - v for v in after], delta=4)
    self.assertNotIn('Who looks', opened.get('actions').text)

  def test_an_image_is_chosen(self):
    opened = self.open()
    self.upload(opened, page_server.photo(size=(40, 40)))
    self.assertEqual(opened.pixel('before'), GREY)
    self.assertEqual(opened.pixel('after'), GREY_NEGATIVE)
    name, content = self.download(opened)
    self.assertEqual(name, 'me.night.png')
    self.assertEqual(image_io.read(content)[0, 0].tolist(), GREY_NEGATIVE)
    self.assertIn(b'AI-generated', content)

  def test_an_image_is_pasted_and_dropped(self):
    opened = self.open()
    for kind, value in (('paste', 10), ('drop', 20)):
      image = Image.new('RGB', (30, 30), (value,) * 3)
      with opened.answered('px, in'):
        opened.give(kind, _png(image))
      self.assertEqual(opened.pixel('after'), [255 - value] * 3, kind)

  def test_text_is_no_image(self):
    opened = self.open()
    with opened.answered('clipboard holds no image'):
      opened.driver.execute_script(
        "document.dispatchEvent(new ClipboardEvent('paste', "
        '{clipboardData: new DataTransfer()}))'
      )
    with opened.answered(r'is no image but a file of the kind \.txt'):
      opened.give('drop', b'hello', 'notes.txt', 'text/plain')

  def test_the_other_domain_is_chosen(self):
    opened = self.open()
    with opened.answered('Night into day'):
      opened.choose('to', 'day')
    self.assertEqual(opened.get('title').text, 'Night into day')

  def test_a_result_goes_back(self):
    opened = self.open()
    self.upload(opened, page_server.photo(size=(40, 40)))
    self.assertEqual(opened.get('back').text, 'Back into day')
    with opened.answered('Night into day'):
      opened.get('back').click()
    self.assertEqual(opened.pixel('before'), GREY_NEGATIVE)
    self.assertEqual(opened.pixel('after'), GREY)

  def test_a_model_of_three_domains_asks_for_the_one_of_the_image(self):
    opened = self.open()
    self.assertFalse(opened.get('source').is_displayed())
    with opened.answered('px, in'):
      opened.choose('model', 'seasons')
    self.assertCountEqual(opened.labels('to'), ['spring', 'summer', 'autumn'])
    with opened.answered('into autumn'):
      opened.choose('to', 'autumn')
    self.assertCountEqual(opened.labels('source'), ['spring', 'summer'])
    with opened.answered('Summer into autumn'):
      opened.choose('source', 'summer')

  def test_faces_are_shown_and_chosen(self):
    opened = self.open()
    left, right = (0.2, 0.4), (0.8, 0.4)
    photo = page_server.photo((40, 40), (220, 40))
    self.upload(opened, photo, '2 faces were found')
    boxes = opened.driver.find_elements(By.CSS_SELECTOR, '.box')
    self.assertLen(boxes, 2)
    # Over the first face, on the scale of the stage.
    frame = opened.get('frame').rect
    self.assertAlmostEqual(
      boxes[0].rect['x'] - frame['x'], 40 / 300 * frame['width'], delta=2
    )
    self.assertAlmostEqual(
      boxes[0].rect['height'], 40 / 200 * frame['height'], delta=2
    )
    self.assertEqual(
      opened.labels('part'),
      ['All 2 faces', 'Face 1', 'Face 2', 'The whole square'],
    )

    def chosen():
      boxes = opened.driver.find_elements(By.CSS_SELECTOR, '.box')
      return ['chosen' in box.get_attribute('class').split() for box in boxes]

    self.assertEqual(chosen(), [True, True])
    self.assert_colour(opened.pixel('after', *left), NEGATIVE)
    self.assert_colour(opened.pixel('after', *right), NEGATIVE)
    with opened.answered('px, in'):
      opened.choose('part', 'Face 2')
    self.assertEqual(chosen(), [False, True])
    self.assert_colour(opened.pixel('after', *left), FACE)
    self.assert_colour(opened.pixel('after', *right), NEGATIVE)
    # By its mark on the stage.
    with opened.answered('px, in'):
      opened.driver.find_element(By.CSS_SELECTOR, '.mark').click()
    self.assert_colour(opened.pixel('after', *left), NEGATIVE)
    self.assert_colour(opened.pixel('after', *right), FACE)
    with opened.answered('16 × 16 px'):
      opened.choose('part', 'The whole square')
    # The middle square of the photo begins in the first face.
    self.assertEqual(chosen(), [])
    self.assertEqual(opened.pixel('before'), GREY)
    self.assertEqual(opened.pixel('after'), GREY_NEGATIVE)
    self.assertEqual(opened.pixel('before', 0.1, 0.4), FACE)
    self.assert_colour(opened.pixel('after', 0.05, 0.4), NEGATIVE)

  def test_one_face_that_fills_an_image_is_its_square(self):
    opened = self.open()
    self.upload(opened, page_server.photo((30, 140)), 'One face was found')
    self.assertEqual(opened.labels('part'), ['The face', 'The whole square'])
    chosen = opened.get('part').find_element(By.CSS_SELECTOR, ':checked')
    self.assertEqual(chosen.get_attribute('value'), 'square')
    self.upload(opened, page_server.photo((130, 30)), 'One face was found')
    chosen = opened.get('part').find_element(By.CSS_SELECTOR, ':checked')
    self.assertEqual(chosen.get_attribute('value'), '0')

  def test_an_aligned_face_is_shown_as_the_model_takes_it(self):
    opened = self.open()
    self.upload(opened, page_server.photo((190, 60)), 'One face was found')
    with opened.answered('px, in'):
      opened.choose('model', 'portraits')
    with opened.answered('16 × 16 px'):
      opened.choose('part', 'The whole square')
    for place in ((0.5, 0.5), (0.1, 0.1)):
      before = opened.pixel('before', *place)
      self.assertEqual(before, FACE if place[0] == 0.5 else GREY)
      self.assert_colour(
        opened.pixel('after', *place), [255 - v for v in before]
      )

  def test_the_square_is_cut_out_as_the_server_does(self):
    opened = self.open()
    squares = opened.driver.execute_async_script("""
      const [done] = arguments;
      const image = {width: 300, height: 200};
      import('/page/pictures.js').then(({framed}) => done([
        framed(image, {crop: 0.5, fit: 'crop'}),
        framed(image, {crop: 1, fit: 'pad'}),
      ]));
    """)
    self.assertEqual(
      squares,
      [
        [[100, 50], [200, 50], [200, 150], [100, 150]],
        [[0, -50], [300, -50], [300, 250], [0, 250]],
      ],
    )

  def test_an_image_that_only_the_server_can_read_is_its_result_alone(self):
    opened = self.open()
    stream = io.BytesIO()
    page_server.photo(size=(40, 40)).save(stream, format='TIFF')
    with opened.answered('px, in'):
      opened.give('drop', stream.getvalue(), 'scan.tif', 'image/tiff')
    self.assertEqual(opened.pixel('after'), GREY_NEGATIVE)
    self.assertFalse(opened.get('split').is_displayed())
    self.assertEqual(
      opened.get('after').value_of_css_property('clip-path'),
      'inset(0px 0px 0px 0%)',
    )

  def test_the_slider_moves_by_keyboard_and_pointer(self):
    opened = self.open()
    slider, after = opened.get('split'), opened.get('after')

    def cut():
      # Where the result begins, a share of the stage.
      return after.value_of_css_property('clip-path').split()[-1].rstrip(')')

    self.assertEqual(cut(), '40%')
    slider.send_keys(Keys.ARROW_LEFT)
    self.assertEqual(cut(), '39%')
    self.assertEqual(
      slider.get_attribute('aria-valuetext'), '39 % original, 61 % result'
    )
    slider.send_keys(Keys.END)
    self.assertEqual(cut(), '100%')
    slider.send_keys(Keys.HOME)
    self.assertEqual(cut(), '0%')
    slider.click()
    self.assertEqual(cut(), '50%')

  def test_the_camera_takes_a_photo(self):
    opened = self.open()
    with opened.answered('camera is on'):
      opened.get('camera').click()
    self.assertFalse(opened.get('sources').is_displayed())
    with opened.answered('px, in'):
      opened.get('take').click()
    self.assertTrue(opened.get('sources').is_displayed())
    self.assertEqual(
      opened.get('download').get_attribute('download'), 'photo.night.png'
    )

  def test_what_the_camera_sees_is_translated_live(self):
    opened = self.open()
    with opened.answered('camera is on'):
      opened.get('camera').click()
    live = opened.get('live')
    live.click()
    rate = opened.get('rate')
    self.assertRegex(
      opened.until(lambda: rate.text, 'the frame rate'), r'^[\d.]+ frames/s$'
    )
    self.assertEqual(live.get_attribute('aria-pressed'), 'true')
    # Original and result belong to one frame.
    before, after = opened.driver.execute_script(
      f'const pixel = (...arguments) => {{ {_PIXEL} }};'
      "return ['before', 'after'].map(id => pixel(id, 0.5, 0.1));"
    )
    self.assertSequenceAlmostEqual(before, [255 - v for v in after], delta=40)
    live.click()
    self.assertEqual(live.get_attribute('aria-pressed'), 'false')
    self.assertFalse(rate.is_displayed())
    opened.get('stop').click()
    self.assertTrue(opened.get('sources').is_displayed())

  def test_a_camera_that_sees_no_face_goes_on(self):
    opened = self.open()
    with opened.answered('found no face'):
      opened.choose('model', 'portraits')
    with opened.answered('camera is on'):
      opened.get('camera').click()
    opened.get('live').click()
    opened.until(lambda: opened.get('rate').text, 'the frame rate')
    self.assertStartsWith(opened.said(), 'Live:')
    self.assertFalse(opened.get('split').is_displayed())
    opened.get('live').click()
    self.assertIn('status of 422', opened.log()[-1])

  def test_a_refused_camera_is_explained(self):
    opened = self.open()
    for name, words in (
      ('NotAllowedError', 'was refused'),
      ('NotFoundError', 'No camera was found'),
    ):
      opened.driver.execute_script(
        'navigator.mediaDevices.getUserMedia = '
        f"() => Promise.reject(new DOMException('', '{name}'))"
      )
      with opened.answered(words):
        opened.get('camera').click()
    self.assertTrue(opened.get('sources').is_displayed())

  def test_a_file_that_is_no_image_is_refused_in_the_words_of_the_server(self):
    opened = self.open()
    with opened.answered('is no image of a known kind|cannot be used'):
      opened.give('drop', b'no image', 'a.png')
    self.assertFalse(opened.get('again').is_displayed())
    (message,) = opened.log()
    self.assertIn('Failed to load resource', message)

  def test_no_part_of_an_image_is_offered_for_the_next_one(self):
    opened = self.open()
    photo = page_server.photo((40, 40), (220, 40))
    self.upload(opened, photo, '2 faces were found')
    part = opened.get('part')
    # Faces are looked for until something else is wished.
    opened.driver.execute_script(
      'const real = fetch;'
      'window.fetch = (url, request) => {'
      '  window.fetch = real;'
      '  return new Promise((_, reject) => request.signal.addEventListener('
      "    'abort', () => reject(new DOMException('', 'AbortError'))));"
      '};'
    )
    opened.give('drop', _png(page_server.photo((130, 30))))
    opened.until(lambda: 'Looking for faces' in opened.said())
    self.assertFalse(opened.get('part-all').is_enabled())
    with opened.answered('cannot be used'):
      opened.give('drop', b'no image', 'a.png')
    self.assertFalse(part.is_displayed())
    self.upload(opened, photo, '2 faces were found')
    self.assertTrue(opened.get('part-all').is_enabled())
    self.assertTrue(part.is_displayed())
    self.assertLen(opened.log(), 1)

  def test_a_large_file_is_refused_before_it_is_sent(self):
    opened = self.open()
    with opened.answered('has 20 MB, and the server takes 20 MB at most'):
      opened.driver.execute_script(
        'const data = new DataTransfer();'
        "data.items.add(new File([new Uint8Array(2e7)], 'a.png', "
        "{type: 'image/png'}));"
        "document.dispatchEvent(new ClipboardEvent('paste', "
        '{clipboardData: data}))'
      )
    with opened.answered('40,?[0-9]* × 1000 pixels, 40 megapixels'):
      opened.driver.execute_async_script(
        'const canvas = new OffscreenCanvas(40100, 1000);'
        "canvas.getContext('2d');"
        'const done = arguments[0];'
        'canvas.convertToBlob().then(blob => {'
        '  const data = new DataTransfer();'
        "  data.items.add(new File([blob], 'a.png', {type: blob.type}));"
        "  document.dispatchEvent(new ClipboardEvent('paste', "
        '    {clipboardData: data}));'
        '  done();'
        '});'
      )

  def test_a_server_that_has_gone_is_said_and_tried_again(self):
    opened = self.open()
    opened.driver.execute_script(
      'window.real = fetch;'
      "window.fetch = () => Promise.reject(new TypeError('Failed to fetch'))"
    )
    with opened.answered('The server does not answer'):
      opened.choose('to', 'day')
    opened.driver.execute_script('window.fetch = real')
    with opened.answered('Night into day'):
      opened.get('again').click()
    self.assertFalse(opened.get('problem').is_displayed())

  def test_everything_is_reached_and_used_by_keyboard(self):
    opened = self.open()
    reached = []
    for _ in range(40):
      ActionChains(opened.driver).send_keys(Keys.TAB).perform()
      element = opened.driver.switch_to.active_element
      if element.tag_name == 'body':
        break
      name = element.accessible_name
      self.assertNotEmpty(name, element.get_attribute('outerHTML'))
      self.assertTrue(opened.driver.execute_script(_SHOWS_FOCUS), name)
      reached.append(name)
    self.assertEqual(reached[0], 'Skip to choosing an image')
    for name in (
      'How much of the original is shown',
      'Download',
      'Back into day',
      'Choose an image',
      'Use the camera',
      'night',
      'negative',
      'A group of three',
      'the API',
    ):
      self.assertIn(name, reached)
    self.assertLen(set(reached), len(reached))
    with opened.answered('Night into day'):
      opened.get('to-night').send_keys(Keys.ARROW_LEFT)
    # The focus stays, although the options were made anew.
    self.assertEqual(
      opened.driver.switch_to.active_element.get_attribute('id'), 'to-day'
    )
    with opened.answered('px, in'):
      opened.get('examples').find_elements(By.TAG_NAME, 'button')[2].send_keys(
        Keys.ENTER
      )

  def test_it_fits_a_phone(self):
    opened = self.open(width=375, height=740)
    photo = page_server.photo((40, 40), (220, 40))
    self.upload(opened, photo, '2 faces were found')
    width = opened.driver.execute_script(
      'return document.documentElement.scrollWidth'
    )
    self.assertLessEqual(width, 375)
    for element in opened.driver.find_elements(
      By.CSS_SELECTOR, 'button, .button, .option'
    ):
      if element.is_displayed():
        rect = element.rect
        self.assertGreaterEqual(min(rect['width'], rect['height']), 44, rect)
        self.assertLessEqual(rect['x'] + rect['width'], 375, rect)

  def test_text_is_easy_to_read_in_light_and_in_dark(self):
    grounds = set()
    for dark in (False, True):
      opened = self.open(dark=dark)
      with opened.answered('clipboard holds no image'):
        opened.driver.execute_script(
          "document.dispatchEvent(new ClipboardEvent('paste', "
          '{clipboardData: new DataTransfer()}))'
        )
      self.assertEmpty(opened.driver.execute_script(_FAINT))
      body = opened.driver.find_element(By.TAG_NAME, 'body')
      grounds.add(body.value_of_css_property('background-color'))
    self.assertLen(grounds, 2)

  def test_the_first_result_is_uncovered_unless_motion_is_unwelcome(self):
    opened = self.open(still=False)
    slider = opened.get('split')
    self.assertGreater(float(slider.get_attribute('value')), 40)
    opened.until(lambda: slider.get_attribute('value') == '40')
    opened = self.open(still=True)
    self.assertEqual(opened.get('split').get_attribute('value'), '40')

  def test_neighbours_are_shown_where_the_server_has_an_index(self):
    folder = self.enter_context(tempfile.TemporaryDirectory())
    address = self.enter_context(
      page_server.started(page_server.stand_ins(folder), page_server.Gallery())
    )
    opened = self.open(address)
    with opened.answered('6 found'):
      opened.get('search').click()
    first, *others = opened.get('neighbours').find_elements(By.TAG_NAME, 'li')
    self.assertLen(others, 5)
    self.assertEqual(first.text.split('\n'), ['day/0.png', 'night, 0.00'])
    width = opened.driver.execute_script(
      "return document.querySelector('#neighbours img').naturalWidth"
    )
    self.assertEqual(width, 16)
    # Where one reads on.
    self.assertEqual(
      opened.driver.switch_to.active_element.text,
      'Who looks like this, and at which distance',
    )
    with opened.answered('px, in'):
      opened.choose('to', 'day')
    self.assertFalse(opened.get('found').is_displayed())

  def test_a_token_is_asked_for(self):
    with contextlib.ExitStack() as stack:
      folder = stack.enter_context(tempfile.TemporaryDirectory())
      address = stack.enter_context(
        page_server.started(page_server.stand_ins(folder), token='open sesame')
      )
      opened = stack.enter_context(_page_at(address))
      opened.until(lambda: 'asks for a token' in opened.said())
      with opened.answered('does not know this token'):
        opened.get('token').send_keys('open, please', Keys.ENTER)
      # And the next one is typed over it.
      focused = opened.driver.switch_to.active_element
      self.assertEqual(focused.get_attribute('id'), 'token')
      with opened.answered('px, in'):
        focused.send_keys('open sesame', Keys.ENTER)
      self.assertFalse(opened.get('token-form').is_displayed())

  @pytest.mark.slow
  def test_the_shipped_model_translates_every_example(self):
    model = models.from_pretrained('avatar_twins')
    address = self.enter_context(page_server.started(models.Models([model])))
    opened = self.open(address)
    buttons = opened.get('examples').find_elements(By.TAG_NAME, 'button')
    self.assertLen(buttons, 8)
    for button in buttons:
      with opened.answered('px, in'):
        button.click()
      name, content = self.download(opened)
      example, to, _ = name.split('.')
      path = page.FOLDER / f'examples/{example}.webp'
      result = image_io.read(content)
      if example == 'group':
        self.assertIn('3 faces were found', opened.said())
        self.assertEqual(result.shape, image_io.read(path).shape)
        continue
      (source,) = {'photo', 'anime'} - {to}
      self.assertStartsWith(example, source)
      square = image_io.read_square(path, model.resolution)
      expected = model.translator.translate(square[None], to, source)[0]
      np.testing.assert_array_equal(result, expected, example)


if __name__ == '__main__':
  absltest.main()

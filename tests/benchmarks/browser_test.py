"""Tests that the check of an exported page is read as the page shows it."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from benchmarks import browser
from tests.serving import browsers

# What is read of a page, in its state after a check.
PAGE = """<!doctype html>
<p id="error" hidden></p><p id="accelerator"></p>
<table id="checked"><thead><tr><th>direction</th></tr></thead><tbody><tr>
<td>photo to anime</td><td>3</td><td>41.5 (needs 40.0)</td><td>right</td>
</tr></tbody></table>
<script>
const query = new URLSearchParams(location.search);
const accelerator = query.get('accelerator');
document.getElementById('accelerator').textContent =
  accelerator === 'wasm' ? 'WebAssembly' : 'WebGPU';
setTimeout(() => { RESULT }, 50);
</script>
"""


@browsers.needed
class BrowserTest(absltest.TestCase):
  def measure(self, result):
    folder = pathlib.Path(tempfile.mkdtemp())
    files = [{'format': 'float16'}, {'format': 'dynamic'}]
    (folder / 'manifest.json').write_text(json.dumps({'files': files}))
    (folder / 'index.html').write_text(PAGE.replace('RESULT', result))
    return browser.measure(browsers.browser(), folder)

  def test_each_file_is_checked_by_both_accelerators(self):
    table, is_right = self.measure("document.body.dataset.checked = 'right';")
    self.assertTrue(is_right)
    self.assertEqual(
      table.rows,
      [
        ['photo to anime', f'`{file}`', accelerator, '3', '41.5']
        for file in ('float16', 'dynamic')
        for accelerator in ('WebAssembly', 'WebGPU')
      ],
    )

  def test_one_wrong_image_is_told(self):
    _, is_right = self.measure(
      'document.body.dataset.checked ='
      "accelerator === 'wasm' && query.get('file') === 'float16'"
      "? 'wrong' : 'right';"
    )
    self.assertFalse(is_right)

  def test_what_the_page_says_is_repeated(self):
    with self.assertRaisesRegex(OSError, r'accelerator=wasm: no model'):
      self.measure(
        "const error = document.getElementById('error');"
        "error.textContent = 'no model'; error.hidden = false;"
      )


class FolderTest(absltest.TestCase):
  def test_a_folder_that_is_no_page_is_named(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no exported page: .*/web'):
      browser.measure(None, tempfile.mkdtemp())


if __name__ == '__main__':
  absltest.main()

r"""Compares what exported pages give in a real browser with the model's images.

  python -m benchmarks.browser bundles/anime/web bundles/all/web

The folders are those of `python -m export --formats=web`; give `--litert_js` to
it, so that no other host is asked. Each is opened in headless Chromium, with
each of its files, by WebAssembly and by WebGPU (of SwiftShader, which needs no
graphics card), and the page compares its translations of the golden images with
those that the model gave. Needs Chromium and its driver. Exits with 1 if an
image is farther off than the page allows.
"""

import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import threading
import time
from collections.abc import Iterator

from selenium import webdriver

from benchmarks import measurements
from tf_twingan import cli

_BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
_ARGUMENTS = (
  '--headless=new',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
)
_ACCELERATORS = ('wasm', 'webgpu')
_COLUMNS = ('direction', 'file', 'runs by', 'at most', 'PSNR, dB')
_WAIT_S = 120
_FOUND = """
const part = id => document.getElementById(id);
return {
  verdict: document.body.dataset.checked ?? '',
  error: part('error').hidden ? '' : part('error').textContent,
  accelerator: part('accelerator').textContent,
  rows: [...part('checked').tBodies[0].rows].map(
    row => [...row.cells].map(cell => cell.textContent)),
};
"""


def main(argv) -> None:
  """Prints a table for each folder."""
  folders = argv[1:]
  with cli.report_errors():
    if not folders:
      raise ValueError('Give the folders of exported pages: OUTPUT/NAME/web.')
    tables, are_right = [], True
    with _chromium() as driver:
      version = driver.capabilities['browserVersion']
      for folder in folders:
        table, is_right = measure(driver, folder)
        tables.append(table)
        are_right &= is_right
    measurements.save(
      tables,
      group='Export',
      title='Exported pages in a browser',
      what='Differences, of 255, between the golden output and what a page '
      'of `--formats=web` makes of the golden input in Chromium '
      f'{version}; WebGPU by SwiftShader, on the processor.',
      batch=1,
    )
    if not are_right:
      raise ValueError('some images are farther off than their page allows.')


def measure(
  driver: webdriver.Chrome, folder: str | os.PathLike
) -> tuple[measurements.Table, bool]:
  """Prints one table; also returns whether all images are right.

  Raises:
    FileNotFoundError: the folder is no exported page.
    OSError: the page does not work in this browser.
  """
  manifest = pathlib.Path(folder, 'manifest.json')
  if not manifest.is_file():
    raise FileNotFoundError(
      f'{folder} is no exported page: it holds no manifest.json. Give '
      'OUTPUT/NAME/web.'
    )
  files = json.loads(manifest.read_text('utf-8'))['files']
  printed = measurements.PrintedTable(_COLUMNS, title=str(folder))
  is_right = True
  with _served(folder) as address:
    for file in files:
      for accelerator in _ACCELERATORS:
        found = _check(
          driver,
          f'{address}?check&file={file["format"]}&accelerator={accelerator}',
        )
        is_right &= found['verdict'] == 'right'
        for direction, largest, psnr, _ in found['rows']:
          printed.add(
            direction,
            f'`{file["format"]}`',
            found['accelerator'],
            largest,
            psnr.split(' ')[0],
          )
  return printed.table, is_right


def _check(driver, address):
  driver.get(address)
  end = time.monotonic() + _WAIT_S
  while True:
    found = driver.execute_script(_FOUND)
    if found['verdict']:
      return found
    if found['error'] or time.monotonic() > end:
      reason = found['error'] or f'there is no result after {_WAIT_S} s.'
      raise OSError(f'{address}: {reason}')
    time.sleep(0.05)


@contextlib.contextmanager
def _served(folder) -> Iterator[str]:
  """Serves a folder; yields its address."""
  handler = functools.partial(_Handler, directory=str(folder))
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
      yield f'http://127.0.0.1:{server.server_port}/'
    finally:
      server.shutdown()


class _Handler(http.server.SimpleHTTPRequestHandler):
  """Serves files without a word."""

  def log_message(self, *arguments):
    del arguments


@contextlib.contextmanager
def _chromium() -> Iterator[webdriver.Chrome]:
  browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
  chromedriver = shutil.which('chromedriver')
  if browser is None or chromedriver is None:
    raise FileNotFoundError(
      'there is no Chromium, or no chromedriver, in the PATH; on Debian, '
      '`apt-get install chromium-driver` brings both.'
    )
  options = webdriver.ChromeOptions()
  options.binary_location = browser
  for argument in _ARGUMENTS:
    options.add_argument(argument)
  if hasattr(os, 'geteuid') and not os.geteuid():
    options.add_argument('--no-sandbox')  # Not for root.
  driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
  try:
    yield driver
  finally:
    driver.quit()


if __name__ == '__main__':
  cli.run(main)

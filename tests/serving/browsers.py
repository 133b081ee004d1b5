"""One headless Chromium for the tests of a process."""

import atexit
import functools
import os
import shutil
import unittest

from selenium import webdriver

_BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
_ARGUMENTS = (
  '--headless=new',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--hide-scrollbars',
  # A camera that shows a moving picture, and nobody who has to allow it.
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
)


def _found(names: tuple[str, ...]) -> str | None:
  return next(filter(None, map(shutil.which, names)), None)


def needed(test):
  """A decorator of tests that skips them where there is no browser."""
  missing = [
    names[0]
    for names in (_BROWSERS, ('chromedriver',))
    if _found(names) is None
  ]
  return unittest.skipIf(
    missing,
    f'there is no {" and no ".join(missing)} here; '
    'on Debian, `apt-get install chromium-driver` brings both',
  )(test)


@functools.cache
def browser() -> webdriver.Chrome:
  """Starts it at the first call; it ends with the process."""
  options = webdriver.ChromeOptions()
  options.binary_location = _found(_BROWSERS)
  for argument in _ARGUMENTS:
    options.add_argument(argument)
  if hasattr(os, 'geteuid') and not os.geteuid():
    options.add_argument('--no-sandbox')  # Not for root.
  options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
  driver = webdriver.Chrome(
    options, webdriver.ChromeService(_found(('chromedriver',)))
  )
  atexit.register(driver.quit)
  driver.set_script_timeout(20)
  return driver


def show_as(
  driver: webdriver.Chrome,
  width: int = 1200,
  height: int = 900,
  *,
  dark: bool = False,
  still: bool = True,
) -> None:
  """Sets the size of the window and what the user prefers.

  Args:
    driver: the browser.
    width: of the window, px.
    height: of the window, px.
    dark: whether dark colours are preferred.
    still: whether reduced motion is.
  """
  driver.execute_cdp_cmd(
    'Emulation.setDeviceMetricsOverride',
    {
      'width': width,
      'height': height,
      'deviceScaleFactor': 1,
      'mobile': width < 500,
    },
  )
  features = {
    'prefers-color-scheme': 'dark' if dark else 'light',
    'prefers-reduced-motion': 'reduce' if still else 'no-preference',
  }
  driver.execute_cdp_cmd(
    'Emulation.setEmulatedMedia',
    {'features': [{'name': n, 'value': v} for n, v in features.items()]},
  )
